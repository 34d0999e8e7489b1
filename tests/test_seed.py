"""The seed content is the facts: nothing lost, nothing invented, made again by one command."""

import csv
import json
from collections import Counter

import pytest
from django.conf import settings
from django.core.management import call_command

from collaborations.models import Collaboration
from localympact.texts import columns
from needs.models import Cause, Conclusion, Need
from organizations.models import (
    Audience,
    CooperationForm,
    Municipality,
    Organization,
    OrganizationType,
    TextState,
    Topic,
    Town,
)

FIXTURES = settings.BASE_DIR / "fixtures"
PROVENANCE = {"from the project": "project", "adjacent": "adjacent"}


def facts(name, folder="facts"):
    with (FIXTURES / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def words(cell):
    return [word.strip() for word in cell.split(";") if word.strip()]


def terms(kind, cell):
    """Give the slugs of the terms that the free words of a cell became."""
    curated = [row for row in facts("terms", "curation") if row["kind"] == kind]
    free = words(cell)
    return {row["slug"] for row in curated if set(words(row["words"])) & set(free)}


def slugs(related):
    return {thing.slug for thing in related.all()}


def year(cell):
    return int(cell) if cell else None


def test_seed_files_are_what_the_command_makes(tmp_path):
    call_command("make_seed", output=tmp_path, verbosity=0)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text() for path in (FIXTURES / "seed").iterdir()}
    assert made == kept


def test_seed_names_only_translated_columns():
    for path in (FIXTURES / "seed").iterdir():
        for item in json.loads(path.read_text()):
            if not item["model"].endswith(("town", "textstate")):
                assert not {"name", "summary"} & set(item["fields"]), item


def test_every_free_word_became_a_term():
    for row in facts("organizations"):
        for kind, column in (("topic", "fields"), ("audience", "target_groups")):
            curated = facts("terms", "curation")
            known = {
                word for term in curated if term["kind"] == kind for word in words(term["words"])
            }
            assert set(words(row[column])) <= known, row["name"]


@pytest.mark.django_db
def test_seed_is_loaded_once(seed, capsys):
    Municipality.objects.filter(slug="talsi").update(name_en="Changed")
    call_command("load_seed")
    assert Municipality.objects.get(slug="talsi").name_en == "Changed"


@pytest.mark.django_db
def test_seed_holds_the_counts_of_the_facts(seed):
    counted = {
        model: model.objects.count()
        for model in (Municipality, Town, Organization, Collaboration, Need, Conclusion, Cause)
    }
    assert list(counted.values()) == [5, 34, 124, 46, 53, 24, 4]
    vocabulary = (OrganizationType, Topic, Audience, CooperationForm)
    assert [model.objects.count() for model in vocabulary] == [8, 15, 10, 6]


@pytest.mark.django_db
def test_seed_is_published_and_nobody_has_verified_it(seed):
    for model in (Organization, Collaboration, Need):
        assert set(model.objects.values_list("status", flat=True)) == {"published"}
        assert set(model.objects.values_list("verified_on", "verified_by")) == {(None, "")}


@pytest.mark.django_db
def test_every_english_text_is_an_original(seed):
    states = TextState.objects.all()
    english = states.filter(language="en")
    assert set(english.values_list("origin", "checked_on")) == {("original", None)}
    described = (Municipality, Organization, Collaboration, Need, Cause, Conclusion)
    ids = {uuid for model in described for uuid in model.objects.values_list("uuid", flat=True)}
    assert ids == set(english.values_list("entry", flat=True))


@pytest.mark.django_db
def test_organizations_are_the_facts(seed):
    own = {"talsi": "lv", "dalarna": "sv", "braga": "pt", "aglantzia": "el", "trakai": "lt"}
    languages = {row["name"]: row["language"] for row in facts("organizations", "curation")}
    towns = {row["town"]: row for row in facts("towns")}
    for row in facts("organizations"):
        language = languages.get(row["name"], own[row["municipality"]])
        entry = Organization.objects.get(
            **{f"name_{language}": row["name"]}, municipality__slug=row["municipality"]
        )
        town = towns.get(row["town"])
        local = row["scope"] in ("local", "regional", "national")
        reach = row["scope"].split(",")[0]
        assert (
            entry.name_en or "",
            entry.type and entry.type.slug,
            entry.place,
            entry.latitude,
            entry.longitude,
            entry.reach,
            entry.reach_note_en or "",
            entry.website,
            entry.email,
            slugs(entry.topics),
            slugs(entry.audiences),
            entry.founded,
            entry.summary_en,
            entry.provenance,
            entry.source,
        ) == (
            row["name"] if language == "en" else row["name_en"],
            next(iter(terms("type", row["type"])), None),
            row["town"],
            float(town["latitude"]) if town else None,
            float(town["longitude"]) if town else None,
            "unconfirmed" if "not confirmed" in row["scope"] else reach,
            "" if local else row["scope"],
            row["website"],
            row["email"],
            terms("topic", row["fields"]),
            terms("audience", row["target_groups"]),
            year(row["founded"]),
            row["summary_en"],
            PROVENANCE[row["provenance"]],
            row["source"],
        ), row["name"]
        assert (entry.phone, entry.street, entry.registration_number, entry.logo.name) == (
            ("",) * 4
        )
    reaches = Counter(Organization.objects.values_list("reach", flat=True))
    assert reaches["unconfirmed"] == 10
    assert sum(row["scope"] == "local" for row in facts("organizations")) == 95


@pytest.mark.django_db
def test_collaborations_are_the_facts(seed):
    curated = {row["title_en"]: row for row in facts("collaborations", "curation")}
    for row in facts("collaborations"):
        entry = Collaboration.objects.get(name_en=row["title_en"])
        own = curated[row["title_en"]]
        names = {
            getattr(organization, column)
            for organization in entry.organizations.all()
            for column in columns("name")
        }
        assert set(filter(None, own["organizations"].split("|"))) <= names
        assert entry.organizations.count() == len(own["organizations"].split("|")) * bool(
            own["organizations"]
        )
        assert (
            entry.municipality.slug,
            entry.participants_en or "",
            entry.period_en or "",
            entry.summary_en,
            entry.results_en or "",
            entry.provenance,
            entry.source,
            entry.form and entry.form.slug,
            slugs(entry.topics),
            slugs(entry.audiences),
            entry.started,
            entry.ended,
        ) == (
            row["municipality"],
            "\n".join(words(row["participants"])),
            row["when"],
            row["summary_en"],
            row["results_en"],
            PROVENANCE[row["provenance"]],
            row["source"],
            own["form"] or None,
            set(words(own["topics"])),
            set(words(own["audiences"])),
            year(own["started"]),
            year(own["ended"]),
        ), row["title_en"]


def test_years_of_collaborations_stand_in_the_source():
    when = {row["title_en"]: row["when"] for row in facts("collaborations")}
    for row in facts("collaborations", "curation"):
        for column in ("started", "ended"):
            assert row[column] in when[row["title_en"]]


@pytest.mark.django_db
def test_needs_are_the_facts(seed):
    curated = {row["title_en"]: row for row in facts("needs", "curation")}
    levels = {"local": "local", "national": "national", "all pilots": "all"}
    for row in facts("needs"):
        entry = Need.objects.get(name_en=row["title_en"])
        own = curated[row["title_en"]]
        assert (
            entry.cause.slug,
            entry.kind,
            entry.side,
            entry.level,
            entry.municipality.slug if entry.municipality else "",
            entry.countries,
            entry.summary_en,
            entry.provenance,
            entry.source,
            slugs(entry.topics),
            {practice.name_en for practice in entry.collaborations.all()},
        ) == (
            row["working_cause"],
            row["kind"],
            row["side"],
            levels.get(row["level"], "several"),
            row["municipality"],
            sorted(words(own["countries"])),
            row["summary_en"],
            PROVENANCE[row["provenance"]],
            row["source"],
            set(words(own["topics"])),
            set(filter(None, own["collaborations"].split("|"))),
        ), row["title_en"]
    assert Counter(Need.objects.values_list("level", flat=True)) == {
        "local": 28, "national": 13, "several": 1, "all": 11,
    }  # fmt: skip


@pytest.mark.django_db
def test_conclusions_are_the_facts_in_their_order(seed):
    kept = Conclusion.objects.values_list("name_en", "summary_en", "provenance", "source")
    assert list(kept) == [
        (row["title_en"], row["summary_en"], PROVENANCE[row["provenance"]], row["source"])
        for row in facts("conclusions")
    ]


@pytest.mark.django_db
def test_municipalities_and_towns_are_the_facts(seed):
    for row in facts("municipalities"):
        place = Municipality.objects.get(slug=row["slug"])
        assert {
            code: getattr(place, f"name_{code}") for code in ["lv", "en", "pt", "sv", "lt", "el"]
        } == {code: row[f"name_{code}"] for code in ["lv", "en", "pt", "sv", "lt", "el"]}
        assert getattr(place, f"name_{place.language}") == row["name_native"]
        assert place.notes_en == row["notes"]
        assert (
            place.country,
            place.kind,
            place.population,
            place.population_year,
            float(place.area),
            place.nuts3,
            place.nuts3_name,
            place.nuts3_source,
            place.lau,
            place.lau_source,
            place.wikidata,
            place.centre,
            place.latitude,
            place.longitude,
            place.website,
            place.source,
        ) == (
            row["country_code"],
            row["kind"],
            int(row["population"]),
            int(row["population_year"]),
            float(row["area_km2"]),
            row["nuts3_code"],
            row["nuts3_name"],
            row["nuts3_source"],
            row["lau_code"],
            row["lau_source"],
            row["wikidata"],
            row["centre"],
            float(row["latitude"]),
            float(row["longitude"]),
            row["website"],
            row["source"],
        )
    kept = Town.objects.values_list(
        "municipality__slug", "name", "latitude", "longitude", "geonames_id"
    )
    assert set(kept) == {
        (
            row["municipality"],
            row["town"],
            float(row["latitude"]),
            float(row["longitude"]),
            int(row["geonames_id"]),
        )
        for row in facts("towns")
    }


@pytest.mark.django_db
def test_needs_apply_to_their_place_its_country_and_all_pilots(seed):
    numbers = {
        place.slug: Need.objects.applying_to(place).count() for place in Municipality.objects.all()
    }
    assert numbers == {"talsi": 19, "dalarna": 23, "braga": 17, "aglantzia": 21, "trakai": 18}
    two = Municipality.objects.filter(slug__in=["talsi", "aglantzia"])
    assert Need.objects.applying_to(*two).count() == 29
