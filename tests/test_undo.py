"""An import is undone: what nobody has touched since is as it was before."""

import datetime
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from reversion.models import Version

from localympact import undoing
from localympact.history import UNDO, keep_before, state, versions
from localympact.models import ImportedFile
from organizations.models import Organization, Suggestion, TextState
from tests.factories import (
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
)
from tests.test_importing import (
    FILES,
    act,  # noqa: F401 - a fixture
    bring,
    exported,
    new_row,
    press,
    shown,
    written,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def imported(act, editor, talsi):  # noqa: F811
    """Import rows as an editor of Talsi; give the browser and the file."""

    def imported(app, rows):
        browser = act(editor)
        file = bring(browser, app, written(rows))
        assert file.report["wrong"] == []
        _text, file = press(browser, file, "import")
        assert file.state == "imported"
        return browser, file

    return imported


def undo(browser, file):
    """Look at what undoing would do, and do it; give the numbers of both."""
    page = browser.get(f"{FILES}{file.pk}/undo/")
    foretold = page.context["counts"]
    _text, file = press(browser, file, "undo")
    assert file.state == "undone"
    assert file.report["undo"]["counts"] == foretold
    return foretold, file


def test_undone_import_leaves_no_trace_in_the_entries(act, editor, app, make, talsi, imported):  # noqa: F811
    topic = make_topic(slug="music")
    entry = make(name_lv="Koris", summary_lv="Dzied.", topics=[topic])
    before, row = state(entry), exported(act(editor), app)[0]
    changed = row | {"name_lv": "Orķestris", "summary_lv": "", "topics": "", "status": "archived"}
    browser, file = imported(app, [changed, new_row(app, topics="music")])
    entry.refresh_from_db()
    assert (entry.name_lv, entry.status, entry.topics.count()) == ("Orķestris", "archived", 0)

    counts, file = undo(browser, file)
    assert counts == {"back": 1, "deleted": 1}
    entry.refresh_from_db()
    assert state(entry) == before
    assert list(type(entry).objects.all()) == [entry]
    assert entry in type(entry).objects.search("koris")
    newest = versions(entry)[0]
    assert (newest.revision.comment, newest.revision.user) == (UNDO, editor)
    page = shown(browser, file)
    assert "Undone on" in page
    assert "Undo this import" not in page
    assert [line.change_message for line in LogEntry.objects.order_by("pk")] == [
        "Imported",
        "Undone",
    ]


def test_nothing_happens_before_it_is_confirmed(imported):
    browser, file = imported("organizations", [new_row("organizations")])
    page = browser.get(f"{FILES}{file.pk}/undo/")
    assert "1 entry that the import created is deleted." in page.text
    assert Organization.objects.count() == 1
    file.refresh_from_db()
    assert file.state == "imported"


def test_entries_edited_since_are_named_and_left(app, make, imported, talsi):
    first, second = make(name_lv="Koris"), make(name_lv="Ansamblis")
    rows = [
        {"id": str(entry.uuid), "website" if app != "needs" else "source": "https://new.example/"}
        for entry in (first, second)
    ]
    browser, file = imported(app, rows)
    type(first).objects.filter(pk=first.pk).update(summary_lt="Choras")
    page = browser.get(f"{FILES}{file.pk}/undo/").text
    assert "Koris" in page
    assert f"/{first.pk}/change/" in page
    assert "changed since the import" in page
    assert "Ansamblis" not in page
    counts, file = undo(browser, file)
    assert counts == {"back": 1, "left": 1}
    assert file.report["undo"]["left"] == [[first.pk, "Koris", "changed since the import"]]
    name = "source" if app == "needs" else "website"
    first.refresh_from_db()
    second.refresh_from_db()
    assert (getattr(first, name), first.summary_lt) == ("https://new.example/", "Choras")
    assert getattr(second, name) == ""
    assert f"/{first.pk}/change/" in shown(browser, file, show="left")


def test_created_entry_that_was_edited_since_stays(imported, app):
    browser, file = imported(app, [new_row(app)])
    model = versions_model(file)
    model.objects.update(status="published")
    counts, _file = undo(browser, file)
    assert counts == {"left": 1}
    assert model.objects.count() == 1


def versions_model(file):
    return Version.objects.filter(revision__importrevision__file=file)[0]._model


@pytest.mark.parametrize("kind", ["collaboration", "merged", "suggestion"])
def test_created_entry_to_which_something_refers_stays(imported, kind, talsi):
    browser, file = imported("organizations", [new_row("organizations")])
    entry = Organization.objects.get()
    if kind == "collaboration":
        make_collaboration(organizations=[entry])
    elif kind == "merged":
        make_organization(merged_into=entry)
    else:
        Suggestion.objects.create(entry=entry.uuid, message="Wrong", municipality=talsi)
    counts, file = undo(browser, file)
    assert counts == {"left": 1}
    assert file.report["undo"]["left"][0][2] == "something else refers to it"
    assert Organization.objects.filter(pk=entry.pk).exists()


def test_created_collaboration_that_a_need_names_stays(imported):
    browser, file = imported("collaborations", [new_row("collaborations")])
    (entry,) = versions_model(file).objects.all()
    make_need(collaborations=[entry])
    assert undo(browser, file)[0] == {"left": 1}


def test_entry_that_belongs_to_others_by_now_is_left_and_tells_nothing(imported, app, make, braga):
    entry = make(name_lv="Koris")
    row = {"id": str(entry.uuid), "source": "https://new.example/"}
    browser, file = imported(app, [row])
    type(entry).objects.filter(pk=entry.pk).update(municipality=braga, name_lv="Noslēpums")
    page = browser.get(f"{FILES}{file.pk}/undo/").text
    assert "Noslēpums" not in page
    counts, file = undo(browser, file)
    assert counts == {"left": 1}
    assert file.report["undo"]["left"] == [[None, "Koris", "belongs to Braga"]]
    entry.refresh_from_db()
    assert entry.source == "https://new.example/"


def test_entry_that_was_deleted_since_is_left_out(imported, app):
    browser, file = imported(app, [new_row(app)])
    versions_model(file).objects.all().delete()
    counts, file = undo(browser, file)
    assert counts == {"left": 1}
    assert file.report["undo"]["left"] == [[None, "Jauns", "no longer there"]]


def test_texts_of_deleted_entries_are_forgotten_and_the_machines_are_again(imported, talsi):
    entry = make_organization(name_lv="Koris", summary_lv="Dzied.")
    machine = {"source_language": "en", "source_digest": "0" * 32, "origin": "machine"}
    TextState.objects.create(entry=entry.uuid, language="lv", **machine)
    checked = {"language": "el", "checked_on": datetime.date(2026, 1, 2)}
    TextState.objects.create(entry=entry.uuid, **(machine | checked))
    before = set(TextState.objects.values_list("entry", "language", "origin", "checked_on"))
    row = {"id": str(entry.uuid), "municipality": "talsi", "reach": "local", "name_lv": "Koris"}
    rows = [row | {"summary_lv": "Koris dzied."}, new_row("organizations")]
    browser, file = imported("organizations", rows)
    created = Organization.objects.get(name_lv="Jauns")
    TextState.objects.create(entry=created.uuid, language="lv", origin="original")
    assert TextState.objects.get(entry=entry.uuid, language="lv").origin == "human"
    undo(browser, file)
    after = set(TextState.objects.values_list("entry", "language", "origin", "checked_on"))
    assert after == before


def test_what_was_kept_before_comes_back_and_not_something_older(imported, talsi):
    entry = make_organization(name_lv="Pirmais")
    keep_before(Organization, [entry.pk])
    # Changed without a revision, as a shell does it.
    Organization.objects.filter(pk=entry.pk).update(name_lv="Otrais")
    browser, file = imported("organizations", [{"id": str(entry.uuid), "name_lv": "Trešais"}])
    undo(browser, file)
    assert Organization.objects.get().name_lv == "Otrais"


def test_two_imports_are_undone_the_last_one_first(imported, talsi):
    entry = make_organization(name_lv="Pirmais")
    key = {"id": str(entry.uuid)}
    browser, first = imported("organizations", [key | {"name_lv": "Otrais"}])
    _browser, second = imported("organizations", [key | {"name_lv": "Trešais"}])
    assert browser.get(f"{FILES}{first.pk}/undo/").context["counts"] == {"left": 1}
    undo(browser, second)
    assert Organization.objects.get().name_lv == "Otrais"
    undo(browser, first)
    assert Organization.objects.get().name_lv == "Pirmais"


def test_state_that_the_rules_no_longer_allow_is_left(imported, talsi):
    entry = make_organization(name_lv="Koris")
    Organization.objects.filter(pk=entry.pk).update(website="nonsense")
    row = {"id": str(entry.uuid), "website": "https://new.example/"}
    browser, file = imported("organizations", [row])
    _text, file = press(browser, file, "undo")
    assert file.report["undo"]["counts"] == {"left": 1}
    assert "Enter a valid URL." in file.report["undo"]["left"][0][2]
    entry.refresh_from_db()
    assert entry.website == "https://new.example/"


def test_import_is_undone_once(imported):
    browser, file = imported("organizations", [new_row("organizations")])
    undo(browser, file)
    assert browser.get(f"{FILES}{file.pk}/undo/").status_code == 302
    _text, file = press(browser, file, "undo")
    # Whoever pressed the button at the same moment comes in after it is done.
    assert list(undoing.undo(file.pk, file.person)) == []
    assert LogEntry.objects.count() == 2


def test_editor_undoes_only_own_imports(imported, act, braga_editor, portal_editor):  # noqa: F811
    _browser, file = imported("organizations", [new_row("organizations")])
    for method in ("get", "post"):
        answer = getattr(act(braga_editor), method)(f"{FILES}{file.pk}/undo/")
        assert answer.status_code == 404
    assert Organization.objects.exists()
    undo(act(portal_editor), file)
    assert not Organization.objects.exists()


def test_import_of_the_command_is_undone_in_the_admin(act, portal_editor, talsi, tmp_path):  # noqa: F811
    path = tmp_path / "file.csv"
    path.write_bytes(written([new_row("organizations")]))
    call_command("import_entries", "organizations", str(path))
    undo(act(portal_editor), ImportedFile.objects.get())
    assert not Organization.objects.exists()


def test_undoing_shows_its_progress_and_asks_little(imported, django_assert_max_num_queries):
    make_municipality()
    rows = [new_row("organizations", name_lv=f"Koris {number}") for number in range(600)]
    browser, file = imported("organizations", rows)
    with django_assert_max_num_queries(60):
        browser.get(f"{FILES}{file.pk}/undo/")
    text, file = press(browser, file, "undo")
    assert re.findall(r'max="(\d+)" value="(\d+)"', text) == [
        ("600", "250"),
        ("600", "500"),
        ("600", "600"),
    ]
    assert not Organization.objects.exists()
