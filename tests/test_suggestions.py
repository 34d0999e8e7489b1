"""What visitors tell the editors: nothing is lost, nothing is kept too long, nobody is flooded."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from localympact.models import MUNICIPAL_EDITOR
from organizations.models import Organization, Suggestion
from tests.conftest import make_person, wait_for
from tests.factories import make_municipality, make_need, make_organization

pytestmark = pytest.mark.django_db

FORM = "/en/suggest/"


def write(client, address=FORM, **values):
    """Send the form with a message and what else is given."""
    return client.post(address, {"message": "The telephone is wrong."} | values)


@pytest.fixture
def act(client):
    def act(person):
        browser = Client()
        browser.force_login(person)
        return browser

    return act


def test_visitor_reports_a_mistake_in_an_entry(client, make, talsi):
    entry = make(municipality=talsi)
    page = client.get(entry.get_absolute_url()).text
    address = f"{FORM}?entry={entry.uuid}"
    assert f'href="{address}"' in page
    assert entry.name in client.get(address).text
    answer = write(client, address, email="someone@example.org")
    assert answer.status_code == 302
    assert "Thank you" in client.get(answer.url).text
    suggestion = Suggestion.objects.get()
    assert (suggestion.entry, suggestion.municipality) == (entry.uuid, talsi)
    assert (suggestion.kind, suggestion.state, suggestion.language) == ("wrong", "new", "en")
    assert suggestion.email == "someone@example.org"


def test_visitor_proposes_an_organisation(client, talsi):
    answer = write(client, kind="new", name="Kolkas koris", municipality=talsi.pk)
    assert answer.status_code == 302
    suggestion = Suggestion.objects.get()
    assert (suggestion.kind, suggestion.name) == ("new", "Kolkas koris")


def test_need_of_no_municipality_can_be_reported_too(client):
    entry = make_need(level="all")
    assert write(client, f"{FORM}?entry={entry.uuid}").status_code == 302
    assert Suggestion.objects.get().municipality is None


def test_unknown_or_hidden_entry_is_asked_about_as_about_a_place(client, talsi):
    draft = make_organization(status="draft", name_en="Secret choir")
    for entry in (draft.uuid, "nonsense", "00000000-0000-0000-0000-000000000000"):
        page = client.get(f"{FORM}?entry={entry}")
        assert page.status_code == 200
        assert "Secret choir" not in page.text
        assert 'name="municipality"' in page.text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"message": " "}, "Write what the editors should know."),
        ({"message": "x" * 4001}, "Ensure this value has at most 4000 characters"),
        ({"municipality": ""}, "Choose a pilot area."),
        ({"kind": "new", "name": ""}, "Give the name of the organisation."),
        ({"email": "nobody"}, "Enter a valid email address."),
        ({"message": "Wrong\x00 name"}, "Null characters are not allowed."),
        ({"homepage": "https://spam.example"}, "Please leave this field empty"),
    ],
)
def test_mistake_is_named_at_its_field_and_nothing_typed_is_lost(client, talsi, values, message):
    given = {"kind": "wrong", "municipality": talsi.pk, "message": "Kept & safe"} | values
    page = write(client, **given)
    assert page.status_code == 200
    assert message in page.text
    assert "what you wrote is still there" in page.text
    assert not Suggestion.objects.exists()
    if "message" not in values:
        assert "Kept &amp; safe" in page.text


def test_form_answers_in_the_language_of_the_reader(client, talsi):
    page = client.post("/lv/suggest/", {"message": "", "municipality": talsi.pk})
    assert "Uzrakstiet" in page.text


def test_form_from_another_site_is_refused(talsi):
    browser = Client(enforce_csrf_checks=True)
    assert write(browser, municipality=talsi.pk).status_code == 403
    assert not Suggestion.objects.exists()


def test_characters_that_no_database_keeps_are_left_out(client, talsi):
    write(client, kind="wrong", municipality=talsi.pk, message="Wrong name\x1b")
    assert Suggestion.objects.get().message == "Wrong name"


def test_one_visitor_cannot_flood_the_editors(client, settings, talsi):
    settings.SUGGESTIONS_AN_HOUR = 2
    for _ in range(2):
        assert write(client, kind="wrong", municipality=talsi.pk).status_code == 302
    page = write(client, kind="wrong", municipality=talsi.pk, message="A third one")
    assert "Please send this one later." in page.text
    assert "A third one" in page.text
    assert Suggestion.objects.count() == 2
    other = Client(REMOTE_ADDR="192.0.2.7")
    assert write(other, kind="wrong", municipality=talsi.pk).status_code == 302


def test_all_visitors_together_cannot_either(settings, talsi):
    settings.SUGGESTIONS_AN_HOUR_FROM_ALL = 2
    for number in range(3):
        browser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        answer = write(browser, kind="wrong", municipality=talsi.pk)
        assert answer.status_code == (302 if number < 2 else 200)


def test_header_of_a_proxy_counts_only_where_there_is_one(settings, talsi):
    settings.SUGGESTIONS_AN_HOUR = 1

    def send(forwarded):
        browser = Client(HTTP_X_FORWARDED_FOR=forwarded)
        return write(browser, kind="wrong", municipality=talsi.pk).status_code

    assert send("192.0.2.1") == 302
    assert send("192.0.2.2") == 200
    settings.PROXIES = 1
    assert send("192.0.2.9, 192.0.2.3") == 302
    assert send("192.0.2.8, 192.0.2.3") == 200


def test_network_address_of_the_visitor_is_not_stored(client, talsi):
    write(client, kind="wrong", municipality=talsi.pk)
    stored = Suggestion.objects.values().get()
    assert "127.0.0.1" not in str(stored)
    assert len(stored["sender"]) == 64


def test_old_suggestions_are_deleted_with_their_addresses(client, talsi, portal_editor, act):
    old = Suggestion.objects.create(message="Old", email="a@example.org", municipality=talsi)
    Suggestion.objects.create(message="Recent", municipality=talsi)
    past = timezone.now() - timedelta(days=django_settings.SUGGESTIONS_KEPT_DAYS)
    Suggestion.objects.filter(pk=old.pk).update(created=past)
    assert "Old" not in act(portal_editor).get("/admin/organizations/suggestion/").text
    call_command("forget_suggestions")
    assert [str(kept) for kept in Suggestion.objects.all()] == ["Recent"]


def test_next_visitor_lets_old_suggestions_be_forgotten(client, talsi):
    old = Suggestion.objects.create(message="Old", municipality=talsi)
    past = timezone.now() - timedelta(days=django_settings.SUGGESTIONS_KEPT_DAYS)
    Suggestion.objects.filter(pk=old.pk).update(created=past)
    write(client, kind="wrong", municipality=talsi.pk)
    assert not Suggestion.objects.filter(pk=old.pk).exists()


# Mail


def test_editors_of_the_place_are_told_in_their_language(
    client, inbox, talsi, braga_editor, django_capture_on_commit_callbacks
):
    make_person("ilze", MUNICIPAL_EDITOR, [talsi], email="ilze@example.org", language="lv")
    make_person("gone", MUNICIPAL_EDITOR, [talsi], email="gone@example.org", is_active=False)
    with django_capture_on_commit_callbacks(execute=True):
        write(client, kind="wrong", municipality=talsi.pk, message="A secret")
    (mail,) = wait_for(lambda: inbox.mails)
    assert mail.rcpt_tos == ["ilze@example.org"]
    text = mail.content.decode()
    pk = Suggestion.objects.get().pk
    assert f"/admin/organizations/suggestion/{pk}/change/" in text
    assert "secret" not in text


def test_nothing_is_lost_when_no_mail_can_be_sent(
    client, settings, caplog, talsi, django_capture_on_commit_callbacks
):
    make_person("ilze", MUNICIPAL_EDITOR, [talsi], email="ilze@example.org")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with django_capture_on_commit_callbacks(execute=True):
        assert write(client, kind="wrong", municipality=talsi.pk).status_code == 302
    assert Suggestion.objects.exists()
    wait_for(lambda: "No mail could be sent" in caplog.text)


def test_address_that_is_refused_keeps_no_other_editor_from_being_told(
    client, inbox, talsi, caplog, django_capture_on_commit_callbacks
):
    for name in ("anna", "ilze", "zane"):
        make_person(name, MUNICIPAL_EDITOR, [talsi], email=f"{name}@example.org")
    inbox.refused = {"anna@example.org"}
    with django_capture_on_commit_callbacks(execute=True):
        assert write(client, kind="wrong", municipality=talsi.pk).status_code == 302
    wait_for(lambda: len(inbox.mails) == 2)
    told = sorted(mail.rcpt_tos[0] for mail in inbox.mails)
    assert told == ["ilze@example.org", "zane@example.org"]
    assert "No mail could be sent" in caplog.text


# In the admin


def answer(browser, action, *suggestions):
    return browser.post(
        "/admin/organizations/suggestion/",
        {"action": action, "_selected_action": [one.pk for one in suggestions]},
        follow=True,
    )


def test_editor_sees_suggestions_for_the_own_municipality(act, editor, talsi, braga):
    Suggestion.objects.create(message="Wrong telephone", municipality=talsi)
    theirs = Suggestion.objects.create(message="Wrong address", municipality=braga)
    nobodys = Suggestion.objects.create(message="Wrong everywhere")
    browser = act(editor)
    text = browser.get("/admin/organizations/suggestion/").text
    assert "Wrong telephone" in text
    for other in (theirs, nobodys):
        assert other.message not in text
        address = f"/admin/organizations/suggestion/{other.pk}/change/"
        assert browser.get(address).status_code == 302


def test_editor_makes_a_draft_of_a_proposed_organisation(act, editor, talsi):
    suggestion = Suggestion.objects.create(
        kind="new", name="Kolkas koris", message="Mēs dziedam.", municipality=talsi
    )
    page = answer(act(editor), "make_drafts", suggestion)
    draft = Organization.objects.get()
    assert (draft.name_lv, draft.summary_lv, draft.status) == (
        "Kolkas koris",
        "Mēs dziedam.",
        "draft",
    )
    assert draft.municipality == talsi
    assert f"/admin/organizations/organization/{draft.pk}/change/" in page.text
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.entry) == ("drafted", draft.uuid)
    assert "1 suggestion was left" in answer(act(editor), "make_drafts", suggestion).text
    assert Organization.objects.count() == 1


def test_editor_cannot_make_a_draft_in_another_municipality(act, editor, braga):
    theirs = Suggestion.objects.create(kind="new", name="Coro", message="…", municipality=braga)
    answer(act(editor), "make_drafts", theirs)
    assert not Organization.objects.exists()


@pytest.mark.parametrize(("action", "state"), [("set_done", "done"), ("set_declined", "declined")])
def test_editor_answers_a_suggestion(act, editor, talsi, action, state):
    suggestion = Suggestion.objects.create(message="Wrong", municipality=talsi)
    assert "1 suggestion was answered." in answer(act(editor), action, suggestion).text
    suggestion.refresh_from_db()
    assert suggestion.state == state


def test_editor_cannot_rewrite_what_a_visitor_wrote(act, editor, talsi):
    suggestion = Suggestion.objects.create(message="Wrong", municipality=talsi)
    act(editor).post(
        f"/admin/organizations/suggestion/{suggestion.pk}/change/",
        {"message": "Right", "municipality": make_municipality("braga").pk, "state": "done"},
    )
    suggestion.refresh_from_db()
    assert (suggestion.message, suggestion.municipality, suggestion.state) == (
        "Wrong",
        talsi,
        "done",
    )
