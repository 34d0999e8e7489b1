"""The real page of an entry before it is public, and the bar of its editors."""

import re

import pytest
from django.contrib.sessions.models import Session

from localympact.sites import PortalAdminSite
from tests.factories import make_need

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(client):
    def act(person):
        client.force_login(person)
        return client

    return act


def address(entry):
    return f"/en/{entry._meta.app_label}/{entry.slug}/"


@pytest.fixture(params=["draft", "archived"])
def hidden(request, make):
    """An entry that the public does not see."""
    return make(name_en="Choir", status=request.param)


def test_editor_sees_the_page_before_it_is_public(act, editor, hidden):
    page = act(editor).get(address(hidden))
    assert page.status_code == 200
    assert "<h1>Choir</h1>" in page.text
    assert f"{hidden.get_status_display()}: only editors see this page" in page.text
    assert '<meta name="robots" content="noindex">' in page.text
    assert "og:title" not in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_permanent_address_leads_editors_to_the_preview(act, editor, hidden):
    page = act(editor).get(f"/id/{hidden.uuid}", follow=True)
    assert page.context["entry"] == hidden


def status_for_others(entry):
    return {"draft": 404, "archived": 410}[entry.status]


@pytest.mark.parametrize("who", ["nobody", "stranger", "braga_editor"])
def test_nobody_else_sees_it(act, client, request, hidden, who):
    if who != "nobody":
        act(request.getfixturevalue(who))
    page = client.get(address(hidden))
    assert page.status_code == status_for_others(hidden)
    assert "<h1>Choir</h1>" not in page.text
    if hidden.status == "draft":
        assert client.get(f"/id/{hidden.uuid}").status_code == 404


def test_editor_without_the_second_factor_sees_no_preview(act, editor, hidden, monkeypatch):
    monkeypatch.setattr(PortalAdminSite, "has_permission", lambda self, request: False)
    browser = act(editor)
    assert browser.get(address(hidden)).status_code == status_for_others(hidden)


def test_editor_who_lost_access_sees_no_preview(act, editor, hidden):
    browser = act(editor)
    type(editor).objects.filter(pk=editor.pk).update(is_staff=False)
    assert browser.get(address(hidden)).status_code == status_for_others(hidden)


def test_municipal_editor_sees_no_draft_of_all_pilots(act, editor, portal_editor):
    need = make_need(level="all", status="draft")
    assert act(editor).get(address(need)).status_code == 404
    assert act(portal_editor).get(address(need)).status_code == 200


def test_published_page_has_a_bar_for_its_editors_only(act, client, editor, braga_editor, make):
    entry = make()
    for person in (None, braga_editor):
        if person:
            act(person)
        assert "edit-bar" not in client.get(address(entry)).text
    page = act(editor).get(address(entry))
    assert "edit-bar" in page.text
    assert "only editors see this page" not in page.text
    assert "X-Robots-Tag" not in page.headers


def test_editor_confirms_from_the_public_page_and_returns_to_it(act, editor, make):
    entry = make()
    browser = act(editor)
    (target,) = re.findall(
        r'action="(/admin/[^"]*still-right[^"]*)"', browser.get(address(entry)).text
    )
    page = browser.post(target, follow=True)
    assert page.redirect_chain == [(address(entry), 302)]
    assert "1 entry is recorded as right today." in page.text
    assert "The municipality confirmed on" in page.text


def test_draft_is_not_confirmed_from_its_page(act, editor, make):
    assert "still-right" not in act(editor).get(address(make(status="draft"))).text


def test_visitors_pages_set_and_read_no_session(
    client, make, hidden, django_assert_max_num_queries
):
    public = make()
    for entry in (public, hidden):
        page = client.get(address(entry))
        assert not page.cookies
    assert not Session.objects.exists()
    with django_assert_max_num_queries(2):
        client.get(address(hidden))
