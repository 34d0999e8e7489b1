"""The forms of editors: help at each field, boxes instead of keys to hold, who confirms."""

import re

import pytest
from django.contrib import admin

from organizations.asking import Boxes
from organizations.models import Organization
from tests.factories import make_organization, make_topic
from tests.test_admin import admin_url, form_of

pytestmark = pytest.mark.django_db

# Their label says all that there is to say.
PLAIN = {
    *("area", "country", "kind", "lau", "lau_source", "municipality", "name", "nuts3_name"),
    *("nuts3_source", "partner", "population", "population_year", "street"),
}


@pytest.fixture
def act(client):
    def act(person):
        client.force_login(person)
        return client

    return act


def test_every_field_that_editors_fill_in_is_explained(rf, superuser):
    request = rf.get("/")
    request.user = superuser
    request.resolver_match = type("Match", (), {"kwargs": {}})
    for model, model_admin in admin.site._registry.items():
        if not getattr(model, "keeps_versions", False):
            continue
        form = model_admin.get_form(request)()
        unexplained = {
            re.sub("_(lv|en|pt|sv|lt|el)$", "", name)
            for name, field in form.fields.items()
            if not field.help_text
        }
        assert unexplained <= PLAIN, model


def test_topics_languages_and_countries_are_boxes_with_a_name(act, editor, app, make, talsi):
    topic = make_topic()
    page = act(editor).get(admin_url(app, make(topics=[topic]).pk, "change"))
    assert f'name="topics" value="{topic.pk}"' in page.text
    assert '<div class="boxes" role="group" aria-label="Topics">' in page.text
    fields = page.context["adminform"].form.fields
    for name in {"topics", "audiences", "languages", "countries"} & fields.keys():
        widget = fields[name].widget
        assert isinstance(getattr(widget, "widget", widget), Boxes), name


def test_countries_of_the_pilot_areas_come_first(act, editor, talsi, braga):
    page = act(editor).get(admin_url("needs", "add"))
    (first, pilots), (_second, others) = page.context["adminform"].form.fields["countries"].choices
    assert (first, [code for code, _name in pilots]) == (
        "Countries of the pilot areas",
        ["LV", "PT"],
    )
    assert len(others) > 200
    assert not {"LV", "PT"} & {code for code, _name in others}


def choices(page):
    return [code for code, _name in page.context["adminform"].form.fields["verified_by"].choices]


def test_only_portal_editors_confirm_in_the_portals_name(
    act, editor, portal_editor, app, make, talsi
):
    entry = make()
    address = admin_url(app, entry.pk, "change")
    page = act(editor).get(address)
    assert choices(page) == ["", "organisation", "municipality"]
    forged = form_of(page) | {"verified_on": "2026-01-02", "verified_by": "portal"}
    answer = act(editor).post(address, forged)
    assert answer.context["adminform"].form.errors["verified_by"]
    assert "portal" in choices(act(portal_editor).get(address))
    assert act(portal_editor).post(address, forged).status_code == 302


def test_what_the_portal_confirmed_stays_so_but_not_for_another_day(act, editor, talsi):
    entry = make_organization(verified_on="2026-01-02", verified_by="portal")
    address = admin_url("organizations", entry.pk, "change")
    browser = act(editor)
    values = form_of(browser.get(address))
    assert browser.post(address, values | {"name_lv": "Koris"}).status_code == 302
    entry.refresh_from_db()
    assert (entry.name_lv, entry.verified_by) == ("Koris", "portal")
    values = form_of(browser.get(address))
    answer = browser.post(address, values | {"verified_on": "2026-02-03"})
    assert "Say who confirmed it on that day" in answer.text
    later = {"verified_on": "2026-02-03", "verified_by": "municipality"}
    assert browser.post(address, values | later).status_code == 302
    assert Organization.objects.get().verified_by == "municipality"
