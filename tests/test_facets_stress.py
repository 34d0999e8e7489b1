"""Processes that change and count at once never say anything else than the database."""

import json
import os
import subprocess
import sys
from random import Random
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from localympact.facets import Facets, facets_of
from tests.stress import in_bitmaps, in_sql
from tests.worlds import MODELS, World, content

SECONDS = 6


def address():
    """Give the DATABASE_URL of the database of the tests."""
    own = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{own['NAME']}"
    person = f"{quote(own['USER'])}:{quote(own['PASSWORD'])}"
    return f"postgres://{person}@{own['HOST']}:{own['PORT']}/{own['NAME']}"


def process(seed):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.stress", str(seed), str(SECONDS)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": address()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.django_db(transaction=True)
def test_processes_that_write_and_count_at_once_agree_with_the_database():
    World(Random(1))
    before = [facets_of(model).now().stamp for model in MODELS]
    processes = [process(seed) for seed in (1, 2, 3)]
    seen = [json.loads(one.stdout.readline()) for one in processes]
    last = [json.loads(one.communicate("\n")[0]) for one in processes]
    assert [one["different"] for one in seen] == [[], [], []]
    # Each has written, and has counted while nothing changed: more where the machine is quicker.
    for one in seen:
        assert min(one["changed"], one["compared"]) > 2, seen
    for model, stamp, *counted in zip(MODELS, before, *last, strict=True):
        assert facets_of(model).now().stamp.number > stamp.number
        real = in_sql(model)
        assert counted == [real, real, real]
        assert in_bitmaps(model) == real
        assert content(facets_of(model).now()) == content(Facets(model).now())
