"""What somebody may try in the portal: each deed tries it over HTTP and says whether it worked.

A deed takes a browser and the thing that it is tried on, and looks at the effect, not at the
status of the answer. `tests/test_rights.py` compares them with the tables of docs/rights.md.
"""

import json
from contextlib import contextmanager

from django.db import transaction
from django.test import Client

from localympact.models import User
from tests.factories import make_municipality

DEEDS = {}


def deed(table, name):
    """Register a function as the deed of a row of docs/rights.md."""

    def register(function):
        DEEDS[table, name] = function
        return function

    return register


@contextmanager
def undone():
    """Take back whatever happens inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def address(thing, *parts):
    """Give the address of a page of the admin about a thing or its model."""
    meta = thing._meta
    return "/".join(["/admin", meta.app_label, meta.model_name, *map(str, parts), ""])


def text_of(answer):
    """Give the body of an answer, streamed or not, as text; of a redirect nothing."""
    if answer.status_code != 200:
        return ""
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return raw.decode("utf-8-sig", errors="replace")


def values_of(thing, **changed):
    """Give what the form of a thing would send: as it is offered to a superuser, with changes."""
    browser = Client()
    browser.force_login(User.objects.get(username="superuser"))
    parts = ("add",) if thing.pk is None else (thing.pk, "change")
    return form_of(browser.get(address(thing, *parts))) | changed


def form_of(page):
    """Give the values of an admin form as a browser would send them."""
    form = page.context["adminform"].form
    values = {}
    for field in form:
        value = field.value()
        if value is None or value is False or field.name in ("logo",):
            continue
        if isinstance(value, list | tuple):
            values[field.html_name] = [getattr(item, "pk", item) for item in value]
        else:
            values[field.html_name] = "on" if value is True else value
        if field.field.show_hidden_initial:
            values[field.html_initial_name] = values[field.html_name]
    return values


def exists(thing):
    return type(thing)._base_manager.filter(pk=thing.pk).exists()


def fresh(thing):
    """Give a thing as it is stored now."""
    return type(thing)._base_manager.get(pk=thing.pk)


# Entries


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


@deed("Entries", "find by the completion of a field")
def autocomplete(browser, entry):
    asked = {
        "app_label": entry._meta.app_label,
        "model_name": entry._meta.model_name,
        "field_name": "merged_into",
        "term": entry.name_en,
    }
    if entry._meta.app_label == "organizations":
        asked |= {
            "app_label": "collaborations",
            "model_name": "collaboration",
            "field_name": "organizations",
        }
    if entry._meta.app_label == "collaborations":
        asked |= {"app_label": "needs", "model_name": "need", "field_name": "collaborations"}
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


def act(browser, entry, action, **more):
    """Send an action on many with one entry chosen; give the answer."""
    chosen = {"action": action, "_selected_action": [entry.pk], **more}
    return browser.post(address(entry), chosen)


@deed("Entries", "action: delete")
def delete_many(browser, entry):
    act(browser, entry, "delete_selected", post="yes")
    return not exists(entry)


@deed("Entries", "action: publish")
def publish(browser, entry):
    type(entry).objects.filter(pk=entry.pk).update(status="draft", summary_en="What it does.")
    act(browser, entry, "publish")
    return fresh(entry).status == "published"


@deed("Entries", "action: archive")
def archive(browser, entry):
    act(browser, entry, "archive")
    return fresh(entry).status == "archived"


@deed("Entries", "action: export")
def export(browser, entry):
    return str(entry.uuid) in text_of(act(browser, entry, "export_csv"))


@deed("Entries", "see the history")
def see_history(browser, entry):
    return browser.get(address(entry, entry.pk, "history")).status_code == 200


# What belongs to no single place: terms, causes, conclusions, towns, municipalities


def unlike(thing):
    """Give the values of a new thing of the same model, valid beside this one."""
    copy = type(thing).objects.get(pk=thing.pk)
    values = values_of(copy, name_en="A new one")
    if thing._meta.model_name == "town":
        values |= {"name": "A new one", "geonames_id": ""}
    return values


def called(model, name):
    field = "name" if model._meta.model_name == "town" else "name_en"
    return model.objects.filter(**{field: name})


@deed("Shared", "see in the list of the editors")
def see_shared_in_list(browser, thing):
    return str(thing) in text_of(browser.get(address(thing)))


@deed("Shared", "open")
def open_shared(browser, thing):
    return str(thing) in text_of(browser.get(address(thing, thing.pk, "change")))


@deed("Shared", "add")
def add_shared(browser, thing):
    browser.post(address(thing, "add"), unlike(thing))
    return called(type(thing), "A new one").exists()


@deed("Shared", "add in a popup")
def add_shared_in_popup(browser, thing):
    browser.post(address(thing, "add"), unlike(thing) | {"_popup": "1"})
    return called(type(thing), "A new one").exists()


@deed("Shared", "change")
def change_shared(browser, thing):
    field = "name" if thing._meta.model_name == "town" else "name_en"
    browser.post(address(thing, thing.pk, "change"), values_of(thing, **{field: "Changed"}))
    return called(type(thing), "Changed").exists()


@deed("Shared", "delete for good")
def delete_shared(browser, thing):
    browser.post(address(thing, thing.pk, "delete"), {"post": "yes"})
    return not exists(thing)


@deed("Shared", "action: delete")
def delete_many_shared(browser, thing):
    act(browser, thing, "delete_selected", post="yes")
    return not exists(thing)


@deed("Shared", "see the history")
def see_shared_history(browser, thing):
    return browser.get(address(thing, thing.pk, "history")).status_code == 200
