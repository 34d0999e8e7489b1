"""Writing: where each text is from is recorded, and nobody overwrites what another has written."""

import threading
from datetime import date

import pytest
import reversion
from django.contrib.auth.models import Group
from django.db import connections
from django.test import Client
from django.utils import timezone

from collaborations.models import Collaboration
from localympact.models import PORTAL_EDITOR
from needs.models import Cause, Need
from organizations.models import Municipality, Organization, TextState, Topic
from organizations.origins import Texts, TextStatus, digest, statuses, with_outdated_texts
from organizations.writing import TranslatedForm
from tests.factories import (
    make_cause,
    make_collaboration,
    make_conclusion,
    make_organization,
    make_topic,
)
from tests.forms import sent
from tests.test_admin import admin_url, new_entry

pytestmark = pytest.mark.django_db

MODELS = {"organizations": Organization, "collaborations": Collaboration, "needs": Need}


@pytest.fixture
def browser(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def colleague(portal_editor):
    """Somebody else who may edit everything, in a browser of their own."""
    portal_editor.first_name, portal_editor.last_name = "Anna", "Liepa"
    portal_editor.save()
    client = Client()
    client.force_login(portal_editor)
    return client


def address(entry):
    meta = entry._meta
    return f"/admin/{meta.app_label}/{meta.model_name}/{entry.pk}/change/"


def change(browser, entry, **values):
    """Open an entry, change it and save it, as a person does."""
    answer = browser.post(address(entry), sent(browser.get(address(entry))) | values)
    assert answer.status_code == 302, answer.context["errors"]
    entry.refresh_from_db()
    return answer


def translate(entry, language, origin="machine", source="en", **fields):
    """Record that the text of a language is a translation of the source as it is now."""
    return TextState.objects.create(
        entry=entry.uuid,
        language=language,
        origin=origin,
        source_language=source,
        source_digest=digest(entry, source),
        **fields,
    )


def original(entry, language="en"):
    return TextState.objects.create(entry=entry.uuid, language=language, origin="original")


def states(entry):
    """Give what is recorded: {language: (origin, source, current, checked)}."""
    found = {}
    for state in TextState.objects.filter(entry=entry.uuid):
        source = state.source_language
        current = state.source_digest == (digest(entry, source) if source else "")
        found[state.language] = (state.origin, source, current, state.checked_on)
    return found


def today():
    return timezone.localdate()


# How each text stands


def test_status_of_each_text(app, make):
    entry = make(
        name_lv="Koris",
        summary_en="They sing.",
        summary_lt="Jie dainuoja.",
        summary_sv="De sjunger.",
        summary_pt="Cantam.",
        summary_lv="Dzied.",
    )
    original(entry)
    translate(entry, "lt")
    translate(entry, "sv", checked_on=date(2026, 1, 1))
    TextState.objects.filter(language="sv").update(source_digest="of before")
    translate(entry, "pt", checked_on=date(2026, 1, 1))
    translate(entry, "lv", "human")
    assert statuses(type(entry).objects.all()) == {
        entry.uuid: {
            "en": TextStatus.ORIGINAL,
            "lt": TextStatus.MACHINE,
            "sv": TextStatus.OUTDATED,
            "pt": TextStatus.CHECKED,
            "lv": TextStatus.HUMAN,
            "el": TextStatus.MISSING,
        }
    }


def test_name_of_an_entry_is_missed_in_no_other_language(app, make):
    entry = make(name_lv="Koris", summary_lv="Dzied.", summary_en="They sing.")
    found = statuses([entry])[entry.uuid]
    assert found.pop("lv") == found.pop("en") == TextStatus.UNRECORDED
    assert set(found.values()) == {TextStatus.MISSING}
    only_a_name = make(name_lv="Koris")
    assert statuses([only_a_name]) == {only_a_name.uuid: {}}


@pytest.mark.parametrize("make_one", [make_cause, make_conclusion, make_topic])
def test_name_that_is_to_be_translated_is_missed(make_one):
    texts = Texts(make_one(name_en="Rooms", name_lv="Telpas"))
    assert texts.status("pt") == TextStatus.MISSING
    assert texts.status("lv") == TextStatus.UNRECORDED


def test_text_is_missing_when_its_source_has_a_field_that_it_has_not():
    entry = make_collaboration(summary_en="They sing.", results_en="Ten.", summary_lt="Jie.")
    original(entry)
    translate(entry, "lt")
    assert statuses([entry])[entry.uuid]["lt"] == TextStatus.MISSING


def test_source_of_a_text(app, make):
    entry = make(summary_pt="Cantam.", summary_lv="Dzied.", summary_sv="De sjunger.")
    # The language of the place, Latvian.
    assert Texts.stored(entry).source("pt") == "lv"
    assert Texts.stored(entry).source("lv") == "lv"
    original(entry, "sv")
    assert Texts.stored(entry).source("pt") == "sv"
    translate(entry, "pt", source="lv")
    assert Texts.stored(entry).source("pt") == "lv"
    entry.summary_lv = entry.summary_sv = ""
    assert Texts.stored(entry).source("el") == "pt"
    entry.summary_pt = ""
    assert Texts.stored(entry).source("el") is None


def test_statuses_of_many_take_three_queries(app, make, django_assert_num_queries, talsi, braga):
    for place in (talsi, braga) * 3:
        make(municipality=place, summary_en="They sing.")
    with django_assert_num_queries(3):
        assert len(statuses(MODELS[app].objects.all())) == 6


# What saving records


def test_first_text_of_an_entry_is_the_original(browser, app, talsi):
    answer = browser.post(admin_url(app, "add"), new_entry(app, talsi) | {"summary_pt": "Cantam."})
    assert answer.status_code == 302
    entry = MODELS[app].objects.get()
    assert states(entry) == {"pt": ("original", "", True, None)}


def test_of_two_first_texts_the_one_in_the_language_of_the_place_is_the_original(
    browser, app, talsi
):
    texts = {"summary_en": "They sing.", "summary_lv": "Dzied."}
    browser.post(admin_url(app, "add"), new_entry(app, talsi) | texts)
    entry = MODELS[app].objects.get()
    assert states(entry) == {
        "lv": ("original", "", True, None),
        "en": ("human", "lv", True, today()),
    }


def test_text_written_beside_a_source_is_a_translation_by_a_person(browser, app, make):
    entry = make(summary_en="They sing.")
    original(entry)
    change(browser, entry, summary_lv="Dzied.")
    assert states(entry)["lv"] == ("human", "en", True, today())


def test_machine_text_that_a_person_edits_is_a_persons(browser, app, make):
    entry = make(summary_en="They sing.", summary_lv="Dzied.", summary_lt="Jie dainuoja.")
    original(entry)
    translate(entry, "lv")
    translate(entry, "lt")
    change(browser, entry, summary_lv="Viņi dzied.")
    assert states(entry) == {
        "en": ("original", "", True, None),
        "lv": ("human", "en", True, today()),
        "lt": ("machine", "en", True, None),
    }


def test_changed_source_puts_its_translations_out_of_date(browser, app, make):
    entry = make(summary_en="They sing.", summary_lv="Dzied.", summary_lt="Jie dainuoja.")
    original(entry)
    translate(entry, "lv")
    translate(entry, "lt", "human")
    change(browser, entry, summary_en="They dance.", summary_lt="Jie šoka.")
    assert states(entry)["lv"] == ("machine", "en", False, None)
    assert states(entry)["lt"] == ("human", "en", True, today())
    assert with_outdated_texts(type(entry).objects.all()).exists()


def test_minor_change_keeps_current_translations_current(browser, app, make):
    entry = make(summary_en="They sing", summary_lv="Dzied.", summary_lt="Jie dainuoja.")
    original(entry)
    translate(entry, "lv")
    translate(entry, "lt")
    TextState.objects.filter(language="lt").update(source_digest="of before")
    change(browser, entry, summary_en="They sing.", minor_change="on")
    assert states(entry)["lv"] == ("machine", "en", True, None)
    assert states(entry)["lt"] == ("machine", "en", False, None)


def test_changed_name_of_an_entry_leaves_its_translations_current(browser, app, make):
    entry = make(name_en="Choir", summary_en="They sing.", summary_lv="Dzied.")
    original(entry)
    translate(entry, "lv")
    change(browser, entry, name_en="The choir")
    assert states(entry)["lv"] == ("machine", "en", True, None)


def test_saving_without_a_change_leaves_texts_of_several_lines_alone(browser, app, make):
    entry = make(summary_en="They sing.\nThey dance.", summary_lv="Dzied.\nDejo.")
    original(entry)
    translate(entry, "lv")
    before = states(entry)
    change(browser, entry, source="https://example.org/")
    assert entry.summary_en == "They sing.\nThey dance."
    assert states(entry) == before


def test_text_is_checked_by_a_click(browser, app, make):
    entry = make(summary_en="They sing.", summary_lv="Dzied.")
    original(entry)
    translate(entry, "lv")
    TextState.objects.filter(language="lv").update(source_digest="of before")
    page = browser.get(address(entry))
    assert page.text.count('name="_checked_') == 1
    answer = browser.post(address(entry), sent(page) | {"_checked_lv": "yes"}, follow=True)
    assert answer.redirect_chain == [(address(entry), 302)]
    assert "Marked as checked: Latvian." in answer.text
    assert 'name="_checked_' not in answer.text
    assert states(entry)["lv"] == ("machine", "en", True, today())


def test_emptied_text_has_no_state(browser, app, make):
    entry = make(summary_en="They sing.", summary_lv="Dzied.")
    original(entry)
    translate(entry, "lv")
    change(browser, entry, summary_lv="")
    assert set(states(entry)) == {"en"}


def test_translation_whose_source_was_emptied_becomes_the_original_when_written_anew(
    browser, app, make
):
    entry = make(summary_en="They sing.", summary_lv="Dzied.")
    original(entry)
    translate(entry, "lv")
    change(browser, entry, summary_en="", summary_lv="Viņi dzied.")
    assert states(entry) == {"lv": ("original", "", True, None)}


def test_texts_of_municipalities_and_causes_are_recorded_too(colleague, talsi):
    for thing in (talsi, make_cause(name_en="Rooms")):
        original(thing)
        change(colleague, thing, name_lv="Telpas")
        assert states(thing)["lv"] == ("human", "en", True, today())


def test_term_is_saved_without_a_state(colleague):
    topic = make_topic(name_en="Music")
    change(colleague, topic, name_lv="Mūzika")
    assert Topic.objects.get().name_lv == "Mūzika"
    assert not TextState.objects.exists()


def test_origins_of_texts_are_only_read(client, superuser, make_state):
    client.force_login(superuser)
    path = f"/admin/organizations/textstate/{make_state.pk}/"
    assert client.get("/admin/organizations/textstate/").status_code == 200
    assert client.get(f"{path}change/").status_code == 200
    assert client.post(f"{path}change/", {"origin": "human"}).status_code == 403
    assert client.post(f"{path}delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/organizations/textstate/add/").status_code == 403


@pytest.fixture
def make_state(talsi):
    return original(make_organization())


# The page


def test_each_tab_says_how_its_text_stands(browser, app, make):
    entry = make(summary_en="They sing.", summary_lv="Dzied.")
    original(entry)
    translate(entry, "lv")
    page = browser.get(address(entry))
    assert [
        (str(fieldset.name).split(" <")[0], str(fieldset.name).partition('">')[2].split("<")[0])
        for fieldset in page.context["adminform"]
        if "language-tab" in fieldset.classes
    ] == [
        ("Latvian", "Translated by machine"),
        ("English", "Original"),
        ("Portuguese", "Missing"),
        ("Swedish", "Missing"),
        ("Lithuanian", "Missing"),
        ("Greek", "Missing"),
    ]
    assert "Minor change: the translations remain valid" in page.text


def test_source_stands_beside_each_field_of_another_language(browser, app, make):
    entry = make(summary_en="They <i>sing</i>.\nAlways.", summary_lv="Dzied.")
    original(entry)
    translate(entry, "lv")
    page = browser.get(address(entry)).text
    assert page.count('<div lang="en">They &lt;i&gt;sing&lt;/i&gt;.<br>Always.</div>') == 5
    assert 'lang="lv">Dzied.' not in page.replace('lang="lv" name', "")


def test_source_shows_what_it_said_when_it_was_translated(browser, colleague, app, make):
    entry = make(summary_en="They sing.", summary_lv="Dzied.")
    original(entry)
    translate(entry, "lv")
    change(colleague, entry, source="https://example.org/")
    change(colleague, entry, summary_en="They dance.")
    page = browser.get(address(entry)).text
    assert page.count("When this was translated it said:") == 1
    assert '<div lang="en">They sing.</div>' in page


def test_form_that_comes_back_asks_for_the_file_again(browser, talsi, tmp_path):
    import io

    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (10, 10)).save(picture, "PNG")
    picture.name = "logo.png"
    picture.seek(0)
    values = new_entry("organizations", talsi) | {"source": "no address", "logo": picture}
    answer = browser.post(admin_url("organizations", "add"), values)
    assert "A file cannot be kept: choose it again." in answer.text


# Two people at one entry


def conflict(browser, entry, opened, **values):
    """Save what was opened before; give the page on which the person is told of the change."""
    answer = browser.post(address(entry), opened | values)
    assert answer.status_code == 200, "it was saved"
    return answer


def test_second_to_save_is_told_and_decides(browser, colleague, app, make):
    entry = make(summary_en="They sing.", summary_lv="Dzied.")
    opened = sent(browser.get(address(entry)))
    change(colleague, entry, summary_lv="Viņi dzied.", source="https://example.org/anna")
    page = conflict(browser, entry, opened, summary_lv="Viņas dzied.", summary_en="She sings.")
    entry.refresh_from_db()
    assert (entry.summary_lv, entry.summary_en) == ("Viņi dzied.", "They sing.")
    text = page.text
    assert "Anna Liepa changed this at" in text
    assert "Already shown here: Source: https://example.org/anna." in text
    assert "Changed by both of you: Summary (Latvian)." in text
    (error,) = page.context["adminform"].form.errors["summary_lv"]
    assert error.startswith("Now stored, by Anna Liepa at ")
    assert error.endswith(": Viņi dzied.")
    shown = sent(page)
    assert shown["summary_lv"] == "Viņas dzied."
    assert shown["summary_en"] == "She sings."
    assert shown["source"] == "https://example.org/anna"
    assert browser.post(address(entry), shown).status_code == 302
    entry.refresh_from_db()
    assert (entry.summary_lv, entry.summary_en) == ("Viņas dzied.", "She sings.")
    assert entry.source == "https://example.org/anna"


def test_third_change_is_told_again(browser, colleague, app, make):
    entry = make(summary_lv="Dzied.")
    opened = sent(browser.get(address(entry)))
    change(colleague, entry, summary_lv="Viņi dzied.")
    shown = sent(conflict(browser, entry, opened, summary_lv="Viņas dzied."))
    change(colleague, entry, summary_lv="Viņi dejo.")
    page = conflict(browser, entry, shown)
    assert "Viņi dejo." in page.context["adminform"].form.errors["summary_lv"][0]


def test_same_change_by_two_is_no_conflict(browser, colleague, app, make):
    entry = make(summary_lv="Dzied.")
    opened = sent(browser.get(address(entry)))
    change(colleague, entry, summary_lv="Viņi dzied.")
    answer = browser.post(address(entry), opened | {"summary_lv": "Viņi dzied."})
    assert answer.status_code == 302


def test_change_without_a_recorded_version_names_nobody(browser, colleague, app, make):
    entry = make(summary_lv="Dzied.")
    change(colleague, entry, source="https://example.org/")
    opened = sent(browser.get(address(entry)))
    type(entry).objects.update(summary_lv="Viņi dzied.")
    page = conflict(browser, entry, opened, summary_lv="Viņas dzied.")
    assert "This was changed while you had it open." in page.text
    assert "Now stored: Viņi dzied." in page.text
    assert "Liepa" not in page.text


def test_links_choices_and_dates_are_compared_too(browser, colleague, talsi):
    music, sports = make_topic(name_en="Music"), make_topic(name_en="Sports")
    entry = make_organization(topics=[music], languages=["lv"], latitude=57.1, longitude=22.6)
    opened = sent(browser.get(address(entry)))
    change(
        colleague,
        entry,
        topics=[music.pk, sports.pk],
        languages=["lv", "sv"],
        reach="national",
        seeks_partners="on",
        verified_on="2026-01-02",
        verified_by="portal",
    )
    page = conflict(browser, entry, opened, phone="+371 12")
    said = page.context["adminform"].form.non_field_errors()
    for part in (
        "Topics: Music, Sports",
        "Reach: National",
        "Languages: Latvian, Swedish",
        "Looks for partners: Yes",
        "Verified by: the portal",
    ):
        assert part in said[1]
    assert browser.post(address(entry), sent(page)).status_code == 302
    entry.refresh_from_db()
    assert set(entry.topics.all()) == {music, sports}
    assert (entry.languages, entry.reach, entry.seeks_partners) == (["lv", "sv"], "national", True)
    assert (entry.verified_on, entry.phone) == (date(2026, 1, 2), "+371 12")


def test_opening_and_saving_the_seed_is_no_conflict(client, seed, portal_editor):
    client.force_login(portal_editor)
    for model in (Organization, Municipality, Cause):
        thing = model.objects.first()
        recorded = states(thing)
        before = reversion.models.Version.objects.count()
        change(client, thing)
        assert states(thing) == recorded
        # As it came into the database, and as it was saved.
        assert reversion.models.Version.objects.count() == before + 2


def test_archived_meanwhile_is_told_and_what_was_typed_stays(browser, colleague, app, make):
    entry = make(summary_lv="Dzied.")
    opened = sent(browser.get(address(entry)))
    change(colleague, entry, status="archived")
    page = conflict(browser, entry, opened, summary_lv="Viņi dzied.")
    assert "Status: Archived" in page.text
    assert sent(page)["summary_lv"] == "Viņi dzied."


@pytest.mark.parametrize("how", ["deleted", "moved"])
def test_what_was_typed_is_shown_when_the_entry_is_gone(
    browser, app, make, braga, how, django_user_model
):
    entry = make(summary_lv="Dzied.")
    opened = sent(browser.get(address(entry)))
    if how == "deleted":
        type(entry).objects.all().delete()
    else:
        type(entry).objects.update(municipality=braga)
    answer = browser.post(address(entry), opened | {"summary_lv": "Viņi <b>dzied</b>."})
    assert answer.status_code == 409
    assert ("it was deleted" in answer.text) is (how == "deleted")
    assert ("it was moved" in answer.text) is (how == "moved")
    assert answer.text.count("<textarea") == 1
    assert 'lang="lv">Viņi &lt;b&gt;dzied&lt;/b&gt;.</textarea>' in answer.text


def test_right_that_was_taken_away_meanwhile_does_not_take_what_was_typed(
    browser, editor, app, make
):
    entry = make(summary_lv="Dzied.")
    opened = sent(browser.get(address(entry)))
    editor.groups.clear()
    answer = browser.post(address(entry), opened | {"summary_lv": "Viņi dzied."})
    assert answer.status_code == 409
    assert "Viņi dzied." in answer.text
    entry.refresh_from_db()
    assert entry.summary_lv == "Dzied."


def test_nobody_learns_of_an_entry_that_was_never_theirs(browser, app, make, braga):
    entry = make(name_en="Theirs", municipality=braga)
    answer = browser.post(address(entry), new_entry(app, braga))
    assert answer.status_code in (302, 403)
    entry.refresh_from_db()
    assert entry.name_en == "Theirs"


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_the_same_moment_do_not_overwrite_each_other(
    talsi, portal_editor, editor, monkeypatch
):
    portal_editor.groups.set(Group.objects.filter(name=PORTAL_EDITOR))
    entry = make_organization(summary_lv="Dzied.")
    clients = [Client(), Client()]
    for client, person in zip(clients, (editor, portal_editor), strict=True):
        client.force_login(person)
    opened = [sent(client.get(address(entry))) for client in clients]
    # The first has been checked and waits before it is stored; the second comes meanwhile.
    checked, go_on, answers = threading.Event(), threading.Event(), {}
    clean = TranslatedForm.compare_with_stored

    def slow(form):
        clean(form)
        if "Pirmais" in form.data["summary_lv"]:
            checked.set()
            go_on.wait(10)

    monkeypatch.setattr(TranslatedForm, "compare_with_stored", slow)

    def save(number, text):
        answers[number] = clients[number].post(
            address(entry), opened[number] | {"summary_lv": text}
        )
        connections.close_all()

    first = threading.Thread(target=save, args=(0, "Pirmais"))
    second = threading.Thread(target=save, args=(1, "Otrais"))
    first.start()
    assert checked.wait(10)
    second.start()
    second.join(1)
    assert 1 not in answers, "the second did not wait"
    go_on.set()
    first.join(20)
    second.join(20)
    entry.refresh_from_db()
    assert entry.summary_lv == "Pirmais"
    assert (answers[0].status_code, answers[1].status_code) == (302, 200)
    assert "Now stored, by editor" in answers[1].text
