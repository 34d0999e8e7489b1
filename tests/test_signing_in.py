"""Nobody comes in with less than is asked, and nobody learns who has an account."""

import re
from base64 import b32decode
from datetime import timedelta
from time import time
from urllib.parse import urlsplit

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client, RequestFactory
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from localympact.models import MUNICIPAL_EDITOR, AccessEvent, User
from localympact.people import INVITATIONS, RESETS, Links
from tests.conftest import make_person, wait_for
from tests.test_commands import manage

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
CODE = "/admin/second-factor/"
RECOVERY = "/admin/second-factor/recovery/"
SET_UP = "/admin/second-factor/set-up/"
CODES = "/admin/second-factor/codes/"
RESET = "/admin/password/"
PASSWORD = "a long password"


def sign_in(browser, name, password=PASSWORD, **values):
    return browser.post(LOGIN, {"username": name, "password": password} | values)


def code_of(device, later=0):
    """Give the code that the app shows, or will show in so many half minutes."""
    totp = TOTP(device.bin_key)
    totp.time = time() + 30 * later
    return f"{totp.token():06}"


def key_of(secret):
    """Give the key of the secret that the page shows."""
    return b32decode(secret.replace(" ", "")).hex()


def wrong_code(device):
    good = {code_of(device, later) for later in (-1, 0, 1, 2)}
    return next(
        code for code in ("000000", "111111", "222222", "333333", "444444") if code not in good
    )


def set_up(person):
    """Give somebody a second factor with two recovery codes."""
    device = TOTPDevice.objects.create(user=person, name="app")
    recovery = StaticDevice.objects.create(user=person, name="recovery")
    for code in ("aaaaaaaa", "bbbbbbbb"):
        StaticToken.objects.create(device=recovery, token=code)
    return device


def events(**of):
    """Give what the log says, the oldest first."""
    return [event.event for event in AccessEvent.objects.filter(**of).order_by("pk")]


@pytest.fixture
def strict(settings):
    """A portal that requires the second factor."""
    settings.REQUIRE_2FA = True


@pytest.fixture
def locks(settings):
    """A portal that locks out after three failures."""
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3


# The second factor


def test_password_alone_opens_the_admin_only_where_no_factor_is_required(client, editor):
    assert sign_in(client, "editor", next="/admin/").url == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert events() == ["signed-in"]
    assert client.cookies["sessionid"]["max-age"] == 12 * 60 * 60


ADMIN_PAGES = [
    "/admin/",
    "/admin/organizations/organization/",
    "/admin/organizations/organization/add/",
    "/admin/password_change/",
    "/admin/account/",
    "/admin/autocomplete/",
    "/admin/jsi18n/",
    "/admin/no/such/page/",
    CODES,
]


@pytest.mark.parametrize("address", ADMIN_PAGES)
def test_whoever_has_no_factor_yet_is_led_to_setting_it_up(client, strict, editor, address):
    sign_in(client, "editor")
    page = client.get(address, follow=True)
    assert page.redirect_chain[-1][0].startswith(SET_UP)
    assert "next=" in page.redirect_chain[-1][0]
    # Neither the menu nor the tools of the admin are there.
    assert "/admin/organizations/" not in page.text.replace('name="next"', "").split("<form")[0]
    assert client.post(address).status_code in (302, 403)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("address", ADMIN_PAGES)
def test_whoever_has_a_factor_is_asked_for_it(client, settings, editor, address, required):
    settings.REQUIRE_2FA = required
    set_up(editor)
    sign_in(client, "editor")
    assert client.get(address, follow=True).redirect_chain[-1][0].startswith(CODE + "?next=")
    assert client.get(SET_UP).url.startswith(CODE)
    assert client.post(SET_UP, {"code": "123456"}).url.startswith(CODE)
    assert client.post(CODES).status_code == 302
    assert StaticToken.objects.count() == 2
    assert events() == ["code-asked"]


@pytest.mark.parametrize("address", [CODE, RECOVERY, SET_UP])
def test_pages_of_the_second_factor_are_for_whoever_gave_the_password(client, strict, address):
    for answer in (client.get(address), client.post(address, {"code": "123456"})):
        assert answer.url.startswith(LOGIN)


def test_person_outside_the_staff_sets_nothing_up(client, strict):
    person = make_person("reader")
    User.objects.filter(pk=person.pk).update(is_staff=False)
    client.force_login(person)
    assert client.get(SET_UP).url.startswith(LOGIN)
    page = client.get(LOGIN)
    assert page.status_code == 200
    assert "not authorized" in page.text


def test_factor_is_set_up_with_the_secret_that_the_page_shows(client, strict, editor):
    sign_in(client, "editor")
    page = client.get("/admin/organizations/organization/?q=x", follow=True)
    secret = re.search('<code id="secret">([^<]+)</code>', page.text)[1]
    picture = re.search('<svg [^>]*class="qr">.*?</svg>', page.text, re.DOTALL)[0]
    assert "style=" not in picture
    # The same after a reload: a page that was scanned already stays good.
    assert secret in client.get(SET_UP).text
    device = TOTPDevice(key=key_of(secret))
    where = page.redirect_chain[-1][0]
    refused = client.post(where, {"code": wrong_code(device)})
    assert "This code is not right." in refused.text
    assert not TOTPDevice.objects.exists()
    following = page.context["next"]
    before = client.session.session_key
    code = code_of(device)
    answer = client.post(SET_UP, {"code": f"{code[:3]} {code[3:]}", "next": following}, follow=True)
    assert client.session.session_key != before
    codes = answer.context["codes"]
    assert len(set(codes)) == 10
    assert all(code in answer.text for code in codes)
    assert answer.headers["Cache-Control"].count("no-store") == 1
    assert 'href="/admin/organizations/organization/?q=x"' in answer.text
    assert client.get("/admin/").status_code == 200
    # They are shown once.
    again = client.get(CODES, follow=True)
    assert not any(code in again.text for code in codes)
    assert "10 recovery codes are unused." in again.text
    assert events() == ["code-asked", "code-refused", "set-up", "signed-in"]
    # The code that set it up opens nothing more.
    other = Client()
    sign_in(other, "editor")
    assert "is not right, or was used already" in other.post(CODE, {"code": code}).text


def test_code_lets_in_and_leads_on(client, strict, editor):
    device = set_up(editor)
    sign_in(client, "editor")
    key = client.session.session_key
    answer = client.post(CODE, {"code": code_of(device), "next": "/admin/needs/need/"})
    assert answer.url == "/admin/needs/need/"
    assert client.session.session_key != key
    assert client.get("/admin/needs/need/").status_code == 200
    assert events() == ["code-asked", "signed-in"]


def test_code_is_good_once(client, strict, editor):
    device = set_up(editor)
    code = code_of(device)
    for expected in (302, 200):
        browser = Client()
        sign_in(browser, "editor")
        assert browser.post(CODE, {"code": code}).status_code == expected


def test_code_of_another_person_is_refused(client, strict, editor, braga_editor):
    set_up(editor)
    theirs = set_up(braga_editor)
    sign_in(client, "editor")
    page = client.post(CODE, {"code": code_of(theirs)})
    assert "This code is not right" in page.text
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("code", ["", " ", "abcdef", "-1", "9" * 30, "１２３４５６", "1e5", "\x00"])
def test_nonsense_is_no_code(client, strict, editor, code):
    set_up(editor)
    sign_in(client, "editor")
    for address in (CODE, RECOVERY):
        assert client.post(address, {"code": code}).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_recovery_code_lets_in_once(client, strict, editor):
    set_up(editor)
    sign_in(client, "editor")
    answer = client.post(RECOVERY, {"code": " AAAAAAAA "}, follow=True)
    assert "1 recovery code is left." in answer.text
    assert events() == ["code-asked", "recovered"]
    other = Client()
    sign_in(other, "editor")
    assert "was used already" in other.post(RECOVERY, {"code": "aaaaaaaa"}).text


@pytest.mark.parametrize("address", [CODE, RECOVERY])
def test_wrong_codes_must_wait_longer_and_longer(client, strict, editor, address):
    device = set_up(editor)
    sign_in(client, "editor")
    client.post(address, {"code": wrong_code(device)})
    good = {"code": code_of(device) if address == CODE else "aaaaaaaa"}
    page = client.post(address, good)
    assert "Too many wrong codes. Try again in 1 minute." in page.text
    model = TOTPDevice if address == CODE else StaticDevice
    model.objects.update(throttling_failure_count=9)
    assert "Try again in 5 minutes." in client.post(address, good).text
    past = timezone.now() - timedelta(minutes=6)
    model.objects.update(throttling_failure_timestamp=past)
    good = {"code": code_of(device) if address == CODE else "aaaaaaaa"}
    assert client.post(address, good).status_code == 302


def test_changed_factor_ends_the_one_before_in_all_sessions(client, strict, editor):
    device = set_up(editor)
    other = Client()
    for browser, later in ((client, 0), (other, 1)):
        sign_in(browser, "editor")
        assert browser.post(CODE, {"code": code_of(device, later)}).status_code == 302
    page = client.get(SET_UP)
    new = TOTPDevice(key=key_of(page.context["secret"]))
    client.post(SET_UP, {"code": code_of(new)})
    assert TOTPDevice.objects.count() == 1
    assert StaticToken.objects.count() == 10
    assert client.get("/admin/").status_code == 200
    assert other.get("/admin/", follow=True).redirect_chain[-1][0].startswith(CODE)


def test_new_recovery_codes_need_the_second_factor_and_end_those_before(client, editor):
    client.force_login(editor)
    assert client.post(CODES).url == "/admin/account/"
    assert not StaticToken.objects.exists()
    device = set_up(editor)
    other = Client()
    sign_in(other, "editor")
    other.post(CODE, {"code": code_of(device)})
    page = other.post(CODES, follow=True)
    assert len(page.context["codes"]) == 10
    assert not StaticToken.objects.filter(token="aaaaaaaa").exists()


def test_factor_can_be_set_up_where_none_is_required(client, editor):
    client.force_login(editor)
    assert "None is set up." in client.get("/admin/account/").text
    page = client.get(SET_UP)
    device = TOTPDevice(key=key_of(page.context["secret"]))
    client.post(SET_UP, {"code": code_of(device)})
    assert "Set up on" in client.get("/admin/account/").text


def test_whoever_is_half_way_can_leave(client, strict, editor):
    sign_in(client, "editor")
    assert "You have logged out." in client.post("/admin/logout/").text
    assert client.get(SET_UP).url.startswith(LOGIN)
    assert events() == ["code-asked", "signed-out"]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//x"],
)
def test_no_step_leads_to_another_site(client, strict, editor, elsewhere):
    device = set_up(editor)
    assert sign_in(client, "editor", next=elsewhere).url == "/admin/"
    page = client.get(LOGIN, {"next": elsewhere}, follow=True)
    assert page.context["next"] == ""
    answer = client.post(f"{CODE}?next={elsewhere}", {"code": code_of(device), "next": elsewhere})
    assert answer.url == "/admin/"


def test_session_key_changes_at_sign_in(client, editor):
    client.get(f"{RESET}new/x/y/")
    session = client.session
    session["kept"] = True
    session.save()
    before = session.session_key
    sign_in(client, "editor")
    assert client.session.session_key != before


def test_second_factor_is_required_wherever_the_portal_can_be_reached():
    def required(**environment):
        given = {"ALLOWED_HOSTS": "localhost", "DEBUG": "false"} | environment
        answer = manage(
            "shell",
            "-v0",
            "-c",
            "from django.conf import settings as s; print(s.REQUIRE_2FA)",
            **given,
        )
        return answer.stdout.strip()

    assert required(ALLOWED_HOSTS="localhost,127.0.0.1,[::1]") == "False"
    assert required(ALLOWED_HOSTS="localhost,portal.example.org") == "True"
    assert required(ALLOWED_HOSTS="*") == "True"
    assert required(ALLOWED_HOSTS="portal.example.org", DEBUG="true") == "False"
    assert required(REQUIRE_2FA="on") == "True"
    assert required(ALLOWED_HOSTS="portal.example.org", REQUIRE_2FA="off") == "False"


def test_secrets_have_no_page_in_the_admin(client, superuser):
    device = set_up(superuser)
    sign_in(client, "superuser")
    client.post(CODE, {"code": code_of(device)})
    for address in ("otp_totp/totpdevice/", "otp_static/staticdevice/", "axes/accessattempt/"):
        assert client.get(f"/admin/{address}").status_code == 404
    page = client.get(f"/admin/localympact/user/{superuser.pk}/change/")
    assert page.status_code == 200
    assert device.key not in page.text


def test_lost_phone_of_the_last_superuser_is_helped_at_the_shell(superuser):
    set_up(superuser)
    with pytest.raises(CommandError):
        call_command("take_second_factor", "nobody")
    call_command("take_second_factor", "Superuser")
    assert not TOTPDevice.objects.exists()
    assert events(person=superuser) == ["factor-reset"]


# Name and password


def test_name_may_be_the_address_in_any_case(editor):
    User.objects.filter(pk=editor.pk).update(email="anna@example.org")
    for name in ("editor", "EDITOR", "Anna@Example.org", " editor "):
        assert sign_in(Client(), name).status_code == 302, name


def test_user_name_goes_before_the_address_of_somebody_else(client, editor, braga_editor):
    User.objects.filter(pk=braga_editor.pk).update(email="editor")
    sign_in(client, "editor")
    assert client.session["_auth_user_id"] == str(editor.pk)


def test_refusal_says_the_same_whatever_is_wrong(client, editor):
    make_person("gone", is_active=False)
    make_person("reader")
    User.objects.filter(username="reader").update(is_staff=False)
    invited = make_person("invited")
    invited.set_unusable_password()
    invited.save()
    pages = [
        sign_in(Client(), name, password).text
        for name, password in (
            ("editor", "wrong"),
            ("nobody", "wrong"),
            ("gone", PASSWORD),
            ("gone", "wrong"),
            ("reader", PASSWORD),
            ("invited", "wrong"),
        )
    ]
    for page in pages:
        assert "This name and password are not right together." in page
    same = {
        re.sub(r'name="csrfmiddlewaretoken" value="\w+"| value="\w+"', "", page) for page in pages
    }
    assert len(same) == 1


def test_admin_offers_to_set_a_new_password(client):
    assert f'href="{RESET}"' in client.get(LOGIN).text


# Lock-out


@pytest.mark.parametrize("name", ["editor", "nobody"])
def test_account_is_locked_whatever_the_address_and_whether_it_exists(locks, editor, name):
    for number in range(3):
        browser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        answer = sign_in(browser, name, "wrong")
        assert answer.status_code == (429 if number == 2 else 200)
    elsewhere = Client(REMOTE_ADDR="192.0.2.77")
    locked = sign_in(elsewhere, name.upper())
    assert locked.status_code == 429
    assert "Try again in 30 minutes." in locked.text
    assert name not in re.sub("<[^>]+>", "", locked.text)
    assert "_auth_user_id" not in elsewhere.session
    # Others are not concerned.
    make_person("other")
    assert sign_in(Client(REMOTE_ADDR="192.0.2.78"), "other").status_code == 302


def test_address_is_locked_whatever_the_account(locks, editor):
    browser = Client(REMOTE_ADDR="192.0.2.1")
    for name in ("one", "two"):
        assert sign_in(browser, name, "wrong").status_code == 200
    assert sign_in(browser, "three", "wrong").status_code == 429
    assert sign_in(browser, "editor").status_code == 429
    assert sign_in(Client(REMOTE_ADDR="192.0.2.2"), "editor").status_code == 302


def test_address_is_the_one_that_the_nearest_proxy_says(locks, settings, editor):
    def attempt(forwarded, name):
        return sign_in(Client(HTTP_X_FORWARDED_FOR=forwarded), name, "wrong").status_code

    settings.PROXIES = 1
    assert [attempt(f"192.0.2.{n}, 198.51.100.7", f"name{n}") for n in range(3)] == [200, 200, 429]
    assert attempt("198.51.100.7, 192.0.2.9", "another") == 200
    # A header that names no address is counted as one unknown place, and breaks nothing.
    assert [attempt("unknown", f"more{n}") for n in range(3)] == [200, 200, 429]
    assert AccessEvent.objects.first().address is None


def test_lock_ends_though_somebody_goes_on_trying(locks, settings, editor):
    for _ in range(3):
        sign_in(Client(), "editor", "wrong")
    nearly = timezone.now() - settings.AXES_COOLOFF_TIME + timedelta(minutes=1)
    AccessAttempt.objects.update(attempt_time=nearly)
    assert sign_in(Client(), "editor", "wrong").status_code == 429
    assert AccessAttempt.objects.get().attempt_time == nearly
    AccessAttempt.objects.update(attempt_time=nearly - timedelta(minutes=1))
    assert sign_in(Client(), "editor").status_code == 302


def test_own_success_does_not_cover_guesses_at_the_account_of_another(locks, editor):
    """Whoever has an account cannot guess without limit by signing in between."""
    make_person("insider")
    browser = Client(REMOTE_ADDR="192.0.2.1")
    answers = []
    for _ in range(2):
        answers.append(sign_in(browser, "editor", "wrong").status_code)
        sign_in(browser, "insider")
        browser.logout()
    answers.append(sign_in(browser, "editor", "wrong").status_code)
    assert answers == [200, 200, 429]


def test_own_mistakes_are_forgotten_when_the_password_is_right(locks, editor):
    for _ in range(3):
        for password in ("wrong", "wrong", PASSWORD):
            answer = sign_in(Client(), "editor", password)
    assert answer.status_code == 302


def test_locked_page_speaks_the_language_of_the_reader(locks):
    browser = Client(HTTP_ACCEPT_LANGUAGE="lt")
    for _ in range(3):
        page = sign_in(browser, "nobody", "wrong")
    assert page.status_code == 429
    assert '<html lang="lt"' in page.text


def test_no_typed_name_or_password_is_stored_by_the_lock(locks, caplog):
    sign_in(Client(), "my secret, typed here", "another secret")
    stored = str(list(AccessAttempt.objects.values()))
    assert "secret" not in stored + caplog.text


# A new password by e-mail


def ask(browser, email):
    return browser.post(RESET, {"email": email}, follow=True)


def link_in(message):
    """Give the path of the link in a mail."""
    address = re.search(r"https?://\S+", message.body)[0]
    assert urlsplit(address).netloc == "testserver"
    return urlsplit(address).path


@pytest.fixture
def anna(talsi):
    return make_person(
        "anna@example.org", MUNICIPAL_EDITOR, [talsi], email="anna@example.org", language="lv"
    )


def test_forgotten_password_is_set_by_mail(client, locks, anna):
    for _ in range(3):
        sign_in(Client(), "anna@example.org", "wrong")
    other = Client(REMOTE_ADDR="192.0.2.1")
    assert sign_in(other, "anna@example.org").status_code == 429
    ask(client, "Anna@Example.org")
    (message,) = wait_for(lambda: mail.outbox)
    assert message.to == ["anna@example.org"]
    page = client.get(link_in(message), follow=True)
    assert '<html lang="lv"' in page.text
    assert 'value="anna@example.org"' in page.text
    where = page.redirect_chain[-1][0]
    weak = client.post(where, {"new_password1": "short", "new_password2": "short"})
    assert weak.status_code == 200
    new = {"new_password1": "another long one", "new_password2": "another long one"}
    assert client.post(where, new).status_code == 302
    # The lock of the account is lifted; the link is dead.
    assert sign_in(other, "anna@example.org", "another long one").status_code == 302
    assert "new_password1" not in Client().get(link_in(message), follow=True).text
    assert events(person=anna)[-3:] == ["reset-asked", "password-set", "signed-in"]


def test_new_password_does_not_go_past_the_second_factor(client, strict, anna):
    set_up(anna)
    ask(client, "anna@example.org")
    page = client.get(link_in(wait_for(lambda: mail.outbox)[0]), follow=True)
    new = {"new_password1": "another long one", "new_password2": "another long one"}
    client.post(page.redirect_chain[-1][0], new)
    assert client.get("/admin/").url.startswith(LOGIN)
    sign_in(client, "anna@example.org", "another long one")
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith(CODE)


def test_new_password_ends_the_sessions_there_are(client, anna):
    other = Client()
    sign_in(other, "anna@example.org")
    anna.refresh_from_db()
    path = RESETS.address(RequestFactory().get("/"), "admin_password_reset_confirm", anna)
    page = client.get(path, follow=True)
    new = {"new_password1": "another long one", "new_password2": "another long one"}
    client.post(page.redirect_chain[-1][0], new)
    assert other.get("/admin/").status_code == 302


def test_answer_is_the_same_whether_there_is_an_account(client, anna):
    make_person("gone", email="gone@example.org", is_active=False)
    pages = {
        re.sub(r'value="\w{64}"', "", ask(Client(), address).text)
        for address in ("anna@example.org", "nobody@example.org", "gone@example.org")
    }
    assert len(pages) == 1
    wait_for(lambda: mail.outbox)
    assert [message.to for message in mail.outbox] == [["anna@example.org"]]


def test_one_person_gets_few_mails_an_hour(client, anna):
    for _ in range(5):
        ask(client, "anna@example.org")
    wait_for(lambda: len(mail.outbox) == 3)
    assert events(person=anna) == ["reset-asked"] * 3
    AccessEvent.objects.update(moment=timezone.now() - timedelta(hours=2))
    ask(client, "anna@example.org")
    wait_for(lambda: len(mail.outbox) == 4)


def test_page_says_so_when_there_is_no_mail_server(client, settings, anna):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    settings.CONTACT_EMAIL = "portal@example.org"
    for page in (client.get(RESET), ask(client, "anna@example.org")):
        assert "This portal sends no e-mail at present" in page.text
        assert "mailto:portal@example.org" in page.text
        assert 'name="email"' not in page.text
    assert not AccessEvent.objects.exists()


def test_mail_server_that_fails_is_a_line_in_the_log(client, settings, caplog, anna):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert ask(client, "anna@example.org").status_code == 200
    wait_for(lambda: "No mail could be sent" in caplog.text)


def test_link_names_no_host_that_a_stranger_sends(client, anna):
    answer = client.post(RESET, {"email": "anna@example.org"}, headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert not AccessEvent.objects.exists()


def test_link_is_good_for_its_time_only(anna, monkeypatch):
    for links, hours in ((RESETS, 2), (INVITATIONS, 72)):
        token = links.make_token(anna)
        now = links._now()
        for age, good in (
            (timedelta(hours=hours), True),
            (timedelta(hours=hours, seconds=2), False),
        ):
            monkeypatch.setattr(Links, "_now", lambda self, then=now + age: then)
            assert links.check_token(anna, token) is good
        monkeypatch.undo()


def test_link_of_one_kind_is_none_of_another(client, anna):
    tokens = {
        "/admin/password/new/": RESETS.make_token(anna),
        "/admin/welcome/": INVITATIONS.make_token(anna),
    }
    path = RESETS.address(RequestFactory().get("/"), "admin_password_reset_confirm", anna)
    uid = path.split("/")[-3]
    for address in tokens:
        for token in (*tokens.values(), default_token_generator.make_token(anna), "x", "a-b"):
            page = Client().get(f"{address}{uid}/{token}/", follow=True)
            assert ("new_password1" in page.text) is (token == tokens[address])
            # What is not good says nothing of the person, not even their language.
            language = "lv" if token == tokens[address] else "en"
            assert f'<html lang="{language}"' in page.text


def test_person_changes_name_language_and_password_themselves(client, anna):
    client.force_login(anna)
    assert 'href="/admin/account/"' in client.get("/admin/").text
    values = {"first_name": "Anna", "last_name": "Ozola", "language": "sv", "is_superuser": "on"}
    page = client.post("/admin/account/", values, follow=True)
    assert '<html lang="sv"' in page.text
    anna.refresh_from_db()
    assert (anna.get_full_name(), anna.language, anna.is_superuser) == ("Anna Ozola", "sv", False)
    change = {
        "old_password": PASSWORD,
        "new_password1": "another long one",
        "new_password2": "another long one",
    }
    assert client.post("/admin/password_change/", change).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert events(person=anna)[-1] == "password-set"
