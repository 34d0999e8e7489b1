"""Measure the desk of the editors, the lists behind it and the matrix with N organisations more.

DATABASE_URL=… python benchmarks/desk.py 100000

With 0 it only measures; run `manage.py collectstatic` before.
The database must hold the seed content and nothing that matters: the organisations stay in it.
Whole answers of Django's test client, without a network: the median of 11 after one that warms up.
"""

import os
import random
import statistics
import sys
import time
from datetime import timedelta
from itertools import islice
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localympact.settings")
django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.make_organizations import LANGUAGES, PLACES, words  # noqa: E402
from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, User  # noqa: E402
from organizations.models import Municipality, Organization, TextState, Topic, Town  # noqa: E402
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
    """Make organisations with texts, states of texts, topics, towns, verification."""
    rng = random.Random(number)
    places = list(Municipality.objects.filter(slug__in=PLACES))
    topics, towns = list(Topic.objects.all()), list(Town.objects.all())
    texts = {code: [words(rng, code, 25) for _ in range(300)] for code in LANGUAGES}
    names = {code: [words(rng, code, 3).title() for _ in range(300)] for code in LANGUAGES}
    today, now = timezone.localdate(), timezone.now()
    through, states = Organization.topics.through, TextState
    rows = iter(range(number))
    while chunk := list(islice(rows, 1000)):
        made, origins = [], []
        for row in chunk:
            filled = rng.sample(LANGUAGES, rng.randint(1, 6))
            verified = rng.choice((None, today - timedelta(days=rng.randint(0, 700))))
            one = Organization(
                municipality=rng.choice(places),
                slug=f"measured-{number}-{row}",
                status=rng.choice(("draft", "published", "published", "published", "archived")),
                reach="local",
                town=rng.choice((None, *towns)),
                verified_on=verified,
                verified_by="portal" if verified else "",
                updated=now - timedelta(hours=rng.randint(0, 24 * 365)),
                **{f"name_{code}": rng.choice(names[code]) for code in filled},
                **{f"summary_{code}": rng.choice(texts[code]) for code in filled},
            )
            made.append(one)
            source, *others = filled
            origins.append(states(entry=one.uuid, language=source, origin="original"))
            origins += [
                states(
                    entry=one.uuid,
                    language=code,
                    origin=rng.choice(("machine", "human")),
                    source_language=source,
                    source_digest=rng.choice((digest(one, source), digest(one, source), "0" * 32)),
                )
                for code in others
            ]
        Organization.objects.bulk_create(made)
        states.objects.bulk_create(origins)
        through.objects.bulk_create(
            through(organization_id=one.pk, topic_id=topic.pk)
            for one in made
            for topic in rng.sample(topics, rng.randint(0, 3))
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
        say(f"refresh_todo, {looked} entries: {time.perf_counter() - start:.0f} s")
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
            say(f"{connection.vendor} · {who} · {page}: {measure(browser, address):.0f} ms")


def say(line):
    """Write one line of the result."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
