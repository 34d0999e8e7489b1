"""The field of a search while somebody types: by keyboard, by pointer, with a screen reader."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import looked_at

# The field on each kind of page that has it.
FIELDS = {"/lv/": "#search-all", "/lv/search/": "#search-all", "/lv/organizations/": "#id_q"}


def type_in(page, field, text):
    """Type and wait until the list is there; give it."""
    page.locator(field).press_sequentially(text)
    listbox = page.get_by_role("listbox")
    expect(listbox).to_be_visible()
    return listbox


def options(page):
    """The options of the list; filters have others."""
    return page.locator(".completions [role=option]")


def active(page, field):
    """Give the option that the field says is the active one."""
    key = page.locator(field).get_attribute("aria-activedescendant")
    return page.locator(f"#{key}") if key else None


@pytest.mark.parametrize(("address", "field"), FIELDS.items())
def test_arrow_and_enter_lead_to_the_page(open_page, address, field):
    page = open_page(address)
    type_in(page, field, "talsu nov")
    page.keyboard.press("ArrowDown")
    option = active(page, field)
    assert option.get_attribute("aria-selected") == "true"
    href, name = option.get_attribute("href"), option.locator(".name").inner_text()
    assert page.evaluate("document.activeElement.id") == field.lstrip("#")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{href}")
    expect(page.locator("h1")).to_contain_text(name)


@pytest.mark.parametrize(("address", "field"), FIELDS.items())
def test_field_says_what_a_combobox_must(open_page, address, field):
    page = open_page(address)
    box = page.locator(field)
    expect(box).to_have_role("combobox")
    assert box.get_attribute("aria-expanded") == "false"
    assert box.get_attribute("aria-controls") is None
    listbox = type_in(page, field, "jauniešu")
    assert box.get_attribute("aria-expanded") == "true"
    assert box.get_attribute("aria-controls") == listbox.get_attribute("id")
    number = options(page).count()
    expect(page.locator(".completing [role=status]")).to_have_text(re.compile(rf"^{number} "))
    assert listbox.get_by_role("group").count() >= 2
    page.keyboard.press("ArrowDown")
    for theme, width, found in looked_at(page, 1280, 360):
        assert listbox.is_visible()
        assert not found, (theme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_keys_move_through_the_list_and_back_to_the_field(open_page):
    page = open_page("/lv/search/")
    field = "#search-all"
    type_in(page, field, "jauniešu")
    keys = [one.get_attribute("id") for one in options(page).all()]

    def now():
        option = active(page, field)
        return option and option.get_attribute("id")

    assert now() is None
    page.keyboard.press("ArrowUp")
    assert now() == keys[-1]
    page.keyboard.press("ArrowDown")
    assert now() is None
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert now() == keys[1]
    page.keyboard.press("End")
    assert now() == keys[-1]
    page.keyboard.press("Home")
    assert now() == keys[0]
    page.keyboard.press("ArrowUp")
    assert now() is None
    # In the field itself the keys are those of any field.
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.selectionStart") == 0
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert now() is None
    # One option at most is selected.
    assert page.locator("[aria-selected=true]").count() == 0


def test_escape_closes_the_list_and_then_clears_the_field(open_page):
    page = open_page("/lv/search/")
    field = page.locator("#search-all")
    listbox = type_in(page, "#search-all", "jauniešu")
    page.keyboard.press("Escape")
    expect(listbox).to_be_hidden()
    assert field.input_value() == "jauniešu"
    assert field.get_attribute("aria-expanded") == "false"
    # It comes again by an arrow.
    page.keyboard.press("ArrowDown")
    expect(listbox).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert field.input_value() == ""
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_list_of_words_that_stand_there_already_is_opened_by_an_arrow(open_page):
    page = open_page("/lv/search/?q=jauniešu")
    page.focus("#search-all")
    expect(page.get_by_role("listbox")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox")).to_be_visible()


def test_enter_without_a_choice_sends_the_words(open_page):
    page = open_page("/lv/")
    type_in(page, "#search-all", "jauniešu")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lv/search/?q=jaunie%C5%A1u")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_words_are_sent_before_the_list_comes(open_page):
    page = open_page("/lv/organizations/")
    page.locator("#id_q").press_sequentially("jauniešu")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=jaunie**")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)
    expect(page.get_by_role("listbox")).to_have_count(0)
    assert page.url.endswith("/lv/organizations/?q=jaunie%C5%A1u")


def test_field_of_a_list_that_was_replaced_still_offers_something(open_page):
    page = open_page("/lv/organizations/")
    page.evaluate("window.stayed = true")
    page.locator("#facet-municipality [value=talsi]").check()
    page.wait_for_url("**municipality=talsi")
    expect(page.locator(".chosen li")).to_have_count(2)
    type_in(page, "#id_q", "jauniešu")
    page.keyboard.press("ArrowDown")
    assert active(page, "#id_q").is_visible()
    assert page.evaluate("window.stayed")
    assert page.url.endswith("?municipality=talsi")


def test_tab_and_a_press_elsewhere_close_the_list(open_page):
    page = open_page("/lv/search/")
    listbox = type_in(page, "#search-all", "jauniešu")
    page.keyboard.press("Tab")
    expect(listbox).to_be_hidden()
    assert page.evaluate("document.activeElement.type") == "submit"
    page.fill("#search-all", "")
    listbox = type_in(page, "#search-all", "talsu")
    page.locator("h1").click()
    expect(listbox).to_be_hidden()


def test_option_is_pressed_like_a_link(open_page):
    page = open_page("/lv/", width=360)
    type_in(page, "#search-all", "talsu")
    option = options(page).first
    assert option.bounding_box()["height"] >= 24
    href = option.get_attribute("href")
    option.click()
    page.wait_for_url(f"**{href}")
    page.go_back()
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_one_letter_asks_nothing(open_page):
    page = open_page("/lv/search/")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#search-all").press_sequentially("j")
    page.wait_for_timeout(400)
    assert not [address for address in asked if "suggestions" in address]
    type_in(page, "#search-all", "au")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_list_that_cannot_be_loaded_is_not_there(open_page):
    page = open_page("/lv/organizations/")
    page.route("**/suggestions/**", lambda route: route.abort())
    page.locator("#id_q").press_sequentially("jauniešu")
    page.wait_for_timeout(500)
    expect(page.get_by_role("listbox")).to_have_count(0)
    # It is no matter of the list of results either.
    assert page.locator("#announcement").inner_text() == ""
    open_page.complaints.clear()


@pytest.mark.parametrize(("address", "field"), FIELDS.items())
def test_without_javascript_the_field_is_a_field(open_page, address, field):
    page = open_page(address, javascript=False)
    box = page.locator(field)
    assert box.get_attribute("role") is None
    assert box.get_attribute("aria-expanded") is None
    assert not page.locator(".completions").is_visible()
    box.fill("jauniešu")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=jaunie**")
    assert page.locator("article").count()
