"""Two people write at once: neither waits without need, and what both made is found and counted.

On SQLite one after the other writes.
"""

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from django.db import IntegrityError, connection, connections, transaction

from localympact import imports
from localympact.afterwards import together
from localympact.facets import facets_of
from localympact.importing import RESOURCES
from localympact.models import ImportedFile, Indexed
from needs.models import Need
from organizations.indexing import rebuild, reindex
from organizations.merging import merge_entries
from organizations.models import Municipality, Organization
from tests.conftest import beside, wait_for
from tests.factories import make_municipality, make_need, make_organization, make_topic
from tests.stress import in_bitmaps, in_sql
from tests.test_importing import written

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]


@contextmanager
def somebody_else():
    """Let another connection work beside this one: give what begins some work there."""

    def work(function):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '10s'")
            return function()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        yield lambda function: pool.submit(work, function)


def wait_until_one_waits():
    """Wait until somebody waits for somebody else."""
    with beside() as opened:
        asked = "SELECT 1 FROM pg_locks WHERE NOT granted"
        wait_for(lambda: opened.execute(asked).fetchone())


def half_imported(monkeypatch):
    """Import two rows of three, and give the generator that imports the third."""
    make_municipality("talsi")
    rows = [
        {"id": "", "name_en": f"Club {number}", "municipality": "talsi", "reach": "local"}
        for number in range(3)
    ]
    monkeypatch.setattr(imports, "CHUNK", 1)
    record = ImportedFile.objects.create(database="organizations", name="file.csv")
    resource = RESOURCES["organizations"](staff=True)
    brought = imports.Import(resource, io.BytesIO(written(rows)), record=record).run()
    assert [next(brought).outcome, next(brought).outcome] == ["new", "new"]
    return brought


def test_others_save_entries_while_a_file_is_imported(monkeypatch):
    entry = make_organization(name_en="Choir")
    brought = half_imported(monkeypatch)
    with somebody_else() as begin:
        begin(entry.save).result()
    assert [row.outcome for row in brought] == ["new"]
    assert len(facets_of(Organization).now().everything) == 4


def test_index_that_is_made_anew_waits_for_a_file_that_is_imported(monkeypatch):
    brought = half_imported(monkeypatch)
    with somebody_else() as begin:
        other = begin(lambda: rebuild(lambda number: None))
        wait_until_one_waits()
        assert [row.outcome for row in brought] == ["new"]
        other.result()
    assert Organization.objects.search("club").count() == 3


def test_entries_that_are_merged_are_taken_in_the_order_of_everybody():
    first, second = make_organization(name_en="Choir"), make_organization(name_en="Choirs")
    merged, survivor = Organization.objects.order_by("pk")
    with somebody_else() as begin:
        with together():
            first.save()
            other = begin(lambda: merge_entries(survivor, merged))
            wait_until_one_waits()
            second.save()
        other.result()
    assert Organization.objects.get(pk=first.pk).merged_into == second


def test_entry_that_moves_while_it_is_indexed_stays_in_the_index():
    entry = make_organization(municipality=make_municipality("talsi"), name_en="Choir")
    entry.municipality = make_municipality("braga")
    with somebody_else() as begin:
        with transaction.atomic():
            entry.save()
            other = begin(lambda: reindex(Organization, [entry.pk]))
            wait_until_one_waits()
        other.result()
    assert Indexed.objects.filter(database=Organization.database, entry=entry.pk).exists()


def test_entry_that_comes_while_others_are_changed_stays_as_it_is():
    talsi, braga = make_municipality("talsi"), make_municipality("braga")
    here, there = make_organization(municipality=talsi), make_organization(municipality=braga)
    with somebody_else() as begin:
        with transaction.atomic():
            here.save()
            there.municipality = talsi
            there.save()
            # It has looked for what is in Talsi already, and waits for it.
            of_talsi = Organization.objects.filter(municipality=talsi)
            other = begin(lambda: of_talsi.update(status="draft"))
            wait_until_one_waits()
        other.result()
    # What follows from a change was asked of one of them only.
    found = Organization.objects.values_list("pk", "status")
    assert dict(found) == {here.pk: "draft", there.pk: "published"}


def test_municipality_that_two_save_counts_where_the_second_has_put_it():
    talsi = make_municipality("talsi")
    make_organization(municipality=talsi)
    second, counted = Municipality.objects.get(pk=talsi.pk), Event()

    def save():
        with transaction.atomic():
            second.save()
            counted.wait(10)

    with somebody_else() as begin:
        with transaction.atomic():
            talsi.country = "EE"
            talsi.save()
            other = begin(save)
            wait_until_one_waits()
        # Between the two.
        facets_of(Organization).now()
        counted.set()
        other.result()
    assert in_bitmaps(Organization) == in_sql(Organization)


def test_need_of_all_counts_in_the_country_of_a_place_that_is_made_at_once_with_it():
    facets_of(Need).now()
    with somebody_else() as begin:
        with transaction.atomic():
            make_need(level="all", municipality=None)
            other = begin(lambda: make_municipality("trakai"))
            wait_until_one_waits()
        other.result()
    assert in_bitmaps(Need) == in_sql(Need)
    assert in_bitmaps(Need)["country LT"] == 1


def test_one_takes_a_term_that_another_deletes_and_only_one_of_them_fails():
    entry, other_entry, topic = make_organization(), make_organization(), make_topic()
    key = topic.pk

    def take():
        with together():
            entry.topics.add(key)

    with somebody_else() as begin:
        with together():
            topic.delete()
            other_entry.save()
            other = begin(take)
            wait_until_one_waits()
        with pytest.raises(IntegrityError):
            other.result()
    assert not entry.topics.exists()
