"""Measure the portal on a filled database: whole answers of the production server over HTTP.

DATABASE_URL=… SERVER="gunicorn …" python -m benchmarks.measure var/words.json var/result.json

Each address is asked with one connection, three times to warm up and then 21 times, nothing between
them; what the machine does besides counts. Nothing of an answer is kept: every request is computed.
"""

import json
import os
import platform
import shlex
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path
from time import perf_counter as now
from urllib.parse import urlencode

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localympact.settings")
if __name__ == "__main__":
    django.setup()

from django.db import connection  # noqa: E402
from django.http import QueryDict  # noqa: E402
from django.utils import translation  # noqa: E402

from benchmarks.corpus import ONE_PERCENT, QUARTER, READER, say  # noqa: E402
from benchmarks.serving import Timing, serving  # noqa: E402
from organizations.filters import OrganizationFilter  # noqa: E402
from organizations.models import Organization  # noqa: E402

LIST = f"/{READER}/organizations/"
READY = "/static/localympact/icon.svg"
NOTHING = "nonsensxqzwk"
# Two facets, and four; slugs of the seed content.
TWO = {"country": "LV", "topic": "youth-work"}
FOUR = TWO | {"type": "association-or-foundation", "audience": "young-people"}
COLD_STARTS, SAVES, ASKERS = 3, 15, 40


def main(words_file, result_file):
    number = Organization.objects.published().count()
    words = choose(json.loads(words_file.read_text()), number)
    server = [sys.executable, "-m", *shlex.split(os.environ["SERVER"])]
    command = [*server, "--bind", "127.0.0.1:{port}"]
    settings = {"DEBUG": "false", "HTTPS": "off", "ALLOWED_HOSTS": "127.0.0.1"}
    # Each page is made anew.
    settings["PAGES_KEPT"] = "0"
    result = {"engine": engine(), "entries": number, "words": words, "load": os.getloadavg()}
    result["cases"] = cases = {}
    with serving(command, READY, **settings) as portal:
        for name, (address, asked) in addresses(words, number).items():
            timing = portal.visitor().measure(address)
            found = None if asked is None else len_of(asked)
            cases[name] = timing and {"timing": timing, "found": found, "address": address}
            tell(name, timing, found)
        timing, saved = changing(portal)
        cases["changed"], cases["save"] = {"timing": timing}, {"timing": saved}
        tell("changed", timing)
        tell("save", saved)
        ask_everywhere(portal, words)
        result["memory"] = portal.memory()
        tell_memory(result["memory"])
    cold = []
    for _ in range(COLD_STARTS):
        with serving(command, READY, **settings) as portal:
            visitor = portal.visitor()
            visitor.get(READY)
            cold.append(visitor.get(LIST).took)
    cases["cold"] = {"timing": Timing.of(cold)}
    tell("cold", cases["cold"]["timing"])
    result_file.write_text(json.dumps(result, ensure_ascii=False, indent=1))


def addresses(words, number):
    """Give the addresses to measure by the names of the cases, and what each asks of the list."""
    lists = {
        "list": {},
        "two": TWO,
        "four": FOUR,
        "page": {"page": min(100, number // 24)},
        "newest": {"sort": "newest"},
        "verified": {"sort": "verified"},
        "one-percent": {"q": words["one"]},
        "rare": {"q": words["rare"]},
        "quarter": {"q": words["quarter"]},
        "phrase": {"q": words["phrase"]},
        "two-words": {"q": words["two"]},
        "one-percent-two": {"q": words["one"]} | TWO,
        "nothing": {"q": NOTHING},
        "typing-error": {"q": mistyped(words["one"])},
        "table": {"view": "table"},
        "map": {"view": "map"},
    }
    pages = {
        "suggestions": (
            f"/{READER}/search/suggestions/?{urlencode({'q': words['one'][:3]})}",
            None,
        ),
        "search": (f"/{READER}/search/?{urlencode({'q': words['one']})}", None),
        "start": (f"/{READER}/", None),
    }
    return {name: (f"{LIST}?{urlencode(asked)}", asked) for name, asked in lists.items()} | pages


def mistyped(word):
    """Give a word with two letters in the wrong order near its beginning."""
    return word[0] + word[2] + word[1] + word[3:]


def choose(words, number):
    """Give one query of each kind: the one that finds what comes nearest to what it should."""
    wanted = {
        "one": number * ONE_PERCENT,
        "rare": 5,
        "quarter": number * QUARTER,
        "two": number * ONE_PERCENT,
        "phrase": number / 200,
    }
    chosen = {}
    for kind, share in wanted.items():
        found = {query: len_of({"q": query}) for query in words[kind]}
        missed_by = {query: abs(count - share) for query, count in found.items()}
        chosen[kind] = min(sorted(missed_by), key=missed_by.get)
    return chosen


def len_of(asked):
    """Give how many entries the list has for these filters."""
    everything = Organization.objects.published()
    with translation.override(READER):
        return OrganizationFilter(QueryDict(urlencode(asked)), queryset=everything).found.total


def changing(portal):
    """Give the timings of the first list after a change of one entry, and of that change."""
    visitor, saves = portal.visitor(), []
    entries = iter(Organization.objects.published().order_by("-pk")[: SAVES + 3])

    def change():
        start = now()
        entry = next(entries)
        entry.seeks_partners = not entry.seeks_partners
        entry.save()
        saves.append((now() - start) * 1000)

    for _ in range(3):
        change()
        visitor.get(LIST)
    saves.clear()
    return visitor.measure(LIST, change, SAVES), Timing.of(saves)


def ask_everywhere(portal, words):
    """Ask over many connections at once, so that every worker has built what it keeps."""
    visitors = [portal.visitor() for _ in range(ASKERS)]
    for visitor in visitors:
        visitor.get(LIST)
        visitor.get(f"{LIST}?{urlencode({'q': words['quarter']})}")
    for visitor in visitors:
        visitor.close()


def engine():
    """Give the database with its version, and what the portal runs on."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW server_version")
            database = f"PostgreSQL {cursor.fetchone()[0].split()[0]}"
        else:
            database = f"SQLite {sqlite3.sqlite_version}"
    return {
        "database": database,
        "python": platform.python_version(),
        "django": version("django"),
        "gunicorn": version("gunicorn"),
    }


def tell(name, timing, found=None):
    """Write one line of progress."""
    if timing is None:
        return say(f"{connection.vendor} · {name}: no such page")
    ending = "" if found is None else f", {found:,}"
    return say(f"{connection.vendor} · {name}: {timing}{ending}")


def tell_memory(workers):
    """Write the memory of each worker."""
    for resident, proportional in workers:
        say(f"{connection.vendor} · worker: {resident} MB, its share {proportional} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
