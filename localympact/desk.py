"""The editors' desk: the admin's first page, with what waits in a person's municipalities.

Each number leads to exactly the list that it counts. All numbers of a database are counted in one
query, in the index `<model>_desk` alone; the bits of `todo` are added up here.
"""

from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Max, Q, Value
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext
from reversion.models import Version

from localympact.history import REASONS
from localympact.models import UnansweredSearch
from localympact.texts import ENGLISH
from organizations.models import DuplicatePair, Municipality, Suggestion
from organizations.todo import (
    BITS,
    CHANGED_LATELY,
    TEXT_KINDS,
    conditions,
    entry_models,
    in_work,
    label,
    lists_of,
    waiting,
)

# How many of the latest changes the desk names.
CHANGES = 10
# A revision bears the moment when it began; what it saves comes a little later.
REVISION_TAKES = timedelta(minutes=10)


class Number(NamedTuple):
    """How many wait, what for, and the list of them."""

    name: str
    label: str
    count: int
    address: str


class Language(NamedTuple):
    """The texts in one language: how many are missing, out of date, by machine."""

    code: str
    name: str
    numbers: list


class Database(NamedTuple):
    """One of the three databases as work."""

    name: str
    address: str
    add_address: str
    matrix_address: str
    numbers: list
    lately: Number
    languages: list

    @property
    def waits(self):
        """Whether anything is to do here."""
        in_texts = [number for language in self.languages for number in language.numbers]
        return any(number.count for number in [*self.numbers, *in_texts])


class Change(NamedTuple):
    """What was changed lately, and who did it if that is known."""

    entry: object
    address: str
    kind: str
    person: object
    reason: str


def first_page(request):
    """Show the desk above what else a person may open."""
    desk = Desk(request.user, request.GET.get("municipality", ""))
    return admin.site.index(request, {"desk": desk})


class Desk:
    """What waits for a person, in all their municipalities or in the one that they chose."""

    def __init__(self, person, slug=""):
        self.person = person
        self.places = list(
            Municipality.objects.editable_by(person).by_name(get_language() or ENGLISH)
        )
        self.place = next((place for place in self.places if place.slug == slug), None)

    def may(self, action, model):
        """Say whether the person may do something with the things of a model."""
        return self.person.has_perm(f"{model._meta.app_label}.{action}_{model._meta.model_name}")

    @cached_property
    def models(self):
        """The databases that the person may see."""
        return [model for model in entry_models() if self.may("view", model)]

    @property
    def is_ready(self):
        """Whether this person has any work here: rights, and a place to use them in."""
        return bool(self.models) and (self.person.edits_everything or bool(self.places))

    @property
    def only_place(self):
        """The one municipality that all this is about, or None."""
        return self.place or (self.places[0] if len(self.places) == 1 else None)

    @property
    def may_edit_places(self):
        """Whether the person writes the introductions of these municipalities."""
        return self.may("change", Municipality)

    def mine(self, queryset):
        """Keep what belongs to the chosen municipality, or to any that the person edits."""
        if self.place:
            return queryset.filter(municipality=self.place)
        if self.person.edits_everything and queryset.model.municipality.field.null:
            return queryset.all()
        # Naming even all of them leads SQLite to the index of the desk.
        return queryset.filter(municipality__in=self.places)

    def address(self, model, page="changelist", **asked):
        """Give the address of a list in the admin, for the chosen municipality if there is one."""
        if self.place:
            asked["municipality__id__exact"] = self.place.pk
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")
        return f"{path}?{urlencode(asked)}" if asked else path

    # The numbers

    def counts(self, model):
        """Give how many entries are in each list of a model: {name: number}."""
        moving = conditions()
        rows = list(
            in_work(self.mine(model.objects.order_by()))
            .values("todo")
            .annotate(
                entries=Count("*"),
                **{name: Count(Value(1), filter=condition) for name, condition in moving.items()},
            )
            .values_list("todo", "entries", *moving)
        )
        found = {}
        for name in lists_of(model):
            if name in BITS:
                bit = BITS[name]
                found[name] = sum(row[1] for row in rows if row[0] & bit)
            else:
                place = 2 + list(moving).index(name)
                found[name] = sum(row[place] for row in rows)
        return found

    @cached_property
    def databases(self):
        """The three databases with their numbers."""
        return [self.database(model) for model in self.models]

    def database(self, model):
        """Give the numbers of one database."""
        numbers = {
            name: Number(name, label(name), count, self.address(model, todo=name))
            for name, count in self.counts(model).items()
        }
        languages = [
            Language(code, name, [numbers.pop(f"{kind}-{code}") for kind in TEXT_KINDS])
            for code, name in settings.LANGUAGES
        ]
        lately = numbers.pop(CHANGED_LATELY)
        return Database(
            capfirst(model._meta.verbose_name_plural),
            self.address(model),
            self.address(model, "add") if self.may("add", model) else "",
            self.address(model, "matrix"),
            list(numbers.values()),
            lately,
            languages,
        )

    @property
    def text_kinds(self):
        """The heads of the table of languages."""
        return TEXT_KINDS.values()

    @cached_property
    def waiting(self):
        """What came from outside, and possible duplicates."""
        return [*self.suggestions(), *self.duplicates(), *self.unanswered()]

    def suggestions(self):
        """Give the number of suggestions that nobody has answered."""
        if self.may("view", Suggestion):
            new = self.mine(Suggestion.objects.kept()).filter(state=Suggestion.State.NEW)
            yield Number(
                "suggestions",
                gettext("Suggestions of visitors"),
                new.count(),
                self.address(Suggestion, state__exact=Suggestion.State.NEW),
            )

    def duplicates(self):
        """Give the number of pairs that may be one entry, and about which nobody has decided."""
        if self.may("view", DuplicatePair):
            # Their list is of all municipalities: a pair may stand between two of them.
            pairs = DuplicatePair.objects.editable_by(self.person).open()
            yield Number(
                "duplicates",
                gettext("Possible duplicates"),
                pairs.count(),
                reverse("admin:organizations_duplicatepair_changelist"),
            )

    def unanswered(self):
        """Give the number of searches that found nothing. They are of no municipality."""
        if self.may("view", UnansweredSearch) and not self.place:
            yield Number(
                "unanswered",
                gettext("Searches that found nothing"),
                UnansweredSearch.objects.shown().count(),
                reverse("admin:localympact_unansweredsearch_changelist"),
            )

    @property
    def nothing_waits(self):
        """Whether there is nothing to do at all."""
        return not any(number.count for number in self.waiting) and not any(
            database.waits for database in self.databases
        )

    # The latest changes

    @cached_property
    def changes(self):
        """The latest changes of the last days, the newest first."""
        entries = []
        for model in self.models:
            lately = waiting(self.mine(model.objects.all()), CHANGED_LATELY)
            newest = lately.order_by("-updated", "-pk").values("pk")[:CHANGES]
            entries += model.objects.filter(pk__in=newest).select_related("municipality")
        entries.sort(key=lambda entry: entry.updated, reverse=True)
        entries = entries[:CHANGES]
        revisions = latest_revisions(entries)
        return [self.change(entry, revisions.get((type(entry), entry.pk))) for entry in entries]

    def change(self, entry, revision):
        """Give one change.

        What changed without a revision (in a shell) is not ascribed to whoever came before.
        """
        known = revision and entry.updated - revision.date_created < REVISION_TAKES
        opts = entry._meta
        return Change(
            entry,
            reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[entry.pk]),
            capfirst(opts.verbose_name),
            revision.user if known else None,
            REASONS.get(revision.comment, "") if known and revision.comment else "",
        )


def latest_revisions(entries):
    """Give the newest revision of each entry that has one, in one query: {(model, pk): …}."""
    of_these = Q(pk=None)
    for model in {type(entry) for entry in entries}:
        pks = [str(entry.pk) for entry in entries if type(entry) is model]
        kind = ContentType.objects.get_for_model(model)
        of_these |= Q(content_type=kind, object_id__in=pks)
    newest = (
        Version.objects.filter(of_these, db="default")
        .order_by()
        .values("content_type", "object_id")
        .annotate(newest=Max("pk"))
    )
    versions = Version.objects.filter(pk__in=newest.values("newest"))
    return {
        (version._model, int(version.object_id)): version.revision
        for version in versions.select_related("revision__user").defer("serialized_data")
    }
