"""Deeds on what belongs to no single place: terms, causes, conclusions, towns."""

from uuid import uuid4

from localympact.history import keep_before, versions
from tests.deeds.trying import address, choose, deed, exists, fresh, press, text_of, values_of


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
    choose(browser, thing, "delete_selected", post="yes")
    return not exists(thing)


@deed("Shared", "see the history")
def see_shared_history(browser, thing):
    return browser.get(address(thing, thing.pk, "history")).status_code == 200


@deed("Shared", "merge into another")
def merge_shared(browser, thing):
    if thing._meta.model_name == "conclusion":
        return None
    other = type(thing).objects.get(pk=thing.pk)
    other.pk, other.slug, other._state.adding = None, "", True
    if hasattr(other, "uuid"):
        other.uuid = uuid4()
    if hasattr(other, "geonames_id"):
        other.geonames_id = None
    other.save()
    press(browser, thing, "merge", into=other.pk)
    return not exists(thing)


@deed("Shared", "restore an earlier version")
def restore_shared(browser, thing):
    if thing._meta.model_name == "town":
        return None
    keep_before(type(thing), [thing.pk])
    name = thing.name_en
    type(thing).objects.filter(pk=thing.pk).update(name_en="Spoilt")
    press(browser, thing, "history", versions(thing).first().pk)
    return fresh(thing).name_en == name
