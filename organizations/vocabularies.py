"""The files of what entries refer to: municipalities, towns, terms."""

import re

from django.db.models import Count, F, Func, Q, TextField, Value
from django.utils.translation import gettext_lazy

from localympact.columns import Column, Kind, ReadOnly, Slug, Translated, Words
from localympact.exports import Resource
from organizations.exports import identity, text_states
from organizations.models import (
    Audience,
    CooperationForm,
    Municipality,
    OrganizationType,
    Topic,
    Town,
)

ADDRESS_IN_FRONT = r"^https?://\S+"


class CodeSource(ReadOnly):
    """Where a code was read: the address with which a note of the editors begins."""

    kind = Kind.ADDRESS

    def cell(self, value, resource):
        found = re.match(ADDRESS_IN_FRONT, value or "")
        return found[0] if found else ""

    def count(self, resource):
        return Count("pk", filter=Q(**{f"{self.lookup}__regex": ADDRESS_IN_FRONT}))

    def copied(self, resource):
        return Func(
            self.value(resource), Value(ADDRESS_IN_FRONT),
            function="SUBSTRING", arg_joiner=" FROM ", output_field=TextField(),
        )  # fmt: skip


def synonyms():
    """Give the columns of synonyms."""
    return Translated(
        "synonyms", gettext_lazy("Other words by which the search finds it, one a line.")
    )


def position():
    """Give the column of an order that editors chose."""
    return Column("position", gettext_lazy("Low numbers come first on the pages."))


class MunicipalityResource(Resource):
    """The pilot areas as a file."""

    model = Municipality
    name = "municipalities"
    formats = (*Resource.formats, "geojson")
    point = (F("latitude"), F("longitude"), Value("municipality"))
    columns = [
        *identity(),
        Column("country", gettext_lazy("The country (ISO 3166-1).")),
        Column("kind", gettext_lazy("Whether it is a municipality or a region.")),
        Column("language", gettext_lazy("The language of the place (ISO 639-1).")),
        Translated("name", gettext_lazy("Its name.")),
        Translated("summary", gettext_lazy("What it is, in a few sentences.")),
        Translated("notes", gettext_lazy("What a reader should know about the place.")),
        synonyms(),
        Words("nuts3", gettext_lazy("The code of its NUTS 3 region, as Eurostat has it.")),
        Words("nuts3_name", gettext_lazy("The name of that region.")),
        CodeSource(
            "nuts3_source",
            gettext_lazy("The page on which that code was read; empty: not verified yet."),
        ),
        Words("lau", gettext_lazy("Its code as a local administrative unit or county.")),
        CodeSource(
            "lau_source",
            gettext_lazy("The page on which that code was read; empty: not verified yet."),
        ),
        Words("wikidata", gettext_lazy("Its item in Wikidata.")),
        Column("population", gettext_lazy("The number of its residents.")),
        Column("population_year", gettext_lazy("The year of that number.")),
        Column("area", gettext_lazy("Its area in square kilometres.")),
        Words("centre", gettext_lazy("Its main town or village.")),
        Column("latitude", gettext_lazy("A point in it, in degrees (WGS 84).")),
        Column("longitude", gettext_lazy("A point in it, in degrees (WGS 84).")),
        Words("website", gettext_lazy("The address of its own pages.")),
        Words("contact_email", gettext_lazy("A public address of its office.")),
        Words("partner", gettext_lazy("The partner of the project there.")),
        Words("partner_website", gettext_lazy("The address of the partner's pages.")),
        Words("source", gettext_lazy("The page on which this was read.")),
        text_states(),
    ]


class TownResource(Resource):
    """The towns and villages as a file."""

    model = Town
    name = "towns"
    formats = (*Resource.formats, "geojson")
    key = ("slug",)
    point = (F("latitude"), F("longitude"), Value("town"))
    columns = [
        Column("slug", gettext_lazy("By this it is named in addresses.")),
        Words("name", gettext_lazy("Its name in the language of the place.")),
        Slug("municipality", gettext_lazy("The pilot area in which it lies.")),
        Column("latitude", gettext_lazy("Degrees (WGS 84), from GeoNames.")),
        Column("longitude", gettext_lazy("Degrees (WGS 84), from GeoNames.")),
        Column("geonames_id", gettext_lazy("Its number in GeoNames.")),
    ]


class TermResource(Resource):
    """Terms of one kind as a file."""

    key = ("slug",)
    columns = [
        Column("slug", gettext_lazy("By this it is named in other files and in addresses.")),
        Translated("name", gettext_lazy("What it is called.")),
        synonyms(),
        position(),
    ]


class OrganizationTypeResource(TermResource):
    model = OrganizationType
    name = "organization_types"


class TopicResource(TermResource):
    model = Topic
    name = "topics"


class AudienceResource(TermResource):
    model = Audience
    name = "audiences"


class CooperationFormResource(TermResource):
    model = CooperationForm
    name = "cooperation_forms"
