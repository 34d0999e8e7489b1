"""Measure the desk of the editors, the lists behind it and the matrix with N organisations more.

DATABASE_URL=… python -m benchmarks.desk 100000

With 0 it only measures; run `manage.py collectstatic` before.
The database must hold the seed content and nothing that matters: the organisations stay in it.
Whole answers of Django's test client, without a network: the median of 11 after one that warms up.
"""

import os
import random
import statistics
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localympact.settings")
django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks import corpus  # noqa: E402
from benchmarks.vocabulary import LANGUAGES  # noqa: E402
from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, User  # noqa: E402
from organizations.models import Municipality, Organization, TextState  # noqa: E402
from organizations.origins import digest  # noqa: E402
from organizations.todo import refresh_all  # noqa: E402

TIMES = 11
PAGES = {
    "desk": "/admin/",
    "list": "/admin/organizations/organization/",
    "list: Greek missing": "/admin/organizations/organization/?todo=missing-el",
    "list: by machine": "/admin/organizations/organization/?todo=machine-lv",
    "list: never verified": "/admin/organizations/organization/?todo=never-verified",
    "list: changed lately": "/admin/organizations/organization/?todo=changed-lately",
    "list: page 300": "/admin/organizations/organization/?p=300",
    "matrix": "/admin/organizations/organization/languages/",
    "matrix: Greek missing": "/admin/organizations/organization/languages/?todo=missing-el",
}


def fill(number):
    """Add the organisations of the corpus, and say of each text where it is from."""
    corpus.fill(number)
    rng, last = random.Random(number), 0
    everything = Organization.objects.filter(source__startswith=corpus.REGISTER).order_by("pk")
    while chunk := list(everything.filter(pk__gt=last)[:2000]):
        TextState.objects.bulk_create(state for one in chunk for state in states(rng, one))
        last = chunk[-1].pk


def states(rng, one):
    """Give the states of the texts of an organisation: one is the original of all others."""
    filled = [code for code in LANGUAGES if getattr(one, f"summary_{code}")]
    source, *others = rng.sample(filled, len(filled))
    yield TextState(entry=one.uuid, language=source, origin="original")
    for code in others:
        yield TextState(
            entry=one.uuid,
            language=code,
            origin=rng.choice(("machine", "human")),
            source_language=source,
            source_digest=rng.choice((digest(one, source), digest(one, source), "0" * 32)),
        )


def person(name, group, places):
    """Give an editor."""
    found, _created = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    found.groups.set([Group.objects.get(name=group)])
    found.municipalities.set(places)
    return found


def measure(browser, address):
    """Give the median time of an answer in milliseconds."""
    took = []
    for _ in range(TIMES + 1):
        start = time.perf_counter()
        answer = browser.get(address, headers={"host": "localhost"})
        took.append((time.perf_counter() - start) * 1000)
        if answer.status_code != 200:
            sys.exit(f"{address}: {answer.status_code}")
    return statistics.median(took[1:])


def main(number):
    if number:
        fill(number)
        start = time.perf_counter()
        looked = sum(refresh_all())
        corpus.say(f"refresh_todo, {looked} entries: {time.perf_counter() - start:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    talsi = Municipality.objects.get(slug="talsi")
    people = {
        "portal editor": person("measured-portal", PORTAL_EDITOR, []),
        "Talsi editor": person("measured-talsi", MUNICIPAL_EDITOR, [talsi]),
    }
    for who, one in people.items():
        browser = Client()
        browser.force_login(one)
        for page, address in PAGES.items():
            corpus.say(f"{connection.vendor} · {who} · {page}: {measure(browser, address):.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]))
