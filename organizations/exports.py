"""The columns of the files of organisations, and those that all entries share."""

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from localympact.cldr import language_name
from localympact.columns import (
    SEVERAL,
    Address,
    Codes,
    Column,
    Group,
    Kind,
    ReadOnly,
    Slug,
    Slugs,
    Translated,
    Truth,
    Words,
)
from localympact.exports import Resource
from localympact.texts import LANGUAGES, seen_language
from organizations.entries import NOT_FOR_THE_PORTAL, VerifiedBy
from organizations.models import PHONE, Organization, TextState, Town
from organizations.origins import digest_of


class Place(Words):
    """The town or village by its name: one of the list of towns, or another."""

    related = ("town",)

    def value(self, resource):
        return Coalesce("town__name", "town_name")

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


class TextStates(Group):
    """Where texts come from: a column for each language, or one for the text that is shown."""

    def of(self, language):
        if language is None:
            return [TextOrigin(f"{self.name}_{code}", self.meaning, code) for code in LANGUAGES]
        return [TextOrigin(self.name, self.meaning, language, of_what_is_seen=True)]


class TextOrigin(ReadOnly):
    """Where a text comes from: `original`, `human` or `machine`.

    With `checked` when somebody checked it, and `outdated` when its source has changed since.
    """

    many = True
    kind = Kind.CODE

    def __init__(self, name, meaning, reader, *, of_what_is_seen=False):
        super().__init__(name, meaning)
        self.reader, self.of_what_is_seen = reader, of_what_is_seen

    def aliases(self, resource):
        model = resource.model
        names = {f"digest_{language}": digest_of(model, language) for language in LANGUAGES}
        if self.of_what_is_seen:
            names["seen_language"] = seen_language(
                "summary", model.own_language_lookup, reader=self.reader
            )
        return names

    def value(self, resource):
        language = OuterRef("seen_language") if self.of_what_is_seen else self.reader
        digest_now = Case(
            *[
                When(source_language=language, then=OuterRef(f"digest_{language}"))
                for language in LANGUAGES
            ],
            output_field=CharField(),
        )
        words = Concat(
            F("origin"),
            Case(When(checked_on__isnull=False, then=Value("|checked")), default=Value("")),
            Case(
                When(
                    ~Q(source_language="") & ~Q(source_digest=digest_now), then=Value("|outdated")
                ),
                default=Value(""),
            ),
            output_field=CharField(),
        )
        return Subquery(self.states(language).values(words=words))

    def states(self, language):
        """Give what is recorded of a text in a language."""
        return TextState.objects.filter(entry=OuterRef("uuid"), language=language).order_by()

    def count(self, resource):
        return Count("pk", filter=Exists(self.states(self.reader)))

    def copied(self, resource):
        return self.value(resource)

    def cell(self, value, resource):
        return value.split(SEVERAL) if value else []

    def choices(self, model):
        return {
            **dict(TextState.Origin.choices),
            "checked": _("Checked"),
            "outdated": _("Out of date"),
        }

    def label(self, model):
        if self.of_what_is_seen:
            return _("origin of the text")
        return f"{_('origin of the text')} ({language_name(self.reader)})"


def identity():
    """Give the columns that every file of entries begins with."""
    return [
        Column("id", gettext_lazy("Never changes, and is never given to anything else."), "uuid"),
        Column("slug", gettext_lazy("The last part of the address of its page.")),
        Address(gettext_lazy("Leads to its page for ever, in the language of the reader.")),
    ]


def place():
    """Give the columns of where an entry belongs."""
    return [
        Slug("municipality", gettext_lazy("The pilot area to which it belongs.")),
        ReadOnly(
            "country",
            gettext_lazy("The country of that pilot area (ISO 3166-1)."),
            "municipality__country",
        ),
    ]


def topics():
    """Give the column of topics."""
    return Slugs("topics", gettext_lazy("What it is about."))


def audiences():
    """Give the column of audiences."""
    return Slugs(
        "audiences", gettext_lazy("Whom it is there for; empty if for everybody, or not stated.")
    )


def text_states():
    """Give the columns of where texts come from."""
    return TextStates(
        "text_state",
        gettext_lazy(
            "Where the text comes from, and whether somebody checked it or its source has "
            "changed since; empty: not recorded."
        ),
    )


def origin():
    """Give the columns that every file of entries ends with."""
    return [
        Confirmation(
            "verified_on",
            gettext_lazy("When somebody last confirmed that all this is right; empty: nobody yet."),
        ),
        Confirmation("verified_by", gettext_lazy("Who confirmed it.")),
        Column(
            "provenance",
            gettext_lazy("Whether it was read in a source of the project or in another one."),
        ),
        Words("source", gettext_lazy("The page on which it was read.")),
        ReadOnly("created", gettext_lazy("When it was entered into the portal.")),
        ReadOnly("updated", gettext_lazy("When it was last saved; says nothing of being right.")),
        text_states(),
    ]


class OrganizationResource(Resource):
    """Organisations as a file."""

    model = Organization
    name = "organizations"
    formats = (*Resource.formats, "geojson")
    point = (
        Coalesce("latitude", "town__latitude"),
        Coalesce("longitude", "town__longitude"),
        Case(
            When(latitude__isnull=False, then=Value("organization")),
            When(town__isnull=False, then=Value("town")),
            default=Value(""),
        ),
    )
    columns = [
        *identity(),
        *place(),
        Translated("name", gettext_lazy("Its name, in the languages in which it has one.")),
        Slug("type", gettext_lazy("What it is in law; empty: not stated.")),
        topics(),
        audiences(),
        Translated("summary", gettext_lazy("What it does, in a few sentences.")),
        Column("reach", gettext_lazy("How far its work goes.")),
        Translated("reach_note", gettext_lazy("What is to be added about that.")),
        Words("website", gettext_lazy("The address of its own pages.")),
        Words("email", gettext_lazy("A public address of the organisation.")),
        Words("phone", gettext_lazy("Its telephone number, as it was written."), unless=PHONE),
        Words("street", gettext_lazy("Street and number.")),
        Words("postal_code", gettext_lazy("The postal code, as it stands on a letter.")),
        Place("town", gettext_lazy("The name of its town or village.")),
        Column(
            "latitude",
            gettext_lazy("Its own place in degrees (WGS 84); empty: only its town is known."),
        ),
        Column("longitude", gettext_lazy("Its own place in degrees (WGS 84).")),
        Column("founded", gettext_lazy("The year in which it was founded.")),
        Words("registration_number", gettext_lazy("Its number in the national register.")),
        Codes("languages", gettext_lazy("In which its people can be spoken to (ISO 639-1).")),
        Truth("seeks_partners", gettext_lazy("Whether it is looking for partners now.")),
        Translated("seeks", gettext_lazy("For what it looks for partners.")),
        *origin(),
    ]
