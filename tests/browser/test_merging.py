"""Duplicates in a real browser: asked, compared, merged; at two widths, without scripts."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from localympact.models import MUNICIPAL_EDITOR
from organizations.duplicates import DuplicatePair, note
from organizations.models import Municipality, Organization
from tests.conftest import make_person
from tests.factories import make_organization

WIDTHS = (1280, 360)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The frame of a page of the admin is Django's.
FRAME = [".breadcrumbs", "#changelist-filter", "#toolbar", "thead", "#nav-sidebar", "#header"]


@pytest.fixture
def talsi_editor(seed):
    talsi = Municipality.objects.get(slug="talsi")
    return make_person("editor", MUNICIPAL_EDITOR, [talsi], language="en")


def sign_in(page):
    page.goto("/admin/login/")
    page.fill("#id_username", "editor")
    page.fill("#id_password", "a long password")
    page.click("[type=submit]")


def violations(page):
    """Give what axe finds on a page that has it already: [(rule, first element)]."""
    found = page.evaluate(
        """([rules, frame]) => axe.run(
            {exclude: frame.filter(one => document.querySelector(one)).map(one => [one])},
            // Without reading style sheets anew: the policy of the pages forbids how axe does it.
            {runOnly: rules, preload: false},
        )""",
        [RULES, FRAME],
    )
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]]


def check(page, name):
    """See that a page is accessible, wide and narrow, and no wider than a telephone."""
    page.evaluate(Axe().axe_script)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert not violations(page), (name, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
def double(talsi_editor):
    """An organisation that is there twice."""
    stored = Organization.objects.get(slug="talsu-novada-fonds")
    double = make_organization(
        name_lv="Talsu novadu fonds",
        summary_lv="Fonds, kas atbalsta iedzīvotāju iniciatīvas Talsu novadā.",
        website="https://tnf.lv/kontakti",
        municipality=stored.municipality,
        status="draft",
    )
    note(Organization, [double.pk])
    return stored, double


@pytest.mark.parametrize("javascript", [True, False])
def test_editor_is_asked_and_says_that_they_are_different(open_page, talsi_editor, javascript):
    page = open_page("/admin/login/", javascript=javascript)
    sign_in(page)
    page.goto("/admin/organizations/organization/add/")
    page.fill("[name=name_lv]", "Talsu novads fonds")
    page.select_option("[name=municipality]", label="Talsi Municipality")
    page.select_option("[name=reach]", "local")
    page.click("input[name=_save]")
    question = page.locator(".possible-duplicates")
    assert "Talsu novada fonds" in question.inner_text()
    assert page.input_value("[name=name_lv]") == "Talsu novads fonds"
    if javascript:
        check(page, "asked")
    question.get_by_label("It is not one of these: save").check()
    page.click("input[name=_save]")
    assert Organization.objects.filter(name_lv="Talsu novads fonds").exists()
    assert (
        not DuplicatePair.objects.filter(database="organizations")
        .open()
        .exclude(reasons__contains="domain")
    )


@pytest.mark.parametrize("javascript", [True, False])
def test_editor_merges_from_the_list_of_possible_duplicates(open_page, double, javascript):
    stored, goes = double
    page = open_page("/admin/login/", javascript=javascript)
    sign_in(page)
    page.goto("/admin/organizations/duplicatepair/")
    if javascript:
        check(page, "pairs")
    page.get_by_role("link", name=re.compile("^Merge…")).click()
    if javascript:
        check(page, "merge")
    summary = page.get_by_role("group", name="Summary (Latvian)")
    if summary.count():
        summary.get_by_role("radio").last.check()
    page.get_by_role("button", name="Merge").click()
    page.wait_for_url("**/change/")
    assert "was merged into" in page.inner_text(".messagelist")
    if javascript:
        check(page, "merged")
    goes.refresh_from_db()
    assert goes.merged_into == stored
    page.goto(f"/lv/organizations/{goes.slug}/")
    assert page.url.endswith(f"/lv/organizations/{stored.slug}/")


def test_editor_searches_for_the_other_entry(open_page, double):
    stored, goes = double
    page = open_page("/admin/login/")
    sign_in(page)
    page.goto(f"/admin/organizations/organization/{stored.pk}/merge/?q=centrs")
    check(page, "choose")
    page.get_by_role("link", name="Talsu novadu fonds").click()
    assert page.locator("h1", has_text="Merge two entries into one").count()


def test_editor_confirms_with_one_click_in_the_list_and_on_the_page(open_page, double):
    _stored, goes = double
    page = open_page("/admin/login/")
    sign_in(page)
    page.goto("/admin/organizations/organization/?q=fonds")
    check(page, "list")
    page.get_by_role("button", name="Still right today: Talsu novada fonds").click()
    assert "1 entry is recorded as right today." in page.inner_text(".messagelist")
    page.goto("/en/organizations/talsu-novada-fonds/")
    check(page, "page")
    page.get_by_role("button", name="Still right today").click()
    assert "The municipality confirmed on" in page.inner_text("main")
    page.goto(f"/en/organizations/{goes.slug}/")
    assert "only editors see this page" in page.inner_text("main")
    check(page, "draft")


def test_term_is_merged(open_page, seed):
    from localympact.models import PORTAL_EDITOR
    from organizations.models import Topic

    make_person("editor", PORTAL_EDITOR, language="en")
    first, second = Topic.objects.all()[:2]
    page = open_page("/admin/login/")
    sign_in(page)
    page.goto(f"/admin/organizations/topic/{first.pk}/delete/")
    check(page, "term-in-use")
    page.goto(f"/admin/organizations/topic/{first.pk}/merge/")
    check(page, "term")
    page.select_option("[name=into]", str(second.pk))
    page.get_by_role("button", name="Merge").click()
    assert "was merged into" in page.inner_text(".messagelist")
    check(page, "terms")
    assert not Topic.objects.filter(pk=first.pk).exists()
