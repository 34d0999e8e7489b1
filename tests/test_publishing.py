"""What editors do with entries beside writing: publish, archive, bring back, confirm, copy."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone, translation

from localympact import history
from organizations.models import TextState
from tests.factories import make_audience, make_collaboration, make_organization, make_topic
from tests.test_admin import admin_url, form_of, new_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(client):
    def act(person):
        client.force_login(person)
        return client

    return act


def do(browser, action, *entries):
    """Take an action on entries in their list; give the page that follows."""
    return browser.post(
        admin_url(entries[0]._meta.app_label),
        {"action": action, "_selected_action": [entry.pk for entry in entries]},
        follow=True,
    )


def said(page):
    return [str(message) for message in page.context["messages"]]


def statuses(*entries):
    return [type(entry).objects.get(pk=entry.pk).status for entry in entries]


# Many


def test_publishing_says_how_many_were_done_and_which_were_refused_and_why(act, editor, make):
    good = make(name_en="Good", summary_en="They sing.", status="draft")
    bare = make(name_en="Bare", status="draft")
    merged = make(name_en="Merged", summary_en="x", status="archived", merged_into=good)
    public = make(name_en="Public")
    page = do(act(editor), "publish", good, bare, merged, public)
    assert sorted(said(page)) == [
        "1 entry was left as it is: “Bare”. It has no summary in any language.",
        "1 entry was left as it is: “Merged”. It was merged into another entry.",
        "1 entry was left as it is: “Public”. It was so already.",
        "1 entry was published.",
    ]
    assert statuses(good, bare, merged, public) == ["published", "draft", "archived", "published"]


def test_message_names_ten_of_many_refused(act, editor, make):
    entries = [make(name_en=f"Entry {number}", status="draft") for number in range(12)]
    (message,) = said(do(act(editor), "publish", *entries))
    assert message.count("“") == 10
    assert "12 entries were left as they are" in message


def test_archived_entries_are_brought_back_as_drafts(act, editor, make):
    archived, draft = make(status="archived"), make(status="draft", name_en="Draft")
    page = do(act(editor), "bring_back", archived, draft)
    assert statuses(archived, draft) == ["draft", "draft"]
    assert "1 entry was brought back as a draft." in page.text
    assert "It is not archived." in page.text


def test_each_change_is_logged_in_the_language_of_its_reader_and_kept(act, editor, make):
    entry = make(summary_en="They sing.", status="draft")
    type(editor).objects.filter(pk=editor.pk).update(language="lv")
    do(act(editor), "publish", entry)
    for language, expected in (("en", "Changed status."), ("lv", "Mainīts statuss.")):
        with translation.override(language):
            assert LogEntry.objects.get().get_change_message() == expected
    now, was = history.versions(entry)
    assert (history.state_of(now)["status"], now.revision.user) == ("published", editor)
    assert (history.state_of(was)["status"], was.revision.comment) == ("draft", history.BEFORE)


def test_form_publishes_nothing_without_a_summary(act, editor, app, talsi):
    page = act(editor).post(admin_url(app, "add"), new_entry(app, talsi) | {"status": "published"})
    assert page.context["adminform"].form.errors["status"]


def test_form_lets_what_is_public_without_a_summary_stay_public(act, editor, app, make):
    entry = make(name_lv="Koris")
    browser = act(editor)
    values = form_of(browser.get(admin_url(app, entry.pk, "change")))
    answer = browser.post(admin_url(app, entry.pk, "change"), values | {"name_lv": "Orķestris"})
    assert answer.status_code == 302


# Still right today


def test_one_click_in_the_list_confirms_an_entry(act, editor, app, make):
    entry = make(name_en="Choir")
    browser = act(editor)
    page = browser.get(admin_url(app), {"status__exact": "published"})
    (target,) = re.findall(r'formaction="([^"]*still-right[^"]*)"', page.text)
    assert 'aria-label="Still right today: Choir"' in page.text
    answer = browser.post(target.replace("&amp;", "&"), follow=True)
    assert answer.redirect_chain == [(f"{admin_url(app)}?status__exact=published", 302)]
    assert said(answer) == ["1 entry is recorded as right today."]
    entry.refresh_from_db()
    assert (entry.verified_on, entry.verified_by) == (timezone.localdate(), "municipality")
    assert LogEntry.objects.get().get_change_message() == "Changed verified on and verified by."
    assert history.state_of(history.versions(entry)[0])["verified_by"] == "municipality"


def test_portal_editor_confirms_as_the_portal(act, portal_editor, make):
    entry = make()
    page = do(act(portal_editor), "still_right", entry)
    assert said(page) == ["1 entry is recorded as right today."]
    entry.refresh_from_db()
    assert entry.verified_by == "portal"


def test_only_what_is_public_is_confirmed(act, editor, app, make):
    draft = make(name_en="Draft", status="draft")
    browser = act(editor)
    assert "still-right" not in browser.get(admin_url(app)).text
    assert "It is not published." in do(browser, "still_right", draft).text
    draft.refresh_from_db()
    assert draft.verified_on is None


def test_confirming_leads_to_no_other_site(act, editor, app, make):
    entry = make()
    browser = act(editor)
    for address in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        answer = browser.post(admin_url(app, entry.pk, "still-right") + f"?next={address}")
        assert answer.headers["Location"] == admin_url(app, entry.pk, "change")


# Buttons of one entry

WORDS = ["publish", "archive", "bring-back", "still-right", "copy"]


def labels(page):
    return [tool.label for tool in page.context["tools"]]


def test_page_offers_what_can_be_done(act, editor, app, make):
    browser = act(editor)
    seen = {}
    for status in ("draft", "published", "archived"):
        entry = make(status=status, summary_en="They sing.")
        seen[status] = set(labels(browser.get(admin_url(app, entry.pk, "change"))))
    both = {"Duplicate this entry", "Merge with another entry…"}
    assert seen["draft"] >= both | {"Preview", "Publish", "Archive"}
    assert seen["published"] >= both | {"Still right today", "Archive"}
    assert seen["archived"] >= both | {"Preview", "Bring back"}
    assert not seen["published"] & {"Preview", "Publish", "Bring back"}


def test_entry_is_archived_and_brought_back_with_a_click_each(act, editor, app, make):
    entry = make()
    browser = act(editor)
    for word, status in (("archive", "archived"), ("bring-back", "draft")):
        answer = browser.post(admin_url(app, entry.pk, word))
        assert answer.headers["Location"] == admin_url(app, entry.pk, "change")
        assert statuses(entry) == [status]


@pytest.mark.parametrize("word", WORDS)
def test_nobody_does_anything_with_entries_of_others(
    act, client, braga_editor, stranger, app, make, word
):
    entry = make(status="draft", summary_en="They sing.")
    address = admin_url(app, entry.pk, word)
    assert client.post(address).headers["Location"].startswith("/admin/login/")
    assert act(stranger).post(address).status_code in (403, 404)
    browser = act(braga_editor)
    assert browser.post(address).status_code == 404
    assert browser.get(address).status_code == 405
    assert statuses(entry) == ["draft"]
    assert type(entry).objects.count() == 1


@pytest.mark.parametrize("word", WORDS)
def test_municipality_without_a_group_gives_no_right(act, stranger, app, make, talsi, word):
    stranger.municipalities.add(talsi)
    entry = make(status="draft", summary_en="They sing.")
    assert act(stranger).post(admin_url(app, entry.pk, word)).status_code == 403
    assert statuses(entry) == ["draft"]


# Duplicate this entry


def test_copy_is_a_draft_with_texts_links_and_origins(act, editor, make):
    topic = make_topic()
    entry = make(
        name_lv="Koris",
        summary_en="They sing.",
        topics=[topic],
        verified_on="2026-01-01",
        verified_by="portal",
    )
    TextState.objects.create(entry=entry.uuid, language="en", origin="original")
    page = act(editor).post(admin_url(entry._meta.app_label, entry.pk, "copy"), follow=True)
    assert said(page) == ["This is a copy of “Koris”, as a draft. Change what is different in it."]
    copy = type(entry).objects.exclude(pk=entry.pk).get()
    assert (copy.name_lv, copy.summary_en, copy.status) == ("Koris", "They sing.", "draft")
    assert (list(copy.topics.all()), copy.verified_on, copy.verified_by) == ([topic], None, "")
    assert copy.uuid != entry.uuid
    assert copy.slug != entry.slug
    assert TextState.objects.filter(entry=copy.uuid, language="en").exists()
    assert page.redirect_chain[-1][0] == admin_url(copy._meta.app_label, copy.pk, "change")
    assert history.versions(copy).count() == 1


def test_copy_has_what_belongs_to_one_organisation_alone_not(act, editor):
    entry = make_organization(
        registration_number="40008000000",
        logo="logos/a.png",
        logo_text_en="A bird",
        website="https://choir.example/",
        languages=["lv", "en"],
        audiences=[make_audience()],
    )
    linking = make_collaboration(organizations=[entry])
    act(editor).post(admin_url("organizations", entry.pk, "copy"))
    copy = type(entry).objects.exclude(pk=entry.pk).get()
    assert (copy.registration_number, copy.logo.name, copy.logo_text_en) == ("", "", "")
    assert (copy.website, copy.languages) == ("https://choir.example/", ["en", "lv"])
    assert copy.audiences.count() == 1
    assert list(linking.organizations.all()) == [entry]
