"""The desk, the lists and the matrix as editors use them: widths, keyboard, no JavaScript, axe."""

import pytest

from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR
from organizations.models import Municipality, Organization, Suggestion
from tests.browser.test_pages import looked_at
from tests.conftest import make_person

OWN = ["/admin/", "/admin/organizations/organization/languages/", "/admin/needs/need/languages/"]
LIST = "/admin/organizations/organization/?todo=machine-el"


@pytest.fixture
def at_work(open_page):
    """Sign somebody in; give the page."""

    def at_work(person, address="/admin/", **options):
        page = open_page("/admin/login/", **options)
        page.fill("#id_username", person.username)
        page.fill("#id_password", "a long password")
        page.click("input[type=submit]")
        page.goto(address)
        return page

    return at_work


def make_editor(*slugs, language="en"):
    places = Municipality.objects.filter(slug__in=slugs)
    group = MUNICIPAL_EDITOR if slugs else PORTAL_EDITOR
    return make_person("worker", group, places, language=language)


@pytest.mark.parametrize("language", ["lv", "el"])
def test_desk_and_matrix_are_accessible(at_work, language):
    Suggestion.objects.create(municipality=Municipality.objects.get(slug="talsi"), message="…")
    page = at_work(make_editor("talsi", "braga", language=language))
    for address in OWN:
        page.goto(address)
        for theme, width, found in looked_at(page, 1280, 360):
            assert not found, (address, theme, width)


@pytest.mark.parametrize("language", ["lv", "el", "lt"])
def test_pages_are_never_wider_than_the_window(at_work, language):
    page = at_work(make_editor(language=language), width=320)
    for address in (*OWN, LIST):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_editor_goes_from_a_number_to_its_list_and_to_an_entry(at_work, javascript):
    page = at_work(make_editor("talsi"), javascript=javascript)
    number = page.locator("a[data-list=machine-el]").first
    count = int(number.inner_text().split()[0])
    assert count == Organization.objects.filter(municipality__slug="talsi").count()
    number.click()
    page.wait_for_selector("#result_list")
    assert page.locator("#result_list tbody tr").count() == count
    assert page.locator("#changelist-filter [aria-current]").inner_text() == "Greek"
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_url("**/change/**")


def test_editor_of_two_municipalities_chooses_one(at_work):
    page = at_work(make_editor("talsi", "braga"))
    number = "a[data-list=never-verified]"
    both = int(page.locator(number).first.inner_text().split()[0])
    page.get_by_role("navigation", name="Municipality").get_by_role("link", name="Braga").click()
    page.wait_for_url("**/?municipality=braga")
    assert 0 < int(page.locator(number).first.inner_text().split()[0]) < both
    page.locator(number).first.click()
    page.wait_for_url("**municipality__id__exact=*")


def test_keyboard_reaches_every_number_and_scrolls_the_matrix(at_work):
    page = at_work(make_editor("talsi"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content-start"
    passed = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "document.activeElement.dataset.list && document.activeElement.href || ''"
        )
        passed.add(name)
        if page.evaluate("document.activeElement === document.body"):
            break
    wanted = page.evaluate("[...document.querySelectorAll('a[data-list]')].map(one => one.href)")
    assert wanted
    assert passed >= set(wanted)
    page.set_viewport_size({"width": 360, "height": 900})
    page.goto(OWN[1])
    box = page.get_by_role("region", name="Texts in six languages")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('.matrix-box').scrollLeft") > 0


def test_head_of_the_matrix_stays_while_its_rows_move(at_work):
    page = at_work(make_editor("talsi"), OWN[1])
    head = page.locator(".matrix-table thead th").first
    before = head.bounding_box()["y"]
    page.evaluate("document.querySelector('.matrix-box').scrollTop = 300")
    assert page.evaluate("document.querySelector('.matrix-box').scrollTop") == 300
    assert abs(head.bounding_box()["y"] - before) < 2


def test_numbers_and_cells_are_large_enough_to_be_hit(at_work):
    page = at_work(make_editor("talsi"))
    for address, links in ((OWN[0], "a[data-list]"), (OWN[1], ".matrix-table td a")):
        page.goto(address)
        boxes = page.evaluate(
            f"""[...document.querySelectorAll("{links}")].map(one => {{
                const box = one.getBoundingClientRect();
                return Math.min(box.width, box.height);
            }})"""
        )
        assert min(boxes) >= 24, address
