"""The way in, as somebody walks it who has just been invited."""

from base64 import b32decode
from time import time

import pytest
from django_otp.oath import TOTP

from localympact.models import PORTAL_EDITOR
from tests.browser.test_pages import looked_at
from tests.conftest import make_person
from tests.test_people import link_in
from tests.test_signing_in import PASSWORD

NEW = "a password of my own"


def code_of(secret, later=0):
    """Give the code that an app shows which was given this secret."""
    totp = TOTP(b32decode(secret.replace(" ", "")))
    totp.time = time() + 30 * later
    return f"{totp.token():06}"


def checked(page):
    """Check the page in both themes, wide and narrow."""
    for theme, width, found in looked_at(page, 1280, 360):
        assert not found, (page.url, theme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def sign_in(page, name, password):
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    page.locator("input[type=submit]").click()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_invited_person_finds_the_way_in_and_back(open_page, settings, inbox, javascript):
    make_person("portal_editor", PORTAL_EDITOR)
    page = open_page("/admin/", javascript=javascript)
    sign_in(page, "portal_editor", PASSWORD)
    page.goto("/admin/localympact/user/add/")
    page.fill("#id_email", "ilze@example.org")
    page.fill("#id_first_name", "Ilze")
    page.fill("#id_last_name", "Kalniņa")
    page.select_option("#id_language", "en")
    page.get_by_label("Talsi").check()
    page.locator("input[name=_save]").click()
    assert "An invitation was sent" in page.locator(".messagelist").inner_text()

    # Ilze, at her own machine
    settings.REQUIRE_2FA = True
    page = open_page(link_in(inbox.mails[0]), javascript=javascript)
    page.fill("#id_new_password1", NEW)
    page.fill("#id_new_password2", NEW)
    page.locator("input[type=submit]").click()
    page.locator("#content").get_by_role("link", name="Log in").click()
    sign_in(page, "ilze@example.org", NEW)
    page.locator("svg.qr").wait_for()
    page.locator("summary").click()
    secret = page.locator("#secret").inner_text()
    page.fill("#id_code", code_of(secret))
    page.locator("input[type=submit]").click()
    codes = page.locator(".recovery-codes li").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept the codes").click()
    assert page.url.endswith("/admin/")
    assert page.locator("#user-tools").get_by_role("link", name="My account").is_visible()

    page.locator("#logout-form button").click()
    page.get_by_role("link", name="Log in again").click()
    sign_in(page, "Ilze@Example.org", NEW)
    page.fill("#id_code", code_of(secret, later=1))
    page.locator("input[type=submit]").click()
    assert page.url.endswith("/admin/")

    page.locator("#logout-form button").click()
    page.goto("/admin/organizations/organization/")
    sign_in(page, "ilze@example.org", NEW)
    page.get_by_role("link", name="use a recovery code").click()
    page.fill("#id_code", codes[3])
    page.locator("input[type=submit]").click()
    assert page.url.endswith("/admin/organizations/organization/")
    assert "9 recovery codes are left." in page.locator(".messagelist").inner_text()


def test_pages_of_the_way_in_are_accessible(open_page, settings, inbox):
    make_person("portal_editor", PORTAL_EDITOR, email="portal@example.org")
    page = open_page("/admin/")
    checked(page)
    sign_in(page, "portal_editor", "wrong")
    checked(page)
    page.goto("/admin/password/")
    checked(page)
    page.fill("#id_email", "portal@example.org")
    page.locator("input[type=submit]").click()
    checked(page)
    for _ in range(100):
        if inbox.mails:
            break
        page.wait_for_timeout(50)
    page.goto(link_in(inbox.mails[0]))
    checked(page)
    page.fill("#id_new_password1", "short")
    page.fill("#id_new_password2", "short")
    page.locator("input[type=submit]").click()
    checked(page)
    page.goto("/admin/welcome/x/y/")
    checked(page)
    page.goto("/admin/password/set/")
    checked(page)
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    page.goto("/admin/password/")
    checked(page)

    page.goto("/admin/")
    settings.REQUIRE_2FA = True
    sign_in(page, "portal_editor", PASSWORD)
    page.locator("summary").click()
    checked(page)
    page.fill("#id_code", "1")
    page.locator("input[type=submit]").click()
    checked(page)
    page.locator("summary").click()
    page.fill("#id_code", code_of(page.locator("#secret").inner_text()))
    page.locator("input[type=submit]").click()
    checked(page)
    page.goto("/admin/account/")
    checked(page)
    page.locator("#logout-form button").click()
    checked(page)

    page.goto("/admin/")
    sign_in(page, "portal_editor", PASSWORD)
    checked(page)
    page.get_by_role("link", name="use a recovery code").click()
    checked(page)

    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 1
    page.locator(".leave button").click()
    page.goto("/admin/login/")
    open_page.complaints.clear()
    sign_in(page, "nobody", "wrong")
    assert "Try again in 30 minutes." in page.locator("#content").inner_text()
    checked(page)
    # The browser itself complains of the 429.
    open_page.complaints.clear()
