"""A data package in the words of Frictionless: several files and what their columns are.

https://specs.frictionlessdata.io/ has the specification. It is made of the columns of Resources,
as metadata.py is.
"""

from django.utils.translation import override

from localympact.columns import SEVERAL, Kind
from localympact.downloads import LICENCE
from localympact.metadata import (
    ENUMERATED,
    ESCAPED,
    PROPERTIES,
    SLUG,
    foreign_keys,
    is_key,
    pattern,
)
from localympact.texts import ENGLISH
from localympact.writers import moment

FRICTIONLESS_TYPES = {
    Kind.ID: {"type": "string", "format": "uuid"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.TRUTH: {"type": "boolean", "trueValues": ["true"], "falseValues": ["false"]},
    Kind.DAY: {"type": "date"},
    # With a fraction of a second where there is one: no format of its own says that.
    Kind.MOMENT: {"type": "datetime", "format": "any"},
}
PREFIXES = {
    "schema": "http://schema.org/",
    "dc": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
}


def package(tables, *, created, base, sums, version):
    """Give the description of a data package: https://specs.frictionlessdata.io/data-package/.

    `sums` says of files (bytes, SHA-256) where they are known.
    """
    return {
        "profile": "tabular-data-package",
        "name": "localympact",
        "id": f"{base}data/localympact.zip",
        "title": "Data of the LOCAL-Y-MPACT portal",
        "description": (
            "A public directory of community organisations, youth organisations and social "
            "enterprises in five European pilot areas, of examples of their cooperation with "
            f"municipalities, and of what stands in its way. {ESCAPED}"
        ),
        "homepage": f"{base}{ENGLISH}/data/",
        "version": version,
        "created": moment(created),
        "licenses": [
            {
                "name": "CC-BY-4.0",
                "path": LICENCE,
                "title": "Creative Commons Attribution 4.0 International",
            }
        ],
        "contributors": [{"title": "LOCAL-Y-MPACT", "path": base, "role": "publisher"}],
        "sources": [
            {"title": "The page on which each entry was read: its column `source`"},
            {
                "title": "GeoNames: coordinates of towns (CC BY 4.0)",
                "path": "https://www.geonames.org/",
            },
        ],
        "resources": [
            packaged(name, resource, tables, sums.get(f"{name}.csv"))
            for name, resource in tables.items()
        ],
    }


def packaged(name, resource, tables, known=None):
    """Give the description of one file of a data package."""
    found = {
        "profile": "tabular-data-resource",
        "name": name.replace("_", "-"),
        "path": f"{name}.csv",
        "title": in_english(resource.title),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
    }
    if known:
        found["bytes"], found["hash"] = known.size, f"sha256:{known.sha256}"
    with override(ENGLISH):
        fields = [field(resource, column.describe(resource.model)) for column in resource.columns]
    found["schema"] = {
        "fields": fields,
        "primaryKey": list(resource.key),
        "foreignKeys": [
            {
                "fields": key["fields"],
                "reference": {
                    "resource": key["table"].replace("_", "-"),
                    "fields": key["there"],
                },
            }
            for key in foreign_keys(resource, tables)
        ],
        "missingValues": [""],
    }
    return found


def in_english(say):
    with override(ENGLISH):
        return str(say())


def field(resource, column):
    """Give the description of one field of a Frictionless schema, of its Description."""
    constraints = {}
    if not column.empty or is_key(resource, column.name):
        constraints["required"] = True
    if column.name == "slug" or resource.key == (column.name,):
        constraints["unique"] = True
    description = column.meaning
    found = {"name": column.name, "title": column.label}
    if column.many:
        kind = {"type": "string"}
        description = f"{description} Several are joined by {SEVERAL}".strip()
    else:
        kind = FRICTIONLESS_TYPES.get(column.kind, {"type": "string"})
        if column.choices and len(column.choices) <= ENUMERATED:
            constraints["enum"] = list(column.choices)
        elif column.choices:
            constraints["pattern"] = pattern(column)
        elif column.kind == Kind.SLUG:
            constraints["pattern"] = SLUG
    if description:
        found["description"] = description
    if term := PROPERTIES.get(column.name.removesuffix(f"_{column.language}")):
        found["rdfType"] = full(term)
    return found | kind | ({"constraints": constraints} if constraints else {})


def full(term):
    """Give the whole address of a term that CSVW knows by its prefix."""
    prefix, _colon, name = term.partition(":")
    return PREFIXES[prefix] + name
