"""Rules that the database itself keeps, on either engine."""

import threading
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from collaborations.models import Collaboration
from localympact.folding import fold
from localympact.slugs import make_slug
from needs.models import Need
from organizations.models import Municipality, Organization, TextState, Topic, Town
from organizations.origins import digest, with_outdated_texts
from tests.factories import (
    make_cause,
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
)

pytestmark = pytest.mark.django_db


def refused(model, pk, **fields):
    """Say whether the database itself refuses these values."""
    try:
        with transaction.atomic():
            model.objects.filter(pk=pk).update(**fields)
    except IntegrityError:
        return True
    return False


def test_entry_needs_a_name_in_one_language(make):
    entry = make(name_en="Choir")
    model = type(entry)
    assert refused(model, entry.pk, name_en="")
    assert refused(model, entry.pk, name_en=None)
    assert not refused(model, entry.pk, name_en="", name_lt="Choras")


def test_form_says_that_a_name_is_missing(make):
    entry = make()
    entry.name_en = ""
    with pytest.raises(ValidationError, match="Give a name in at least one language"):
        entry.full_clean()


def test_entry_is_verified_by_somebody_on_a_day_or_not_at_all(make):
    entry = make()
    assert refused(type(entry), entry.pk, verified_on="2026-01-01")
    assert refused(type(entry), entry.pk, verified_by="portal")
    assert not refused(type(entry), entry.pk, verified_on="2026-01-01", verified_by="portal")


def test_entry_is_never_merged_into_itself(make):
    entry = make()
    assert refused(type(entry), entry.pk, merged_into=entry)


def test_entries_are_never_merged_in_a_circle(make):
    first, second = make(), make()
    first.merged_into = second
    first.save()
    second.merged_into = first
    with pytest.raises(ValidationError, match="in a circle"):
        second.clean()


def test_entry_has_one_of_three_states(make):
    entry = make()
    assert refused(type(entry), entry.pk, status="lost")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"latitude": 91, "longitude": 0}, True),
        ({"latitude": 0, "longitude": -181}, True),
        ({"latitude": 57}, True),
        ({"latitude": -90, "longitude": 180}, False),
        ({"founded": 999}, True),
        ({"founded": 2101}, True),
        ({"founded": 1290}, False),
        ({"reach": "global"}, True),
    ],
)
def test_organization_has_possible_coordinates_years_and_reach(fields, wrong):
    assert refused(Organization, make_organization().pk, **fields) is wrong


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"started": 2020, "ended": 2019}, True),
        ({"started": 2020, "ended": 2020}, False),
        ({"ended": 2018}, False),
        ({"started": 20}, True),
    ],
)
def test_collaboration_does_not_end_before_it_starts(fields, wrong):
    assert refused(Collaboration, make_collaboration().pk, **fields) is wrong


@pytest.mark.parametrize(
    ("level", "place", "countries", "wrong"),
    [
        ("local", True, [], False),
        ("local", False, [], True),
        ("local", True, ["LV"], True),
        ("national", False, ["LV"], False),
        ("national", False, [], True),
        ("national", False, ["LV", "SE"], True),
        ("national", True, ["LV"], True),
        ("several", False, ["BY", "LV", "SE"], False),
        ("several", False, ["LV"], True),
        ("all", False, [], False),
        ("all", True, [], True),
        ("all", False, ["LV"], True),
        ("planet", False, [], True),
    ],
)
def test_need_names_a_municipality_or_countries_or_all_pilots(level, place, countries, wrong):
    need = make_need()
    municipality = need.municipality if place else None
    fields = {"level": level, "municipality": municipality, "countries": countries}
    assert refused(Need, need.pk, **fields) is wrong


def test_need_form_explains_where_a_need_holds(talsi):
    need = Need(name_en="Rooms", cause=make_cause(), kind="need", side="both", level="local")
    with pytest.raises(ValidationError, match="A local need names a municipality"):
        need.full_clean()


def test_need_holds_only_in_countries_that_exist():
    need = Need(name_en="Rooms", cause=make_cause(), kind="need", side="both")
    need.level, need.countries = "national", ["XX"]
    with pytest.raises(ValidationError, match="XX: no such code"):
        need.full_clean()


def test_countries_are_kept_sorted_and_once():
    need = make_need(level="several", municipality=None, countries=["SE", "LV", "SE"])
    need.refresh_from_db()
    assert need.countries == ["LV", "SE"]


def test_municipality_and_town_lie_on_earth():
    place = make_municipality()
    assert refused(Municipality, place.pk, latitude=95, longitude=0)
    assert refused(Municipality, place.pk, country="lv")
    assert refused(Town, make_town().pk, longitude=500)


def test_text_has_one_origin_a_language():
    entry = make_organization()
    TextState.objects.create(entry=entry.uuid, language="en", origin="original")
    with pytest.raises(IntegrityError):
        TextState.objects.create(entry=entry.uuid, language="en", origin="original")


def test_translation_names_its_source():
    with pytest.raises(IntegrityError):
        TextState.objects.create(entry=uuid.uuid4(), language="lv", origin="machine")


def test_translation_is_out_of_date_when_its_source_changes(make):
    entry = make(name_en="Choir", summary_en="They sing.", name_lv="Koris")
    TextState.objects.create(
        entry=entry.uuid,
        language="lv",
        origin="machine",
        source_language="en",
        source_digest=digest(entry, "en"),
    )
    entries = type(entry).objects.all()
    assert not with_outdated_texts(entries).exists()
    entries.update(summary_en="They sang.")
    assert with_outdated_texts(entries).get() == entry


def test_origin_of_a_text_goes_with_its_entry(make):
    entry = make()
    TextState.objects.create(entry=entry.uuid, language="en", origin="original")
    entry.delete()
    assert not TextState.objects.exists()


# Addresses


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Talsu novada fonds", "talsu-novada-fonds"),
        ("Ģimeņu un bērnu centrs “Brīnumiņš”", "gimenu-un-bernu-centrs-brinumins"),
        ("Πανεπιστήμιο Κύπρου", "panepistimio-kyprou"),
        ("Rūdiškių žirgai", "rudiskiu-zirgai"),
        ("Ångström & Öberg", "angstrom-oberg"),
        ("!!!", "entry"),
    ],
)
def test_slug_is_made_of_any_script(name, slug):
    assert make_slug(name) == slug


def test_slug_comes_from_the_name_in_the_language_of_the_place():
    entry = make_organization(name_en="University", name_lv="Universitāte")
    assert entry.slug == "universitate"


def test_slug_stays_when_the_name_changes(make):
    entry = make(name_en="Choir")
    entry.name_en = "Band"
    entry.save()
    assert entry.slug == "choir"


def test_equal_names_have_different_slugs(make):
    assert [make(name_en="Choir").slug for _ in range(3)] == ["choir", "choir-2", "choir-3"]


def test_reserved_word_is_no_slug(make):
    assert make(name_en="None").slug == "none-2"
    assert make(name_en="Export").slug == "export-2"


def test_slug_is_never_empty(make):
    entry = make()
    assert refused(type(entry), entry.pk, slug="")


@pytest.mark.django_db(transaction=True)
def test_equal_names_saved_at_the_same_time_have_different_slugs():
    place = make_municipality()
    start = threading.Barrier(8)

    def save():
        try:
            start.wait()
            make_organization(name_el="Οργάνωση νέων", municipality=place)
        finally:
            connection.close()

    threads = [threading.Thread(target=save) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    slugs = set(Organization.objects.values_list("slug", flat=True))
    assert slugs == {"organosi-neon"} | {f"organosi-neon-{number}" for number in range(2, 9)}


# Folding


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ģimeņu", "gimenu"),
        ("Αθήνας", "αθηνασ"),
        ("ΟΡΓΆΝΩΣΗ", "οργανωση"),
        ("Älvdalen Łódź Øresund", "alvdalen lodz oresund"),
        ("Associação", "associacao"),
        ("Straße", "strasse"),
    ],
)
def test_fold_forgets_case_and_accents(text, folded):
    assert fold(text) == folded


def test_term_in_use_cannot_vanish(make):
    topic = make_topic()
    entry = make(topics=[topic])
    assert list(entry.topics.all()) == [topic]
    assert refused(Topic, topic.pk, name_en=None)
