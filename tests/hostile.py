"""A portal that is full of attacks: every text of every public thing is one."""

import html5lib
import reversion
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import models
from django.db.models import QuerySet

from localympact.models import AccessEvent, ImportedFile, UnansweredSearch
from organizations.models import DuplicatePair, Suggestion
from tests.factories import (
    make_audience,
    make_cause,
    make_collaboration,
    make_conclusion,
    make_form,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
    make_type,
)

APPS = ("organizations", "collaborations", "needs")
CODE = "javascript:alert(1)//"
# Of a model: what the portal itself writes there.
OUR_OWN = {"slug", "sender", "logo"}


def texts_of(model):
    """Give the fields of a model in which people write what they like, all languages of them."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not field.choices
        and field.name not in OUR_OWN
        and not hasattr(field, "codes")
    ]


def fill(thing, payload):
    """Write an attack into every text of a thing, past all that would refuse it."""
    for field in texts_of(type(thing)):
        text = CODE + payload if isinstance(field, models.URLField) else payload
        setattr(thing, field.attname, text[: field.max_length])
    # Signals keep the index of the search and the counts.
    with reversion.create_revision():
        thing.save()
        reversion.set_comment(payload)
        if reversion.is_registered(type(thing)):
            reversion.add_to_revision(thing)
    return thing


def public_models():
    return [model for app in APPS for model in apps.get_app_config(app).get_models()]


def make_world(payload, person=None):
    """Make one of everything, full of an attack; give the things by the names of their models."""
    place, town = make_municipality("talsi"), make_town()
    terms = [make_type(), make_topic(), make_audience(), make_form(), make_cause()]
    kind, topic, audience, form, cause = terms
    facts = {"topics": [topic], "municipality": place, "seeks_partners": True}
    organization = make_organization(
        type=kind, town=town, audiences=[audience], latitude=57.1, longitude=22.5, **facts
    )
    facts.pop("seeks_partners")
    other = make_organization(municipality=place)
    collaboration = make_collaboration(
        form=form, organizations=[organization], audiences=[audience], **facts
    )
    need = make_need(cause=cause, collaborations=[collaboration], **facts)
    draft = make_organization(status="draft", municipality=place)
    conclusion = make_conclusion()
    suggestion = Suggestion.objects.create(
        kind="new", message="x", municipality=place, entry=organization.uuid
    )
    things = [place, town, *terms, organization, other, collaboration, need, draft, conclusion]
    for thing in [*things, suggestion]:
        fill(thing, payload)
    first, second = sorted([organization.uuid, other.uuid])
    DuplicatePair.objects.create(
        database="organizations", first=first, second=second, reasons=["name"]
    )
    if person:
        QuerySet(type(person)).filter(pk=person.pk).update(
            first_name=payload, last_name=payload, email=payload
        )
        LogEntry.objects.create(
            user=person, action_flag=CHANGE, object_repr=payload[:200], change_message=payload
        )
        AccessEvent.objects.create(event="refused", name=payload)
        UnansweredSearch.objects.create(query=payload[:80], language="lv", count=3, filters=payload)
        cell = [2, organization.pk, payload, [["name_lv", payload, payload]]]
        ImportedFile.objects.create(
            database="organizations",
            name=payload,
            person=person,
            report={
                "counts": {"changed": 1, "wrong": 1},
                "wrong": [[2, payload, payload]],
                "changed": [cell],
                "new": [[3, payload, payload]],
                "table": {"samples": [payload]},
            },
        )
    found = [*things, suggestion]
    return {f"{thing._meta.model_name}": thing for thing in reversed(found)} | {"draft": draft}


# What came in from the outside, on a page as a browser reads it

OURS = ("/static/", "/admin/jsi18n/")
# Of a browser's own accord these run or load something.
LEADS = ("href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcset")


def foreign(html):
    """Give what in a page no template of the portal wrote."""
    document = html5lib.parse(html, namespaceHTMLElements=False)
    found = []
    for element in document.iter():
        if not isinstance(element.tag, str):
            continue
        source = element.get("src") or ""
        if element.tag == "script" and not (
            source.startswith(OURS)
            or element.get("type") in ("application/ld+json", "application/json")
        ):
            found.append(element.tag)
        if element.tag in ("xss", "iframe", "object", "embed", "style", "base"):
            found.append(element.tag)
        for name, value in element.items():
            name = name if isinstance(name, str) else name[1]
            if name.startswith(("on", "xss")) or name == "style":
                found.append(f"{element.tag} {name}")
            lead = "".join(value.split()).lower()
            if name in LEADS and lead.startswith(("javascript:", "data:", "vbscript:", "x")):
                found.append(f"{element.tag} {name}={value[:40]}")
    if document.find(".//footer") is None and document.find(".//*[@id='footer']") is None:
        found.append("the end of the page is gone")
    return found
