"""One of the processes of test_facets_stress.py: it changes and counts for some seconds.

    python -m tests.stress SEED SECONDS

It compares what its bitmaps say with what SQL counts whenever nobody has changed anything in
between, and writes what differed as one line of JSON. Then it waits for a line, when all others
are done, counts once more and writes that.
"""

import json
import os
import sys
import time
from collections import Counter
from random import Random

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localympact.settings")
django.setup()

from django.core.exceptions import ObjectDoesNotExist  # noqa: E402
from django.db import DatabaseError  # noqa: E402
from django.db.models import Count  # noqa: E402

from localympact import facets  # noqa: E402
from localympact.afterwards import together  # noqa: E402
from localympact.texts import LANGUAGES  # noqa: E402
from needs.models import Need  # noqa: E402
from organizations.entries import has_text  # noqa: E402
from organizations.models import Municipality  # noqa: E402
from tests.worlds import EDITS, MODELS, World  # noqa: E402

# Files are read by commands that lock more than the rest.
SLOW = {"bring_file", "load"}
GROUPED = ("municipality", "country", "type", "town", "form", "cause", "kind", "side")


def in_bitmaps(model):
    """Give {facet value: number} of the published entries, as this process counts them."""
    state = facets.facets_of(model).now()
    public = state.having("public", True)
    counts = {"public": len(public)}
    for facet in [*model.facet_columns, *model.facet_links, "verified", "language"]:
        if facet in GROUPED or facet in model.facet_links or facet in ("verified", "language"):
            for value, number in state.counts(facet, public).items():
                counts[f"{facet} {value}"] = number
    return {key: number for key, number in counts.items() if number}


def in_sql(model):
    """Give the same, as the database counts it."""
    entries = model.objects.published().order_by()
    counts = Counter({"public": entries.count()})
    for facet, column in model.facet_columns.items():
        if facet in GROUPED and not (model is Need and facet in ("municipality", "country")):
            for value, number in entries.values_list(column).annotate(Count("pk")):
                counts[f"{facet} {value}"] = number
    for facet, column in model.facet_links.items():
        for value, number in entries.values_list(column).annotate(Count("pk")):
            counts[f"{facet} {value}"] = number
    if model is Need:
        places = list(Municipality.objects.all())
        named = {code for codes in entries.values_list("countries", flat=True) for code in codes}
        for place in places:
            counts[f"municipality {place.pk}"] = entries.applying_to(place).count()
        counts["municipality None"] = entries.filter(municipality=None).count()
        codes = named | {place.country for place in places}
        for code in codes:
            counts[f"country {code}"] = entries.in_country(code).count()
        counts["country None"] = counts["public"] - entries.in_country(*codes).count()
    for language in LANGUAGES:
        counts[f"language {language}"] = entries.filter(has_text("summary", language)).count()
    counts["language None"] = counts["public"] - sum(
        any(getattr(entry, f"summary_{language}") for language in LANGUAGES) for entry in entries
    )
    counts["verified no"] = entries.filter(verified_on=None).count()
    counts["verified yes"] = counts["public"] - counts["verified no"]
    return {key: number for key, number in counts.items() if number}


def compare(model):
    """Give what bitmaps and SQL say otherwise than each other; None if something has changed."""
    counted = facets.facets_of(model)
    before = counted.stamp()
    mine, real = in_bitmaps(model), in_sql(model)
    if counted.stamp() != before:
        return None
    return {
        key: [mine.get(key, 0), real.get(key, 0)]
        for key in mine.keys() | real.keys()
        if mine.get(key) != real.get(key)
    }


def work(seed, seconds):
    """Change and count; give what was seen."""
    random = Random(seed)
    if seed % 2 == 0:
        # One of the processes follows no change, but reads everything anew after each.
        facets.MANY = 0
    world = World(random, entries=0)
    edits = [name for name in EDITS if name not in SLOW]
    seen, different = Counter(), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if random.random() < 0.5:
            try:
                # As the editors' pages and imports do.
                with together():
                    world.edit(random.choice(edits))
                seen["changed"] += 1
            except (DatabaseError, ObjectDoesNotExist, IndexError, AttributeError) as error:
                # Another process was there first; but nobody fails for the sake of the index.
                seen["lost"] += 1
                if "localympact_" in str(error):
                    different.append(str(error))
        for _ in range(10):
            # What is lost at a moment when somebody writes stays lost, and is seen later.
            facets.facets_of(random.choice(MODELS)).now()
        model = random.choice(MODELS)
        found = compare(model)
        seen["disturbed" if found is None else "compared"] += 1
        if found:
            different.append([model.__name__, found])
    return {**seen, "different": different[:3]}


def say(told):
    """Write a line for the test."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    say(work(int(sys.argv[1]), float(sys.argv[2])))
    sys.stdin.readline()
    say([in_bitmaps(model) for model in MODELS])
