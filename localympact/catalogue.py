"""The catalogue of the portal's data, for harvesters: what there is, where, since when.

`datasets` is the list of what there is; whatever is added there is in the catalogue. dcat.py says
it in the words of DCAT-AP.
"""

import datetime
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256

from django.db.models import Max, Min
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from django.views.generic import View

from collaborations.exports import CollaborationResource
from localympact import editions, snapshots
from localympact.dcat import THEMES, WRITERS, Dataset, Description, File, Service
from localympact.facets import states_of
from localympact.replicas import connection
from localympact.texts import ENGLISH, LANGUAGES
from localympact.writers import FORMATS
from needs.exports import NeedResource
from organizations.exports import OrganizationResource
from organizations.models import Municipality, Topic

# The countries of the project: what a portal without municipalities is about.
PROJECT_COUNTRIES = frozenset(["CY", "LT", "LV", "PT", "SE"])
# The mapping: autumn 2022 (templates/about.html).
MAPPED_FROM, MAPPED_UNTIL = "2022-09", "2022-11"
# How many snapshots it names.
SNAPSHOTS = 12
# When the portal first had a catalogue.
ISSUED = datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)

TITLE = _("Data of the LOCAL-Y-MPACT portal")
DESCRIPTION = _(
    "A public directory of community organisations, youth organisations and social enterprises, "
    "of examples of their cooperation with municipalities, and of what stands in its way."
)
MAPPED = _(
    "The project mapped this in autumn 2022; entries have been added and changed since. "
    "Each names the page on which it was read."
)


def database(resource, name, **described):
    """Give the dataset of one database, with a file in each of the formats of its list."""
    app = resource.model._meta.app_label
    page = reverse(f"{app}:list")
    files = [
        File(
            format=format,
            label=FORMATS[format].label,
            content_type=FORMATS[format].content_type,
            address=reverse(f"{app}:export", args=[format]),
            page=page,
            description=_("All published entries, with every column and every language."),
        )
        for format in resource.formats
    ]
    return Dataset(
        slug=app,
        page=page,
        files=files,
        names=(name,),
        since=MAPPED_FROM,
        until=MAPPED_UNTIL,
        **described,
    )


def organizations():
    return database(
        OrganizationResource,
        _("Organisations"),
        title=_("Community organisations of the LOCAL-Y-MPACT pilot areas"),
        description=(
            _(
                "Community organisations, youth organisations and social enterprises in the five "
                "pilot areas, and those that work with them."
            ),
            MAPPED,
        ),
        themes=("SOCI", "REGI"),
        geonames=True,
    )


def collaborations():
    return database(
        CollaborationResource,
        _("Collaborations"),
        title=_("Examples of cooperation from the LOCAL-Y-MPACT pilot areas"),
        description=(
            _(
                "Examples of municipalities and organisations working together, to learn from and "
                "to follow."
            ),
            MAPPED,
        ),
        themes=("SOCI", "GOVE", "REGI"),
    )


def needs():
    return database(
        NeedResource,
        _("Needs and challenges"),
        title=_("Needs and challenges of cooperation in the LOCAL-Y-MPACT pilot areas"),
        description=(
            _(
                "What municipalities and organisations need in order to work together, and what "
                "stands in the way."
            ),
            MAPPED,
        ),
        themes=("SOCI", "GOVE"),
    )


def with_content(dataset, model, state, countries):
    """Give a dataset with what its published entries say: topics, countries, time."""
    public = state.having("public", True)

    def occurring(facet):
        return {value for value, count in state.counts(facet, public).items() if count}

    asked = {"issued": Min("created"), "modified": Max("updated")}
    if model is CollaborationResource.model:
        asked["started"] = Min("started")
    found = model.objects.published().aggregate(**asked)
    started, modified = found.pop("started", None), found["modified"]
    places = {countries[pk] for pk in occurring("municipality") if pk in countries}
    return replace(
        dataset,
        **found,
        topics=frozenset(occurring("topic")),
        countries=frozenset(places) or everywhere(countries),
        since=min(MAPPED_FROM, f"{started:04}") if started else MAPPED_FROM,
        until=f"{modified:%Y-%m-%d}" if modified else MAPPED_UNTIL,
    )


def everywhere(countries):
    """Give the countries of the portal: those of its municipalities."""
    return frozenset(countries.values()) or PROJECT_COUNTRIES


def everything(parts):
    """Give the dataset of all databases and what stands beside them, as one file."""
    page = f"/{ENGLISH}/data/"
    description = _(
        "All three databases with their terms, municipalities and towns, and the conclusions of "
        "the mapping, in one file."
    )
    archive = File(
        format="zip",
        label="ZIP",
        content_type="application/zip",
        address="/data/localympact.zip",
        page=page,
        description=description,
    )
    return Dataset(
        slug="everything",
        title=_("All data of the LOCAL-Y-MPACT portal"),
        description=(description, MAPPED),
        page=page,
        files=[archive],
        themes=tuple(THEMES),
        names=tuple(name for part in parts for name in part.names),
        topics=frozenset().union(*(part.topics for part in parts)),
        countries=frozenset().union(*(part.countries for part in parts)),
        issued=min((part.issued for part in parts if part.issued), default=None),
        modified=last_change(parts),
        since=min(part.since for part in parts),
        until=max(part.until for part in parts),
        geonames=True,
    )


def dated(whole):
    """Give the dataset of the dated snapshots in a list, empty while there is none.

    `whole` is the dataset of everything, of which they are snapshots. The latest are named; the
    page has them all.
    """
    kept = given()[:SNAPSHOTS]
    if not kept:
        return []
    page = reverse("snapshots")
    description = _("All published data as they were on a day. A snapshot never changes.")
    files = []
    for one in kept:
        size, sha256 = one.about["files"][one.zip.name].values()
        files.append(
            File(
                format="zip",
                label=f"ZIP, {one.day}",
                content_type="application/zip",
                address=reverse("snapshot_file", args=[one.day, one.zip.name]),
                page=reverse("snapshot", args=[one.day]),
                description=description,
                slug=f"zip-{one.day}",
                availability="STABLE",
                byte_size=size,
                sha256=sha256,
            )
        )
    made = [datetime.datetime.fromisoformat(one.about["made"]) for one in kept]
    return [
        replace(
            whole,
            slug="snapshots",
            title=_("Dated snapshots of all data of the LOCAL-Y-MPACT portal"),
            description=(description, MAPPED),
            page=page,
            files=files,
            issued=made[-1],
            modified=made[0],
        )
    ]


def given():
    """Give the snapshots that were not withdrawn, the newest first."""
    return [one for one in snapshots.snapshots() if not one.withdrawn]


def datasets(countries):
    """Give all that there is, the three databases first.

    `countries` are those of the municipalities: {pk: code}. A further dataset is a function that
    gives a `Dataset`, and a line here; one that never changes says `frequency="NEVER"`, and its
    files may say `availability="STABLE"` and their `byte_size`.
    """
    described = {
        OrganizationResource.model: organizations(),
        CollaborationResource.model: collaborations(),
        NeedResource.model: needs(),
    }
    parts = [
        with_content(dataset, model, state, countries)
        for (model, dataset), state in zip(described.items(), states_of(*described), strict=True)
    ]
    whole = everything(parts)
    return [*parts, whole, *dated(whole)]


def interface(parts):
    """Give the JSON interface to the databases."""
    return Service(
        slug="json",
        title=_("The databases of the LOCAL-Y-MPACT portal as JSON"),
        description=_("The three lists with all their filters, for programs."),
        addresses=[f"{part.page.rstrip('/')}.json" for part in parts],
        described="/openapi.json",
        datasets=parts,
    )


def last_change(found):
    """Give when any of some datasets last changed, or None."""
    return max((dataset.modified for dataset in found if dataset.modified), default=None)


def describe(base):
    """Give the graph of the catalogue of the site at `base`."""
    countries = dict(Municipality.objects.values_list("pk", "country"))
    description = Description(base)
    # The addresses are those of the English pages; the files hold every language.
    with override(ENGLISH):
        found = datasets(countries)
        description.catalogue(
            TITLE,
            DESCRIPTION,
            found,
            [interface(found[:3])],
            list(Topic.objects.all()),
            countries=everywhere(countries),
            issued=ISSUED,
            modified=max(ISSUED, last_change(found) or ISSUED),
        )
    return description.graph


# The files. To make one takes 70 ms, to see that it is still right 1 ms.


def document(format, base):
    """Give the catalogue in one of the formats; made anew where the content has changed."""
    if connection().in_atomic_block:
        # Here may be what is never committed: it is not kept.
        return written(format, base)
    return kept(format, base, editions.now().name, tuple(one.day for one in given()))


def written(format, base):
    _content_type, write = WRITERS[format]
    return write(describe(base))


@lru_cache(maxsize=12)
def kept(format, base, edition, days):
    return written(format, base)


class Catalogue(View):
    """The catalogue as a file; not sent again to whoever has it as it is now."""

    def get(self, request, format):
        if format not in WRITERS:
            raise Http404
        content_type, _write = WRITERS[format]
        body = document(format, request.build_absolute_uri("/"))
        etag = f'"{sha256(body).hexdigest()[:32]}"'
        response = HttpResponse(
            body,
            content_type=content_type,
            headers={"ETag": etag, "Content-Language": ", ".join(LANGUAGES)},
        )
        return get_conditional_response(request, etag=etag, response=response)
