"""All tables that are given away: what stands in them, what fits together, what is described."""

import csv
import io

import pytest

from localympact.columns import Group, Kind
from localympact.tables import TABLES, table_of
from localympact.texts import LANGUAGES
from localympact.writers import FORMATS
from tests.factories import make_collaboration, make_need, make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture(params=TABLES)
def table(request):
    """Each table in turn."""
    return TABLES[request.param]


def rows_of(table, **choices):
    """Give the rows of the CSV of a table as {column: cell}."""
    resource = table(base="http://testserver/", **choices)
    text = b"".join(FORMATS["csv"].write(resource, table.everything())).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_rows_have_the_key_that_is_said_and_come_in_its_order(table, seed):
    keys = [tuple(row[name] for name in table.key) for row in rows_of(table)]
    assert keys
    assert all(all(key) for key in keys)
    assert keys == sorted(set(keys))


def test_every_column_says_what_stands_in_it(table):
    for part in table.columns:
        assert part.meaning, part.name
        for language in (None, "lv"):
            for column in part.of(language) if isinstance(part, Group) else [part]:
                described = column.describe(table.model)
                assert described.label
                assert described.kind in Kind
                assert described.language in (None, *LANGUAGES)


def test_cells_are_what_their_description_says(table, seed):
    """Nothing is empty that must not be, and every code is one of those that are named."""
    resource = table(base="http://testserver/")
    described = [column.describe(table.model) for column in resource.columns]
    for row in resource.rows(table.everything()):
        for about, cell in zip(described, row, strict=True):
            assert about.empty or cell not in ("", None, []), about.name
            assert isinstance(cell, list) == about.many, about.name
            for one in cell if about.many else [cell]:
                if about.choices and one not in ("", None):
                    assert one in about.choices, about.name


def test_what_rows_refer_to_is_in_its_table(table, seed):
    known = {}
    resource = table(base="http://testserver/")
    for column in resource.columns:
        about = column.describe(table.model)
        if about.vocabulary is None:
            continue
        name = table_of(about.vocabulary)
        key = "id" if about.kind == Kind.ID else "slug"
        cells = known.setdefault((name, key), {row[key] for row in rows_of(TABLES[name])})
        for row in rows_of(table):
            assert {one for one in row[column.name].split("|") if one} <= cells


def test_links_to_what_is_not_published_are_in_no_table():
    hidden = make_organization(status="draft")
    shown = make_organization()
    collaboration = make_collaboration(organizations=[hidden, shown])
    make_need(collaborations=[collaboration], status="archived")
    assert rows_of(TABLES["collaboration_organizations"]) == [
        {"collaboration_id": str(collaboration.uuid), "organization_id": str(shown.uuid)}
    ]
    assert rows_of(TABLES["need_collaborations"]) == []


def test_code_says_where_it_was_read_or_nothing_but_no_remark(seed):
    for row in rows_of(TABLES["municipalities"]):
        for source in (row["nuts3_source"], row["lau_source"]):
            assert not source or source.startswith("https://")
            assert " " not in source
