"""What is to do for an entry is always known: whatever is saved, by whomever, in whatever way."""

import io

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from localympact.afterwards import together
from localympact.imports import Import
from localympact.texts import LANGUAGES
from organizations.exports import OrganizationResource
from organizations.models import Organization, Suggestion, TextState
from organizations.origins import digest
from organizations.todo import BITS, CHUNK, entry_models, label, names, refresh, waiting
from tests.factories import make_municipality, make_organization, make_topic, make_town
from tests.test_admin import act, admin_url, form_of  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


def to_do(entry):
    """Give what the database says is to do, without the town that only organisations have."""
    entry.refresh_from_db(fields=["todo"])
    return set(names(entry.todo)) - {"no-town"}


def state(entry, language, origin="machine", source="lv", **fields):
    if origin != "original":
        fields = {"source_language": source, "source_digest": digest(entry, source)} | fields
    return TextState.objects.create(entry=entry.uuid, language=language, origin=origin, **fields)


def missing(*languages):
    return {f"missing-{language}" for language in languages}


def test_every_bit_has_its_own_value_and_label():
    assert len(set(BITS.values())) == len(BITS) == 2 + 3 * len(LANGUAGES)
    assert len({label(name) for name in BITS}) == len(BITS)
    # What PositiveIntegerField holds on PostgreSQL.
    assert sum(BITS.values()) < 2**31
    assert names(BITS["no-topic"] | BITS["machine-pt"]) == ["no-topic", "machine-pt"]


def test_entry_without_a_topic(make):
    entry, topic = make(), make_topic()
    assert to_do(entry) == {"no-topic"}
    entry.topics.add(topic)
    assert to_do(entry) == set()
    entry.topics.remove(topic)
    assert to_do(entry) == {"no-topic"}
    entry.topics.set([topic])
    entry.topics.clear()
    assert to_do(entry) == {"no-topic"}


def test_topic_given_and_taken_from_the_side_of_the_topic(make, app):
    entry, topic = make(), make_topic()
    entries = getattr(topic, app)
    entries.add(entry)
    assert to_do(entry) == set()
    entries.clear()
    assert to_do(entry) == {"no-topic"}
    entries.set([entry])
    assert to_do(entry) == set()
    entries.remove(entry)
    assert to_do(entry) == {"no-topic"}


def test_organisation_without_a_town():
    nowhere = make_organization()
    assert "no-town" in names(nowhere.__class__.objects.get(pk=nowhere.pk).todo)
    nowhere.town_name = "Kolka"
    nowhere.save()
    assert "no-town" not in names(Organization.objects.get(pk=nowhere.pk).todo)
    nowhere.town_name, nowhere.town = "", make_town()
    nowhere.save(update_fields=["town_name", "town"])
    assert "no-town" not in names(Organization.objects.get(pk=nowhere.pk).todo)
    nowhere.town = None
    nowhere.save(update_fields=["town"])
    assert "no-town" in names(Organization.objects.get(pk=nowhere.pk).todo)


def test_text_is_missing_where_its_source_has_one(make):
    entry = make(name_lv="Koris", summary_lv="Dzied.", topics=[make_topic()])
    assert to_do(entry) == missing("en", "pt", "sv", "lt", "el")
    entry.summary_en, entry.summary_el = "It sings.", "Τραγουδά."
    entry.save()
    assert to_do(entry) == missing("pt", "sv", "lt")


def test_names_need_no_translation(make):
    assert to_do(make(name_lv="Koris", topics=[make_topic()])) == set()


def test_source_is_what_the_state_says_before_what_the_place_speaks(make):
    """Latvian is the language of the place; the original is Swedish, and the longer text."""
    entry = make(name_sv="Kör", summary_sv="Sjunger.", summary_en="It.", topics=[make_topic()])
    type(entry).objects.filter(pk=entry.pk).update(summary_lv="Dzied.")
    state(entry, "sv", "original")
    assert to_do(entry) == missing("pt", "lt", "el")
    entry.refresh_from_db()
    state(entry, "lv", source="sv", checked_on=timezone.localdate())
    state(entry, "en", source="lv", checked_on=timezone.localdate())
    entry.summary_lv = ""
    entry.save()
    assert to_do(entry) == {*missing("lv", "pt", "lt", "el"), "outdated-en"}


def test_original_without_a_text_is_no_source(make):
    entry = make(name_en="Choir", summary_lv="Dzied.", topics=[make_topic()])
    state(entry, "en", "original")
    assert to_do(entry) == missing("en", "pt", "sv", "lt", "el")


def test_english_is_the_source_where_the_place_has_no_text(make):
    entry = make(name_lv="Koris", summary_en="It sings.", summary_sv="", topics=[make_topic()])
    assert to_do(entry) == missing("lv", "pt", "sv", "lt", "el")


def test_two_originals_miss_nothing_of_each_other():
    texts = {f"summary_{language}": "…" for language in LANGUAGES}
    entry = make_organization(seeks_lv="Dziedātājus", topics=[make_topic()], **texts)
    assert to_do(entry) == missing("en", "pt", "sv", "lt", "el")
    state(entry, "en", "original")
    assert to_do(entry) == set()
    state(entry, "lv", "original")
    assert to_do(entry) == missing("pt", "sv", "lt", "el")


def test_translation_is_out_of_date_once_its_source_changes(make):
    texts = {f"summary_{language}": "…" for language in LANGUAGES}
    entry = make(topics=[make_topic()], **texts)
    state(entry, "lv", "original")
    greek = state(entry, "el", "human")
    assert to_do(entry) == set()
    entry.summary_lv = "Dzied un dejo."
    entry.save()
    assert to_do(entry) == {"outdated-el"}
    greek.source_digest = digest(entry, "lv")
    greek.save()
    assert to_do(entry) == set()


def test_machine_translation_waits_until_somebody_has_checked_it(make):
    texts = {f"summary_{language}": "…" for language in LANGUAGES}
    entry = make(topics=[make_topic()], **texts)
    swedish = state(entry, "sv")
    assert to_do(entry) == {"machine-sv"}
    swedish.checked_on = timezone.localdate()
    swedish.save()
    assert to_do(entry) == set()
    swedish.checked_on = None
    swedish.save()
    swedish.delete()
    assert to_do(entry) == set()


def test_language_of_the_place_changes_what_is_the_source(make, talsi):
    entry = make(summary_lv="Dzied.", summary_sv="Sjunger.", topics=[make_topic()])
    entry.name_lv = "Koris"
    entry.save()
    assert "missing-pt" in to_do(entry)
    type(entry).objects.filter(pk=entry.pk).update(summary_lv="")
    talsi.language = "sv"
    talsi.save()
    assert to_do(entry) == missing("lv", "en", "pt", "lt", "el")


def test_editor_saves_an_entry(act, editor, app, make):  # noqa: F811
    entry, topic = make(name_lv="Koris"), make_topic()
    browser = act(editor)
    values = form_of(browser.get(admin_url(app, entry.pk, "change")))
    values |= {"summary_lv": "Dzied.", "topics": [topic.pk]}
    answer = browser.post(admin_url(app, entry.pk, "change"), values)
    assert answer.status_code == 302, answer.context["errors"]
    assert to_do(entry) == missing("en", "pt", "sv", "lt", "el")


def test_saving_in_the_admin_asks_once_at_its_end(act, editor, make, app, monkeypatch):  # noqa: F811
    entry, topic = make(name_lv="Koris"), make_topic()
    browser = act(editor)
    values = form_of(browser.get(admin_url(app, entry.pk, "change"))) | {"topics": [topic.pk]}
    asked = []
    monkeypatch.setattr("organizations.todo._refresh", lambda model, pks: asked.append(pks))
    browser.post(admin_url(app, entry.pk, "change"), values | {"summary_lv": "Dzied."})
    assert asked == [[entry.pk]]


def test_publishing_and_archiving_ask_nothing(make, monkeypatch):
    entry = make(status="draft")
    monkeypatch.setattr("organizations.todo._refresh", None)
    entry.status = "published"
    entry.save(update_fields=["status"])


def test_import_knows_what_is_to_do_for_new_and_changed_entries():
    make_topic(slug="music")
    make_municipality()
    old = make_organization(name_lv="Koris")
    table = (
        "id,municipality,name_lv,summary_lv,topics,reach\n"
        ",talsi,Jauns,Spēlē.,,local\n"
        f"{old.uuid},talsi,Koris,,music,local\n"
    )
    task = Import(OrganizationResource(staff=True), io.BytesIO(table.encode()))
    assert [row.outcome for row in task.run()] == ["new", "changed"]
    assert to_do(Organization.objects.get(name_lv="Jauns")) == {
        "no-topic",
        *missing("en", "pt", "sv", "lt", "el"),
    }
    assert to_do(old) == set()


def test_draft_made_of_a_suggestion_knows_what_is_to_do():
    suggestion = Suggestion.objects.create(
        kind="new", municipality=make_municipality(), name="Koris", message="Dzied."
    )
    assert to_do(suggestion.make_draft()) == {"no-topic", *missing("en", "pt", "sv", "lt", "el")}


def test_seed_knows_what_is_to_do(seed):
    kept = [dict(model.objects.values_list("pk", "todo")) for model in entry_models()]
    assert any(BITS["machine-el"] & todo for table in kept for todo in table.values())
    for model in entry_models():
        model.objects.update(todo=0)
    call_command("refresh_todo", verbosity=0)
    assert [dict(model.objects.values_list("pk", "todo")) for model in entry_models()] == kept


def test_command_says_how_many_and_changes_nothing_the_second_time(make, capsys):
    entry = make()
    before = type(entry).objects.get(pk=entry.pk).updated
    type(entry).objects.update(todo=0)
    call_command("refresh_todo")
    assert capsys.readouterr().out == "1 entries looked through.\n"
    assert to_do(entry) == {"no-topic"}
    with CaptureQueriesContext(connection) as captured:
        call_command("refresh_todo")
    assert not [query for query in captured if query["sql"].startswith("UPDATE")]
    assert type(entry).objects.get(pk=entry.pk).updated == before


def test_refresh_makes_the_same_queries_for_1_and_50_entries(make):
    def fill():
        entry = make(summary_lv="Dzied.", topics=[make_topic()])
        state(entry, "el")
        return entry

    def queries(entries):
        model = type(entries[0])
        model.objects.update(todo=0)
        with CaptureQueriesContext(connection) as captured:
            refresh(model, [entry.pk for entry in entries])
        return len(captured)

    one = queries([fill()])
    assert queries([fill() for _ in range(50)]) == one


def test_chunk_in_which_every_row_differs_fits_one_query(talsi, monkeypatch):
    rows = [
        Organization(name_lv="Koris", slug=f"koris-{number}", municipality=talsi, reach="local")
        for number in range(CHUNK)
    ]
    Organization.objects.bulk_create(rows)
    wanted = {row.pk: number << 2 for number, row in enumerate(rows)}
    monkeypatch.setattr("organizations.todo.texts_to_do", lambda texts: names(wanted[texts.obj.pk]))
    with CaptureQueriesContext(connection) as captured:
        refresh(Organization, wanted)
    assert len([query for query in captured if query["sql"].startswith("UPDATE")]) == 1
    found = dict(Organization.objects.values_list("pk", "todo"))
    assert {pk: todo & ~3 for pk, todo in found.items()} == wanted


def test_block_that_fails_does_nothing_afterwards(make):
    entry = make(topics=[make_topic()])

    def fail():
        with together():
            entry.topics.clear()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert to_do(entry) == set()
    assert entry.topics.exists()


def test_list_leaves_out_archived_and_merged_entries(make):
    here = make()
    make(status="archived")
    make(merged_into=here)
    assert list(waiting(type(here).objects.all(), "no-topic")) == [here]
