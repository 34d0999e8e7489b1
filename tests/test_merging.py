"""Two entries become one: nothing that led to either is lost."""

import pytest
import reversion
from django.db.models import ProtectedError
from reversion.models import Revision, Version

from localympact import history
from organizations.duplicates import DuplicatePair, note
from organizations.merging import merge_entries
from organizations.models import Organization, Suggestion, TextState
from tests.factories import (
    make_audience,
    make_collaboration,
    make_need,
    make_organization,
    make_topic,
)
from tests.test_admin import admin_url, form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(client):
    def act(person):
        client.force_login(person)
        return client

    return act


def merge_url(survivor, merged):
    return admin_url(survivor._meta.app_label, survivor.pk, "merge") + f"?with={merged.pk}"


def refreshed(*entries):
    return [type(entry).objects.get(pk=entry.pk) for entry in entries]


# On the page


def test_editor_merges_two_own_entries(act, editor, make, client):
    stays, goes = make(name_lv="Koris"), make(name_lv="Koris 2", summary_lv="Dzied.")
    answer = act(editor).post(merge_url(stays, goes), follow=True)
    assert "“Koris 2” was merged into “Koris”." in answer.text
    stays, goes = refreshed(stays, goes)
    assert (stays.name_lv, stays.summary_lv) == ("Koris", "Dzied.")
    assert (goes.merged_into, goes.status) == (stays, "archived")
    client.logout()
    assert client.get(goes.get_absolute_url()).headers["Location"] == stays.get_absolute_url()
    assert client.get(f"/id/{goes.uuid}", follow=True).context["entry"] == stays


def test_page_shows_both_values_and_the_chosen_one_stays(act, editor, make):
    stays = make(name_lv="Koris", summary_lv="Dzied.", source="https://one.example/")
    goes = make(name_lv="Koris", summary_lv="Dzied skaļi.", source="https://two.example/")
    browser = act(editor)
    page = browser.get(merge_url(stays, goes))
    assert [field["name"] for field in page.context["contested"]] == ["summary_lv", "source"]
    for text in ("Dzied.", "Dzied skaļi.", "Summary (Latvian)", "https://two.example/"):
        assert text in page.text
    browser.post(merge_url(stays, goes), {"take_summary_lv": "other", "take_source": "this"})
    (stays,) = refreshed(stays)
    assert (stays.summary_lv, stays.source) == ("Dzied skaļi.", "https://one.example/")


def test_empty_value_can_be_chosen(act, editor, make):
    stays, goes = make(), make(summary_lv="Untrue.")
    act(editor).post(merge_url(stays, goes), {"take_summary_lv": "this"})
    (stays,) = refreshed(stays)
    assert not stays.summary_lv


def test_values_that_do_not_fit_together_are_refused_and_nothing_is_merged(act, editor):
    stays = make_organization(latitude=57.0, longitude=22.0)
    goes = make_organization()
    page = act(editor).post(
        merge_url(stays, goes), {"take_latitude": "other", "take_longitude": "this"}
    )
    assert page.status_code == 200
    assert "Give a latitude between" in page.text
    stays, goes = refreshed(stays, goes)
    assert (stays.latitude, goes.merged_into, Version.objects.count()) == (57.0, None, 0)


def test_editor_merges_nothing_of_others(act, editor, stranger, client, make, talsi, braga):
    ours, theirs = make(name_en="Ours"), make(name_en="Theirs", municipality=braga)
    assert client.post(merge_url(ours, theirs)).status_code == 302
    browser = act(editor)
    for one, other in ((ours, theirs), (theirs, ours)):
        browser.post(merge_url(one, other))
    assert "Theirs" not in browser.get(merge_url(ours, theirs)).text
    third = make(name_en="Third")
    stranger.municipalities.add(talsi)
    assert act(stranger).post(merge_url(ours, third)).status_code == 403
    assert not type(ours).objects.exclude(merged_into=None).exists()


def test_other_entry_is_searched_for_among_ones_own(act, editor, make, talsi, braga):
    entry = make(name_en="Town choir", municipality=talsi)
    alike = make(name_en="Town choir!", municipality=talsi)
    other = make(name_en="Brass band", municipality=talsi)
    make(name_en="Brass band of others", municipality=braga)
    page = act(editor).get(admin_url(entry._meta.app_label, entry.pk, "merge"), {"q": "brass"})
    assert (page.context["likely"], page.context["found"]) == ([alike], [other])


def test_merged_entry_is_not_merged_again(act, editor, make):
    stays, goes, third = make(), make(), make()
    browser = act(editor)
    browser.post(merge_url(stays, goes))
    assert browser.get(merge_url(goes, third)).status_code == 403
    browser.post(merge_url(third, goes))
    (goes,) = refreshed(goes)
    assert goes.merged_into == stays


def test_form_shows_into_what_an_entry_was_merged_and_does_not_change_it(act, editor, make):
    stays, goes, other = make(), make(), make()
    browser = act(editor)
    browser.post(merge_url(stays, goes))
    app = goes._meta.app_label
    page = browser.get(admin_url(app, goes.pk, "change"))
    assert "merged_into" not in page.context["adminform"].form.fields
    browser.post(admin_url(app, goes.pk, "change"), form_of(page) | {"merged_into": other.pk})
    (goes,) = refreshed(goes)
    assert goes.merged_into == stays


def test_merged_entry_cannot_be_published(act, editor, make):
    stays, goes = make(summary_en="They sing."), make(summary_en="They sing.")
    browser = act(editor)
    browser.post(merge_url(stays, goes))
    app = goes._meta.app_label
    page = browser.get(admin_url(app, goes.pk, "change"))
    page = browser.post(admin_url(app, goes.pk, "change"), form_of(page) | {"status": "published"})
    assert page.context["adminform"].form.errors["status"]
    page = browser.post(
        admin_url(app), {"action": "publish", "_selected_action": [goes.pk]}, follow=True
    )
    assert "It was merged into another entry." in page.text
    assert refreshed(goes)[0].status == "archived"


def test_merged_entry_and_its_survivor_are_never_deleted(act, superuser, app, make):
    stays, goes = make(name_en="Choir"), make(name_en="Band")
    merge_entries(stays, goes)
    browser = act(superuser)
    for entry, status in ((stays, 200), (goes, 403)):
        page = browser.post(admin_url(app, entry.pk, "delete"), {"post": "yes"})
        assert page.status_code == status
        page = browser.post(
            admin_url(app),
            {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"},
        )
        assert page.status_code == 200
    assert "was merged into another entry, and its address leads there." in page.text
    assert type(stays).objects.count() == 2
    with pytest.raises(ProtectedError):
        stays.delete()


# What is kept


def test_links_of_others_lead_to_the_survivor_once(editor):
    stays, goes = make_organization(), make_organization()
    both = make_collaboration(organizations=[stays, goes])
    one = make_collaboration(organizations=[goes])
    before = one.updated
    merge_entries(stays, goes)
    assert set(stays.collaborations.all()) == {both, one}
    assert list(both.organizations.all()) == [stays]
    assert not goes.collaborations.exists()
    assert refreshed(one)[0].updated > before
    assert history.versions(one)[0].revision.comment == history.MERGE
    assert history.state_of(history.versions(one)[1])["organizations"] == [goes.pk]

    need = make_need(collaborations=[one])
    merge_entries(both, one)
    assert list(need.collaborations.all()) == [both]


def test_topics_and_audiences_are_united():
    topics, audiences = [make_topic() for _ in range(3)], [make_audience() for _ in range(2)]
    stays = make_organization(topics=topics[:2], audiences=audiences[:1])
    goes = make_organization(topics=topics[1:], audiences=audiences[1:])
    merge_entries(stays, goes)
    assert set(stays.topics.all()) == set(topics)
    assert set(stays.audiences.all()) == set(audiences)


def test_suggestions_and_earlier_merges_follow(make, talsi):
    stays, goes = make(), make()
    earlier = make(merged_into=goes, status="archived")
    suggestion = Suggestion.objects.create(entry=goes.uuid, municipality=talsi, message="Wrong.")
    merge_entries(stays, goes)
    suggestion.refresh_from_db()
    assert suggestion.entry == stays.uuid
    assert refreshed(earlier)[0].merged_into == stays


def test_origins_of_texts_taken_over_are_taken_over(make):
    stays = make(name_lv="Koris", summary_lv="Dzied.")
    goes = make(name_lv="Koris", name_en="Choir", summary_en="They sing.", name_pt="Coro")
    for language in ("lv", "en"):
        TextState.objects.create(entry=goes.uuid, language=language, origin="original")
    merge_entries(stays, goes)
    states = TextState.objects.filter(entry=stays.uuid)
    assert [(state.language, state.origin) for state in states] == [("en", "original")]
    assert TextState.objects.filter(entry=goes.uuid).count() == 2


def test_published_address_stays_alive_when_a_draft_stays(client, make):
    stays, goes = make(status="draft"), make()
    merge_entries(stays, goes)
    assert client.get(goes.get_absolute_url(), follow=True).status_code == 200


def test_draft_that_was_merged_leads_on_too(client, make):
    stays, goes = make(), make(status="draft")
    merge_entries(stays, goes)
    assert client.get(f"/id/{goes.uuid}", follow=True).status_code == 200


def test_chain_of_merges_leads_to_the_last(client, make):
    last, middle, first = make(), make(), make()
    merge_entries(middle, first)
    merge_entries(last, middle)
    for entry in (first, middle):
        answer = client.get(f"/id/{entry.uuid}", follow=True)
        assert answer.context["entry"] == last


def test_pairs_of_the_merged_entry_are_gone(make):
    stays, goes, third = (make(name_en="Town choir") for _ in range(3))
    note(type(stays), [stays.pk, goes.pk, third.pk])
    assert DuplicatePair.objects.count() == 3
    merge_entries(stays, goes)
    pair = DuplicatePair.objects.get()
    assert {pair.first, pair.second} == {stays.uuid, third.uuid}


# History


def test_merging_is_one_revision_and_what_was_before_is_kept(act, editor, make):
    stays, goes = make(name_lv="Koris"), make(name_lv="Koris", summary_lv="Dzied.")
    act(editor).post(merge_url(stays, goes))
    merged, before = Revision.objects.order_by("-pk")
    assert (merged.comment, merged.user) == (history.MERGE, editor)
    assert before.comment == history.BEFORE
    assert merged.version_set.count() == before.version_set.count() == 2
    was = history.state_of(history.versions(goes)[1])
    assert (was["merged_into"], was["status"]) == (None, "published")


def test_restored_entry_is_no_longer_merged(client, make):
    stays, goes = make(name_lv="Koris"), make(name_lv="Korus", summary_lv="Dzied.")
    merge_entries(stays, goes)
    (goes,) = refreshed(goes)
    with reversion.create_revision():
        history.restore(goes, history.versions(goes)[1])
    (goes,) = refreshed(goes)
    assert (goes.merged_into, goes.status) == (None, "published")
    assert client.get(goes.get_absolute_url()).status_code == 200
    assert client.get(stays.get_absolute_url()).status_code == 200


def test_log_names_the_fields_in_the_language_of_its_reader(act, editor):
    from django.contrib.admin.models import LogEntry
    from django.utils import translation

    stays, goes = make_organization(), make_organization(website="https://choir.example")
    type(editor).objects.filter(pk=editor.pk).update(language="lv")
    act(editor).post(merge_url(stays, goes))
    entry = LogEntry.objects.get(object_id=str(stays.pk))
    for language, said in (("en", "Changed website."), ("lv", "Mainīts tīmekļvietne.")):
        with translation.override(language):
            assert entry.get_change_message() == said
    assert Organization.objects.get(pk=stays.pk).website == "https://choir.example"
