"""The columns of the files of organisations."""

from django.db.models.functions import Coalesce

from localympact.exports import (
    Address,
    Codes,
    Column,
    Loaded,
    ReadOnly,
    Resource,
    Slug,
    Slugs,
    Truth,
    Words,
    translated,
)
from localympact.texts import LANGUAGES
from organizations.entries import NOT_FOR_THE_PORTAL, VerifiedBy
from organizations.models import PHONE, Organization, Town
from organizations.origins import texts_of


class Place(Words):
    """The town or village by its name: one of the list of towns, or another."""

    related = ("town",)

    def current(self, instance):
        return instance.place

    def assign(self, instance, value):
        value = value.strip()
        if self.current(instance) == value:
            return False
        instance.town = Town.objects.filter(
            municipality=instance.municipality_id, name=value
        ).first()
        instance.town_name = "" if instance.town else value
        return True


class Confirmation(Column):
    """When or by whom an entry was confirmed: in the portal's name only by its own editors."""

    def forbidden(self, instance, user):
        if instance.verified_by == VerifiedBy.PORTAL and not user.edits_everything:
            return NOT_FOR_THE_PORTAL
        return None


class TextOrigin(Loaded):
    """Where the text in one language comes from: `original`, `human` or `machine`.

    With `checked` when somebody checked it, and `outdated` when its source has changed since.
    """

    writable = False

    def __init__(self, language):
        super().__init__(f"text_state_{language}")

    def load(self, model, pks):
        entries = {entry.uuid: entry for entry in model.objects.filter(pk__in=pks)}
        found = {f"text_state_{language}": {} for language in LANGUAGES}
        for uuid, texts in texts_of(entries.values()).items():
            for language, state in texts.states.items():
                cell = [state.origin]
                if state.checked_on:
                    cell.append("checked")
                if texts.outdated(language):
                    cell.append("outdated")
                found[f"text_state_{language}"][entries[uuid].pk] = cell
        return found


def identity():
    """Give the columns that every file of entries begins with."""
    return [Column("id", "uuid"), Column("slug"), Address()]


def origin():
    """Give the columns that every file of entries ends with."""
    return [
        Confirmation("verified_on"),
        Confirmation("verified_by"),
        Column("provenance"),
        Words("source"),
        ReadOnly("created"),
        ReadOnly("updated"),
        *(TextOrigin(language) for language in LANGUAGES),
    ]


class OrganizationResource(Resource):
    """Organisations as a file."""

    model = Organization
    formats = (*Resource.formats, "geojson")
    columns = [
        *identity(),
        Slug("municipality"),
        ReadOnly("country", "municipality__country"),
        *translated("name"),
        Slug("type"),
        Slugs("topics"),
        Slugs("audiences"),
        *translated("summary"),
        Column("reach"),
        *translated("reach_note"),
        Words("website"),
        Words("email"),
        Words("phone", unless=PHONE),
        Words("street"),
        Words("postal_code"),
        Place("town", Coalesce("town__name", "town_name")),
        Column("latitude"),
        Column("longitude"),
        Column("founded"),
        Words("registration_number"),
        Codes("languages"),
        Truth("seeks_partners"),
        *translated("seeks"),
        *origin(),
    ]
