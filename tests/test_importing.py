"""A file brought in the admin: what it would do is shown, and exactly that is done."""

import csv
import io
import re

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from reversion.models import Revision, Version

from localympact import import_pages
from localympact.history import IMPORT, state, state_of, versions
from localympact.importing import RESOURCES
from localympact.imports import Import
from localympact.models import MUNICIPAL_EDITOR, ImportedFile
from needs.models import Need
from organizations.models import Organization, TextState
from tests.conftest import make_person
from tests.factories import (
    MAKERS,
    make_cause,
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
)

pytestmark = pytest.mark.django_db

FILES = "/admin/localympact/importedfile/"
MODELS = {"organizations": "organization", "collaborations": "collaboration", "needs": "need"}
NUMBERS = ("40008000001", "40008000002")
# What makes a new entry of each database besides its name and its municipality.
NEW = {
    "organizations": {"reach": "local"},
    "collaborations": {},
    "needs": {"cause": "cause", "kind": "need", "side": "both", "level": "local"},
}


@pytest.fixture
def act(client):
    """Sign somebody in and give their browser."""

    def act(person):
        client.force_login(person)
        return client

    return act


def written(rows, separator=","):
    """Give a CSV file of rows, which may have different columns."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO(newline="")
    table = csv.DictWriter(buffer, names, restval="", delimiter=separator)
    table.writeheader()
    table.writerows(rows)
    return buffer.getvalue().encode()


def export(browser, app, format="csv"):
    """Give the file of all that somebody may edit."""
    answer = browser.get(f"/admin/{app}/{MODELS[app]}/export.{format}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def exported(browser, app):
    """Give the rows of that file."""
    text = export(browser, app).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def bring(browser, app, raw, name="file.csv"):
    """Bring a file; give its record as it is after the check."""
    file = SimpleUploadedFile(name, raw)
    answer = browser.post(f"{FILES}add/", {"database": app, "file": file})
    assert answer.status_code == 200, answer.status_code
    assert answer.streaming, answer.context["form"].errors
    page = answer.getvalue().decode()
    (leads_to,) = re.findall(r'http-equiv="refresh" content="0;url=([^"]*)"', page)
    return ImportedFile.objects.get(pk=re.search(r"/(\d+)/", leads_to)[1])


def press(browser, file, button, **values):
    """Press a button of a file's page; give what the answer says and the file as it is then."""
    answer = browser.post(f"{FILES}{file.pk}/{button}/", values)
    text = answer.getvalue().decode() if answer.streaming else answer.content.decode()
    return text, ImportedFile.objects.filter(pk=file.pk).first()


def shown(browser, file, **query):
    answer = browser.get(f"{FILES}{file.pk}/change/", query)
    assert answer.status_code == 200
    return answer.text


def new_row(app, **cells):
    if app == "needs":
        make_cause(slug="cause")
    return {"id": "", "municipality": "talsi", "name_lv": "Jauns"} | NEW[app] | cells


# The whole way


def test_file_is_checked_shown_and_then_imported(act, editor, app, make, talsi):
    entry = make(name_lv="Koris", summary_lv="Dzied.")
    browser = act(editor)
    rows = [{"id": str(entry.uuid), "name_lv": "Orķestris"}, {"id": str(make().uuid)}]
    changed = {"id": str(entry.uuid), "municipality": "talsi", "name_lv": "Orķestris"}
    rows = [changed | NEW[app], new_row(app)]
    for name in NEW[app]:
        rows[0][name] = exported(browser, app)[0][name]
    file = bring(browser, app, written(rows))

    assert file.report["counts"] == {"changed": 1, "new": 1}
    assert file.report["changed"] == [
        [2, entry.pk, "Orķestris", [["name_lv", "Koris", "Orķestris"]]]
    ]
    assert file.report["new"] == [[3, "Jauns", "Talsi"]]
    entry.refresh_from_db()
    assert entry.name_lv == "Koris"
    page = shown(browser, file)
    assert "<del>Koris</del>" in page
    assert "<ins>Orķestris</ins>" in page
    assert "Import now" in page

    _text, file = press(browser, file, "import")
    assert file.state == "imported"
    assert file.content is None
    entry.refresh_from_db()
    assert (entry.name_lv, entry.summary_lv) == ("Orķestris", "Dzied.")
    assert type(entry).objects.get(name_lv="Jauns").status == "draft"
    page = shown(browser, file)
    assert "Import now" not in page
    assert "Undo this import" in page


def test_import_stands_in_the_history_of_each_entry(act, editor, app, make, talsi):
    entry = make(name_lv="Koris", topics=[make_topic(slug="music")])
    browser = act(editor)
    row = exported(browser, app)[0] | {"name_lv": "Orķestris"}
    file = bring(browser, app, written([row, new_row(app, topics="music")]))
    assert not Version.objects.exists()
    press(browser, file, "import")
    entry.refresh_from_db()
    created = type(entry).objects.get(name_lv="Jauns")
    for one, known in ((entry, 2), (created, 1)):
        kept = list(versions(one))
        assert len(kept) == known
        assert state_of(kept[0]) == state(one)
        assert kept[0].revision.comment == IMPORT
        assert kept[0].revision.user == editor
        assert kept[0].revision.importrevision.file == file
    before = state_of(versions(entry)[1])
    assert (before["name_lv"], len(before["topics"])) == ("Koris", 1)
    assert state_of(versions(created)[0])["topics"] == before["topics"]
    assert Revision.objects.exclude(comment=IMPORT).count() == 1


def test_one_line_in_the_log_tells_of_an_import(act, editor, talsi):
    browser = act(editor)
    file = bring(browser, "organizations", written([new_row("organizations")]))
    press(browser, file, "import")
    line = LogEntry.objects.get()
    assert (line.user, line.get_edited_object(), line.change_message) == (editor, file, "Imported")


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_own_file_brought_back_changes_nothing(act, portal_editor, seed, app, format):
    model = RESOURCES[app].model
    model.objects.filter(pk=model.objects.first().pk).update(
        name_el="=cmd|' /C calc'!A0",
        name_lt="'=x",
        summary_lv="'“a”,\n\r\n; b _x000D_",
        summary_pt=" spaced ",
        summary_en="x" * 40_000,
        status="draft",
    )
    browser = act(portal_editor)
    raw = export(browser, app, format)
    file = bring(browser, app, raw, f"file.{format}")
    assert file.report["wrong"] == []
    assert file.report["counts"] == {"same": model.objects.count()}
    assert file.report["changed"] == []
    assert "changes nothing" in shown(browser, file)


def test_xlsx_never_cuts_a_longer_text(act, editor, talsi):
    entry = make_organization(summary_en="x" * 40_000)
    browser = act(editor)
    book = openpyxl.load_workbook(io.BytesIO(export(browser, "organizations", "xlsx")))
    (head, row) = book.active.iter_rows()
    (cell,) = (cell for cell, name in zip(row, head, strict=True) if name.value == "summary_en")
    cell.value = "A" + cell.value[1:]
    changed = io.BytesIO()
    book.save(changed)
    file = bring(browser, "organizations", changed.getvalue(), "file.xlsx")
    assert [problem[:2] for problem in file.report["wrong"]] == [[2, "summary_en"]]
    assert "longer than a cell" in file.report["wrong"][0][2]
    entry.refresh_from_db()
    assert len(entry.summary_en) == 40_000


def test_line_ends_of_a_spreadsheet_change_nothing(act, editor, talsi):
    make_organization(summary_en="One.\r\nTwo.")
    browser = act(editor)
    raw = export(browser, "organizations").replace(b"One.\r\nTwo.", b"One.\nTwo.")
    assert bring(browser, "organizations", raw).report["counts"] == {"same": 1}


# What is wrong


def test_wrong_rows_are_all_named_in_the_language_of_the_editor(act, talsi):
    editor = make_person("ieva", MUNICIPAL_EDITOR, [talsi], language="lv")
    browser = act(editor)
    rows = [
        new_row("organizations", latitude="north", longitude="22"),
        new_row("organizations", verified_on="26.11.2026", verified_by="municipality"),
        new_row("organizations", reach="global", founded="3000"),
        new_row("organizations"),
    ]
    file = bring(browser, "organizations", written(rows))
    assert [problem[:2] for problem in file.report["wrong"]] == [
        [2, "latitude"],
        [3, "verified_on"],
        [4, "reach"],
        [4, ""],
    ]
    with translation.override("lv"):
        said = [problem[2] for problem in file.report["wrong"]]
        assert "2026-11-26" in said[1]
        assert "local, regional, national, unconfirmed" in said[2]
    page = shown(browser, file)
    assert "Import now" not in page
    assert all(message in page for message in said)
    _text, file = press(browser, file, "import")
    assert file.state == "checked"
    assert not Organization.objects.exists()
    answer = browser.get(f"{FILES}{file.pk}/problems.csv")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [line[:2] for line in lines[1:]] == [
        [str(row), column] for row, column, _message in file.report["wrong"]
    ]


def test_long_lists_come_in_pages(act, editor, talsi):
    browser = act(editor)
    rows = [new_row("organizations", reach="global") for _ in range(120)]
    file = bring(browser, "organizations", written(rows))
    assert len(file.report["wrong"]) == 120
    page = shown(browser, file, page=3)
    assert "Page 3 of 3" in page
    assert "<td>121</td>" in page
    assert "<td>2</td>" not in page


def test_file_that_cannot_be_read_says_why(act, editor, talsi):
    browser = act(editor)
    file = bring(browser, "organizations", b"id,name\r\n")
    assert file.report["unreadable"] == ["There is no column “name”."]
    page = shown(browser, file)
    assert "There is no column “name”." in page
    assert "Import now" not in page
    file = bring(browser, "organizations", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old.xls")
    assert "old format or has a password" in shown(browser, file)


def test_file_that_is_too_large_or_empty_is_refused_at_once(act, editor, talsi, monkeypatch):
    monkeypatch.setattr(import_pages, "LARGEST", 100)
    browser = act(editor)
    for raw, said in ((b"x" * 101, "more than 20 MB"), (b"", "empty")):
        file = SimpleUploadedFile("file.csv", raw)
        answer = browser.post(f"{FILES}add/", {"database": "needs", "file": file})
        assert said in answer.context["form"].errors["file"][0]
    assert not ImportedFile.objects.exists()


def test_encoding_is_that_of_the_editors_computer_and_can_be_chosen(act, talsi):
    editor = make_person("ieva", MUNICIPAL_EDITOR, [talsi], language="lv")
    browser = act(editor)
    text = written([new_row("organizations", name_lv="Žagatu ķēde")]).decode()
    file = bring(browser, "organizations", text.encode("cp1257"))
    assert file.report["table"]["encoding"] == "cp1257"
    assert file.report["table"]["samples"] == ["Žagatu", "ķēde"]
    page = shown(browser, file)
    assert "Žagatu, ķēde" in page
    _text, file = press(browser, file, "check", encoding="cp1253")
    assert file.report["table"]["encoding"] == "cp1253"
    assert "Žagatu" not in shown(browser, file)
    _text, file = press(browser, file, "check", encoding="utf-8")
    assert "UTF-8" in file.report["unreadable"][0]
    _text, file = press(browser, file, "check", encoding="cp1257")
    press(browser, file, "import")
    assert Organization.objects.get().name_lv == "Žagatu ķēde"


def test_other_sheets_are_named(act, editor, talsi):
    book = openpyxl.Workbook()
    for number, cell in enumerate(new_row("organizations").items(), start=1):
        for row, value in enumerate(cell, start=1):
            book.active.cell(row, number, value or None)
    book.create_sheet("Empty")
    book.create_sheet("More of it").append(["something"])
    raw = io.BytesIO()
    book.save(raw)
    browser = act(editor)
    file = bring(browser, "organizations", raw.getvalue(), "file.xlsx")
    assert file.report["table"]["others"] == ["More of it"]
    assert file.report["counts"] == {"new": 1}
    assert "More of it" in shown(browser, file)


# Rights


def test_entry_of_another_municipality_is_refused_by_name(act, editor, app, make, talsi, braga):
    theirs = make(name_pt="Coro", municipality=braga)
    rows = exported(act(make_person("root", is_superuser=True)), app)
    browser = act(editor)
    file = bring(browser, app, written([rows[0] | {"name_lv": "Koris"}]))
    assert file.report["wrong"] == [
        [2, "municipality", "“Koris” belongs to Braga; you edit Talsi."]
    ]
    press(browser, file, "import")
    theirs.refresh_from_db()
    assert theirs.name_lv in ("", None)
    file = bring(browser, app, written([{"id": str(theirs.uuid), "municipality": "talsi"}]))
    assert file.report["wrong"] == [[2, "municipality", "“Coro” belongs to Braga; you edit Talsi."]]


def test_draft_of_others_leaks_nothing_but_its_municipality(act, editor, app, make, talsi, braga):
    secret = make(name_pt="Segredo", slug="segredo", municipality=braga, status="draft")
    browser = act(editor)
    rows = [{"id": str(secret.uuid), "slug": "guess", "name_pt": "", "status": "published"}]
    file = bring(browser, app, written(rows))
    said = f"“{secret.uuid}” belongs to Braga; you edit Talsi."
    assert file.report["wrong"] == [[2, "municipality", said]]
    assert "segredo" not in str(file.report).lower()
    assert "segredo" not in shown(browser, file).lower()


def test_new_entry_in_another_municipality_is_refused(act, editor, app, talsi, braga):
    browser = act(editor)
    file = bring(browser, app, written([new_row(app, municipality="braga")]))
    assert file.report["wrong"] == [
        [2, "municipality", "“Jauns” belongs to Braga; you edit Talsi."]
    ]
    assert not RESOURCES[app].model.objects.exists()


def test_entry_cannot_be_moved_away(act, editor, app, make, talsi, braga):
    entry = make(name_lv="Koris")
    browser = act(editor)
    file = bring(browser, app, written([{"id": str(entry.uuid), "municipality": "braga"}]))
    assert [problem[:2] for problem in file.report["wrong"]] == [[2, "municipality"]]
    editor.municipalities.add(braga)
    file = bring(act(editor), app, written([{"id": str(entry.uuid), "municipality": "braga"}]))
    press(browser, file, "import")
    entry.refresh_from_db()
    assert entry.municipality == braga


def test_need_of_no_municipality_is_the_portal_editors(act, editor, portal_editor, talsi):
    need = make_need(name_en="Rooms", level="all")
    new = new_row("needs", municipality="", level="all", name_lv="Telpas")
    row = new | {"id": str(need.uuid), "name_en": "Halls", "name_lv": ""}
    file = bring(act(editor), "needs", written([row, new]))
    assert file.report["wrong"] == [
        [2, "municipality", "“Halls” belongs to no municipality; you edit Talsi."],
        [3, "municipality", "“Telpas” belongs to no municipality; you edit Talsi."],
    ]
    browser = act(portal_editor)
    file = bring(browser, "needs", written([row, new]))
    assert file.report["wrong"] == []
    press(browser, file, "import")
    assert Need.objects.filter(municipality=None).count() == 2


@pytest.mark.parametrize(
    ("app", "column", "wanted"),
    [
        ("collaborations", "organizations", make_organization),
        ("needs", "collaborations", make_collaboration),
    ],
)
def test_new_links_lead_only_to_own_entries(act, editor, app, column, wanted, talsi, braga):
    ours, theirs = wanted(slug="ours"), wanted(slug="theirs", municipality=braga)
    linked, secret = (
        wanted(slug="linked", municipality=braga),
        wanted(slug="secret", municipality=braga, status="draft"),
    )
    entry = MAKERS[app](**{column: [linked, secret]})
    browser = act(editor)
    key = {"id": str(entry.uuid)}
    file = bring(browser, app, written([key | {column: "linked|theirs|ours"}]))
    assert file.report["wrong"] == [
        [2, column, "“theirs” belongs to Braga; link only what you edit."]
    ]
    other = wanted(slug="other", municipality=braga, status="draft")
    file = bring(browser, app, written([key | {column: f"linked|{other.slug}|none-such"}]))
    assert file.report["wrong"] == [[2, column, "There is no “none-such” here."]]
    file = bring(browser, app, written([key | {column: f"linked|{other.slug}"}]))
    assert file.report["wrong"] == [[2, column, "There is no “other” here."]]
    file = bring(browser, app, written([key | {column: "linked|ours"}]))
    assert file.report["changed"][0][3] == [[column, "linked", "linked|ours"]]
    press(browser, file, "import")
    assert set(getattr(entry, column).all()) == {ours, linked, secret}
    assert theirs not in getattr(entry, column).all()


def test_stranger_imports_nothing(act, stranger, editor, talsi):
    file = bring(act(editor), "organizations", written([new_row("organizations")]))
    browser = act(stranger)
    for address in ("", "add/", f"{file.pk}/change/", f"{file.pk}/problems.csv"):
        assert browser.get(f"{FILES}{address}").status_code in (403, 404), address
    for button in ("check", "import", "discard", "undo"):
        answer = browser.post(f"{FILES}{file.pk}/{button}/")
        assert answer.status_code in (403, 404), button
    assert browser.get("/admin/organizations/organization/export.csv").status_code == 403
    browser.logout()
    assert browser.get(f"{FILES}add/").status_code == 302
    assert ImportedFile.objects.get().state == "checked"


def test_editor_sees_only_own_files(act, editor, braga_editor, portal_editor, talsi):
    file = bring(act(editor), "organizations", written([new_row("organizations")]), "ours.csv")
    browser = act(braga_editor)
    assert "ours.csv" not in browser.get(FILES).text
    for address in ("change/", "problems.csv", "undo/"):
        assert browser.get(f"{FILES}{file.pk}/{address}").status_code == 404, address
    for button in ("check", "import", "discard", "undo"):
        assert browser.post(f"{FILES}{file.pk}/{button}/").status_code == 404, button
    assert "ours.csv" in act(portal_editor).get(FILES).text
    assert not Organization.objects.exists()


def test_buttons_are_pressed_by_post_only(act, editor, talsi):
    browser = act(editor)
    file = bring(browser, "organizations", written([new_row("organizations")]))
    for button in ("check", "import", "discard"):
        assert browser.get(f"{FILES}{file.pk}/{button}/").status_code == 405
    assert not Organization.objects.exists()


def test_right_that_was_taken_away_meanwhile_holds(act, editor, talsi, braga):
    browser = act(editor)
    file = bring(browser, "organizations", written([new_row("organizations")]))
    editor.municipalities.set([braga])
    _text, file = press(browser, file, "import")
    assert file.state == "checked"
    assert "you edit Braga" in file.report["wrong"][0][2]
    assert not Organization.objects.exists()


def test_whoever_left_the_group_imports_nothing_more(act, editor, talsi):
    browser = act(editor)
    file = bring(browser, "organizations", written([new_row("organizations")]))
    for right in ("add_organization", "change_importedfile"):
        editor.groups.clear()
        editor.user_permissions.set(
            Permission.objects.filter(
                codename__in={
                    "add_organization",
                    "change_organization",
                    "change_importedfile",
                    "view_importedfile",
                }
                - {right}
            )
        )
        for button in ("check", "import", "discard", "undo"):
            assert browser.post(f"{FILES}{file.pk}/{button}/").status_code == 403, (right, button)
        assert "Import now" not in shown(browser, file)
    assert not Organization.objects.exists()


def test_list_offers_import_and_export(act, editor, stranger, app, talsi):
    page = act(editor).get(f"/admin/{app}/{MODELS[app]}/").text
    assert f'href="{FILES}add/?database={app}"' in page
    for format in ("csv", "xlsx"):
        assert f'href="/admin/{app}/{MODELS[app]}/export.{format}"' in page
    page = act(editor).get(f"{FILES}add/", {"database": app}).text
    assert f'<option value="{app}" selected>' in page


def test_export_holds_all_that_one_edits_and_nothing_else(act, editor, app, make, talsi, braga):
    mine = [make(status=status) for status in ("draft", "published", "archived")]
    make(municipality=braga)
    rows = exported(act(editor), app)
    assert {row["id"] for row in rows} == {str(entry.uuid) for entry in mine}
    assert {row["status"] for row in rows} == {"draft", "published", "archived"}


def test_selected_entries_are_exported_as_xlsx(act, editor, app, make, talsi):
    entry = make(status="draft")
    make()
    answer = act(editor).post(
        f"/admin/{app}/{MODELS[app]}/", {"action": "export_xlsx", "_selected_action": [entry.pk]}
    )
    sheet = openpyxl.load_workbook(io.BytesIO(answer.getvalue())).active
    assert [row[0] for row in sheet.values] == ["id", str(entry.uuid)]


# All or nothing, and only what was shown


@pytest.mark.parametrize("column", ["name_lv", "na\x00me"])
def test_character_that_no_database_keeps_is_named(act, editor, talsi, column):
    browser = act(editor)
    file = bring(browser, "organizations", written([new_row("organizations", **{column: "K\x00"})]))
    said = "character here that no text can have" if column == "name_lv" else "“na␀me”"
    assert said in shown(browser, file)
    assert not Organization.objects.exists()


def test_nothing_is_imported_when_something_else_would_happen_than_was_shown(
    act, editor, app, make, talsi
):
    entry = make(name_lv="Koris")
    browser = act(editor)
    row = exported(browser, app)[0] | {"name_lv": "Orķestris"}
    file = bring(browser, app, written([row, new_row(app)]))
    type(entry).objects.filter(pk=entry.pk).update(name_lv="Ansamblis")
    _text, file = press(browser, file, "import")
    assert file.state == "checked"
    assert file.report["changed"][0][3] == [["name_lv", "Ansamblis", "Orķestris"]]
    assert "something was changed since" in shown(browser, file)
    assert not Version.objects.exists()
    assert type(entry).objects.get().name_lv == "Ansamblis"
    _text, file = press(browser, file, "import")
    assert file.state == "imported"
    entry.refresh_from_db()
    assert entry.name_lv == "Orķestris"


def test_second_press_of_the_button_imports_nothing_again(act, editor, talsi):
    browser = act(editor)
    file = bring(browser, "organizations", written([new_row("organizations")]))
    for _ in range(2):
        text, file = press(browser, file, "import")
        assert "interrupted" not in text
    assert file.state == "imported"
    assert Organization.objects.count() == 1
    press(browser, file, "check")
    press(browser, file, "discard")
    assert ImportedFile.objects.get().state == "imported"


def test_discarded_file_is_gone(act, editor, talsi):
    browser = act(editor)
    file = bring(browser, "organizations", written([new_row("organizations")]))
    _text, file = press(browser, file, "discard")
    assert file is None
    assert not Organization.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_broken_connection_leaves_nothing(act, editor, talsi, transactional_db):
    browser = act(editor)
    rows = [new_row("organizations", name_lv=f"Koris {number}") for number in range(600)]
    file = bring(browser, "organizations", written(rows))
    answer = browser.post(f"{FILES}{file.pk}/import/")
    pieces = iter(answer.streaming_content)
    while b"<progress" not in next(pieces):
        pass
    assert next(pieces)
    answer._iterator.close()
    del pieces
    answer.close()
    file.refresh_from_db()
    assert file.state == "checked"
    assert not Organization.objects.exists()
    assert not Version.objects.exists()
    _text, file = press(browser, file, "import")
    assert Organization.objects.count() == 600


def test_progress_comes_while_the_work_goes_on(act, editor, talsi):
    browser = act(editor)
    rows = [new_row("organizations", name_lv=f"Koris {number}") for number in range(250)]
    file = bring(browser, "organizations", written(rows))
    answer = browser.post(f"{FILES}{file.pk}/import/")
    assert answer.headers["X-Accel-Buffering"] == "no"
    pieces = [piece.decode() for piece in answer.streaming_content]
    steps = [re.findall(r'max="(\d+)" value="(\d+)"', piece) for piece in pieces]
    assert [step for step in steps if step] == [[("250", "100")], [("250", "200")]]
    assert not re.search(r"<script(?![^>]*src)[^>]*>\s*\S|style=", "".join(pieces))


def test_failure_in_the_middle_is_told_and_leaves_nothing(act, editor, talsi, monkeypatch, caplog):
    browser = act(editor)
    file = bring(browser, "organizations", written([new_row("organizations")]))

    def fail(self, rows):
        raise RuntimeError

    monkeypatch.setattr(Import, "write", fail)
    text, file = press(browser, file, "import")
    assert "The work was interrupted, and nothing was changed." in text
    assert 'http-equiv="refresh"' not in text
    assert file.state == "checked"
    assert "interrupted" in caplog.text


# Texts and duplicates


def test_imported_text_is_no_longer_the_machines(act, editor, talsi):
    entry = make_organization(name_lv="Koris", summary_lv="Dzied.", summary_el="Τραγουδά")
    make = {"entry": entry.uuid, "source_language": "en", "source_digest": "0" * 32}
    for language in ("lv", "el"):
        TextState.objects.create(language=language, origin="machine", **make)
    browser = act(editor)
    row = {"id": str(entry.uuid), "summary_lv": "Koris dzied.", "phone": "123"}
    press(browser, bring(browser, "organizations", written([row])), "import")
    origins = dict(TextState.objects.values_list("language", "origin"))
    assert origins == {"lv": "human", "el": "machine"}


def test_possible_duplicates_are_shown_before_anything_happens(act, editor, talsi, braga):
    # A number of the register means the same only within one country.
    type(braga).objects.filter(pk=braga.pk).update(country=talsi.country)
    ours = make_organization(name_lv="Koris", registration_number=NUMBERS[0], status="draft")
    make_organization(
        name_pt="Segredo", registration_number=NUMBERS[0], status="draft", municipality=braga
    )
    theirs = make_organization(name_pt="Coro", registration_number=NUMBERS[0], municipality=braga)
    browser = act(editor)
    rows = [new_row("organizations", registration_number=number) for number in NUMBERS]
    file = bring(browser, "organizations", written(rows))
    ((row, name, others),) = file.report["duplicates"]
    assert (row, name) == (2, "Jauns")
    assert [(other["pk"], other["name"], other["place"]) for other in others] == [
        (ours.pk, "Koris", "Talsi"),
        (None, None, "Braga"),
        (None, "Coro", "Braga"),
    ]
    page = shown(browser, file, show="duplicates")
    assert f"/id/{theirs.uuid}" in page
    assert "the same registration number" in page
    assert "Segredo" not in page
    press(browser, file, "import")
    assert Organization.objects.filter(name_lv="Jauns").count() == 2


def test_file_of_the_command_is_recorded(superuser, act, talsi, tmp_path):
    from django.core.management import call_command

    path = tmp_path / "file.csv"
    path.write_bytes(written([new_row("organizations")]))
    call_command("import_entries", "organizations", str(path))
    file = ImportedFile.objects.get()
    assert (file.name, file.person, file.state) == ("file.csv", None, "imported")
    assert file.revisions.count() == 1
    assert "Undo this import" in shown(act(superuser), file)
    path.write_bytes(export(act(superuser), "organizations"))
    call_command("import_entries", "organizations", str(path))
    assert ImportedFile.objects.count() == 1


def test_import_page_makes_the_same_queries_for_few_and_many(
    act, editor, talsi, django_assert_max_num_queries
):
    browser = act(editor)
    rows = [new_row("organizations", name_lv=f"Koris {number}") for number in range(1000)]
    make_municipality()
    file = bring(browser, "organizations", written(rows))
    with django_assert_max_num_queries(20):
        shown(browser, file)
    with django_assert_max_num_queries(210):
        press(browser, file, "import")
    assert Organization.objects.count() == 1000
