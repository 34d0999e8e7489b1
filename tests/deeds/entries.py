"""Deeds on entries of the three databases."""

import csv
import io
import json
import re

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile

from localympact.history import keep_before, versions
from localympact.models import ImportedFile
from tests.deeds.trying import address, choose, deed, exists, fresh, press, text_of, values_of
from tests.factories import make_municipality


@deed("Entries", "see in the list of the editors")
def see_in_list(browser, entry):
    return entry.name_en in text_of(browser.get(address(entry)))


@deed("Entries", "open")
def open_page(browser, entry):
    return entry.name_en in text_of(browser.get(address(entry, entry.pk, "change")))


@deed("Entries", "open as a popup")
def open_popup(browser, entry):
    page = browser.get(address(entry, entry.pk, "change"), {"_popup": "1", "_to_field": "id"})
    return entry.name_en in text_of(page)


@deed("Entries", "choose from the list of a popup, by another field")
def choose_in_popup(browser, entry):
    answers = [
        browser.get(address(entry), {"_popup": "1", "_to_field": field})
        for field in ("id", "uuid", "municipality__contact_email")
    ]
    return any(entry.name_en in text_of(answer) for answer in answers)


# The fields by which entries of one database are chosen in another.
LINKED_BY = {
    "organizations": {
        "app_label": "collaborations",
        "model_name": "collaboration",
        "field_name": "organizations",
    },
    "collaborations": {
        "app_label": "needs",
        "model_name": "need",
        "field_name": "collaborations",
    },
}


@deed("Entries", "find by the completion of a field")
def autocomplete(browser, entry):
    if entry._meta.app_label not in LINKED_BY:
        return None
    asked = {
        "term": entry.name_en,
        **LINKED_BY[entry._meta.app_label],
    }
    answer = browser.get("/admin/autocomplete/", asked)
    if answer.status_code != 200:
        return False
    return str(entry.pk) in [item["id"] for item in json.loads(answer.content)["results"]]


def blank_like(entry):
    """Give an unsaved entry of the same model and place."""
    return type(entry)(municipality=entry.municipality)


@deed("Entries", "add")
def add(browser, entry):
    values = values_of(blank_like(entry), **required_of(entry), name_en="A new one")
    browser.post(address(entry, "add"), values)
    return type(entry).objects.filter(name_en="A new one", municipality=entry.municipality).exists()


@deed("Entries", "add in a popup")
def add_in_popup(browser, entry):
    values = values_of(blank_like(entry), **required_of(entry), name_en="A new one", _popup="1")
    browser.post(address(entry, "add"), values)
    return type(entry).objects.filter(name_en="A new one").exists()


def required_of(entry):
    """Give the values that a new entry like this one cannot do without."""
    given = {"municipality": entry.municipality_id or "", "status": "draft"}
    given["provenance"] = "adjacent"
    if entry._meta.app_label == "organizations":
        given["reach"] = "local"
    if entry._meta.app_label == "needs":
        given |= {
            "cause": entry.cause_id,
            "kind": entry.kind,
            "side": entry.side,
            "level": entry.level,
        }
    return given


@deed("Entries", "change")
def change(browser, entry):
    values = values_of(entry, name_en="Changed")
    browser.post(address(entry, entry.pk, "change"), values)
    return fresh(entry).name_en == "Changed"


@deed("Entries", "take out of its municipality into Talsi")
def move_in(browser, entry):
    talsi = make_municipality("talsi")
    if entry.municipality == talsi:
        return None
    values = values_of(entry, municipality=talsi.pk)
    if entry._meta.app_label == "needs":
        values["level"] = "local"
    browser.post(address(entry, entry.pk, "change"), values)
    return fresh(entry).municipality == talsi


@deed("Entries", "bring out of Talsi into its municipality")
def move_out(browser, entry):
    talsi, there, level = make_municipality("talsi"), entry.municipality, None
    if there == talsi:
        return None
    if entry._meta.app_label == "needs":
        level, entry.level = entry.level, "local"
    entry.municipality = talsi
    entry.save()
    values = values_of(entry, municipality=there.pk if there else "")
    if level:
        values["level"] = level
    browser.post(address(entry, entry.pk, "change"), values)
    return fresh(entry).municipality == there


@deed("Entries", "delete for good")
def delete(browser, entry):
    browser.post(address(entry, entry.pk, "delete"), {"post": "yes"})
    return not exists(entry)


@deed("Entries", "action: delete")
def delete_many(browser, entry):
    choose(browser, entry, "delete_selected", post="yes")
    return not exists(entry)


@deed("Entries", "action: publish")
def publish(browser, entry):
    type(entry).objects.filter(pk=entry.pk).update(status="draft", summary_en="What it does.")
    choose(browser, entry, "publish")
    return fresh(entry).status == "published"


@deed("Entries", "action: archive")
def archive(browser, entry):
    choose(browser, entry, "archive")
    return fresh(entry).status == "archived"


@deed("Entries", "action: export")
def export(browser, entry):
    return str(entry.uuid) in text_of(choose(browser, entry, "export_csv"))


@deed("Entries", "see the history")
def see_history(browser, entry):
    return browser.get(address(entry, entry.pk, "history")).status_code == 200


@deed("Entries", "action: bring back")
def bring_back(browser, entry):
    type(entry).objects.filter(pk=entry.pk).update(status="archived")
    choose(browser, entry, "bring_back")
    return fresh(entry).status == "draft"


@deed("Entries", "action: still right today")
def still_right(browser, entry):
    choose(browser, entry, "still_right")
    return fresh(entry).verified_on is not None


@deed("Entries", "action: export as XLSX")
def export_xlsx(browser, entry):
    answer = choose(browser, entry, "export_xlsx")
    if not answer.streaming:
        return False
    sheet = openpyxl.load_workbook(io.BytesIO(answer.getvalue())).active
    return str(entry.uuid) in {row[0] for row in sheet.values}


@deed("Entries", "export everything")
def export_everything(browser, entry):
    return str(entry.uuid) in text_of(browser.get(address(entry, "export.csv").rstrip("/")))


@deed("Entries", "button: publish")
def press_publish(browser, entry):
    type(entry).objects.filter(pk=entry.pk).update(status="draft", summary_en="What it does.")
    press(browser, entry, "publish")
    return fresh(entry).status == "published"


@deed("Entries", "button: archive")
def press_archive(browser, entry):
    press(browser, entry, "archive")
    return fresh(entry).status == "archived"


@deed("Entries", "button: bring back")
def press_bring_back(browser, entry):
    type(entry).objects.filter(pk=entry.pk).update(status="archived")
    press(browser, entry, "bring-back")
    return fresh(entry).status == "draft"


@deed("Entries", "button: still right today")
def press_still_right(browser, entry):
    press(browser, entry, "still-right")
    return fresh(entry).verified_on is not None


@deed("Entries", "confirm in the name of the portal")
def confirm_for_portal(browser, entry):
    values = values_of(entry, verified_on="2026-01-01", verified_by="portal")
    browser.post(address(entry, entry.pk, "change"), values)
    return fresh(entry).verified_by == "portal"


@deed("Entries", "button: duplicate this entry")
def press_copy(browser, entry):
    before = type(entry).objects.count()
    press(browser, entry, "copy")
    return type(entry).objects.count() == before + 1


def double_of(entry):
    """Make another entry of the same place, to be merged with."""
    model = type(entry)
    fields = {
        field.attname: getattr(entry, field.attname)
        for field in model._meta.concrete_fields
        if field.name not in ("id", "uuid", "slug", "name")
    }
    return model.objects.create(**fields | {"name_en": "The same again"})


@deed("Entries", "merge another of the same place into it")
def merge(browser, entry):
    double = double_of(entry)
    browser.post(f"{address(entry, entry.pk, 'merge')}?with={double.pk}")
    return fresh(double).merged_into == entry


@deed("Entries", "merge into one of Talsi")
def merge_away(browser, entry):
    double = double_of(entry)
    double.municipality = make_municipality("talsi")
    if entry._meta.app_label == "needs":
        double.level = "local"
    double.save()
    browser.post(f"{address(double, double.pk, 'merge')}?with={entry.pk}")
    return fresh(entry).merged_into == double


@deed("Entries", "restore an earlier version")
def restore(browser, entry):
    keep_before(type(entry), [entry.pk])
    name = entry.name_en
    type(entry).objects.filter(pk=entry.pk).update(name_en="Spoilt")
    version = versions(entry).first()
    press(browser, entry, "history", version.pk)
    return fresh(entry).name_en == name


@deed("Entries", "look at an earlier version")
def see_version(browser, entry):
    keep_before(type(entry), [entry.pk])
    version = versions(entry).first()
    answer = browser.get(address(entry, entry.pk, "history", version.pk))
    return entry.name_en in text_of(answer)


@deed("Entries", "see in the matrix of languages")
def see_in_matrix(browser, entry):
    return entry.name_en in text_of(browser.get(address(entry, "languages")))


@deed("Entries", "see the page of a draft")
def preview(browser, entry):
    type(entry).objects.filter(pk=entry.pk).update(status="draft")
    return entry.name_en in text_of(browser.get(entry.get_absolute_url()))


# Files


def bring(browser, entry, **cells):
    """Bring a file with one row, and import it if the portal offers that."""
    buffer = io.StringIO(newline="")
    table = csv.DictWriter(buffer, list(cells))
    table.writeheader()
    table.writerow(cells)
    file = SimpleUploadedFile("file.csv", buffer.getvalue().encode())
    answer = browser.post(
        "/admin/localympact/importedfile/add/",
        {"database": entry._meta.app_label, "file": file},
    )
    if not answer.streaming:
        return
    page = answer.getvalue().decode()
    brought = ImportedFile.objects.get(pk=re.search(r"importedfile/(\d+)/", page)[1])
    imported = browser.post(f"/admin/localympact/importedfile/{brought.pk}/import/")
    if imported.streaming:
        imported.getvalue()


@deed("Entries", "import: add")
def import_new(browser, entry):
    given = {"id": "", "name_en": "A new one"}
    given["municipality"] = entry.municipality.slug if entry.municipality else ""
    if entry._meta.app_label == "organizations":
        given["reach"] = "local"
    if entry._meta.app_label == "needs":
        given |= {"cause": entry.cause.slug, "kind": "need", "side": "both", "level": entry.level}
    bring(browser, entry, **given)
    return type(entry).objects.filter(name_en="A new one").exists()


@deed("Entries", "import: change")
def import_change(browser, entry):
    bring(browser, entry, id=str(entry.uuid), name_en="Changed")
    return fresh(entry).name_en == "Changed"


@deed("Entries", "import: confirm in the name of the portal")
def import_confirmation(browser, entry):
    bring(browser, entry, id=str(entry.uuid), verified_on="2026-01-01", verified_by="portal")
    return fresh(entry).verified_by == "portal"


@deed("Entries", "import: take out of its municipality into Talsi")
def import_move(browser, entry):
    if entry.municipality == make_municipality("talsi"):
        return None
    cells = {"id": str(entry.uuid), "municipality": "talsi"}
    if entry._meta.app_label == "needs":
        cells["level"] = "local"
    bring(browser, entry, **cells)
    return fresh(entry).municipality == make_municipality("talsi")
