"""History, restoring and forms as editors meet them: widths, light and dark, by all senses."""

import io
from urllib.parse import urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from localympact import history
from localympact.models import MUNICIPAL_EDITOR
from organizations.models import Municipality, Organization
from tests.browser.test_pages import STANDARDS, violations
from tests.conftest import make_person
from tests.factories import make_need
from tests.test_history import save


def sign_in(page, person):
    """Give the browser the session of a person."""
    client = Client()
    client.force_login(person)
    name = django_settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": urljoin(page.url, "/")}
    page.context.add_cookies([cookie])


@pytest.fixture
def talsi_editor(seed):
    talsi = Municipality.objects.get(slug="talsi")
    return make_person("editor", MUNICIPAL_EDITOR, [talsi], language="en")


@pytest.fixture
def entry(talsi_editor):
    """An organisation with a logo and a history."""
    entry = Organization.objects.get(slug="talsu-novada-fonds")
    written = io.BytesIO()
    Image.new("RGB", (400, 200), "teal").save(written, "PNG")
    save(entry, languages=["lv"])
    entry.logo_text_lv = "Zila bura"
    entry.logo.save("logo.png", ContentFile(written.getvalue()), save=False)
    save(entry, languages=["lv", "en"], seeks_partners=True)
    summary = entry.summary_lv.split()
    save(entry, summary_lv=" ".join([*summary[:3], "jaunie", *summary[4:]]), founded=2013)
    return entry


def shown_well(page, address):
    """Open a page in both widths; fail where it is wider than the window."""
    page.emulate_media(color_scheme="light")
    page.goto(address)
    page.evaluate(Axe().axe_script)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (address, width, wide)
        yield width


def test_history_and_versions_are_accessible(open_page, talsi_editor, entry):
    page = open_page("/en/about/")
    sign_in(page, talsi_editor)
    oldest = history.versions(entry).last()
    for parts in (["history"], ["history", oldest.pk]):
        for width in shown_well(page, entry_address(entry, *parts)):
            assert not violations(page, STANDARDS), (parts, width)
        page.emulate_media(color_scheme="dark")
        # The admin lets colours pass over slowly.
        page.wait_for_timeout(300)
        assert not violations(page, ["color-contrast"]), (parts, "dark")


def test_boxes_of_the_forms_are_accessible_and_fit(open_page, talsi_editor, entry):
    page = open_page("/en/about/")
    sign_in(page, talsi_editor)
    need = make_need(municipality=entry.municipality)
    for address, group in (
        (entry_address(entry, "change"), "Languages"),
        (f"/admin/needs/need/{need.pk}/change/", "Countries"),
        (f"/admin/organizations/municipality/{entry.municipality.pk}/change/", None),
    ):
        for width in shown_well(page, address):
            if group:
                # Without loading style sheets again, which the security policy refuses to axe.
                found = page.evaluate("axe.run('.boxes', {preload: false})")["violations"]
                assert not [rule["id"] for rule in found], (address, width)
                box = page.get_by_role("group", name=group).get_by_role("checkbox").first
                assert box.locator("xpath=..").bounding_box()["height"] >= 24


def test_editor_finds_and_restores_an_old_version(open_page, talsi_editor, entry):
    page = open_page("/en/about/", javascript=False)
    sign_in(page, talsi_editor)
    page.goto(entry_address(entry, "change"))
    page.get_by_role("link", name="History").click()
    assert page.locator(".side[lang=lv] ins").first.inner_text().strip() == "jaunie"
    page.get_by_role("link", name="Compare with now or restore").last.click()
    page.get_by_role("button", name="Restore this version").click()
    assert "is again as it was in the version of" in page.locator(".messagelist").inner_text()
    entry.refresh_from_db()
    assert (entry.languages, entry.seeks_partners, entry.logo.name) == (["lv"], False, "")


def entry_address(entry, *parts):
    return "/".join(["/admin/organizations/organization", str(entry.pk), *map(str, parts), ""])
