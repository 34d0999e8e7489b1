"""The JSON interface described for programs: OpenAPI 3.1, made from filters and columns.

https://spec.openapis.org/oas/v3.1.1
"""

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.cache import get_conditional_response, set_response_etag
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.views.decorators.gzip import gzip_page
from django.views.generic import View

from localympact.columns import Kind
from localympact.downloads import LICENCE as LICENCE_ADDRESS
from localympact.filters import NOT_STATED
from localympact.interface import MOST, PER_PAGE, json_answer
from localympact.permanent import INTERFACES, OTHERS
from localympact.texts import ENGLISH, LANGUAGES, columns
from organizations.filters import CountryField

# Raised when something is added; a new first number is announced a year ahead (docs/files.md).
VERSION = "1.0.0"
LICENCE = {
    "name": "Creative Commons Attribution 4.0 International",
    "url": LICENCE_ADDRESS,
}
DESCRIPTION = """\
Community organisations, good examples of working together, needs and challenges in five European \
pilot areas: everything that the portal shows, to read and to reuse.

**To harvest:** read a list, follow `next` until it is null. The next time ask with \
`updated_since`, the moment at which you began, less an hour (a large import is visible only when \
it has ended). An entry that is saved while you read moves to the end: it may come twice, and is \
never missed. `removed`, on the first page of an answer to `updated_since`, names what is no \
longer public, whatever the filters. `updated` is the last change of the entry itself, not of \
what is linked to it.

**Questions:** the filters of the list's page. A parameter that is repeated means *or*, different \
ones mean *and*. A wrong value and an unknown parameter are answered with 400.

**What will not change:** these addresses, the names, meanings and types of all properties and \
parameters, the permanent ids. Properties, parameters and values of lists of values may be added: \
pass by what you do not know. Whatever cannot keep this promise gets new addresses and a new first \
number of `info.version`; the old ones stay beside them for twelve months and say so in the header \
`Deprecation` (RFC 9745) and in the changelog.
"""
SLUG = {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}
CODE = {"type": "string", "pattern": "^([a-z]{2,3}|[A-Z]{2})$"}
TEXT = {"type": "string"}
ADDRESS = {"type": "string", "format": "uri"}
MOMENT = {"type": "string", "format": "date-time"}
ID = {"type": "string", "format": "uuid"}


def described(schema, text):
    """Give a schema with a description."""
    return {**schema, "description": text}


def array(items):
    """Give the schema of several things."""
    return {"type": "array", "items": items}


def record(properties):
    """Give the schema of an object that has all these properties, and may get others."""
    return {"type": "object", "required": list(properties), "properties": properties}


def ref(name, kind="schemas"):
    """Give the reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


# Columns

CELLS = {
    Kind.ID: ID,
    Kind.SLUG: SLUG,
    Kind.ADDRESS: ADDRESS,
    Kind.TEXT: TEXT,
    Kind.CODE: CODE,
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.TRUTH: {"type": "boolean"},
    Kind.DAY: {"type": "string", "format": "date"},
    Kind.MOMENT: MOMENT,
}
# What is a text in the database has an empty text where there is nothing.
EMPTY_TEXT = {Kind.ADDRESS, Kind.TEXT, Kind.CODE}
# More codes than these are a standard's, not the portal's.
FEW_CODES = 20


def cell(told):
    """Give the schema of the cells of a column by its Description."""
    schema = dict(CELLS[told.kind])
    if 0 < len(told.choices) <= FEW_CODES:
        schema = {"type": "string", "enum": list(told.choices)}
    if told.many:
        schema = array(schema)
    elif told.empty and told.kind in EMPTY_TEXT:
        schema = empty_or(schema)
    elif told.empty:
        schema["type"] = [schema["type"], "null"]
    return {**schema, "title": capfirst(told.label), "description": told.meaning}


def empty_or(schema):
    """Give the schema of a text that may be empty."""
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], ""]}
    return schema if schema == TEXT else {"anyOf": [schema, {"const": ""}]}


# Parameters


def value_of(field):
    """Give the schema of one value of a form field."""
    match field:
        case CountryField():
            return {"type": "string", "pattern": "^[A-Za-z]{2}$"}
        case forms.ModelChoiceField():
            return SLUG
        case forms.ChoiceField():
            return {"type": "string", "enum": [value for value, _label in field.choices if value]}
    return {"type": "string", "maxLength": field.max_length}


def parameter(name, field, default=None):
    """Give the description of a filter."""
    schema, said = value_of(field), f"{field.label}."
    if getattr(field, "null_label", None):
        said += f" `{NOT_STATED}`: {str(field.null_label).lower()}."
    if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
        schema = array(schema)
        said += " Repeated: or."
    if default is not None:
        schema = {**schema, "default": default}
    return {
        "name": name,
        "in": "query",
        "description": said,
        "schema": schema,
        **({"style": "form", "explode": True} if schema["type"] == "array" else {}),
    }


PAGING = {
    "limit": (
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": PER_PAGE},
        "How many entries a page has.",
    ),
    "cursor": (TEXT, "A place in the order: taken from `next`, never made."),
    "updated_since": (
        {"anyOf": [MOMENT, {"type": "string", "format": "date"}]},
        "Only entries that have changed since, from this moment or day (UTC) on.",
    ),
}


def parameters(interface):
    """Give the descriptions of all that a list can be asked."""
    filterset = interface.filterset_class(queryset=interface.model().objects.none())
    filters = [
        parameter(name, filterset.form.fields[name], filterset.defaults.get(name))
        for name in interface.parameters()
        if name not in PAGING
    ]
    paging = [
        {"name": name, "in": "query", "description": said, "schema": schema}
        for name, (schema, said) in PAGING.items()
    ]
    return [ref("language", "parameters"), *filters, *paging]


# Answers


def entry(interface):
    """Give the schema of an entry."""
    model = interface.model()
    told = [column.describe(model) for column in interface.resource_class().columns]
    return record(
        {one.name: cell(one) for one in told}
        | {
            "database": {"const": model._meta.app_label},
            "page": described(ADDRESS, "Its page in the language of the answer."),
            "related": record({name: array(ref("Link")) for name in interface.related}),
        }
    )


def page(name):
    """Give the schema of a page of a list."""
    return record(
        {
            "count": {"type": "integer", "description": "How many entries all pages have."},
            "next": described(
                {**ADDRESS, "type": ["string", "null"]},
                "The address of the next page; also in the header Link.",
            ),
            "entries": array(ref(name)),
            "removed": described(
                array(ref("Removed")),
                "What is no longer public since `updated_since`: on the first page, else empty.",
            ),
        }
    )


def schemas():
    """Give all schemas by name."""
    found = {"Link": record({"id": ID, "slug": SLUG, "url": ADDRESS, "page": ADDRESS})}
    for model, interface in INTERFACES.items():
        name = model.__name__
        found[name], found[f"{name}Page"] = entry(interface), page(name)
    found["Other"] = record(
        {"id": ID, "slug": SLUG, "url": ADDRESS}
        | dict.fromkeys(columns("name", "summary"), TEXT)
        | {"database": {"enum": [name for name, _page in OTHERS.values()]}, "page": ADDRESS}
    )
    found["Removed"] = record(
        {
            "id": ID,
            "status": described(
                {"enum": ["archived", "withdrawn", "merged", "deleted"]},
                "Withdrawn: taken back to be worked on.",
            ),
            "merged_into": described(
                {**ID, "type": ["string", "null"]}, "The entry that stands for it."
            ),
            "since": MOMENT,
        }
    )
    found["Gone"] = record(
        {
            "id": ID,
            "status": {"enum": ["archived", "deleted"]},
            "reason": described(TEXT, "A sentence in the language of the reader."),
            "since": MOMENT,
        }
    )
    found["Errors"] = record(
        {
            "errors": {
                "type": "object",
                "description": "Messages in the language of the reader, by parameter.",
                "additionalProperties": array(TEXT),
            }
        }
    )
    return found


def answer(said, schema, *, headers=(), example=None):
    """Give the description of an answer in JSON."""
    content = {"schema": schema}
    if example is not None:
        content["example"] = example
    found = {"description": said, "content": {"application/json": content}}
    if headers:
        found["headers"] = {name: ref(name, "headers") for name in headers}
    return found


WRONG = {"errors": {"topic": ["Select a valid choice. sport is not one of the available choices."]}}
GONE = {
    "id": "f3b1a6de-7a5c-4a0c-9f5e-0d6f6a3f9b11",
    "status": "deleted",
    "reason": "It was in this directory and has been deleted for good.",
    "since": "2026-11-26T09:30:00Z",
}
UNCHANGED = {"description": "Nothing has changed since (If-None-Match, If-Modified-Since)."}


def list_path(request, model, interface):
    """Give the description of a list."""
    label = model._meta.app_label
    first = model.objects.published().order_by("pk").values_list("pk", flat=True)[:1]
    records = interface.records(request, model.objects.published().filter(pk__in=list(first)))
    example = {"count": 1, "next": None, "entries": [*records.values()], "removed": []}
    headers = ["ETag", "Last-Modified", "Link"]
    return {
        "get": {
            "operationId": f"list_{label}",
            "summary": f"{capfirst(model._meta.verbose_name_plural)}, page by page.",
            "parameters": parameters(interface),
            "responses": {
                "200": answer(
                    "One page.",
                    ref(f"{model.__name__}Page"),
                    headers=headers,
                    example=example if records else None,
                ),
                "304": UNCHANGED,
                "400": answer("A wrong question.", ref("Errors"), example=WRONG),
            },
        }
    }


def id_path(operation, *, negotiated):
    """Give the description of a permanent address."""
    things = [*(model.__name__ for model in INTERFACES), "Other"]
    leads = "To the page" if negotiated else "To the entry into which this one was merged"
    return {
        "get": {
            "operationId": operation,
            "summary": "What has a permanent id: an entry, a pilot area, a cause, a conclusion.",
            "parameters": [ref("id", "parameters")],
            "responses": {
                "200": answer(
                    "What it is, where JSON is asked for.",
                    {"anyOf": [ref(name) for name in things]},
                    headers=["ETag", "Link"],
                ),
                "302": {
                    "description": f"{leads}.",
                    "headers": {"Location": {"schema": {"type": "string"}}},
                },
                "304": UNCHANGED,
                "404": answer("There is nothing with this id.", ref("Errors")),
                "410": answer("It was public and is no longer.", ref("Gone"), example=GONE),
            },
        }
    }


def document(request):
    """Give the whole description, in English."""
    base = request.build_absolute_uri("/")
    about = request.build_absolute_uri(reverse("about"))
    contact = {"name": settings.OPERATOR or "LOCAL-Y-MPACT", "url": about}
    if settings.CONTACT_EMAIL:
        contact["email"] = settings.CONTACT_EMAIL
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LOCAL-Y-MPACT",
            "version": VERSION,
            "summary": "Organisations, collaborations and needs in five European pilot areas.",
            "description": DESCRIPTION,
            "license": LICENCE,
            "contact": contact,
        },
        "servers": [{"url": base.rstrip("/")}],
        "paths": {
            **{
                f"/{{language}}/{model._meta.app_label}.json": list_path(request, model, interface)
                for model, interface in INTERFACES.items()
            },
            "/id/{id}": id_path("resolve", negotiated=True),
            "/id/{id}.json": id_path("resolve_as_json", negotiated=False),
        },
        "components": {
            "schemas": schemas(),
            "parameters": {
                "language": {
                    "name": "language",
                    "in": "path",
                    "required": True,
                    "description": "The language of messages, of `page` and of words in `q`; "
                    "texts always come in all six.",
                    "schema": {"type": "string", "enum": list(LANGUAGES)},
                },
                "id": {"name": "id", "in": "path", "required": True, "schema": ID},
            },
            "headers": {
                "ETag": {"description": "Changes with the answer.", "schema": TEXT},
                "Last-Modified": {
                    "description": "When anything in these databases last changed.",
                    "schema": TEXT,
                },
                "Link": {
                    "description": 'The next page (rel="next") and this description '
                    '(rel="service-desc").',
                    "schema": TEXT,
                },
            },
        },
    }


@method_decorator(gzip_page, name="dispatch")
class OpenApi(View):
    """The description of the JSON interface."""

    def get(self, request):
        with translation.override(ENGLISH):
            answer = json_answer(document(request), headers={"Cache-Control": "public, no-cache"})
        set_response_etag(answer)
        return get_conditional_response(request, etag=answer.headers["ETag"], response=answer)
