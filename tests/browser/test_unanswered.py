"""Searches that found nothing, answered: one click, the keyboard, axe, narrow windows."""

import pytest

from localympact.models import UnansweredSearch
from organizations.models import Topic
from tests.browser.test_desk import at_work, make_editor  # noqa: F401 - a fixture
from tests.browser.test_pages import looked_at

LIST = "/admin/localympact/unansweredsearch/"


@pytest.fixture
def searches(seed):
    """What was asked: a word near to a term, one in Greek with all filters, one that is long."""
    asked = [
        ("jaunatnei", "lv", "", ""),
        (
            "οργανωσεισ νεων",
            "el",
            "organizations",
            "municipality=talsi&topic=youth-work&verified=no",
        ),
        ("pensionarsforening-med-ett-mycket-langt-namn-som-ingen-hittar", "sv", "needs", ""),
    ]
    return [
        UnansweredSearch.objects.create(
            query=query, language=language, database=database, filters=filters, count=30 - number
        )
        for number, (query, language, database, filters) in enumerate(asked)
    ]


@pytest.mark.parametrize("language", ["en", "el"])
def test_list_and_page_are_accessible_and_fit_the_window(
    open_page,
    at_work,  # noqa: F811
    searches,
    language,
):
    page = at_work(make_editor(language=language))
    for address in (LIST, *(f"{LIST}{search.pk}/synonym/" for search in searches)):
        page.goto(address)
        for theme, width, found in looked_at(page, 1280, 360, 320):
            assert not found, (address, theme, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        # The checker itself tries inline styles when it reads the style sheets of the admin.
        open_page.complaints.clear()
        smallest = page.evaluate(
            """Math.min(...[...document.querySelectorAll(
                "#content .button, #content .object-tools a, .field-what a"
            )].map(one => one.getBoundingClientRect().height))"""
        )
        assert smallest >= 24, address


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_one_click_makes_a_synonym(at_work, searches, javascript):  # noqa: F811
    page = at_work(make_editor(), LIST, javascript=javascript)
    page.get_by_label("Make it a synonym…: jaunatnei").click()
    page.wait_for_url("**/synonym/**")
    page.fill("#id_words", "Jaunatnei")
    page.get_by_role("button", name="Youth work").click()
    page.wait_for_url(f"**{LIST}**")
    assert "is now a synonym of Youth work" in page.inner_text(".messagelist")
    assert page.locator("#result_list tbody tr").count() == 2
    assert "Jaunatnei" in Topic.objects.get(slug="youth-work").synonyms_lv.splitlines()


def test_enter_chooses_no_term(at_work, searches):  # noqa: F811
    page = at_work(make_editor(), f"{LIST}{searches[0].pk}/synonym/")
    page.press("#id_words", "Enter")
    page.wait_for_selector(".errornote")
    assert "Choose a term." in page.inner_text("#content")
    assert UnansweredSearch.objects.count() == 3


def test_search_is_set_aside_from_its_row(at_work, searches):  # noqa: F811
    page = at_work(make_editor(), f"{LIST}?language__exact=lv")
    page.get_by_role("button", name="Set aside: jaunatnei").click()
    page.wait_for_selector(".messagelist")
    assert page.url.endswith("?language__exact=lv")
    assert UnansweredSearch.objects.count() == 2
