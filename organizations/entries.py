"""What all public entries share: identity, texts, place, topics, status, origin."""

import uuid
from itertools import chain, islice

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from localympact.afterwards import FollowedQuerySet
from localympact.alphabets import by_name
from localympact.among import Among
from localympact.facets import facets_of
from localympact.folding import fold
from localympact.models import Indexed
from localympact.search import Search
from localympact.slugs import Slugged
from localympact.texts import ENGLISH, LANGUAGES, columns, pick
from organizations.origins import translated_by_machine

WITH_HTTPS = _("The full web address, beginning with https://.")
LATITUDE = _(
    "Find the place on openstreetmap.org, click it with the right button and choose "
    "“Show address”: the first number is the latitude, for example 57.245."
)
LONGITUDE = _("The second number, for example 22.588; west of Greenwich with a minus.")
NOT_A_YEAR = _("Give a year between 1000 and 2100.")
NOT_ON_EARTH = _(
    "Give a latitude between -90 and 90 and a longitude between -180 and 180, or neither."
)

# Longest chain of merged entries that is followed.
MAX_MERGES = 10


def has_text(field, language):
    """Give the condition that a translated field is filled in one language.

    NULL must be named: a CHECK that comes out NULL would pass.
    """
    column = f"{field}_{language}"
    return Q(**{f"{column}__isnull": False}) & ~Q(**{column: ""})


def either(conditions):
    """Join conditions by OR."""
    joined = Q()
    for condition in conditions:
        joined |= condition
    return joined


def year_range(*fields):
    """Give the condition that each year is one of our era, where it is given."""
    joined = Q()
    for field in fields:
        joined &= Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__range": (1000, 2100)})
    return joined


def on_earth():
    """Give the condition that latitude and longitude are both given and possible, or neither."""
    return Q(latitude__isnull=True, longitude__isnull=True) | Q(
        latitude__isnull=False,
        longitude__isnull=False,
        latitude__range=(-90, 90),
        longitude__range=(-180, 180),
    )


class Provenance(models.TextChoices):
    PROJECT = "project", _("From the project")
    ADJACENT = "adjacent", _("From another source")


class Described(Slugged):
    """Something public with a permanent id and a name and summary in six languages."""

    # History keeps what editors made of it (localympact/history.py).
    keeps_versions = True

    uuid = models.UUIDField(_("permanent id"), default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(
        _("name"),
        max_length=250,
        blank=True,
        default="",
        help_text=_(
            "Write it in the language that it is really used in; translate it if it helps."
        ),
    )
    summary = models.TextField(
        _("summary"),
        blank=True,
        default="",
        help_text=_("Two or three plain sentences for somebody who has never heard of it."),
    )

    # The language of its municipality; what belongs to no municipality has none.
    own_language = None
    own_language_lookup = None
    # Whether its name is to be in all languages.
    name_is_translated = True

    class Meta:
        abstract = True
        constraints = [
            *Slugged.Meta.constraints,
            models.CheckConstraint(
                condition=either(has_text("name", language) for language in LANGUAGES),
                name="%(app_label)s_%(class)s_has_a_name",
                violation_error_message=_("Give a name in at least one language."),
            ),
        ]

    def __str__(self):
        return str(pick(self, "name"))


class Status(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


NOT_FOR_THE_PORTAL = _("Say who confirmed it on that day: the organisation or the municipality.")


class VerifiedBy(models.TextChoices):
    ORGANISATION = "organisation", _("the organisation itself")
    MUNICIPALITY = "municipality", _("the municipality")
    PORTAL = "portal", _("the portal")


class WithSynonyms(models.Model):
    """Something that people look for by other words than its name; saving tidies them."""

    synonyms = models.TextField(
        _("synonyms"),
        blank=True,
        default="",
        help_text=_("Other words that people type when they look for this, one a line."),
    )

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        for column in columns("synonyms"):
            if text := getattr(self, column):
                setattr(self, column, tidy_lines(text))
        super().save(*args, **kwargs)


def tidy_lines(text):
    """Give the lines of a text trimmed, without empty ones and those that only repeat another."""
    kept = {}
    for line in text.splitlines():
        if bare := " ".join(line.split()):
            kept.setdefault(fold(bare), bare)
    return "\n".join(kept.values())


class DescribedQuerySet(models.QuerySet):
    """What has a name and a summary in six languages."""

    def with_origin(self):
        """Note for each whether its text in the active language was translated by machine."""
        return self.annotate(by_machine=translated_by_machine(get_language() or ENGLISH))


class EditableQuerySet(models.QuerySet):
    """What belongs to municipalities, and is edited by their editors."""

    def editable_by(self, user):
        """Keep what `user` may edit: portal editors all, others those of their municipalities."""
        if not user.is_authenticated:
            return self.none()
        if user.edits_everything:
            return self.all()
        return self.filter(municipality__in=user.municipalities.all())


def unshown(model):
    """Give the columns of a place or a term that stand on no card."""
    names = {field.name for field in model._meta.concrete_fields}
    return sorted(names.intersection(columns("summary", "notes", "synonyms")))


def named(model, field):
    """Give how to fetch the terms of entries without their synonyms."""
    terms = model._meta.get_field(field).related_model
    return Prefetch(field, terms.objects.defer(*unshown(terms)))


class EntryQuerySet(FollowedQuerySet, EditableQuerySet, DescribedQuerySet):
    """The vocabulary of the portal: what is asked of entries, in its own words."""

    silent = frozenset(["todo", "was_public"])

    def get_by_natural_key(self, key):
        return self.get(uuid=key)

    def published(self):
        """Keep what the public sees."""
        return self.filter(status=Status.PUBLISHED, merged_into=None)

    def known(self):
        """Keep what the public sees or has seen: everything but drafts that never were public."""
        return self.filter(~Q(status=Status.DRAFT) | Q(was_public=True))

    def gone(self):
        """Keep what the public has seen and no longer sees."""
        return self.known().exclude(status=Status.PUBLISHED, merged_into=None)

    def search(self, text):
        """Keep entries that have every word of `text`, in any language and form.

        A word that is the name or a synonym of a term keeps what carries the term; what stands
        in quotation marks is looked for exactly so. Case and accents never matter. An empty text
        asks nothing.
        """
        if not text.strip():
            return self
        facets = facets_of(self.model).now()
        search = Search(text, get_language() or ENGLISH)
        return self.filter(pk__in=Among(search.found(facets)))

    def in_country(self, *codes):
        """Keep entries that concern one of these countries (ISO 3166 codes)."""
        return self.filter(municipality__country__in=codes)

    def with_related(self):
        """Fetch with each entry what its card shows, in a fixed number of queries.

        Of its place and its topics the names only: their long texts stand on no card.
        """
        place = self.model._meta.get_field("municipality").related_model
        long_texts = [f"municipality__{column}" for column in unshown(place)]
        related = self.select_related("municipality").defer(*long_texts)
        return related.prefetch_related(named(self.model, "topics")).with_origin()

    def with_reasons(self):
        """Fetch what else a search may have found each entry by."""
        if "audience" not in self.model.facet_links:
            return self
        return self.prefetch_related(named(self.model, "audiences"))

    def alike(self, entry, few, *groups):
        """Give a few other published entries with topics of `entry`, most in common first.

        A list for each group, which is a function that takes the facets and gives a bitmap.
        """
        facets = facets_of(self.model).now()
        topics = [topic.pk for topic in entry.topics.all()]
        others = facets.having("public", True) - BitMap([entry.pk])
        chosen = [
            list(islice(chain(*facets.with_most("topic", topics, others & group(facets))), few))
            for group in groups
        ]
        found = self.published().with_related().in_bulk([*chain(*chosen)])
        return [[found[pk] for pk in pks if pk in found] for pks in chosen]

    def by_name(self, reader):
        """Order by the name that the reader sees, in the reader's alphabet."""
        return self.order_by(*by_name(self.model.own_language_lookup, reader))


class Entry(Described):
    """A public entry of one of the three databases."""

    municipality = models.ForeignKey(
        "organizations.Municipality",
        models.PROTECT,
        verbose_name=_("municipality"),
        related_name="%(class)ss",
        help_text=_("The pilot area it belongs to. Its editors may change this entry."),
    )
    topics = models.ManyToManyField(
        "organizations.Topic",
        verbose_name=_("topics"),
        related_name="%(class)ss",
        blank=True,
        help_text=_("Tick what it is really about; three or four are enough."),
    )
    status = models.CharField(
        _("status"),
        max_length=9,
        choices=Status.choices,
        default=Status.DRAFT,
        db_index=True,
        help_text=_(
            "A draft is seen by editors only; a published entry by everybody. "
            "Archive what no longer exists."
        ),
    )
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("merged into"),
        related_name="merged",
        null=True,
        blank=True,
        help_text=_("For a duplicate: the entry that stays. The address of this one leads there."),
    )
    source = models.URLField(
        _("source"),
        max_length=500,
        blank=True,
        help_text=_("The full web address of the page on which this was read."),
    )
    provenance = models.CharField(
        _("provenance"),
        max_length=8,
        choices=Provenance.choices,
        default=Provenance.ADJACENT,
        help_text=_("Whether that page is about the LOCAL-Y-MPACT project."),
    )
    verified_on = models.DateField(
        _("verified on"),
        null=True,
        blank=True,
        help_text=_("The day on which somebody last confirmed that all this is right."),
    )
    verified_by = models.CharField(
        _("verified by"),
        max_length=12,
        choices=VerifiedBy.choices,
        blank=True,
        help_text=_("Who confirmed it. Leave the day empty, too, if nobody has."),
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated = models.DateTimeField(_("updated"), default=timezone.now, editable=False)
    # Whether it has ever been published; kept by organizations/removals.py.
    was_public = models.BooleanField(default=False, editable=False)
    # What its editors have still to do, as bits; kept by organizations/todo.py.
    todo = models.PositiveIntegerField(default=0, editable=False)

    objects = EntryQuerySet.as_manager()

    own_language_lookup = "municipality__language"
    # It stays in the language in which it is really used.
    name_is_translated = False
    # Whether its website is its own: two entries with one host may then be one.
    owns_website = False

    # Its number in the index of the search, which never changes.
    database = None
    # What a search finds beside the name: texts in six languages, and what has no language.
    searched = ["summary"]
    searched_as_written = []
    # The facets by which it is counted: {name: column}, {name: many-to-many field}.
    facet_columns = {"municipality": "municipality", "country": "municipality__country"}
    facet_links = {"topic": "topics"}

    class Meta:
        abstract = True
        # Whoever writes many past `objects` is followed too.
        base_manager_name = "objects"
        ordering = ["pk"]
        indexes = [
            # The numbers of the desk are counted in this index alone.
            models.Index(
                fields=["municipality", "status", "todo", "verified_on", "updated"],
                condition=Q(merged_into__isnull=True),
                name="%(class)s_desk",
            ),
            # The order of the editors' lists, and the latest changes.
            models.Index(fields=["-updated", "-id"], name="%(class)s_lately"),
            # The order “newest first”.
            models.Index(fields=["-created", "-id"], name="%(class)s_newest"),
        ]
        constraints = [
            *Described.Meta.constraints,
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="%(app_label)s_%(class)s_status"
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=models.F("id")),
                name="%(app_label)s_%(class)s_not_merged_into_itself",
                violation_error_message=_("An entry cannot be merged into itself."),
            ),
            models.CheckConstraint(
                condition=Q(verified_on__isnull=True, verified_by="")
                | (Q(verified_on__isnull=False) & ~Q(verified_by="")),
                name="%(app_label)s_%(class)s_verified_when_and_by_whom",
                violation_error_message=_("Say both when it was verified and by whom."),
            ),
        ]

    def natural_key(self):
        return (self.uuid,)

    natural_key.dependencies = ["organizations.municipality", "organizations.topic"]

    def get_absolute_url(self):
        return reverse(f"{self._meta.app_label}:detail", args=[self.slug])

    @property
    def own_language(self):
        """The language of its municipality, or None."""
        return self.municipality.language if self.municipality_id else None

    @property
    def is_published(self):
        """Whether the public sees it."""
        return self.status == Status.PUBLISHED

    @property
    def is_archived(self):
        """Whether it was public and is no longer."""
        return self.status == Status.ARCHIVED

    def save(self, *args, update_fields=None, **kwargs):
        self.updated = timezone.now()
        self.was_public = self.was_public or self.is_published
        if update_fields is not None:
            update_fields = {*update_fields, "updated", "was_public"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def clean(self):
        super().clean()
        if self.merged_into_id and self.survivor() in (None, self):
            raise ValidationError(
                {"merged_into": _("These entries would be merged into each other in a circle.")}
            )
        if self.merged_into_id and self.is_published:
            raise ValidationError(
                {"status": _("This entry was merged into another one: it cannot be published.")}
            )

    @classmethod
    def facet_rows(cls, pks=None):
        """Give what entries are counted by, as (facet, value, pk): all of them, or some.

        (None, None, pk) of each that there is; ("public", True, pk) of what everybody sees.
        """
        within = {} if pks is None else {"pk__in": Among(pks)}
        names, known = list(cls.facet_columns), cls.facet_knowledge()
        rows = cls._base_manager.filter(**within).order_by()
        for pk, status, merged, day, *values in rows.values_list(
            "pk", "status", "merged_into", "verified_on", *cls.facet_columns.values()
        ):
            yield None, None, pk
            if status == Status.PUBLISHED and merged is None:
                yield "public", True, pk
            yield "verified", "no" if day is None else "yes", pk
            if day:
                yield "verified_on", day, pk
            row = dict(zip(names, values, strict=True))
            for facet, value in cls.facet_values(row, known):
                yield facet, value, pk
        for facet, name in cls.facet_links.items():
            field = cls._meta.get_field(name)
            owner, thing = field.m2m_field_name(), field.m2m_reverse_field_name()
            links = field.remote_field.through._base_manager.order_by()
            if pks is not None:
                links = links.filter(**{f"{owner}__in": Among(pks)})
            for pk, value in links.values_list(owner, thing):
                yield facet, value, pk
        texts = Indexed.objects.filter(database=cls.database)
        if pks is not None:
            texts = texts.filter(entry__in=Among(pks))
        for pk, bits in texts.values_list("entry", "languages"):
            for at, language in enumerate(LANGUAGES):
                if bits >> at & 1:
                    yield "language", language, pk

    @classmethod
    def facet_knowledge(cls):
        """Give what `facet_values` must know beside the entry, asked once for all."""

    @classmethod
    def facet_values(cls, row, known):
        """Give the (facet, value) pairs of one entry; `row` is {name of facet_columns: value}."""
        return [(facet, value) for facet, value in row.items() if value not in (None, "")]

    def survivor(self):
        """Give the entry that this one leads to after merges, or None if they form a circle."""
        entry = self
        for _step in range(MAX_MERGES):
            if entry.merged_into is None:
                return entry
            entry = entry.merged_into
        return None
