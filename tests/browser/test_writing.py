"""Writing in the admin as editors do it: tabs, two windows, an expired session."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.models import Session

from collaborations.models import Collaboration
from localympact.models import MUNICIPAL_EDITOR
from organizations.models import Municipality, Organization, TextState
from tests.browser.test_pages import STANDARDS, looked_at, violations
from tests.conftest import make_person

ENTRY = "talsu-novada-fonds"


def make_editor(name="editor", language="en"):
    talsi = Municipality.objects.get(slug="talsi")
    return make_person(name, MUNICIPAL_EDITOR, [talsi], language=language)


def sign_in(page, name="editor"):
    page.fill("#id_username", name)
    page.fill("#id_password", "a long password")
    page.click("input[type=submit]")


def address():
    entry = Organization.objects.get(slug=ENTRY)
    return f"/admin/organizations/organization/{entry.pk}/change/"


@pytest.fixture
def open_entry(open_page):
    """Open an entry of Talsi as one of its editors."""

    def open_entry(person="editor", language="en", **options):
        make_editor(person, language)
        page = open_page(address(), **options)
        sign_in(page, person)
        page.wait_for_selector("#id_name_lv")
        return page

    return open_entry


def test_tabs_say_how_each_text_stands(open_entry):
    page = open_entry()
    assert [" ".join(text.split()) for text in page.get_by_role("tab").all_inner_texts()] == [
        "Latvian Translated by machine",
        "English Original",
        "Portuguese Translated by machine",
        "Swedish Translated by machine",
        "Lithuanian Translated by machine",
        "Greek Translated by machine",
    ]
    beside = page.locator(".field-summary_lv .source-text")
    assert (
        beside.locator("[lang=en]").inner_text() == Organization.objects.get(slug=ENTRY).summary_en
    )
    field, source = page.locator("#id_summary_lv").bounding_box(), beside.bounding_box()
    assert source["x"] >= field["x"] + field["width"]
    page.set_viewport_size({"width": 360, "height": 900})
    field, source = page.locator("#id_summary_lv").bounding_box(), beside.bounding_box()
    assert source["y"] >= field["y"] + field["height"]


def test_everything_is_there_without_javascript(open_entry):
    page = open_entry(javascript=False)
    headings = page.locator("fieldset.language-tab h2").all_inner_texts()
    assert len(headings) == 6
    assert "machine" in headings[0].lower()
    page.fill("#id_summary_el", "Ίδρυμα της κοινότητας")
    page.locator("input[name=_save]").click()
    assert Organization.objects.get(slug=ENTRY).summary_el == "Ίδρυμα της κοινότητας"
    entry = Organization.objects.get(slug=ENTRY)
    assert TextState.objects.get(entry=entry.uuid, language="el").origin == "human"


def test_text_is_checked_by_a_click_and_by_no_key(open_entry):
    page = open_entry()
    entry = Organization.objects.get(slug=ENTRY)
    state = TextState.objects.get(entry=entry.uuid, language="lv")
    page.focus("#id_name_lv")
    page.keyboard.press("Enter")
    page.wait_for_url("**/organization/")
    state.refresh_from_db()
    assert state.checked_on is None
    page.goto(address())
    page.get_by_role("button", name="Save and mark as checked").click()
    page.wait_for_load_state()
    state.refresh_from_db()
    assert state.checked_on
    assert page.get_by_role("tab").first.inner_text().split() == ["Latvian", "Checked"]


def test_unsaved_work_is_not_left_without_a_question(open_entry):
    page = open_entry()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("tab", name="Swedish").click()
    page.get_by_role("link", name="Home").click()
    page.wait_for_url("**/admin/")
    assert not asked
    page.goto(address())
    page.fill("#id_summary_lv", "Fonds.")
    page.get_by_role("link", name="Home").click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.input_value("#id_summary_lv") == "Fonds."
    page.click("input[name=_save]")
    page.wait_for_url("**/organization/")
    assert asked == ["beforeunload"]


def test_expired_session_takes_no_word(open_entry):
    page = open_entry(language="lv")
    page.fill("#id_summary_lv", "Fonds.\nOtrā rinda.")
    Session.objects.all().delete()
    page.click("input[name=_save]")
    page.wait_for_selector("#id_password")
    sign_in(page)
    page.wait_for_selector("#id_summary_lv")
    assert page.input_value("#id_summary_lv") == "Fonds.\nOtrā rinda."
    assert page.locator(".messagelist .warning").count() == 1
    # It is still unsaved work.
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.locator("#id_summary_lv").click()
    page.locator(".breadcrumbs a").first.click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.click("input[name=_save]")
    page.wait_for_url("**/organization/")
    assert Organization.objects.get(slug=ENTRY).summary_lv == "Fonds.\nOtrā rinda."


def test_two_windows_do_not_overwrite_each_other(open_entry):
    first, second = open_entry("anna"), open_entry("janis")
    first.fill("#id_summary_lv", "Annas teksts.")
    first.fill("#id_phone", "+371 1")
    first.click("input[name=_save]")
    first.wait_for_url("**/organization/")
    second.fill("#id_summary_lv", "Jāņa teksts.")
    second.get_by_role("tab", name="Greek").click()
    second.fill("#id_summary_el", "Ίδρυμα.")
    second.click("input[name=_save]")
    second.wait_for_selector(".errornote")
    assert Organization.objects.get(slug=ENTRY).summary_lv == "Annas teksts."
    assert "anna changed this at" in second.locator(".errorlist.nonfield").inner_text()
    # The tab with the question is open, and says so in words.
    assert second.get_by_role("tab", selected=True).inner_text().startswith("Error: Latvian")
    assert "Annas teksts." in second.locator("#id_summary_lv_error").inner_text()
    assert second.input_value("#id_summary_lv") == "Jāņa teksts."
    assert second.input_value("#id_phone") == "+371 1"
    second.click("input[name=_save]")
    second.wait_for_url("**/organization/")
    entry = Organization.objects.get(slug=ENTRY)
    assert (entry.summary_lv, entry.summary_el) == ("Jāņa teksts.", "Ίδρυμα.")
    assert entry.phone == "+371 1"


@pytest.mark.parametrize("language", ["lv", "el"])
def test_form_is_accessible(open_entry, open_page, language):
    page = open_entry(language=language)
    page.get_by_role("tab").first.wait_for()
    for number in (0, 1):
        page.get_by_role("tab").nth(number).click()
        for theme, width, found in looked_at(page, 1280, 360):
            assert not found, (number, theme, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    # A form with a field that searches as one types.
    example = Collaboration.objects.filter(municipality__slug="talsi").first()
    page.goto(f"/admin/collaborations/collaboration/{example.pk}/change/")
    page.wait_for_selector("[role=combobox][aria-label]")
    page.evaluate(Axe().axe_script)
    # The list inside Django's widget has items that are none for the checker.
    inside = ("list", '<ul class="select2-selection__rendered">')
    assert set(violations(page, STANDARDS)) <= {inside}
    # What the checker itself tries to add to the page is refused.
    open_page.complaints.clear()
