"""Municipal editors write what their own municipality says of itself, and nothing else."""

import pytest

from localympact import history
from organizations.models import Municipality
from tests.test_admin import form_of
from tests.test_history import fresh, save
from tests.test_versions import address_of, version_url

pytestmark = pytest.mark.django_db

LIST = "/admin/organizations/municipality/"


@pytest.fixture
def act(client):
    def act(person):
        client.force_login(person)
        return client

    return act


def test_editor_lists_the_own_municipality_only(act, editor, talsi, braga):
    page = act(editor).get(LIST)
    assert list(page.context["cl"].queryset) == [talsi]
    assert "Add municipality" not in page.text


def test_editor_changes_introduction_notes_and_contact(act, editor, talsi):
    browser = act(editor)
    page = browser.get(address_of(talsi, "change"))
    written = {
        "summary_lv": "Novads pie jūras.",
        "notes_en": "A note.",
        "website": "https://talsi.example",
        "contact_email": "dome@talsi.example",
    }
    answer = browser.post(address_of(talsi, "change"), form_of(page) | written)
    assert answer.status_code == 302, answer.context["errors"]
    now = fresh(talsi)
    assert {name: getattr(now, name) for name in written} == written
    assert [version.revision.comment for version in history.versions(talsi)] == ["", "before"]


def test_form_of_an_editor_holds_own_texts_and_contact_and_shows_the_rest(act, editor, talsi):
    Municipality.objects.filter(pk=talsi.pk).update(name_lv="Talsu novads", population=35194)
    page = act(editor).get(address_of(talsi, "change"))
    names = {name.rpartition("_")[0] for name in page.context["adminform"].form.fields}
    assert names == {"summary", "notes", "minor", "contact", ""}
    assert "website" in page.context["adminform"].form.fields
    assert '<span lang="lv">Talsu novads</span> (Latvian)' in page.text
    assert "35194" in page.text
    tabs = [
        [name.rpartition("_")[0] for line in fieldset for name in line.fields]
        for fieldset in page.context["adminform"]
        if "language-tab" in fieldset.classes
    ]
    assert tabs == [["summary", "notes"]] * 6


def test_forged_values_of_other_fields_change_nothing(act, editor, stranger, talsi, braga):
    browser = act(editor)
    page = browser.get(address_of(talsi, "change"))
    before = fresh(talsi)
    forged = {
        "name_en": "Mine",
        "synonyms_lv": "mine",
        "country": "SE",
        "kind": "region",
        "language": "sv",
        "population": "1",
        "nuts3": "LV003",
        "partner": "Mine",
        "source": "https://mine.example",
        "slug": "mine",
        "editors": [stranger.pk],
    }
    answer = browser.post(address_of(talsi, "change"), form_of(page) | forged)
    assert answer.status_code == 302
    now = fresh(talsi)
    assert history.state(now) == history.state(before)
    assert (now.slug, now.uuid, list(now.editors.all())) == (before.slug, before.uuid, [editor])


def test_municipality_of_others_cannot_be_seen_or_changed(act, editor, talsi, braga):
    browser = act(editor)
    version = save(braga, summary_en="Theirs")
    for address in (
        address_of(braga, "change"),
        address_of(braga, "history"),
        version_url(braga, version),
    ):
        assert browser.get(address).headers["location"] == "/admin/"
        assert browser.post(address, {"summary_en": "Mine"}).headers["location"] == "/admin/"
    assert fresh(braga).summary_en == "Theirs"


def test_editor_adds_and_deletes_no_municipality(act, editor, talsi):
    browser = act(editor)
    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(address_of(talsi, "delete"), {"post": "yes"}).status_code == 403
    values = {"action": "delete_selected", "_selected_action": [talsi.pk], "post": "yes"}
    browser.post(LIST, values)
    assert Municipality.objects.filter(pk=talsi.pk).exists()


def test_who_edits_no_municipality_sees_none(act, editor, talsi):
    editor.municipalities.clear()
    browser = act(editor)
    assert not browser.get(LIST).context["cl"].queryset.exists()
    assert browser.get(address_of(talsi, "change")).status_code == 302


def test_restoring_leaves_what_the_editor_may_not_change(act, editor, talsi):
    version = save(talsi, name_en="Old name", population=1, summary_en="First")
    save(talsi, name_en="New name", population=2, summary_en="Second")
    browser = act(editor)
    page = browser.get(version_url(talsi, version))
    assert page.context["withheld"] == ["Name", "Residents"]
    browser.post(version_url(talsi, version))
    now = fresh(talsi)
    assert (now.name_en, now.population, now.summary_en) == ("New name", 2, "First")


def test_portal_editor_changes_every_field(act, portal_editor, stranger, talsi):
    browser = act(portal_editor)
    page = browser.get(address_of(talsi, "change"))
    values = form_of(page) | {"name_en": "New", "population": "7", "editors": [stranger.pk]}
    assert browser.post(address_of(talsi, "change"), values).status_code == 302
    now = fresh(talsi)
    assert (now.name_en, now.population, list(now.editors.all())) == ("New", 7, [stranger])
    assert browser.get(f"{LIST}add/").status_code == 200


@pytest.mark.parametrize("who", ["editor", "portal_editor"])
def test_labels_and_tabs_say_what_is_asked(act, request, talsi, who):
    page = act(request.getfixturevalue(who)).get(address_of(talsi, "change"))
    assert "[lv]" not in page.text
