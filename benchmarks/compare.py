"""Measure Datasette over the published organisations of a filled database.

DATABASE_URL=… python -m benchmarks.compare var/datasette.sqlite3 var/sqlite.json var/datasette.json

It writes them into one flat table of an SQLite file, with the full-text index and the indexes on
facets that Datasette's documentation recommends, and asks what `measure` asked, with the words that
it chose (the second argument is its result). Datasette has an environment of its own, .venv-bench.
"""

import json
import os
import sqlite3
import sys
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlencode

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localympact.settings")
if __name__ == "__main__":
    django.setup()

from benchmarks.corpus import say  # noqa: E402
from benchmarks.measure import FOUR, NOTHING, TWO  # noqa: E402
from benchmarks.serving import Timing, serving, taken  # noqa: E402
from localympact.texts import columns  # noqa: E402
from organizations.models import Organization  # noqa: E402

TEXTS = columns("name", "summary")
OWN = ["reach", "website", "email", "phone", "street", "postal_code", "town_name"]
OWN += ["latitude", "longitude", "founded", "seeks_partners", "verified_on", "verified_by"]
OWN += ["created", "updated", "source"]
FACETS = ["country", "municipality", "type"]
PAGE = "/public/organizations"
# It would otherwise give up a facet after 0.2 s, and spend time on facets that nobody asked for.
SETTINGS = {
    "facet_time_limit_ms": 600_000,
    "sql_time_limit_ms": 600_000,
    "default_facet_size": 300,
    "suggest_facets": "off",
    "max_csv_mb": 0,
}
# How often the file of everything is taken.
FILES = 3


def main(file, measured, result_file):
    if not file.exists():
        export(file)
    words = json.loads(measured.read_text())["words"]
    datasette = str(Path(".venv-bench/bin/datasette").absolute())
    options = [word for name, value in SETTINGS.items() for word in ("--setting", name, str(value))]
    database = file.with_name("public.db")
    database.unlink(missing_ok=True)
    database.symlink_to(file.absolute())
    command = [datasette, "serve", "--immutable", str(database), "--port", "{port}", *options]
    cases = {}
    with serving(command, "/-/versions.json") as server:
        visitor = server.visitor()
        versions = json.loads(visitor.get("/-/versions.json").body)
        for name, asked in questions(words).items():
            timing = visitor.measure(f"{PAGE}?{urlencode(asked, doseq=True)}")
            counted = asked | {"_size": 0, "_facet": [], "_facet_array": []}
            count = visitor.get(f"{PAGE}.json?{urlencode(counted, doseq=True)}").body
            found = json.loads(count)["filtered_table_rows_count"]
            cases[name] = {"timing": timing, "found": found}
            say(f"datasette · {name}: {timing}, {found:,}")
        files = [taken(server, f"{PAGE}.csv?_stream=on") for _ in range(FILES)]
        csv = Timing.of([seconds for seconds, _size in files], files[-1][1])
        say(f"datasette · CSV: {csv.median:.1f} s, {csv.size:,} bytes")
        memory = server.memory()
        say(f"datasette · {memory[0][0]} MB, its share {memory[0][1]} MB")
    database.unlink()
    version = versions["datasette"]["version"]
    result = {"engine": {"database": f"Datasette {version}"}, "cases": cases, "memory": memory}
    result["file"] = csv
    result_file.write_text(json.dumps(result, ensure_ascii=False, indent=1))


def questions(words):
    """Give what is asked by the names of the cases: what the portal is, in Datasette's words."""
    everything = {"_facet": FACETS, "_facet_array": "topics", "_size": 24}
    two = {"country": TWO["country"], "topics__arraycontains": TWO["topic"]}
    four = two | {"type": FOUR["type"], "audiences__arraycontains": FOUR["audience"]}
    asked = {
        "list": {},
        "two": two,
        "four": four,
        "newest": {"_sort_desc": "created"},
        "verified": {"_sort_desc": "verified_on"},
        "one-percent": {"_search": words["one"]},
        "rare": {"_search": words["rare"]},
        "quarter": {"_search": words["quarter"]},
        "phrase": {"_search": words["phrase"]},
        "two-words": {"_search": words["two"]},
        "one-percent-two": {"_search": words["one"]} | two,
        "nothing": {"_search": NOTHING},
    }
    return {name: everything | question for name, question in asked.items()}


def export(file):
    """Write the published organisations into an SQLite file, as many others would publish them."""
    names = ["slug", *TEXTS, *FACETS, "town", "topics", "audiences", "languages", *OWN]
    half = file.with_suffix(".half")
    half.unlink(missing_ok=True)
    database = sqlite3.connect(half)
    database.execute(f"CREATE TABLE organizations (id INTEGER PRIMARY KEY, {', '.join(names)})")
    holes = ", ".join("?" * (len(names) + 1))
    say("datasette: writing the table and its indexes")
    database.executemany(f"INSERT INTO organizations VALUES ({holes})", rows())  # noqa: S608
    for column in (*FACETS, "created", "verified_on"):
        database.execute(f"CREATE INDEX by_{column} ON organizations ({column})")
    texts = ", ".join(TEXTS)
    database.execute(
        f"CREATE VIRTUAL TABLE organizations_fts USING fts5({texts}, content=[organizations], "
        "content_rowid='id')"
    )
    database.execute("INSERT INTO organizations_fts (organizations_fts) VALUES ('rebuild')")
    database.execute("INSERT INTO organizations_fts (organizations_fts) VALUES ('optimize')")
    database.execute("ANALYZE")
    database.commit()
    database.close()
    half.rename(file)
    say(f"datasette: {file.stat().st_size / 1e6:,.0f} MB")


def rows():
    """Yield the rows of the table."""
    values = ["pk", "slug", *TEXTS, "municipality__country", "municipality__slug", "type__slug"]
    values += ["town__slug", "languages", *OWN]
    after = values.index("languages")
    everything = Organization.objects.published().order_by("pk").values_list(*values)
    last = 0
    while chunk := list(everything.filter(pk__gt=last)[:5000]):
        first, last = chunk[0][0], chunk[-1][0]
        topics, audiences = (
            links(field, first, last) for field in (Organization.topics, Organization.audiences)
        )
        for row in chunk:
            arrays = (topics[row[0]], audiences[row[0]], row[after])
            flat = (*row[:after], *map(json.dumps, arrays), *row[after + 1 :])
            yield [str(cell) if hasattr(cell, "isoformat") else cell for cell in flat]


def links(field, first, last):
    """Give the slugs of what entries with these keys are linked to."""
    found = defaultdict(list)
    name, other = field.field.m2m_field_name(), field.field.m2m_reverse_field_name()
    linked = field.through.objects.filter(**{f"{name}__gte": first, f"{name}__lte": last})
    for pk, slug in linked.order_by("pk").values_list(f"{name}_id", f"{other}__slug"):
        found[pk].append(slug)
    return found


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
