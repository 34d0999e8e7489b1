"""Earlier versions: what they hold, what became different, and what comes back of them."""

import json
from datetime import date
from decimal import Decimal

import pytest
import reversion
from django.core.exceptions import ValidationError
from reversion.models import Revision, Version

from localympact import history
from organizations.models import Municipality, Organization, Topic
from tests.factories import (
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_type,
)

pytestmark = pytest.mark.django_db


def fresh(obj):
    return type(obj)._base_manager.get(pk=obj.pk)


def save(obj, comment="", **values):
    """Save an object with these values as one revision, as a request of the admin does."""
    m2m = {field.name for field in obj._meta.many_to_many}
    links = {name: values.pop(name) for name in m2m & values.keys()}
    with reversion.create_revision():
        for name, value in values.items():
            setattr(obj, name, value)
        obj.save()
        for name, things in links.items():
            getattr(obj, name).set(things)
        reversion.set_comment(comment)
    return history.versions(obj).first()


def without(version, *fields):
    """Make of a version one of an older schema, which did not have these fields."""
    data = json.loads(version.serialized_data)
    for field in fields:
        del data[0]["fields"][field]
    version.serialized_data = json.dumps(data)
    version.save()
    return version


# What a version holds


def test_version_holds_what_editors_write_and_nothing_that_the_portal_keeps(app, make):
    entry = make(name_lv="Koris", topics=[make_topic()])
    held = history.state_of(save(entry))
    assert held == history.state(fresh(entry))
    assert held["name_lv"] == "Koris"
    assert not held.keys() & {"id", "uuid", "slug", "created", "updated", "folded", "todo", "name"}


def test_version_of_an_object_in_memory_says_the_same_as_one_of_the_stored_object(talsi):
    """A form gives numbers and days as they were typed; the database gives them back rounded."""
    held = history.state_of(save(talsi, area=Decimal("12.5"), latitude=57, longitude=22))
    assert history.changes(held, history.state(fresh(talsi))) == []
    entry = make_organization(municipality=talsi)
    version = save(
        entry, verified_on=date(2026, 1, 2), verified_by="portal", languages=["sv", "lv"]
    )
    assert history.changes(history.state_of(version), history.state(fresh(entry))) == []


def test_changes_are_named_in_the_order_of_the_fields(talsi):
    entry = make_organization(name_lv="Koris", languages=["lv"])
    before = history.state(fresh(entry))
    topic = make_topic()
    entry.name_lv, entry.languages, entry.phone = "Orķestris", ["lv", "sv"], "+371 1"
    entry.save()
    entry.topics.add(topic)
    assert history.changes(before, history.state(fresh(entry))) == [
        ("name_lv", "Koris", "Orķestris"),
        ("phone", "", "+371 1"),
        ("languages", "|lv|", "|lv|sv|"),
        ("topics", [], [topic.pk]),
    ]


def test_no_text_and_an_empty_text_are_the_same(talsi):
    entry = make_organization(name_en="Choir")
    before = history.state(fresh(entry))
    Organization.objects.filter(pk=entry.pk).update(name_sv="", summary_sv=None)
    assert history.changes(before, history.state(fresh(entry))) == []


def test_links_in_another_order_are_the_same(talsi):
    first, second = make_topic(), make_topic()
    entry = make_organization(topics=[first, second])
    version = save(entry)
    Topic.objects.filter(pk=first.pk).update(position=9)
    assert history.changes(history.state_of(version), history.state(fresh(entry))) == []


# What is kept before a change


def test_what_was_never_recorded_is_kept_before_its_first_change(app, make):
    entry = make(name_en="Seed", topics=[make_topic()])
    history.keep_before(type(entry), [entry.pk])
    version = history.versions(entry).get()
    assert history.state_of(version) == history.state(fresh(entry))
    assert (version.revision.comment, version.revision.user) == (history.BEFORE, None)


def test_what_is_recorded_as_it_is_is_not_kept_again(app, make):
    entry = make(topics=[make_topic()])
    save(entry)
    history.keep_before(type(entry), [entry.pk])
    history.keep_before(type(entry), [entry.pk])
    assert history.versions(entry).count() == 1


def test_what_was_saved_between_two_records_is_kept_before_the_second(app, make):
    entry = make(name_en="First")
    save(entry, name_en="Second")
    type(entry).objects.filter(pk=entry.pk).update(name_en="From a shell")
    history.keep_before(type(entry), [entry.pk])
    save(fresh(entry), name_en="Third")
    names = [history.state_of(version)["name_en"] for version in history.versions(entry)]
    assert names == ["Third", "From a shell", "Second"]


def test_links_changed_from_the_other_side_are_kept_before_the_next_record(talsi):
    topic, entry = make_topic(), make_organization()
    save(entry)
    topic.organizations.add(entry)
    history.keep_before(Organization, [entry.pk])
    assert history.state_of(history.versions(entry).first())["topics"] == [topic.pk]


def test_value_of_a_field_that_is_newer_than_the_version_is_kept(talsi):
    entry = make_organization(phone="+371 1")
    without(save(entry), "phone", "street")
    history.keep_before(Organization, [entry.pk])
    assert history.versions(entry).count() == 2
    other = make_organization()
    without(save(other), "phone")
    history.keep_before(Organization, [other.pk])
    assert history.versions(other).count() == 1


def test_keeping_many_takes_as_many_queries_as_keeping_two(
    django_assert_num_queries, app, make, talsi
):
    entries = [make(topics=[make_topic()]) for _ in range(6)]
    model = type(entries[0])
    links = len(model._meta.many_to_many)
    # Newest versions, entries and their links, a revision and its versions.
    history.keep_before(model, [make().pk])
    with django_assert_num_queries(links + 4):
        history.keep_before(model, [entry.pk for entry in entries[:2]])
    with django_assert_num_queries(links + 4):
        history.keep_before(model, [entry.pk for entry in entries[2:]])
    assert Revision.objects.count() == 3
    assert Version.objects.count() == 7


# What comes back


def test_every_field_and_link_comes_back(app, make):
    first, second = make_topic(), make_topic()
    entry = make(name_lv="Koris", summary_el="Χορωδία", topics=[first])
    version = save(entry)
    identity = fresh(entry).uuid, fresh(entry).slug, fresh(entry).created
    changed = {"name_lv": "Cits", "name_sv": "Annan", "summary_el": "", "status": "archived"}
    save(entry, **changed, topics=[second])
    now = fresh(entry)
    history.restore(now, version)
    now = fresh(entry)
    assert history.state(now) == history.state_of(version)
    assert (now.uuid, now.slug, now.created) == identity


def test_codes_days_numbers_and_links_of_an_organisation_come_back(talsi):
    kind = make_type()
    entry = make_organization(
        languages=["lv", "sv"],
        verified_on=date(2026, 1, 2),
        verified_by="portal",
        latitude=57.25,
        longitude=22.5,
        founded=1991,
        seeks_partners=True,
        type=kind,
    )
    version = save(entry)
    blank = {"latitude": None, "longitude": None, "founded": None, "verified_on": None}
    Organization.objects.filter(pk=entry.pk).update(
        **blank, languages=[], verified_by="", seeks_partners=False, type=None
    )
    history.restore(fresh(entry), version)
    now = fresh(entry)
    assert (now.languages, now.verified_on, now.latitude) == (["lv", "sv"], date(2026, 1, 2), 57.25)
    assert (now.founded, now.seeks_partners, now.type) == (1991, True, kind)


def test_decimal_of_a_municipality_comes_back(talsi):
    version = save(talsi, area=Decimal("12.50"))
    save(talsi, area=None)
    history.restore(fresh(talsi), version)
    assert fresh(talsi).area == Decimal("12.5")


def test_restoring_is_recorded_as_a_version_of_its_own(app, make):
    entry = make(name_en="First", topics=[make_topic()])
    version = save(entry)
    save(entry, name_en="Second", topics=[])
    with reversion.create_revision():
        reversion.set_comment(history.RESTORE)
        history.restore(fresh(entry), version)
    newest = history.versions(entry).first()
    assert newest.revision.comment == history.RESTORE
    assert history.state_of(newest) == history.state_of(version)


def test_field_that_is_newer_than_the_version_stays_as_it_is(talsi):
    entry = make_organization(name_en="First", phone="+371 1")
    version = without(save(entry), "phone", "audiences")
    save(entry, name_en="Second", phone="+371 2")
    history.restore(fresh(entry), version)
    assert (fresh(entry).name_en, fresh(entry).phone) == ("First", "+371 2")


def test_field_that_the_model_no_longer_has_is_passed_by(talsi):
    entry = make_organization(name_en="First")
    version = save(entry)
    data = json.loads(version.serialized_data)
    data[0]["fields"]["fax"] = "1"
    version.serialized_data = json.dumps(data)
    assert "fax" not in history.state_of(version)
    history.restore(fresh(entry), version)


def test_links_to_what_is_gone_are_left_out_and_named(talsi):
    gone, stays, kind = make_topic(), make_topic(), make_type()
    entry = make_organization(topics=[gone, stays], type=kind)
    version = save(entry)
    save(entry, topics=[], type=None)
    gone.delete()
    kind.delete()
    outcome = history.outcome(fresh(entry), version)
    assert (outcome.state["topics"], outcome.state["type"]) == ([stays.pk], None)
    assert outcome.gone == ["type", "topics"]
    history.restore(fresh(entry), version)
    assert list(fresh(entry).topics.all()) == [stays]


def test_logo_comes_back_as_long_as_its_file_is_there(talsi, settings):
    folder = settings.MEDIA_ROOT / "logos"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"picture")
    entry = make_organization(logo="logos/a.png", logo_text_lv="Logo")
    version = save(entry)
    save(entry, logo="")
    assert history.outcome(fresh(entry), version) == (history.state_of(version), [])
    history.restore(fresh(entry), version)
    assert fresh(entry).logo.name == "logos/a.png"
    (folder / "a.png").unlink()
    assert history.outcome(fresh(entry), version).gone == ["logo"]
    history.restore(fresh(entry), version)
    assert fresh(entry).logo.name == ""


def test_version_that_breaks_a_rule_of_the_model_saves_nothing(talsi):
    need = make_need(name_en="First", municipality=talsi, topics=[make_topic()])
    version = save(need)
    data = json.loads(version.serialized_data)
    data[0]["fields"] |= {"level": "all", "topics": []}
    version.serialized_data = json.dumps(data)
    version.save()
    save(need, name_en="Second")
    with pytest.raises(ValidationError, match="A local need names a municipality"):
        history.restore(fresh(need), version)
    assert (fresh(need).name_en, fresh(need).level) == ("Second", "local")
    assert fresh(need).topics.count() == 1


def test_required_link_that_is_gone_is_an_error(talsi):
    need = make_need(municipality=talsi)
    version = save(need)
    data = json.loads(version.serialized_data)
    data[0]["fields"]["cause"] = 0
    version.serialized_data = json.dumps(data)
    with pytest.raises(ValidationError) as refused:
        history.restore(fresh(need), version)
    assert list(refused.value.message_dict) == ["cause"]


def test_links_between_entries_come_back(talsi):
    organization = make_organization()
    collaboration = make_collaboration(organizations=[organization])
    version = save(collaboration)
    save(collaboration, organizations=[])
    history.restore(fresh(collaboration), version)
    assert list(fresh(collaboration).organizations.all()) == [organization]


@pytest.mark.parametrize("make", [make_topic, make_municipality])
def test_terms_and_municipalities_have_versions(make):
    thing = make()
    version = save(thing, name_lv="Pirmais")
    save(thing, name_lv="Otrais")
    history.restore(fresh(thing), version)
    assert fresh(thing).name_lv == "Pirmais"


def test_editors_of_a_municipality_are_no_part_of_its_versions(talsi, editor):
    version = save(talsi)
    talsi.editors.clear()
    history.restore(fresh(talsi), version)
    assert not Municipality.objects.get(pk=talsi.pk).editors.exists()
