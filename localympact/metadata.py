"""What a CSV file is, for programs: CSVW, the W3C's metadata for tables (2015).

It is made of the columns of a Resource (columns.py), so that it says nothing that the file is not.
"""

import json
import re
from typing import NamedTuple

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override
from django.views.generic import View

from localympact import editions
from localympact.columns import SEVERAL, Address, Kind
from localympact.downloads import (
    LICENCE,
    WithFiles,
    gzip,
    kept,
    messages,
    refused,
)
from localympact.texts import ENGLISH, LANGUAGES
from localympact.writers import moment

CONTEXT = ["http://www.w3.org/ns/csvw", {"@language": ENGLISH}]
CSVM = "application/csvm+json"
SUFFIX = "-metadata.json"
# More values than these are told by their form.
ENUMERATED = 40
SLUG = "[-a-zA-Z0-9_]+"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MOMENT = "yyyy-MM-ddTHH:mm:ss.SSSSSSX"

CSVW_TYPES = {
    Kind.ID: {"base": "string", "format": UUID},
    Kind.SLUG: {"base": "string", "format": SLUG},
    Kind.ADDRESS: "anyURI",
    Kind.TEXT: "string",
    Kind.CODE: "string",
    Kind.INTEGER: "integer",
    Kind.NUMBER: "double",
    Kind.TRUTH: {"base": "boolean", "format": "true|false"},
    Kind.DAY: {"base": "date", "format": "yyyy-MM-dd"},
    Kind.MOMENT: {"base": "dateTime", "format": MOMENT},
}
# What columns are in the words of others, by their names without a language.
PROPERTIES = {
    "id": "schema:identifier",
    "url": "schema:url",
    "name": "schema:name",
    "summary": "schema:description",
    "synonyms": "schema:alternateName",
    "municipality": "dc:spatial",
    "country": "schema:addressCountry",
    "topics": "dc:subject",
    "audiences": "schema:audience",
    "email": "schema:email",
    "phone": "schema:telephone",
    "street": "schema:streetAddress",
    "postal_code": "schema:postalCode",
    "town": "schema:addressLocality",
    "latitude": "schema:latitude",
    "longitude": "schema:longitude",
    "founded": "schema:foundingDate",
    "languages": "schema:knowsLanguage",
    "seeks": "schema:seeks",
    "website": "foaf:homepage",
    "started": "schema:startDate",
    "ended": "schema:endDate",
    "position": "schema:position",
    "source": "dc:source",
    "created": "dc:created",
    "updated": "dc:modified",
}
ESCAPED = gettext_noop(
    "A text that begins with =, +, -, @, a tab, a return or ' has one ' in front, "
    "so that no spreadsheet calculates it; take one away to have the text."
)


# Columns


class Said(NamedTuple):
    """What is said of a column in one language."""

    label: str
    meaning: str


def described(resource):
    """Give (its Description in English, {language: Said}) of each column."""
    said = {}
    for language in LANGUAGES:
        with override(language):
            said[language] = [
                Said(column.label(resource.model), str(column.meaning))
                for column in resource.columns
            ]
    with override(ENGLISH):
        english = [column.describe(resource.model) for column in resource.columns]
    return [
        (one, dict(zip(said, texts, strict=True)))
        for one, *texts in zip(english, *said.values(), strict=True)
    ]


def in_all_languages(say):
    """Give what `say()` says in each of the six languages, as JSON-LD has it."""
    texts = []
    for language in LANGUAGES:
        with override(language):
            texts.append({"@value": str(say()), "@language": language})
    return texts


def is_key(resource, name):
    """Say whether a column is one of those that tell rows apart, and all of them are there."""
    return name in resource.key and set(resource.key) <= set(resource.heads)


def pattern(column):
    """Give the regular expression of the codes of a column."""
    codes = [str(code) for code in column.choices]
    if len(codes) <= ENUMERATED:
        return "|".join(re.escape(code) for code in codes)
    if all(re.fullmatch("[A-Z]{2}", code) for code in codes):
        return "[A-Z]{2}"
    return "[a-z]{2,3}"


# CSVW


def csvw(resource, *, url, separator=",", modified=None):
    """Give the CSVW metadata of a CSV file as a dict; `url` is the file's."""
    table = {
        "@context": CONTEXT,
        "url": url,
        "dc:title": in_all_languages(resource.title),
        "dc:description": in_all_languages(lambda: _(ESCAPED)),
        "dc:license": {"@id": LICENCE},
    }
    if modified:
        table["dc:modified"] = {"@value": moment(modified), "@type": "xsd:dateTime"}
    if separator != ",":
        table["dialect"] = {"delimiter": separator}
    schema = {"columns": [csvw_column(resource, *column) for column in described(resource)]}
    if set(resource.key) <= set(resource.heads):
        schema["primaryKey"] = list(resource.key)
    if about := about_url(resource):
        schema["aboutUrl"] = about
    return table | {"tableSchema": schema}


def csvw_column(resource, one, told):
    """Give the description of one column, out of its Description and {language: Said}."""
    found = {
        "name": one.name,
        # The head itself, in no language, and what pages call it.
        "titles": {"und": one.name} | {code: said.label for code, said in told.items()},
        "datatype": (
            {"base": "string", "format": pattern(one)} if one.choices else CSVW_TYPES[one.kind]
        ),
        "required": not one.empty or is_key(resource, one.name),
    }
    if one.meaning:
        found["dc:description"] = [
            {"@value": said.meaning, "@language": code} for code, said in told.items()
        ]
    if one.many:
        found["separator"] = SEVERAL
    if one.language:
        found["lang"] = one.language
    bare = one.name.removesuffix(f"_{one.language}")
    if bare in PROPERTIES:
        found["propertyUrl"] = PROPERTIES[bare]
    if one.kind == Kind.ADDRESS:
        found["valueUrl"] = f"{{+{one.name}}}"
    return found


def about_url(resource):
    """Give the address of the thing that a row is about, as a template; None if it has none."""
    has_address = any(isinstance(part, Address) for part in type(resource).columns)
    if has_address and "id" in resource.heads:
        return f"{resource.permanent_base}{{id}}"
    if len(resource.key) == 1 and resource.key[0] in resource.heads:
        return f"{{#{resource.key[0]}}}"
    return None


def group(tables, each):
    """Give the CSVW metadata of several files that belong together, with their references.

    `tables` are {name: Resource}, `each` has the metadata of each file, `<name>.csv`, by itself.
    """
    found = []
    for name, resource in tables.items():
        table = {key: value for key, value in each[name].items() if key != "@context"}
        if keys := foreign_keys(resource, tables):
            references = [
                {
                    "columnReference": key["fields"],
                    "reference": {
                        "resource": f"{key['table']}.csv",
                        "columnReference": key["there"],
                    },
                }
                for key in keys
            ]
            table["tableSchema"] = table["tableSchema"] | {"foreignKeys": references}
        found.append(table)
    return {"@context": CONTEXT, "dc:license": {"@id": LICENCE}, "tables": found}


def foreign_keys(resource, tables):
    """Give the references of a table to others: its columns, the other table, the columns there.

    Cells that name several are none: in neither standard does a list refer to rows.
    """
    by_model = {other.model: name for name, other in tables.items()}
    found = []
    for column in resource.columns:
        one = column.describe(resource.model)
        if one.vocabulary in by_model and not one.many:
            there = ["id" if one.kind == Kind.ID else "slug"]
            found.append({"fields": [one.name], "table": by_model[one.vocabulary], "there": there})
    return found


def written(document):
    """Give a description as the bytes of its file."""
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


# Over HTTP


def describe(request, resource, form):
    """Give the answer with the CSVW metadata of the CSV file of the same address."""

    def made():
        path, mark, query = request.get_full_path().partition("?")
        document = csvw(
            resource,
            url=request.build_absolute_uri(f"{path.removesuffix(SUFFIX)}{mark}{query}"),
            separator=form.for_format("csv")["separator"],
            modified=editions.of(request).since,
        )
        return HttpResponse(written(document), content_type=CSVM)

    return gzip.process_response(request, kept(request, made))


class PublishedMetadata(WithFiles, View):
    """What the CSV file of a list is: its columns as they were chosen in the address."""

    def get(self, request):
        filterset, form = self.filterset(), self.form()
        if problems := messages(filterset.form, form):
            return refused(problems)
        resource = self.resource_class(base=request.build_absolute_uri("/"), **form.for_resource)
        return describe(request, resource, form)
