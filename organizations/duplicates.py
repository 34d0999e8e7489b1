"""Entries that may be the same thing twice.

`possible_many` finds them, `note` keeps them as pairs for the editors.
"""

from collections import defaultdict
from itertools import islice

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from localympact.codes import CodesField
from localympact.texts import columns
from organizations.entries import Entry
from organizations.likeness import Names, host_of, register_key, site_key
from organizations.places import Municipality

CHUNK = 500


class Reason(models.TextChoices):
    """Why two entries may be the same."""

    REGISTER = "register", _("the same registration number")
    DOMAIN = "domain", _("the same web domain")
    NAME = "name", _("a name that is almost the same")


def reasons():
    """Give the reasons as (code, name) pairs."""
    return Reason.choices


def databases():
    """Give the models of the public databases by the names of their apps."""
    models_ = (model for model in apps.get_models() if issubclass(model, Entry))
    return {model._meta.app_label: model for model in models_}


class PairQuerySet(models.QuerySet):
    """What is asked of pairs of entries."""

    def open(self):
        """Keep those of which nobody has said yet that they are different."""
        return self.filter(different_on=None)

    def of(self, *uuids):
        """Keep those in which one of these entries is, by permanent ids."""
        return self.filter(Q(first__in=uuids) | Q(second__in=uuids))

    def editable_by(self, user):
        """Keep those of which `user` may edit one entry and see the other."""
        if not user.is_authenticated:
            return self.none()
        if user.edits_everything:
            return self.all()
        allowed = Q()
        for database, model in databases().items():
            mine, public = model.objects.editable_by(user), model.objects.published()

            def among(entries, side):
                return Exists(entries.filter(uuid=OuterRef(side)))

            edits_first, edits_second = among(mine, "first"), among(mine, "second")
            allowed |= Q(database=database) & (
                (Q(edits_first) & (Q(edits_second) | Q(among(public, "second"))))
                | (Q(edits_second) & Q(among(public, "first")))
            )
        return self.filter(allowed)


class DuplicatePair(models.Model):
    """Two entries of one database that may be the same; an editor merges them or says they differ.

    `first` and `second` are their permanent ids, the smaller one first.
    """

    database = models.CharField(_("database"), max_length=20)
    first = models.UUIDField()
    second = models.UUIDField(db_index=True)
    reasons = CodesField(_("reasons"), codes=reasons)
    found = models.DateTimeField(_("found"), default=timezone.now)
    different_on = models.DateField(_("said to be different on"), null=True, blank=True)
    different_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("said to be different by"),
        related_name="+",
        null=True,
        blank=True,
    )

    objects = PairQuerySet.as_manager()

    is_public = False

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        ordering = ["-found", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], name="organizations_duplicatepair_once"
            ),
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("second")),
                name="organizations_duplicatepair_in_order",
            ),
        ]

    def __str__(self):
        return f"{self.first} – {self.second}"


# What more entries share, as the site of an umbrella organisation, makes none of them another.
AT_MOST = 20


class Known:
    """What the database holds of one model, arranged for comparison with some entries of it.

    Merged entries are left out: they lead to the one that stays. Archived ones are in: somebody
    may add again what was closed.
    """

    def __init__(self, model, entries):
        self.model = model
        self.has_number = "registration_number" in {field.name for field in model._meta.fields}
        self.has_website = "website" in {field.name for field in model._meta.fields}
        self.stored = model._base_manager.filter(merged_into=None).order_by()
        self.countries = dict(Municipality.objects.order_by().values_list("pk", "country"))
        hosts = map(host_of, Municipality.objects.order_by().values_list("website", flat=True))
        self.shared = frozenset(filter(None, hosts))
        self.numbers = self.gather("registration_number", map(self.number, entries))
        self.sites = self.gather("website", map(self.site, entries))
        self.names = {
            place: self.names_of(place) for place in {entry.municipality_id for entry in entries}
        }

    def number(self, entry):
        """Give the comparable registration number of an entry, if it has one."""
        if self.has_number and entry.registration_number:
            country = self.countries.get(entry.municipality_id, "")
            return register_key(entry.registration_number, country)
        return None

    def site(self, entry):
        """Give the comparable website of an entry, if it has one."""
        if self.has_website and entry.website:
            return site_key(entry.website, owned=self.model.owns_website, shared=self.shared)
        return None

    def gather(self, field, wanted):
        """Give {key: [pk]} of the stored entries, unless none is wanted."""
        found = defaultdict(list)
        if any(wanted):
            key = self.number if field == "registration_number" else self.site
            filled = self.stored.exclude(**{field: ""}).only("pk", "municipality_id", field)
            for entry in filled.iterator():
                found[key(entry)].append(entry.pk)
        return found

    def names_of(self, place):
        """Give the names of the entries of one municipality, or of those that have none."""
        names = Names()
        of_the_place = self.stored.filter(municipality=place)
        for pk, *texts in of_the_place.values_list("pk", *columns("name")).iterator():
            for name in set(filter(None, texts)):
                names.add(pk, name)
        return names

    def like(self, entry):
        """Give {pk: [Reason]} of the stored entries that may be the same as `entry`."""
        found = defaultdict(list)
        keys = [
            (Reason.REGISTER, self.numbers[self.number(entry)]),
            (Reason.DOMAIN, self.sites[self.site(entry)]),
        ]
        for reason, pks in keys:
            if len(pks) <= AT_MOST:
                for pk in pks:
                    found[pk].append(reason)
        names = self.names[entry.municipality_id]
        texts = set(filter(None, (getattr(entry, column) for column in columns("name"))))
        for pk in set().union(*map(names.like, texts)):
            found[pk].append(Reason.NAME)
        found.pop(entry.pk, None)
        return found


def possible_many(model, entries):
    """Give {index: [(other, [Reason])]} for those of `entries` that may be in the database already.

    The entries may be saved or not. Those with most reasons come first.
    """
    entries = list(entries)
    known = Known(model, entries)
    alike = {index: like for index, one in enumerate(entries) if (like := known.like(one))}
    wanted = sorted({pk for like in alike.values() for pk in like})
    others = {}
    for pks in chunks(wanted):
        others |= model._base_manager.select_related("municipality").in_bulk(pks)
    return {
        index: sorted(
            ((others[pk], given) for pk, given in like.items()),
            key=lambda found: (-len(found[1]), found[0].pk),
        )
        for index, like in alike.items()
    }


def possible(entry):
    """Give [(other, [Reason])]: the entries of its database that may be the same as `entry`."""
    return possible_many(type(entry), [entry]).get(0, [])


def note(model, pks):
    """Keep the pairs in which these entries now are, and forget those in which they are no longer.

    What somebody said to be different stays so. `pks` may be a queryset of keys. Gives the number
    of open pairs of these entries.
    """
    needed = ["pk", "uuid", "merged_into", "municipality", *columns("name")]
    needed += [
        field.name
        for field in model._meta.fields
        if field.name in ("registration_number", "website")
    ]
    entries = list(model._base_manager.filter(pk__in=pks).only(*needed))
    unmerged = [entry for entry in entries if entry.merged_into_id is None]
    wanted = {}
    for index, found in possible_many(model, unmerged).items():
        for other, given in found:
            wanted[in_order(unmerged[index].uuid, other.uuid)] = sorted(given)
    stored = {}
    for uuids in chunks([entry.uuid for entry in entries]):
        stored |= {(pair.first, pair.second): pair for pair in DuplicatePair.objects.of(*uuids)}
    gone = [
        pair.pk for key, pair in stored.items() if key not in wanted and pair.different_on is None
    ]
    for part in chunks(gone):
        DuplicatePair.objects.filter(pk__in=part).delete()
    for key, pair in stored.items():
        if key in wanted and pair.reasons != wanted[key]:
            pair.reasons = wanted[key]
            pair.save(update_fields=["reasons"])
    DuplicatePair.objects.bulk_create(
        (
            DuplicatePair(database=model._meta.app_label, first=first, second=second, reasons=given)
            for (first, second), given in wanted.items()
            if (first, second) not in stored
        ),
        batch_size=CHUNK,
        # Somebody else may note the same pair at this moment.
        ignore_conflicts=True,
    )
    return sum(key not in stored or stored[key].different_on is None for key in wanted)


def in_order(one, other):
    """Give two permanent ids as a pair holds them."""
    return (one, other) if one < other else (other, one)


def say_different(entry, others, person):
    """Record that `person` says that `entry` is none of `others`."""
    for other in others:
        first, second = in_order(entry.uuid, other.uuid)
        DuplicatePair.objects.update_or_create(
            first=first,
            second=second,
            defaults={"different_on": timezone.localdate(), "different_by": person},
            create_defaults={
                "database": entry._meta.app_label,
                "different_on": timezone.localdate(),
                "different_by": person,
            },
        )


def forget_pairs(instance, **kwargs):
    """Delete the pairs of a deleted entry (`post_delete`)."""
    DuplicatePair.objects.of(instance.uuid).delete()


def chunks(things):
    """Give parts of a list that fit into one query."""
    rest = iter(things)
    while part := list(islice(rest, CHUNK)):
        yield part
