"""The pages of history: what they show, what restoring does, and to whom both are open."""

import json
import re
from datetime import date

import pytest
import reversion
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from reversion.models import Revision

from localympact import history
from localympact.models import ImportedFile, ImportRevision
from needs.models import Need
from organizations.differences import words
from organizations.models import Organization, TextState
from organizations.origins import digest, with_outdated_texts
from tests.factories import (
    make_cause,
    make_collaboration,
    make_conclusion,
    make_need,
    make_organization,
    make_topic,
    make_town,
    make_type,
)
from tests.test_admin import MODELS, admin_url, form_of
from tests.test_history import fresh, save

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(client):
    """Sign somebody in and give their browser."""

    def act(person):
        client.force_login(person)
        return client

    return act


def address_of(obj, *parts):
    meta = obj._meta
    return "/".join(["/admin", meta.app_label, meta.model_name, str(obj.pk), *map(str, parts), ""])


def version_url(obj, version):
    return address_of(obj, "history", version.pk)


def lines(page):
    """Give what a history says: (reason or nothing for the first, {(field, language): sides})."""
    return [(None if line.first else line.reason, told(line.differences)) for line in page]


def told(differences):
    def side(passages):
        return "".join(
            f"[{passage.text}]" if passage.mark else str(passage.text) for passage in passages
        )

    return {
        (item.label, item.language): (side(item.before), side(item.after)) for item in differences
    }


# What a history shows


def test_history_tells_what_each_save_in_the_admin_changed(act, editor, app, make, talsi):
    entry = make(name_lv="Talsu koris", summary_lv="Dzied.", status="draft")
    browser = act(editor)
    page = browser.get(admin_url(app, entry.pk, "change"))
    browser.post(
        admin_url(app, entry.pk, "change"), form_of(page) | {"name_lv": "Talsu jauktais koris"}
    )
    page = browser.get(admin_url(app, entry.pk, "change"))
    browser.post(admin_url(app, entry.pk, "change"), form_of(page) | {"status": "published"})
    page = browser.get(admin_url(app, entry.pk, "history"))
    assert lines(page.context["lines"]) == [
        ("Changed", {("Status", ""): ("[Draft]", "[Published]")}),
        ("Changed", {("Name", "Latvian"): ("Talsu koris", "Talsu [jauktais ]koris")}),
        (None, {}),
    ]
    assert [line.person for line in page.context["lines"]] == ["editor", "editor", ""]
    assert "Talsu <ins>jauktais </ins>koris" in page.text
    assert '<span class="side" lang="lv">' in page.text
    assert "The first version on record" in page.text


def test_history_of_what_was_never_changed_says_so(act, editor, app, make, talsi):
    page = act(editor).get(admin_url(app, make().pk, "history"))
    assert "Nothing has been changed here yet." in page.text


def test_history_names_links_choices_days_and_what_is_gone(act, portal_editor, talsi):
    gone, stays = make_topic(name_en="Gone"), make_topic(name_en="Choirs")
    entry = make_organization(topics=[gone, stays], languages=["lv"])
    save(entry)
    values = {"languages": ["lv", "sv"], "seeks_partners": True, "verified_on": date(2026, 1, 2)}
    town, kind = make_town("Sabile"), make_type(name_lv="Biedrība")
    save(
        entry,
        verified_by="portal",
        town=town,
        type=kind,
        reach="national",
        **values,
        topics=[stays],
    )
    save(entry, verified_by="", verified_on=None, type=None, founded=1991)
    gone.delete()
    kind.delete()
    page = act(portal_editor).get(address_of(entry, "history"))
    assert lines(page.context["lines"]) == [
        (
            "Changed",
            {
                ("Verified on", ""): ("[2 January 2026]", "[(empty)]"),
                ("Verified by", ""): ("[the portal]", "[(empty)]"),
                ("Type", ""): ("[(deleted)]", "[(empty)]"),
                ("Founded in", ""): ("[(empty)]", "[1991]"),
            },
        ),
        (
            "Changed",
            {
                ("Verified on", ""): ("[(empty)]", "[2 January 2026]"),
                ("Verified by", ""): ("[(empty)]", "[the portal]"),
                ("Type", ""): ("[(empty)]", "[(deleted)]"),
                ("Reach", ""): ("[Local]", "[National]"),
                ("Town", ""): ("[(empty)]", "[Sabile]"),
                ("Languages", ""): ("Latvian", "Latvian; [Swedish]"),
                ("Looks for partners", ""): ("[No]", "[Yes]"),
                ("Topics", ""): ("[(deleted)]; Choirs", "Choirs"),
            },
        ),
        (None, {}),
    ]


def test_history_shows_logos_and_says_where_the_file_is_gone(act, portal_editor, talsi, settings):
    (settings.MEDIA_ROOT / "logos").mkdir(parents=True)
    (settings.MEDIA_ROOT / "logos" / "new.png").write_bytes(b"picture")
    entry = make_organization(logo="logos/old.png")
    save(entry)
    save(entry, logo="logos/new.png")
    page = act(portal_editor).get(address_of(entry, "history"))
    assert '<ins><img src="/media/logos/new.png" alt="new.png"></ins>' in page.text
    assert "<del>(the file is gone)</del>" in page.text


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        (history.BEFORE, "As it stood before the next change"),
        (history.UNDO, "An import was undone"),
        (history.RESTORE, "An earlier version was restored"),
        (history.MERGE, "Merged with another entry"),
        (history.IMPORT, "Imported from a file"),
    ],
)
def test_history_says_why_a_version_was_made(act, editor, app, make, talsi, comment, said):
    entry = make()
    save(entry)
    save(entry, comment, name_en="New")
    assert said in act(editor).get(admin_url(app, entry.pk, "history")).text


def test_history_names_the_file_of_an_import(act, editor, app, make, talsi):
    entry = make()
    save(entry)
    version = save(entry, history.IMPORT, name_en="New")
    file = ImportedFile.objects.create(database=app, name="talsi.csv", content=b"id")
    ImportRevision.objects.create(revision=version.revision, file=file)
    text = act(editor).get(admin_url(app, entry.pk, "history")).text
    assert "Imported from the file talsi.csv" in text


def test_history_says_what_changed_outside_the_admin_since(act, editor, app, make, talsi):
    entry = make(name_en="Recorded")
    save(entry)
    type(entry).objects.filter(pk=entry.pk).update(name_en="Shell")
    page = act(editor).get(admin_url(app, entry.pk, "history"))
    assert told(page.context["now"]) == {("Name", "English"): ("[Recorded]", "[Shell]")}
    assert "Changed outside these pages since then" in page.text


def test_history_is_paged_and_compares_across_pages(act, editor, app, make, talsi):
    entry = make(name_en="0")
    for number in range(45):
        save(entry, name_en=str(number))
    browser = act(editor)
    pages = [browser.get(admin_url(app, entry.pk, "history"), {"p": p}) for p in (1, 2, 3)]
    said = [line for page in pages for line in lines(page.context["lines"])]
    assert said[:-1] == [
        ("Changed", {("Name", "English"): (f"[{number - 1}]", f"[{number}]")})
        for number in range(44, 0, -1)
    ]
    assert said[-1] == (None, {})
    assert 'aria-current="page">1<' in pages[0].text


@pytest.mark.parametrize("count", [20, 21, 40])
def test_only_the_oldest_version_is_called_the_first(act, editor, talsi, count):
    entry = make_organization()
    for number in range(count):
        save(entry, name_en=str(number))
    browser = act(editor)
    last = -(-count // 20)
    for number in range(1, last + 1):
        page = browser.get(address_of(entry, "history"), {"p": number})
        firsts = [line.first for line in page.context["lines"]]
        assert firsts.count(True) == (number == last)


def test_history_takes_a_fixed_number_of_queries(
    act, editor, app, make, talsi, django_assert_max_num_queries
):
    entry = make(topics=[make_topic()])
    browser = act(editor)
    for number in range(19):
        save(entry, name_en=str(number), topics=[make_topic()])
    with django_assert_max_num_queries(16):
        browser.get(admin_url(app, entry.pk, "history"))


def test_history_speaks_the_language_of_the_person(act, editor, talsi):
    editor.language = "lv"
    editor.save()
    entry = make_organization(languages=["sv"])
    save(entry)
    save(entry, languages=["lv"])
    page = act(editor).get(address_of(entry, "history"))
    assert "zviedru" in page.text
    assert "latviešu" in page.text


def marked(sides):
    """Write both sides with brackets around what is marked."""
    return ["".join(f"[{p.text}]" if p.mark else p.text for p in side) for side in sides]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (
            "Choir of Talsi,\nold",
            "Mixed choir of Talsi,\nold",
            ["[Choir] of Talsi,\nold", "[Mixed choir] of Talsi,\nold"],
        ),
        ("A long word.", "A long word. And more.", ["A long word.", "A long word.[ And more.]"]),
        ("one two three", "one three", ["one [two ]three", "one three"]),
        ("in May or June", "on 1 July or June", ["[in May] or June", "[on 1 July] or June"]),
        ("same", "same\n", ["same", "same[\n]"]),
    ],
)
def test_words_that_changed_are_marked_and_no_others(before, after, shown):
    sides = words(before, after)
    assert marked(sides) == shown
    assert ["".join(passage.text for passage in side) for side in sides] == [before, after]


def test_very_long_texts_are_compared_as_a_whole():
    before, after = words("word " * 1500, "other " * 1500)
    assert [passage.mark for passage in (*before, *after)] == ["del", "ins"]


def test_what_is_shown_is_escaped(act, editor, talsi):
    entry = make_organization(name_en="A")
    save(entry)
    save(entry, name_en="<script>alert(1)</script>", seeks_en="<b>")
    page = act(editor).get(address_of(entry, "history"))
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text


# Restoring


def test_version_page_shows_what_would_change_and_changes_nothing(act, editor, app, make, talsi):
    entry = make(name_en="First")
    version = save(entry)
    save(entry, name_en="Second")
    page = act(editor).get(version_url(entry, version))
    assert told(page.context["differences"]) == {("Name", "English"): ("[Second]", "[First]")}
    assert "Restore this version" in page.text
    assert fresh(entry).name_en == "Second"


def test_editor_restores_a_version(act, editor, app, make, talsi):
    first, second = make_topic(), make_topic()
    entry = make(name_lv="Pirmais", topics=[first], status="published")
    version = save(entry)
    save(entry, name_lv="Otrais", topics=[second])
    answer = act(editor).post(version_url(entry, version), follow=True)
    assert answer.redirect_chain == [(admin_url(app, entry.pk, "change"), 302)]
    assert "is again as it was in the version of" in answer.text
    now = fresh(entry)
    assert (now.name_lv, list(now.topics.all())) == ("Pirmais", [first])
    assert (now.uuid, now.slug) == (entry.uuid, entry.slug)
    newest = history.versions(now).first()
    assert (newest.revision.comment, newest.revision.user) == (history.RESTORE, editor)
    logged = LogEntry.objects.get()
    assert logged.get_change_message() == "Changed Name and Topics."


def test_restoring_keeps_what_stood_there_even_if_it_was_never_recorded(
    act, editor, app, make, talsi
):
    entry = make(name_en="First")
    version = save(entry)
    type(entry).objects.filter(pk=entry.pk).update(name_en="Shell")
    act(editor).post(version_url(entry, version))
    said = [
        (version.revision.comment, history.state_of(version)["name_en"])
        for version in history.versions(entry)
    ]
    assert said == [("restore", "First"), ("before", "Shell"), ("", "First")]


def test_version_of_an_archived_entry_is_restored(act, editor, app, make, talsi):
    entry = make(status="published")
    version = save(entry)
    save(entry, status="archived")
    act(editor).post(version_url(entry, version))
    assert fresh(entry).status == "published"


def test_newest_version_offers_nothing_to_restore(act, editor, app, make, talsi):
    entry = make()
    page = act(editor).get(version_url(entry, save(entry)))
    assert "There is nothing to restore" in page.text
    assert "Restore this version" not in page.text


def test_version_that_breaks_a_rule_is_refused_with_the_reason(act, editor, talsi):
    need = make_need(name_en="First", municipality=talsi)
    version = save(need)
    tampered = json.loads(version.serialized_data)
    tampered[0]["fields"] |= {"level": "all", "source": "no address"}
    version.serialized_data = json.dumps(tampered)
    version.save()
    save(need, name_en="Second")
    revisions = Revision.objects.count()
    answer = act(editor).post(version_url(need, version))
    assert answer.status_code == 200
    assert "This version cannot be restored. Nothing was changed." in answer.text
    assert "Source: Enter a valid URL." in answer.text
    assert (fresh(need).name_en, fresh(need).level) == ("Second", "local")
    assert Revision.objects.count() == revisions
    assert not LogEntry.objects.exists()


def test_constraint_that_a_version_breaks_is_named(act, editor, talsi):
    need = make_need(name_en="First", municipality=talsi)
    version = save(need)
    tampered = json.loads(version.serialized_data)
    tampered[0]["fields"]["level"] = "all"
    version.serialized_data = json.dumps(tampered)
    version.save()
    save(need, name_en="Second")
    assert "A local need names a municipality" in act(editor).post(version_url(need, version)).text


def test_what_is_gone_is_said_before_it_is_restored(act, editor, talsi, settings):
    topic = make_topic()
    entry = make_organization(name_en="First", logo="logos/gone.png", topics=[topic])
    version = save(entry)
    save(entry, name_en="Second", logo="", topics=[])
    topic.delete()
    browser = act(editor)
    page = browser.get(version_url(entry, version))
    assert page.context["gone"] == ["Logo", "Topics"]
    browser.post(version_url(entry, version))
    assert (fresh(entry).name_en, fresh(entry).logo.name) == ("First", "")


def test_restored_translations_count_as_never_looked_at(act, editor, talsi):
    entry = make_organization(name_lv="Koris", name_en="Choir", name_sv="Kör", name_pt="Coro")
    version = save(entry)
    save(entry, name_en="Mixed choir", name_sv="Blandad kör", name_lv="Jauktais koris")
    states = {"source_language": "lv", "source_digest": digest(entry, "lv")}
    checked = {"checked_on": "2026-01-02"}
    make = TextState.objects.create
    make(entry=entry.uuid, language="lv", origin="original", **checked)
    make(entry=entry.uuid, language="en", origin="human", **states, **checked)
    make(entry=entry.uuid, language="sv", origin="machine", **states, **checked)
    make(entry=entry.uuid, language="pt", origin="machine", **states, **checked)
    act(editor).post(version_url(entry, version))
    found = {
        state.language: (state.origin, bool(state.checked_on))
        for state in TextState.objects.filter(entry=entry.uuid)
    }
    assert found == {
        "lv": ("original", False),
        "en": ("machine", False),
        "sv": ("machine", False),
        "pt": ("machine", True),
    }
    assert list(with_outdated_texts(Organization.objects.all())) == [entry]


def test_state_of_a_text_that_a_restore_empties_is_forgotten(act, editor, talsi):
    entry = make_organization(name_lv="Koris")
    version = save(entry)
    save(entry, name_en="Choir")
    TextState.objects.create(entry=entry.uuid, language="en", origin="original")
    act(editor).post(version_url(entry, version))
    assert not TextState.objects.exists()


@pytest.mark.parametrize("make", [make_topic, make_cause, make_conclusion])
def test_portal_editor_restores_terms_causes_and_conclusions(act, portal_editor, make):
    thing = make(name_lv="Pirmais")
    version = save(thing)
    save(thing, name_lv="Otrais")
    browser = act(portal_editor)
    assert browser.get(address_of(thing, "history")).status_code == 200
    browser.post(version_url(thing, version))
    assert fresh(thing).name_lv == "Pirmais"


# Rights


def test_history_and_versions_of_others_lead_nowhere(act, editor, app, make, talsi, braga):
    entry = make(name_en="Theirs", municipality=braga)
    version = save(entry)
    save(entry, name_en="Theirs now")
    browser = act(editor)
    for address in (admin_url(app, entry.pk, "history"), version_url(entry, version)):
        assert browser.get(address).headers["location"] == "/admin/"
    assert browser.post(version_url(entry, version)).headers["location"] == "/admin/"
    assert fresh(entry).name_en == "Theirs now"


def test_version_of_another_thing_is_not_found_under_ones_own(act, editor, app, make, talsi, braga):
    mine, theirs = make(municipality=talsi), make(name_en="Theirs", municipality=braga)
    save(mine)
    version = save(theirs)
    browser = act(editor)
    for ask in (browser.get, browser.post):
        answer = ask(version_url(mine, version))
        assert answer.status_code == 404
        assert "Theirs" not in answer.text
    assert fresh(mine).name_en != "Theirs"
    of_a_term = save(make_topic())
    assert browser.get(version_url(mine, of_a_term)).status_code == 404
    assert browser.get(address_of(mine, "history", 0)).status_code == 404


def test_history_needs_the_right_and_staff(act, client, stranger, app, make, talsi):
    entry = make()
    version = save(entry)
    for address in (admin_url(app, entry.pk, "history"), version_url(entry, version)):
        assert client.get(address).headers["location"].startswith("/admin/login/")
    stranger.municipalities.add(talsi)
    browser = act(stranger)
    for address in (admin_url(app, entry.pk, "history"), version_url(entry, version)):
        assert browser.get(address).status_code == 403


def test_who_may_only_look_cannot_restore(act, stranger, app, make, talsi):
    stranger.municipalities.add(talsi)
    stranger.user_permissions.add(Permission.objects.get(codename=f"view_{MODELS[app]}"))
    entry = make(name_en="First")
    version = save(entry)
    save(entry, name_en="Second")
    browser = act(stranger)
    page = browser.get(version_url(entry, version))
    assert page.status_code == 200
    assert "Restore this version" not in page.text
    assert browser.post(version_url(entry, version)).status_code == 403
    assert fresh(entry).name_en == "Second"


def test_restoring_moves_no_entry_to_a_municipality_of_others(act, editor, app, make, talsi, braga):
    entry = make(name_en="First", municipality=braga)
    version = save(entry)
    save(entry, name_en="Second", municipality=talsi)
    browser = act(editor)
    assert browser.get(version_url(entry, version)).context["withheld"] == ["Municipality"]
    browser.post(version_url(entry, version))
    assert (fresh(entry).name_en, fresh(entry).municipality) == ("First", talsi)
    editor.municipalities.add(braga)
    browser.post(version_url(entry, version))
    assert fresh(entry).municipality == braga


def test_restoring_moves_no_need_out_of_every_municipality(act, editor, talsi):
    need = make_need(name_en="First", level="all", municipality=None)
    version = save(need)
    save(need, name_en="Second", level="local", municipality=talsi)
    answer = act(editor).post(version_url(need, version))
    assert "This version cannot be restored" in answer.text
    assert Need.objects.get().municipality == talsi


def test_portal_editor_restores_into_any_municipality(act, portal_editor, app, make, talsi, braga):
    entry = make(municipality=braga)
    version = save(entry)
    save(entry, municipality=talsi)
    act(portal_editor).post(version_url(entry, version))
    assert fresh(entry).municipality == braga


def test_restoring_leaves_links_to_entries_of_others_as_they_are(act, editor, talsi, braga):
    once, now, ours = (
        make_organization(municipality=braga, status="draft"),
        make_organization(municipality=braga),
        make_organization(municipality=talsi),
    )
    entry = make_collaboration(municipality=talsi, organizations=[once, ours])
    version = save(entry)
    save(entry, organizations=[now])
    browser = act(editor)
    assert browser.get(version_url(entry, version)).context["withheld"] == ["Organisations"]
    browser.post(version_url(entry, version))
    assert set(fresh(entry).organizations.all()) == {now, ours}


def test_restoring_merges_into_no_entry_of_others(act, editor, app, make, talsi, braga):
    theirs, ours = make(municipality=braga), make(municipality=talsi)
    entry = make(name_en="First", municipality=talsi, merged_into=theirs, status="archived")
    version = save(entry)
    save(entry, name_en="Second", merged_into=ours)
    browser = act(editor)
    browser.post(version_url(entry, version))
    assert (fresh(entry).name_en, fresh(entry).merged_into) == ("First", ours)
    unmerged = save(entry, merged_into=None)
    save(entry, merged_into=ours)
    browser.post(version_url(entry, unmerged))
    assert fresh(entry).merged_into is None


def test_drafts_of_others_are_not_named(act, editor, portal_editor, talsi, braga):
    draft = make_organization(name_en="Secret choir", municipality=braga, status="draft")
    known = make_organization(name_en="Known choir", municipality=braga)
    entry = make_collaboration(municipality=talsi)
    version = save(entry)
    save(entry, organizations=[draft, known])
    browser = act(editor)
    text = browser.get(address_of(entry, "history")).text
    assert "(an entry of another municipality)" in text
    assert "Known choir" in text
    assert "Secret choir" not in text
    assert "Secret choir" not in browser.get(version_url(entry, version)).text
    assert "Secret choir" in act(portal_editor).get(address_of(entry, "history")).text


def test_restoring_needs_the_token_of_the_form(editor, app, make, talsi):
    entry = make(name_en="First")
    version = save(entry)
    save(entry, name_en="Second")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(editor)
    assert browser.post(version_url(entry, version)).status_code == 403
    assert fresh(entry).name_en == "Second"


def test_save_in_the_admin_is_one_revision_with_its_person(act, editor, app, make, talsi):
    entry = make(name_en="First")
    browser = act(editor)
    page = browser.get(admin_url(app, entry.pk, "change"))
    browser.post(admin_url(app, entry.pk, "change"), form_of(page) | {"name_en": "Second"})
    before, after = Revision.objects.order_by("pk")
    assert (before.comment, before.user) == (history.BEFORE, None)
    assert (after.comment, after.user) == ("", editor)
    assert not reversion.is_active()
    assert re.search("First", before.version_set.get().serialized_data)
