"""Facets, views and the map as people use them: by keyboard, without JavaScript, by touch."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import looked_at
from tests.factories import make_organization, make_topic, make_town

LIST = "/en/organizations/"


def number(page):
    """Give the number of results that the list says."""
    return int(page.locator("#count").inner_text().split()[0])


def focused(page):
    """Give the id of what has the keyboard."""
    return page.evaluate("document.activeElement.id")


def box(page, facet, name):
    """Give a box of a facet and the number beside it."""
    label = page.locator(f"#facet-{facet} label.option", has_text=name)
    return label.locator("input"), int(label.locator(".count").text_content().strip("()"))


def asked(page):
    return parse_qs(urlsplit(page.url).query)


def announced(page):
    """Wait until the new list is there, and said."""
    expect(page.locator("#announcement")).to_have_text(re.compile(r"\w"))


def chosen(page, filters):
    """Wait until so many filters are at work."""
    expect(page.locator(".chosen li")).to_have_count(filters + 1)


def tab_to(page, selector, most=150):
    """Press Tab until an element has the keyboard."""
    for _ in range(most):
        if page.evaluate("one => document.activeElement.matches(one)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The keyboard never came to {selector}")


def test_facet_is_opened_and_ticked_by_keyboard_alone(open_page):
    page = open_page(LIST)
    everything = number(page)
    tick, count = box(page, "topic", "Sport and leisure")
    key = tick.get_attribute("id")
    tab_to(page, "#facet-topic > summary")
    page.keyboard.press("Enter")
    tab_to(page, f"#{key}")
    page.evaluate("window.stayed = true")
    page.keyboard.press("Space")
    page.wait_for_url("**topic=sport-and-leisure")
    announced(page)
    # List, number and address are new; the page, the open facet and the keyboard are the same.
    assert number(page) == count < everything
    assert page.locator("#results article").count() == min(count, 24)
    assert page.locator("#announcement").inner_text().strip().startswith(f"{count} organisation")
    assert focused(page) == key
    assert page.evaluate("window.stayed")
    assert page.locator("#facet-topic").get_attribute("open") is not None
    assert urlsplit(page.url).query == "topic=sport-and-leisure"
    # Another box means "or", and the keyboard goes on from where it is.
    page.keyboard.press("Tab")
    second = focused(page)
    assert second != key
    page.keyboard.press("Space")
    chosen(page, 2)
    assert focused(page) == second
    assert len(asked(page)["topic"]) == 2
    assert number(page) >= count
    # And back again, from an address that anybody can open.
    page.keyboard.press("Space")
    page.wait_for_url("**/?topic=sport-and-leisure")
    chosen(page, 1)
    assert focused(page) == second
    page.reload()
    assert number(page) == count


def test_every_number_is_that_of_the_results(open_page):
    page = open_page(f"{LIST}?municipality=talsi")
    for facet, name in (("type", "NGO"), ("municipality", "Braga"), ("topic", "Sport and leisure")):
        page.goto(f"{LIST}?municipality=talsi")
        page.evaluate(f"document.querySelector('#facet-{facet}').open = true")
        tick, count = box(page, facet, name)
        before = number(page)
        tick.check()
        page.wait_for_load_state("networkidle")
        announced(page)
        # Of another facet the number is what is left; of the same one what is added.
        assert number(page) == (before + count if facet == "municipality" else count)


def test_facets_work_without_javascript(open_page):
    page = open_page(LIST, javascript=False)
    assert not page.locator(".narrow input").first.is_visible()
    page.locator("#facet-topic > summary").click()
    tick, count = box(page, "topic", "Sport and leisure")
    tick.check()
    page.get_by_role("button", name="Show results").click()
    assert number(page) == count
    assert asked(page)["topic"] == ["sport-and-leisure"]
    plain = page.locator("#results article h3").all_inner_texts()
    # With it, the same choice gives the same list.
    scripted = open_page(LIST)
    scripted.locator("#facet-topic > summary").click()
    box(scripted, "topic", "Sport and leisure")[0].check()
    scripted.wait_for_url("**topic=sport-and-leisure")
    announced(scripted)
    assert scripted.locator("#results article h3").all_inner_texts() == plain


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_words_wait_until_they_are_sent(open_page, javascript):
    page = open_page(LIST, javascript=javascript)
    page.fill("#id_q", "fonds")
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    assert page.url.endswith(LIST)
    page.focus("#id_q")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=fonds**")
    assert "Search: fonds" in page.locator(".chosen").inner_text()
    assert asked(page) == {"q": ["fonds"]}


def test_what_is_ticked_fast_is_all_in_the_answer(open_page):
    page = open_page(LIST)
    page.evaluate(
        """() => {
            for (const slug of ["talsi", "braga", "trakai"]) {
                document.querySelector(`#facet-municipality [value=${slug}]`).click();
            }
        }"""
    )
    chosen(page, 3)
    page.wait_for_load_state("networkidle")
    assert sorted(asked(page)["municipality"]) == ["braga", "talsi", "trakai"]
    # The script notes which requests became needless; nobody is told.
    assert not page.locator("#announcement.errors").count()
    open_page.complaints.clear()


@pytest.fixture
def towns(seed):
    """More towns than a facet shows at once, with letters that are easily forgotten."""
    names = ["Αθηένου", "Λάρνακας", "Ģipka", "Ķoņi", "Ļaudona", "Ņuja", "Ærø", "Łódź", "Straße"]
    for name in names:
        make_organization(town=make_town(name))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("αθηενου", "Αθηένου"),
        ("ΛΑΡΝΑΚΑΣ", "Λάρνακας"),
        ("λαρνακασ", "Λάρνακας"),
        ("gipka", "Ģipka"),
        ("koni", "Ķoņi"),
        ("laudona", "Ļaudona"),
        ("NUJA", "Ņuja"),
        ("aero", "Ærø"),
        ("lodz", "Łódź"),
        ("strasse", "Straße"),
        ("falun", "Falun"),
        ("fálun", "Falun"),
    ],
)
def test_long_facet_is_narrowed_without_case_and_accents(open_page, towns, typed, shown):
    page = open_page("/el/organizations/")
    page.locator("#facet-town > summary").click()
    page.locator("#narrow-town").press_sequentially(typed)
    seen = page.locator("#facet-town label.option:visible")
    assert [text.rsplit(" ", 1)[0] for text in seen.all_inner_texts()] == [shown]
    assert page.url.endswith("/el/organizations/")
    expect(page.locator("#announcement")).to_have_text(re.compile(r": 1$"))


def test_narrowed_facet_stays_narrowed_and_sends_nothing_of_its_own(open_page, towns):
    page = open_page(LIST)
    page.locator("#facet-town > summary").click()
    whole = page.locator("#facet-town label.option").count()
    page.fill("#narrow-town", "a")
    page.keyboard.press("Enter")
    page.fill("#narrow-town", "falun")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_url("**/?town=falun")
    announced(page)
    assert page.input_value("#narrow-town") == "falun"
    assert page.locator("#facet-town label.option:visible").count() == 1
    page.fill("#narrow-town", "nothing like it")
    assert page.locator("#facet-town label.option:visible").count() == 0
    page.fill("#narrow-town", "")
    page.locator("#rest-town > summary").click()
    assert page.locator("#facet-town label.option:visible").count() == whole


def test_menu_of_orders_is_used_by_keyboard(open_page):
    page = open_page(f"{LIST}?topic=sport-and-leisure")
    page.focus(".menu summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator(".menu ul").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".menu ul").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    page.locator(".menu").get_by_role("link", name="Newest first").press("Enter")
    page.wait_for_url("**sort=newest")
    expect(page.locator("#count")).to_be_focused()
    assert "Newest first" in page.locator(".menu summary").inner_text()
    assert asked(page) == {"topic": ["sport-and-leisure"], "sort": ["newest"]}


def test_view_is_changed_in_place_and_stays(open_page):
    page = open_page(f"{LIST}?topic=sport-and-leisure")
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="Table", exact=True).press("Enter")
    page.wait_for_url("**view=table")
    page.wait_for_selector("table")
    assert focused(page) == "view-table"
    page.get_by_role("columnheader", name="Municipality").get_by_role("link").press("Enter")
    page.wait_for_url("**sort=municipality**")
    page.wait_for_selector("th[aria-sort=ascending]:has-text('Municipality')")
    # A filter keeps view and order.
    page.locator("#facet-municipality [value=talsi]").check()
    page.wait_for_url("**municipality=talsi**")
    chosen(page, 2)
    assert asked(page) == {
        "topic": ["sport-and-leisure"],
        "municipality": ["talsi"],
        "view": ["table"],
        "sort": ["municipality"],
    }
    assert page.evaluate("window.stayed")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_circle_of_the_map_is_reached_by_keyboard(open_page, javascript):
    page = open_page(f"{LIST}?topic=youth-work&view=map", javascript=javascript)
    page.locator(".results-map svg a").first.focus()
    circle = page.locator(".results-map svg a.pilot-talsi")
    shown = circle.locator("title").text_content()
    for _ in range(5):
        if circle.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**municipality=talsi**")
    assert asked(page) == {
        "municipality": ["talsi"],
        "topic": ["youth-work"],
        "view": ["map"],
    }
    assert shown.split(": ")[1].split()[0] == str(number(page))
    town = page.locator(".results-map svg a").first
    shown = town.locator("title").text_content()
    town.press("Enter")
    page.wait_for_url("**town=**")
    assert shown.split(": ")[1].split()[0] == str(number(page))
    # The same by the list.
    page.locator("#map-list summary").click()
    assert page.locator("#map-list [aria-current]").inner_text() == shown.split(":")[0]
    page.get_by_role("link", name="All five pilot areas").click()
    assert asked(page) == {"topic": ["youth-work"], "view": ["map"]}


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_circles_are_large_enough_for_fingers(open_page, width):
    page = open_page(f"{LIST}?view=map", width=width)
    for address in (f"{LIST}?view=map", f"{LIST}?view=map&municipality=talsi"):
        page.goto(address)
        for circle in page.locator(".results-map svg .reach").all():
            size = circle.bounding_box()
            assert min(size["width"], size["height"]) >= 24, (address, size)


def test_circle_with_the_keyboard_is_seen(open_page):
    page = open_page(f"{LIST}?view=map")
    mark = page.locator(".results-map svg a .mark").first
    before = mark.evaluate("one => getComputedStyle(one).stroke")
    page.focus("#map-list summary")
    page.keyboard.press("Shift+Tab")
    page.locator(".results-map svg a").first.focus()
    assert mark.evaluate("one => getComputedStyle(one).stroke") != before


def test_map_is_first_in_a_narrow_window_and_beside_the_list_in_a_wide_one(open_page):
    page = open_page(f"{LIST}?view=map&municipality=talsi")
    drawing, card = page.locator(".results-map").bounding_box(), page.locator("article").first
    assert card.bounding_box()["x"] >= drawing["x"] + drawing["width"]
    page.set_viewport_size({"width": 360, "height": 900})
    drawing = page.locator(".results-map").bounding_box()
    assert card.bounding_box()["y"] >= drawing["y"] + drawing["height"]


def test_table_scrolls_within_itself_by_keyboard(open_page):
    page = open_page("/el/organizations/?view=table", width=360)
    region = page.get_by_role("region")
    assert region.evaluate("one => one.scrollWidth > one.clientWidth")
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert region.evaluate("one => one.scrollLeft") > 0
    # The names stay in sight.
    name = page.locator("tbody th").first.bounding_box()
    assert name["x"] == pytest.approx(region.bounding_box()["x"], abs=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_button_of_a_narrow_window_leads_from_the_filters_to_the_results(open_page):
    page = open_page(LIST, width=360)
    page.locator("#fold > summary").click()
    button = page.locator("#show-results")
    # It is in sight, says how many there are, and covers nothing that has the keyboard.
    assert button.evaluate("one => one.getBoundingClientRect().bottom <= innerHeight")
    page.locator("#facet-municipality [value=talsi]").check()
    page.wait_for_url("**municipality=talsi")
    chosen(page, 1)
    assert f"({number(page)})" in button.inner_text()
    page.locator("#facet-municipality [value=talsi]").focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        hidden = page.evaluate(
            """() => {
                const one = document.activeElement, box = one.getBoundingClientRect();
                const bar = document.querySelector(".send").getBoundingClientRect();
                return !one.closest(".send") && box.top >= bar.top && box.bottom <= bar.bottom;
            }"""
        )
        assert not hidden
    button.click()
    expect(page.locator("#count")).to_be_focused()
    assert not page.locator("#fold").evaluate("one => one.open")
    assert page.evaluate("document.querySelector('#count').getBoundingClientRect().top >= 0")


@pytest.mark.parametrize("view", ["cards", "table", "map"])
@pytest.mark.parametrize("language", ["lv", "el"])
def test_open_facets_and_views_are_accessible(open_page, language, view):
    for n in range(12):
        make_topic(name_en=f"Topic {n}")
    page = open_page(f"/{language}/organizations/?view={view}&near=talsi&municipality=talsi")
    page.evaluate(
        "document.querySelectorAll('details:not(.menu)').forEach(one => { one.open = true })"
    )
    for theme, width, found in looked_at(page, 1280, 360):
        assert not found, (theme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_map_has_the_readers_own_colours(open_page):
    page = open_page(f"{LIST}?view=map")
    mark = page.locator(".results-map .mark").first
    own = mark.evaluate("one => getComputedStyle(one).fill")
    page.emulate_media(forced_colors="active")
    assert mark.evaluate("one => getComputedStyle(one).fill") != own
    land = page.locator(".results-map .land")
    assert mark.evaluate("one => getComputedStyle(one).fill") != land.evaluate(
        "one => getComputedStyle(one).fill"
    )


def test_table_and_map_are_printed_without_what_cannot_be_clicked(open_page, tmp_path):
    page = open_page(f"{LIST}?view=table&topic=sport-and-leisure")
    page.emulate_media(media="print")
    assert page.locator("table").is_visible()
    # What the list is stands on the paper.
    assert page.locator("#count").is_visible()
    assert page.locator(".chosen").inner_text().endswith("Topic: Sport and leisure")
    for part in ("#filters", ".views", ".menu", ".files"):
        assert not page.locator(part).is_visible(), part
    assert page.pdf(path=tmp_path / "table.pdf").startswith(b"%PDF")
    page.goto(f"{LIST}?view=map")
    assert page.locator(".results-map svg").is_visible()
    assert not page.locator("#map-list").is_visible()
