"""What the portal holds, in numbers, and how far they may be trusted: for the page about its data.

All is counted in what the public sees, by a fixed number of queries.
"""

import re
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Q

from collaborations.models import Collaboration
from localympact import editions
from localympact.tables import TABLES
from needs.models import Need
from organizations.entries import Provenance
from organizations.exports import TextStates
from organizations.models import Municipality, Organization, TextState
from organizations.vocabularies import ADDRESS_IN_FRONT

ENTRIES = (Organization, Collaboration, Need)
CODES = {"NUTS 3": "nuts3", "LAU": "lau"}


class Holding(NamedTuple):
    """One table: how many rows, and of entries what can be said of all of them."""

    rows: int
    changed: datetime | None = None
    unverified: int = 0
    project: int = 0
    adjacent: int = 0


class Numbers(NamedTuple):
    """All that is counted."""

    # {name of the table: Holding}
    tables: dict
    # Texts whose origin is recorded, and those that are machine translations nobody checked.
    texts: int
    unchecked: int
    # Organisations without a point on the map, and those of them that name no town either.
    without_point: int
    without_town: int
    # {kind of code: (municipalities whose code nobody has verified, how many have one)}
    codes: dict
    # {pk of the municipality: {name of the table: number}}
    pilots: dict


@editions.kept
def numbers():
    """Count everything."""
    texts, unchecked = count_texts()
    without_point, without_town = count_places()
    return Numbers(
        tables={name: holding(table) for name, table in TABLES.items()},
        texts=texts,
        unchecked=unchecked,
        without_point=without_point,
        without_town=without_town,
        codes=unverified_codes(),
        pilots=count_pilots(),
    )


def holding(table):
    """Count one table, by one query."""
    asked = {"rows": Count("pk")}
    if table.model in ENTRIES:
        asked |= {
            "changed": Max("updated"),
            "unverified": Count("pk", filter=Q(verified_on=None)),
            "project": Count("pk", filter=Q(provenance=Provenance.PROJECT)),
            "adjacent": Count("pk", filter=Q(provenance=Provenance.ADJACENT)),
        }
    return Holding(**table.everything().order_by().aggregate(**asked))


def count_texts():
    """Count the texts of what is public, one an entry and language: all, and the unchecked ones."""
    public = Q(pk=None)
    for table in TABLES.values():
        if any(isinstance(part, TextStates) for part in table.columns):
            public |= Q(entry__in=table.everything().order_by().values("uuid"))
    unchecked = Q(origin=TextState.Origin.MACHINE, checked_on=None)
    counts = TextState.objects.filter(public).aggregate(
        texts=Count("pk"), unchecked=Count("pk", filter=unchecked)
    )
    return counts["texts"], counts["unchecked"]


def count_places():
    """Count the organisations that have no point, and those of them that name no town."""
    nowhere = Q(latitude=None, town=None)
    counts = Organization.objects.published().aggregate(
        without_point=Count("pk", filter=nowhere),
        without_town=Count("pk", filter=nowhere & Q(town_name="")),
    )
    return counts["without_point"], counts["without_town"]


def unverified_codes():
    """Give of each kind of code whose is not verified: no page is named on which it was read."""
    places = Municipality.objects.order_by("slug").values(
        "pk", *CODES.values(), *(f"{field}_source" for field in CODES.values())
    )
    found = {}
    for kind, field in CODES.items():
        coded = [place for place in places if place[field]]
        unverified = [
            place["pk"]
            for place in coded
            if not re.match(ADDRESS_IN_FRONT, place[f"{field}_source"])
        ]
        found[kind] = unverified, len(coded)
    return found


def count_pilots():
    """Give how many entries each municipality has in each database."""
    found = {}
    for model in ENTRIES:
        rows = model.objects.published().exclude(municipality=None).order_by()
        for pk, count in rows.values_list("municipality").annotate(count=Count("pk")):
            found.setdefault(pk, {})[model._meta.app_label] = count
    return found
