"""The pages as people use them: widths, keyboard, no JavaScript, assistive technology."""

import gzip
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from localympact.models import MUNICIPAL_EDITOR
from localympact.texts import LANGUAGES
from organizations.models import Municipality, Organization
from tests.conftest import make_person

PAGES = [
    "/",
    "/?municipality=trakai",
    "/organizations/?municipality=talsi&topic=youth-work",
    "/organizations/?topic=nonsense",
    "/organizations/?municipality=aglantzia&type=cooperative&q=choir",
    "/organizations/?view=table&q=young",
    "/organizations/?view=map&near=talsi&within=50",
    "/organizations/?view=map&municipality=dalarna",
    "/organizations/panepistimio-kyprou/",
    "/collaborations/",
    "/collaborations/young-cities/",
    "/needs/",
    "/needs/?municipality=aglantzia&view=map",
    "/needs/?municipality=aglantzia&view=table",
    "/needs/no-room-to-meet/",
    "/municipalities/",
    "/municipalities/dalarna/",
    "/search/?q=jauniesu",
    "/suggest/?kind=new",
    "/suggest/thanks/",
    "/about/",
    "/data/",
    "/data/dictionary/",
    "/privacy/",
    "/accessibility/",
]
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page, only, *, colours=True):
    """Give what axe finds on a page that has it already: [(rule, first element)].

    Contrast takes it most of its time.
    """
    options = {"runOnly": only}
    if not colours:
        options["rules"] = {"color-contrast": {"enabled": False}}
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found]


def looked_at(page, *widths):
    """Look at a page in windows of several widths; yield (theme, width, what axe finds there).

    Colours are those of the theme in any window: they are looked at in the first one, and in the
    last one in the dark, where nothing else differs.
    """
    page.evaluate(Axe().axe_script)
    page.emulate_media(color_scheme="light")
    for number, width in enumerate(widths):
        page.set_viewport_size({"width": width, "height": 900})
        yield "light", width, violations(page, STANDARDS, colours=number == 0)
    page.emulate_media(color_scheme="dark")
    # The admin's colours change slowly.
    page.wait_for_timeout(300)
    yield "dark", width, violations(page, ["color-contrast"])
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_accessible(open_page, language):
    page = open_page(f"/{language}/about/")
    # In narrow windows and in the dark only places and colours differ, alike in every language.
    thoroughly = language in ("lv", "el")
    for address in PAGES:
        page.goto(f"/{language}{address}")
        page.evaluate(Axe().axe_script)
        for width in (1280, 360) if thoroughly else (1280,):
            page.set_viewport_size({"width": width, "height": 900})
            colours = thoroughly and width == 1280
            assert not violations(page, STANDARDS, colours=colours), (address, width)


def test_colours_have_contrast_in_the_dark(open_page):
    page = open_page("/lv/about/")
    page.emulate_media(color_scheme="dark")
    for address in PAGES:
        page.goto(f"/lv{address}")
        page.evaluate(Axe().axe_script)
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert not violations(page, ["color-contrast"]), (address, width)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_never_wider_than_the_window(open_page, language):
    page = open_page(f"/{language}/about/", width=320)
    for address in PAGES:
        page.goto(f"/{language}{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address


@pytest.mark.parametrize("language", ["lv", "el"])
def test_letters_four_times_as_large_fit_the_window(open_page, language):
    page = open_page(f"/{language}/about/", width=1280)
    for address in PAGES:
        page.goto(f"/{language}{address}")
        page.evaluate("document.documentElement.style.fontSize = '400%'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, address


@pytest.mark.parametrize("address", ["/", "/organizations/", "/organizations/talsu-novada-fonds/"])
def test_keyboard_walks_through_the_page_in_the_order_in_which_it_reads(open_page, address):
    page = open_page(f"/lt{address}")
    page.evaluate("document.activeElement.blur()")
    passed = []
    for _ in range(300):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => {
                const one = document.activeElement;
                if (one === document.body) return null;
                const box = one.getBoundingClientRect();
                const all = [...document.querySelectorAll("*")];
                return [all.indexOf(one), box.width > 0 && box.height > 0];
            }"""
        )
        if here is None:
            break
        passed.append(here)
    assert len(passed) > 20
    assert passed == sorted(passed)
    assert all(visible for _, visible in passed)


def test_parts_of_a_list_have_roles_and_names(open_page):
    page = open_page("/en/organizations/?municipality=talsi")
    for role, name in (
        ("banner", None),
        ("navigation", "Main menu"),
        ("navigation", "Language"),
        ("main", None),
        ("search", "Filters"),
        ("list", "Chosen filters"),
        ("contentinfo", None),
    ):
        assert page.get_by_role(role, name=name).count() == 1, (role, name)
    assert page.get_by_role("heading", level=1).count() == 1


def test_form_with_mistakes_says_them_to_everybody(open_page):
    page = open_page("/el/suggest/?kind=new")
    page.locator("button[type=submit]").last.click()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    for name in ("name", "municipality", "message"):
        field = page.locator(f"[name={name}]")
        assert field.get_attribute("aria-invalid") == "true"
        described = field.get_attribute("aria-describedby").split()
        assert any(page.locator(f"#{one} li, #{one}.errorlist").count() for one in described)
    page.evaluate(Axe().axe_script)
    assert not violations(page, STANDARDS)


def test_field_for_programs_is_out_of_the_way_of_people(open_page):
    page = open_page("/en/suggest/")
    box = page.locator("[name=homepage]").bounding_box()
    assert box["x"] + box["width"] < 0
    page.focus("[name=email]")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "submit"


def test_list_moves_little(open_page):
    page = open_page("/en/about/")
    page.wait_for_load_state("networkidle")
    found = []
    page.on("response", lambda response: found.append(response))
    page.goto("/lv/organizations/", wait_until="networkidle")
    found = [response for response in found if response.request.resource_type != "image"]
    assert 3 <= len(found) <= 8
    assert sum(len(gzip.compress(response.body())) for response in found) < 60_000


def test_list_that_cannot_be_loaded_says_so(open_page):
    page = open_page("/en/organizations/")
    page.route("**/organizations/?*", lambda route: route.abort())
    page.fill("#id_q", "youth")
    page.locator("#show-results").click()
    page.wait_for_selector("#announcement.errors")
    assert "could not be loaded" in page.locator("#announcement").inner_text()
    assert page.input_value("#id_q") == "youth"
    open_page.complaints.clear()


def test_page_asks_no_other_host_for_anything(open_page):
    page = open_page("/en/about/")
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    for address in PAGES:
        page.goto(f"/sv{address}")
    assert hosts == {urlsplit(page.url).netloc}


def test_keyboard_comes_to_the_content_first(open_page):
    page = open_page("/lv/organizations/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


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
    assert tabs.all_inner_texts()[0].startswith("Latviešu")
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
