"""The pages as people use them: widths, keyboard, no JavaScript, assistive technology."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from localympact.models import MUNICIPAL_EDITOR
from organizations.models import Municipality, Organization
from tests.conftest import make_person

PAGES = [
    "/",
    "/organizations/?municipality=talsi&topic=youth-work",
    "/organizations/?topic=nonsense",
    "/organizations/panepistimio-kyprou/",
    "/collaborations/",
    "/collaborations/young-cities/",
    "/needs/",
    "/needs/no-room-to-meet/",
    "/municipalities/",
    "/municipalities/aglantzia/",
    "/search/?q=jauniesu",
    "/about/",
    "/no-such-page/",
]
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("language", ["lv", "el"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_are_accessible_and_never_wider_than_the_window(open_page, language, width):
    page = open_page(f"/{language}/about/", width=width)
    for address in PAGES:
        if "no-such" in address:
            continue
        page.goto(f"/{language}{address}")
        found = Axe().run(page, options={"runOnly": STANDARDS}).response["violations"]
        assert not [(rule["id"], rule["nodes"][0]["html"]) for rule in found], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_keyboard_comes_to_the_content_first(open_page):
    page = open_page("/lv/organizations/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("javascript", [True, False])
def test_visitor_finds_an_organisation_near_home(open_page, javascript):
    page = open_page("/lv/", javascript=javascript)
    page.get_by_role("link", name="Talsu novads").first.click()
    page.get_by_role("link", name="Visas šīs vietas organizācijas").click()
    page.locator("summary", has_text="Tēma").click()
    page.get_by_label("Sports un brīvais laiks").check()
    page.get_by_role("button", name="Rādīt rezultātus").click()
    assert "topic=sport-and-leisure" in page.url
    assert "municipality=talsi" in page.url
    page.get_by_role("link", name="Kolkas jauniešu grupa").click()
    assert page.locator("h1").inner_text() == 'Kolkas jauniešu grupa ("Kolka Cool")'


def test_visitor_changes_language_and_finds_it_again(open_page):
    page = open_page("/en/organizations/?q=talsu")
    page.get_by_role("link", name="Ελληνικά").click()
    assert page.url.endswith("/el/organizations/?q=talsu")
    page.goto("/")
    assert page.url.endswith("/el/")


def test_visitor_takes_away_the_list_as_a_file(open_page):
    page = open_page("/sv/organizations/?municipality=dalarna&type=social-enterprise")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    shown = Organization.objects.filter(
        municipality__slug="dalarna", type__slug="social-enterprise"
    )
    assert len(lines) == 1 + shown.count()


def test_editor_writes_in_language_tabs(open_page):
    talsi = Municipality.objects.get(slug="talsi")
    make_person("editor", MUNICIPAL_EDITOR, [talsi], language="lv")
    page = open_page("/admin/")
    page.fill("#id_username", "editor")
    page.fill("#id_password", "a long password")
    page.click("input[type=submit]")
    entry = Organization.objects.get(slug="talsu-novada-fonds")
    page.goto(f"/admin/organizations/organization/{entry.pk}/change/")
    tabs = page.get_by_role("tab")
    assert tabs.all_inner_texts()[0] == "Latviešu"
    assert page.locator("#id_name_lv").is_visible()
    assert not page.locator("#id_name_el").is_visible()
    tabs.first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.locator("#id_summary_el").is_visible()
    page.fill("#id_summary_el", "Ίδρυμα της κοινότητας")
    page.click("input[name=_save]")
    entry.refresh_from_db()
    assert entry.summary_el == "Ίδρυμα της κοινότητας"


def test_tab_with_a_mistake_is_opened(open_page):
    talsi = Municipality.objects.get(slug="talsi")
    make_person("editor", MUNICIPAL_EDITOR, [talsi], language="en")
    page = open_page("/admin/organizations/organization/add/")
    page.fill("#id_username", "editor")
    page.fill("#id_password", "a long password")
    page.click("input[type=submit]")
    page.get_by_role("tab", name="Swedish").click()
    page.evaluate("document.querySelector('#id_name_sv').removeAttribute('maxlength')")
    page.fill("#id_name_sv", "å" * 251)
    page.click("input[name=_save]")
    assert page.get_by_role("tab", name="Swedish").get_attribute("aria-selected") == "true"
    assert page.locator("#id_name_sv").input_value() == "å" * 251
