"""How a deed is tried: what a person sends, and what came of it."""

from contextlib import contextmanager

from django.db import transaction
from django.forms import model_to_dict
from django.test import Client

from localympact.models import User
from tests.forms import form_of

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


# The values of forms that were asked for already: everybody sends the same.
OFFERED = {}


def values_of(thing, **changed):
    """Give what the form of a thing would send: as it is offered to a superuser, with changes."""
    key = type(thing), thing.pk, repr(model_to_dict(thing))
    if key not in OFFERED:
        browser = Client()
        browser.force_login(User.objects.get(username="superuser"))
        parts = ("add",) if thing.pk is None else (thing.pk, "change")
        OFFERED[key] = form_of(browser.get(address(thing, *parts)))
    return OFFERED[key] | changed


def exists(thing):
    return type(thing)._base_manager.filter(pk=thing.pk).exists()


def fresh(thing):
    """Give a thing as it is stored now."""
    return type(thing)._base_manager.get(pk=thing.pk)


def choose(browser, thing, action, **more):
    """Send an action on many with one thing chosen; give the answer."""
    chosen = {"action": action, "_selected_action": [thing.pk], **more}
    return browser.post(address(thing), chosen)


def press(browser, thing, *parts, **values):
    """Press a button on the page of a thing."""
    return browser.post(address(thing, thing.pk, *parts), values)
