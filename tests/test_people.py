"""Portal editors give people access and take it, know no password, and leave a trace of it."""

import email
import email.policy
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, AccessEvent, User
from tests.conftest import make_person
from tests.factories import make_organization
from tests.test_signing_in import events, set_up, sign_in

# What is stored must be stored before mail goes out, so these tests store it.
pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = "/admin/localympact/user/"
EVENTS = "/admin/localympact/accessevent/"
CHANGES = "/admin/admin/logentry/"
NEW = {"new_password1": "another long one", "new_password2": "another long one"}


@pytest.fixture
def desk(client, portal_editor):
    """The browser of a portal editor."""
    client.force_login(portal_editor)
    return client


@pytest.fixture
def anna(talsi):
    return make_person(
        "anna@example.org", MUNICIPAL_EDITOR, [talsi], email="anna@example.org", language="lv"
    )


def whom(place=None, **values):
    """Give what a portal editor writes into the invitation."""
    given = {
        "email": "Ilze@Example.org",
        "first_name": "Ilze",
        "last_name": "Kalniņa",
        "language": "lv",
        "role": MUNICIPAL_EDITOR,
        "municipalities": [place.pk] if place else [],
    }
    return given | values


def invite(browser, **values):
    return browser.post(f"{PEOPLE}add/", values, follow=True)


def press(browser, step, person):
    """Press a button on the page of a person."""
    return browser.post(f"{PEOPLE}{person.pk}/step/{step}/", follow=True)


def act(browser, action, *people):
    """Do an action with many people."""
    chosen = {"action": action, "_selected_action": [person.pk for person in people]}
    return browser.post(PEOPLE, chosen, follow=True)


def text_of(mail):
    """Give what a mail says, decoded."""
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    return message.get_content()


def link_in(mail):
    return urlsplit(re.search(r"https?://\S+", text_of(mail))[0]).path


def set_password(path):
    """Follow a link as a stranger to the portal; give the answer to setting the password."""
    browser = Client()
    page = browser.get(path, follow=True)
    return page, browser.post(page.request["PATH_INFO"], NEW)


# Inviting


def test_invited_person_sets_a_password_and_works_at_once(desk, inbox, portal_editor, talsi):
    page = invite(desk, **whom(talsi))
    assert "An invitation was sent to ilze@example.org." in page.text
    person = User.objects.get(username="ilze@example.org")
    assert (person.email, person.get_full_name()) == ("ilze@example.org", "Ilze Kalniņa")
    assert (person.is_staff, person.is_superuser, person.has_usable_password()) == (
        True,
        False,
        False,
    )
    assert [group.name for group in person.groups.all()] == [MUNICIPAL_EDITOR]
    assert list(person.municipalities.all()) == [talsi]
    (mail,) = inbox.mails
    assert mail.rcpt_tos == ["ilze@example.org"]
    page, answer = set_password(link_in(mail))
    assert '<html lang="lv"' in page.text
    assert "ilze@example.org" in page.text
    assert answer.status_code == 302
    browser = Client()
    assert sign_in(browser, "Ilze@example.org", "another long one").status_code == 302
    assert browser.get("/admin/organizations/organization/add/").status_code == 200
    # The link is dead once used.
    assert "new_password1" not in Client().get(link_in(mail), follow=True).text
    assert events(person=person) == ["invited", "password-set", "signed-in"]
    assert AccessEvent.objects.get(event="invited").by == portal_editor


def test_invited_person_sets_up_the_second_factor_first(desk, inbox, settings, talsi):
    invite(desk, **whom(talsi))
    set_password(link_in(inbox.mails[0]))
    settings.REQUIRE_2FA = True
    browser = Client()
    sign_in(browser, "ilze@example.org", "another long one")
    page = browser.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/admin/second-factor/set-up/")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "ANNA@example.org"}, "email"),
        ({"email": "Old.Name@example.org"}, "email"),
        ({"email": f"{'x' * 60}@{'y' * 60}.{'z' * 60}.org"}, "email"),
        ({"first_name": ""}, "first_name"),
        ({"language": ""}, "language"),
        ({"role": "Superuser"}, "role"),
        ({"municipalities": []}, "municipalities"),
    ],
)
def test_invitation_names_what_is_wrong(desk, inbox, anna, talsi, values, field):
    make_person("old.name@example.org", email="new.name@example.org")
    before = User.objects.count()
    page = invite(desk, **(whom(talsi) | values))
    assert field in page.context["adminform"].form.errors
    assert User.objects.count() == before
    assert not inbox.mails


def test_portal_editor_is_invited_without_a_municipality(desk, inbox):
    invite(desk, **whom(role=PORTAL_EDITOR))
    person = User.objects.get(username="ilze@example.org")
    assert person.edits_everything
    assert len(inbox.mails) == 1


def test_nobody_is_promised_a_mail_that_could_not_be_sent(desk, settings, caplog, talsi):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    page = invite(desk, **whom(talsi))
    assert "No mail could be sent to ilze@example.org." in page.text
    assert "An invitation was sent" not in page.text
    # No link stands in the page: it would be the portal editor's.
    assert "/admin/welcome/" not in page.text
    assert "No mail could be sent" in caplog.text
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    page = press(desk, "invite", User.objects.get(username="ilze@example.org"))
    assert "No mail could be sent to ilze@example.org." in page.text


def test_new_invitation_ends_the_one_before(desk, inbox, talsi):
    invite(desk, **whom(talsi))
    person = User.objects.get(username="ilze@example.org")
    assert "An invitation was sent" in press(desk, "invite", person).text
    old, new = map(link_in, inbox.mails)
    assert "new_password1" not in Client().get(old, follow=True).text
    assert set_password(new)[1].status_code == 302
    # Whoever has a password needs no invitation; the link of one would be a way around it.
    page = press(desk, "invite", person)
    assert "Left as before: ilze@example.org (has set a password already)." in page.text
    assert len(inbox.mails) == 2


def test_invitation_is_in_the_language_of_the_person(desk, inbox, portal_editor, talsi):
    User.objects.filter(pk=portal_editor.pk).update(language="sv")
    invite(desk, **whom(talsi))
    assert User.objects.get(username="ilze@example.org").language == "lv"
    page = Client(HTTP_ACCEPT_LANGUAGE="el").get(link_in(inbox.mails[0]), follow=True)
    assert '<html lang="lv"' in page.text


def test_only_portal_editors_and_superusers_give_and_take_access(
    client, anna, editor, stranger, superuser, talsi
):
    before = User.objects.filter(pk=anna.pk).values().get()
    set_up(anna)
    for person, status in ((editor, 403), (stranger, 403), (superuser, 200)):
        client.force_login(person)
        assert client.get(f"{PEOPLE}add/").status_code == status
        if status == 403:
            assert client.post(f"{PEOPLE}add/", whom(talsi)).status_code == 403
            assert client.get(PEOPLE).status_code == 403
            for step in ("invite", "withdraw", "take-factor"):
                assert press(client, step, anna).status_code == 403
    assert User.objects.filter(pk=anna.pk).values().get() == before
    assert TOTPDevice.objects.filter(user=anna).exists()
    assert not User.objects.filter(email="ilze@example.org").exists()


# The page of a person


def change(browser, person, **values):
    given = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "language": person.language,
        "groups": [group.pk for group in person.groups.all()],
        "municipalities": [place.pk for place in person.municipalities.all()],
    }
    return browser.post(f"{PEOPLE}{person.pk}/change/", given | values)


def test_portal_editor_changes_role_and_municipalities(desk, anna, talsi, braga):
    group = Group.objects.get(name=PORTAL_EDITOR)
    answer = change(desk, anna, groups=[group.pk], municipalities=[braga.pk], language="pt")
    assert answer.status_code == 302
    anna = User.objects.get(pk=anna.pk)
    assert list(anna.groups.all()) == [group]
    assert list(braga.editors.all()) == [anna]
    assert not talsi.editors.exists()
    assert anna.language == "pt"


def test_forged_fields_change_nothing(desk, anna):
    change(
        desk,
        anna,
        username="else",
        email="thief@example.org",
        is_superuser="on",
        is_active="",
        is_staff="",
        password="x",
        user_permissions=["1"],
    )
    after = User.objects.get(pk=anna.pk)
    for field in ("username", "email", "is_superuser", "is_active", "is_staff", "password"):
        assert getattr(after, field) == getattr(anna, field), field
    assert not after.user_permissions.exists()


def test_wrong_address_of_an_invitation_can_be_corrected(desk, inbox, talsi):
    invite(desk, **whom(talsi))
    person = User.objects.get(username="ilze@example.org")
    assert change(desk, person, email="Ilze.K@example.org").status_code == 302
    person.refresh_from_db()
    assert (person.username, person.email) == ("ilze.k@example.org",) * 2
    # The link that went to the wrong address is dead.
    assert "new_password1" not in Client().get(link_in(inbox.mails[0]), follow=True).text


def test_address_of_somebody_withdrawn_does_not_lead_their_account_away(desk, anna):
    sign_in(Client(), "anna@example.org")
    press(desk, "withdraw", anna)
    change(desk, anna, email="thief@example.org")
    assert User.objects.get(pk=anna.pk).email == "anna@example.org"


def test_roles_are_filtered_by_the_names_on_the_page(desk, anna):
    group = Group.objects.get(name=MUNICIPAL_EDITOR)
    page = desk.get(f"{PEOPLE}?groups__id__exact={group.pk}")
    assert [person.pk for person in page.context["cl"].result_list] == [anna.pk]
    assert "By Role" in page.text


def test_portal_editor_neither_sets_nor_sees_a_password(desk, anna):
    page = desk.get(f"{PEOPLE}{anna.pk}/change/").text
    assert anna.password not in page
    assert "/password/" not in page
    address = f"{PEOPLE}{anna.pk}/password/"
    assert desk.get(address).status_code == 403
    both = {"password1": "a new long one", "password2": "a new long one", "usable_password": "true"}
    assert desk.post(address, both).status_code == 403
    assert User.objects.get(pk=anna.pk).password == anna.password


def test_password_that_a_superuser_sets_stands_in_the_log(client, superuser, anna):
    client.force_login(superuser)
    both = {"password1": "a new long one", "password2": "a new long one", "usable_password": "true"}
    answer = client.post(f"{PEOPLE}{anna.pk}/password/", both | {"set-password": "1"})
    assert answer.status_code == 302
    assert AccessEvent.objects.get(event="password-set").by == superuser


def test_portal_editor_keeps_the_own_role(desk, portal_editor):
    page = desk.get(f"{PEOPLE}{portal_editor.pk}/change/")
    assert page.status_code == 200
    change(desk, portal_editor, groups=[])
    assert portal_editor.groups.exists()


def test_superuser_gives_more_than_a_role(client, superuser, anna):
    client.force_login(superuser)
    page = client.get(f"{PEOPLE}{anna.pk}/change/")
    assert {"is_superuser", "is_staff", "user_permissions"} <= set(
        page.context["adminform"].form.fields
    )


def test_list_of_people_makes_a_fixed_number_of_queries(desk, talsi, braga):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(PEOPLE).status_code == 200
        return len(captured)

    make_person("one", MUNICIPAL_EDITOR, [talsi])
    before = queries()
    for number in range(5):
        set_up(make_person(f"more{number}", MUNICIPAL_EDITOR, [talsi, braga]))
    assert queries() == before


# Withdrawing


def test_withdrawn_person_is_out_at_once(desk, inbox, anna, talsi):
    other = Client()
    sign_in(other, "anna@example.org")
    assert other.get("/admin/").status_code == 200
    device = set_up(anna)
    page = press(desk, "withdraw", anna)
    assert "1 person can no longer log in." in page.text
    assert "Invite again" in page.text
    assert other.get("/admin/").url.startswith("/admin/login/")
    assert other.get("/admin/second-factor/").url.startswith("/admin/login/")
    assert not TOTPDevice.objects.filter(pk=device.pk).exists()
    assert not StaticDevice.objects.filter(user=anna).exists()
    assert sign_in(Client(), "anna@example.org").status_code == 200
    Client().post("/admin/password/", {"email": "anna@example.org"})
    assert not inbox.mails
    after = User.objects.get(pk=anna.pk)
    assert (after.is_active, after.has_usable_password()) == (False, False)
    # A return is easy: role and municipalities are kept.
    assert after.groups.exists()
    assert list(after.municipalities.all()) == [talsi]
    assert events(person=anna)[-2:] == ["withdrawn", "refused"]


def test_person_at_work_is_out_at_once(desk, anna, talsi):
    entry = make_organization(municipality=talsi)
    other = Client()
    sign_in(other, "anna@example.org")
    address = f"/admin/organizations/organization/{entry.pk}/change/"
    assert other.get(address).status_code == 200
    press(desk, "withdraw", anna)
    assert other.get(address).status_code == 302
    assert other.post(address, {"name_en": "Changed"}).status_code == 302
    entry.refresh_from_db()
    assert entry.name_en != "Changed"


def test_withdrawn_person_comes_back_by_an_invitation_only(desk, inbox, anna):
    other = Client()
    sign_in(other, "anna@example.org")
    press(desk, "withdraw", anna)
    press(desk, "invite", anna)
    # Neither the old session nor the old password comes back.
    assert other.get("/admin/").status_code == 302
    assert sign_in(Client(), "anna@example.org").status_code == 200
    assert set_password(link_in(inbox.mails[0]))[1].status_code == 302
    assert sign_in(other, "anna@example.org", "another long one").status_code == 302


def test_links_sent_before_die_with_the_access(desk, inbox, anna, talsi):
    invite(desk, **whom(talsi))
    invited = User.objects.get(username="ilze@example.org")
    press(desk, "withdraw", invited)
    assert "new_password1" not in Client().get(link_in(inbox.mails[0]), follow=True).text


def test_many_are_withdrawn_and_it_is_said_who_was_left_and_why(
    client, superuser, portal_editor, anna, editor
):
    make_person("gone", is_active=False)
    client.force_login(superuser)
    page = act(client, "withdraw", anna, editor, superuser, User.objects.get(username="gone"))
    assert "2 people can no longer log in." in page.text
    assert "superuser (you yourself)" in page.text
    assert "gone (withdrawn already)" in page.text
    other = User.objects.create_superuser("other", password="a long password")
    assert "other (a superuser)" in act(client, "withdraw", other, anna).text
    assert set(User.objects.filter(is_active=True)) == {superuser, other, portal_editor}
    assert LogEntry.objects.filter(change_message="Access withdrawn").count() == 2


def test_portal_editor_withdraws_neither_superusers_nor_themselves(desk, portal_editor, superuser):
    act(desk, "withdraw", superuser, portal_editor)
    for step in ("withdraw", "invite", "take-factor"):
        assert press(desk, step, superuser).status_code == 404
        press(desk, step, portal_editor)
    assert set(User.objects.filter(is_active=True)) == {portal_editor, superuser}
    assert desk.get("/admin/").status_code == 200


def test_buttons_change_nothing_when_they_are_only_followed(desk, anna):
    for step in ("withdraw", "invite", "take-factor"):
        assert desk.get(f"{PEOPLE}{anna.pk}/step/{step}/").status_code == 405
    assert desk.post(f"{PEOPLE}{anna.pk}/step/nonsense/").status_code == 404
    assert desk.post(f"{PEOPLE}nonsense/step/withdraw/").status_code == 404
    other = Client(enforce_csrf_checks=True)
    other.force_login(User.objects.get(username="portal_editor"))
    assert other.post(f"{PEOPLE}{anna.pk}/step/withdraw/").status_code == 403
    assert User.objects.get(pk=anna.pk).is_active


# Taking away the second factor


def test_second_factor_of_a_lost_phone_is_taken_away_and_the_person_told(
    desk, inbox, settings, portal_editor, anna
):
    set_up(anna)
    assert "The second factor was taken away." in press(desk, "take-factor", anna).text
    assert not TOTPDevice.objects.exists()
    assert not StaticDevice.objects.exists()
    (mail,) = inbox.mails
    assert mail.rcpt_tos == ["anna@example.org"]
    assert AccessEvent.objects.get(event="factor-reset").by == portal_editor
    assert "anna@example.org (has none)" in press(desk, "take-factor", anna).text
    # The password is the same, and a new factor must be set up.
    settings.REQUIRE_2FA = True
    browser = Client()
    sign_in(browser, "anna@example.org")
    page = browser.get("/admin/", follow=True)
    assert page.request["PATH_INFO"] == "/admin/second-factor/set-up/"


def test_superuser_takes_the_factor_of_another_superuser(client, superuser):
    other = User.objects.create_superuser("other", password="a long password")
    set_up(other)
    client.force_login(superuser)
    assert "The second factor was taken away." in press(client, "take-factor", other).text


# The logs


@pytest.fixture
def lines(anna):
    """A line in each log."""
    sign_in(Client(), "anna@example.org", "wrong")
    LogEntry.objects.log_actions(anna.pk, [make_organization()], 1, "Added")
    return {EVENTS: AccessEvent.objects.get(event="refused"), CHANGES: LogEntry.objects.get()}


@pytest.mark.parametrize("address", [EVENTS, CHANGES])
@pytest.mark.parametrize("who", ["portal_editor", "superuser"])
def test_logs_are_read_and_never_written(request, client, lines, address, who):
    client.force_login(request.getfixturevalue(who))
    line = lines[address]
    page = client.get(address)
    assert page.status_code == 200
    assert "anna@example.org" in page.text
    assert "delete_selected" not in page.text
    assert client.get(f"{address}{line.pk}/change/").status_code == 200
    before = type(line).objects.filter(pk=line.pk).values().get()
    for part in ("add/", f"{line.pk}/change/", f"{line.pk}/delete/"):
        answer = client.post(address + part, {"post": "yes", "event": "signed-in", "name": "x"})
        assert answer.status_code == 403, part
    for part in ("add/", f"{line.pk}/delete/"):
        assert client.get(address + part).status_code == 403, part
    chosen = {"action": "delete_selected", "_selected_action": [line.pk], "post": "yes"}
    client.post(address, chosen)
    assert type(line).objects.filter(pk=line.pk).values().get() == before


@pytest.mark.parametrize("address", [EVENTS, CHANGES])
@pytest.mark.parametrize("who", ["editor", "stranger"])
def test_logs_are_not_for_municipal_editors(request, client, lines, address, who):
    client.force_login(request.getfixturevalue(who))
    for part in ("", f"{lines[address].pk}/change/"):
        assert client.get(address + part).status_code == 403
    assert address not in client.get("/admin/").text


def test_line_of_the_log_stays_when_the_person_is_deleted(client, superuser, anna):
    sign_in(Client(), "anna@example.org", "wrong")
    client.force_login(superuser)
    client.post(f"{PEOPLE}{anna.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=anna.pk).exists()
    line = AccessEvent.objects.get(event="refused")
    assert (line.person, line.name) == (None, "anna@example.org")


def test_person_who_has_changed_something_is_not_deleted(client, superuser, anna, lines):
    client.force_login(superuser)
    assert client.post(f"{PEOPLE}{anna.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [anna.pk], "post": "yes"}
    client.post(PEOPLE, chosen)
    assert User.objects.filter(pk=anna.pk).exists()
    assert LogEntry.objects.filter(pk=lines[CHANGES].pk).exists()


def test_log_keeps_names_of_accounts_only(client, anna):
    for name in ("my secret password", "ANNA@example.org", ""):
        sign_in(Client(), name, "wrong secret")
    assert [(line.event, line.name, line.address) for line in AccessEvent.objects.all()] == [
        ("refused", "anna@example.org", "127.0.0.1"),
        ("refused", "", "127.0.0.1"),
    ]


def test_lock_is_one_line_however_often_it_is_tried(settings, anna):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(8):
        sign_in(Client(), "anna@example.org", "wrong")
    assert sorted(events(person=anna)) == ["locked", "refused", "refused"]


def test_old_lines_are_forgotten(client, settings, anna):
    sign_in(client, "anna@example.org")
    limit = timezone.now() - timedelta(days=settings.ACCESS_LOG_KEPT_DAYS)
    AccessEvent.objects.update(moment=limit)
    call_command("forget_access_events")
    assert not AccessEvent.objects.exists()
    sign_in(client, "anna@example.org")
    AccessEvent.objects.update(moment=limit)
    sign_in(client, "anna@example.org")
    assert events() == ["signed-in"]


@pytest.mark.parametrize("address", [EVENTS, CHANGES])
def test_log_makes_a_fixed_number_of_queries(desk, lines, address):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(address).status_code == 200
        return len(captured)

    before = queries()
    for number in range(5):
        person = make_person(f"more{number}")
        AccessEvent.objects.create(event="invited", person=person, name="x", by=person)
        LogEntry.objects.log_actions(person.pk, [make_organization()], 1, "Added")
    assert queries() == before
