"""A file in any format holds what the page of the same address holds: by chance, over HTTP."""

import csv
import io
import json
from random import Random

import html5lib
import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from localympact.columns import unescaped
from localympact.importing import RESOURCES
from localympact.texts import LANGUAGES, pick
from organizations.models import Municipality, OrganizationType, Topic
from tests.worlds import FILTERS, World, random_question

XHTML = "{http://www.w3.org/1999/xhtml}"
# What CSV writes with an apostrophe where it begins like a formula.
TEXTS = {"text", "address"}


@pytest.fixture
def world(db):
    world = World(Random(7), entries=30)
    for place in Municipality.objects.all():
        place.name_lv = f"{place.name_en}s"
        place.save()
    return world


def table(client, app, language, asked):
    """Give the rows of the table of a list, all its pages, as texts."""
    rows, page = [], 1
    while True:
        answer = client.get(f"/{language}/{app}/", asked | {"view": "table", "page": str(page)})
        document = html5lib.parse(answer.text)
        for row in document.iterfind(f".//{XHTML}tbody/{XHTML}tr"):
            head = row.find(f"{XHTML}th/{XHTML}a")
            cells = ["".join(cell.itertext()).strip() for cell in row.iterfind(f"{XHTML}td")]
            days = [time.get("datetime") for time in row.iter(f"{XHTML}time")]
            slug = head.get("href").rstrip("/").rpartition("/")[2]
            rows.append(("".join(head.itertext()), slug, cells, days))
        if not answer.context["is_paginated"] or not answer.context["page_obj"].has_next():
            return rows
        page += 1


def content(client, app, language, format, asked):
    answer = client.get(f"/{language}/{app}/export.{format}", asked)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def read_csv(raw):
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def as_text(cell):
    """Give a cell of JSON as a person would read it in a table."""
    if isinstance(cell, list):
        return "|".join(cell)
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        # A spreadsheet keeps fifteen digits.
        return f"{cell:.12g}"
    return "" if cell is None else str(cell)


def understood(cell, kind):
    """Give a cell of CSV as a reader of the dictionary understands it."""
    if kind in TEXTS:
        return unescaped(cell)
    return float(cell) if kind == "number" and cell else cell


def files(client, app, language, asked):
    """Give the rows of each format as {name: text}, all that a format adds taken away."""
    found = {}
    resource = RESOURCES[app](texts=language if asked.get("texts") else None)
    kinds = {
        about.name: about.kind for about in (c.describe(resource.model) for c in resource.columns)
    }
    rows = read_csv(content(client, app, language, "csv", asked))
    found["csv"] = [
        {name: understood(cell, kinds[name]) for name, cell in row.items()} for row in rows
    ]
    found["json"] = json.loads(content(client, app, language, "json", asked))
    lines = content(client, app, language, "ndjson", asked).splitlines()
    found["ndjson"] = [json.loads(line) for line in lines]
    book = openpyxl.load_workbook(io.BytesIO(content(client, app, language, "xlsx", asked)))
    head, *rows = book.active.iter_rows(values_only=True)
    found["xlsx"] = [dict(zip(head, row, strict=True)) for row in rows]
    if "geojson" in RESOURCES[app].formats:
        features = json.loads(content(client, app, language, "geojson", asked))["features"]
        found["geojson"] = [one["properties"] for one in features]
        for row in found["geojson"]:
            del row["geometry_of"]
    return {
        format: [{name: as_text(cell) for name, cell in row.items()} for row in rows]
        for format, rows in found.items()
    }


@settings(
    deadline=None,
    derandomize=True,
    max_examples=6,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(random=st.randoms(use_true_random=False))
def test_files_of_all_formats_hold_the_entries_and_values_of_the_page(world, client, random):
    language = random.choice(LANGUAGES)
    for model, filterset_class in FILTERS.items():
        app = model._meta.app_label
        asked = random_question(random, filterset_class)
        shown = table(client, app, language, asked)
        for choices in ({}, {"texts": language}):
            written = files(client, app, language, asked | choices)
            for format, rows in written.items():
                assert rows == written["csv"], (format, asked)
            assert [row["slug"] for row in written["csv"]] == [slug for _n, slug, _c, _d in shown]
        called = {
            one.slug: pick(one, "name", reader=language)
            for kind in (Topic, OrganizationType, Municipality)
            for one in kind.objects.all()
        }
        for row, (name, _slug, cells, days) in zip(written["csv"], shown, strict=True):
            assert row["name"] == name
            assert days == [day for day in (row["verified_on"], row["created"][:10]) if day]
            if app != "needs":
                topics = [called[slug] for slug in row["topics"].split("|") if slug]
                assert sorted(topics) == sorted(one for one in cells[-3].split(" · ") if one)
                assert called[row["municipality"]] in cells
            if app == "organizations":
                assert cells[:2] == [called.get(row["type"], ""), row["town"]]
