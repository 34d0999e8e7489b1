"""Undoing an import: what nobody has touched since goes back to what it was before."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

import reversion
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from reversion.models import Version

from localympact.afterwards import catch_up, together
from localympact.history import UNDO, changes, restore, state, state_of, with_links
from localympact.importing import RESOURCES, State, log_state, shown
from localympact.models import ImportedFile
from organizations.entries import Entry
from organizations.models import Suggestion, TextState
from organizations.todo import refresh_by_uuid

CHUNK = 250


@dataclass
class Fate:
    """What undoing does with one entry: it goes back to `before`, or is deleted, or is left."""

    version: Version
    entry: object = None
    before: Version | None = None
    mine: bool = False
    # Why it is left as it is, in the reader's language.
    reason: str = ""

    @property
    def outcome(self):
        """One of left, back, deleted."""
        return "left" if self.reason else "back" if self.before else "deleted"

    def line(self):
        """Give what a page says of an entry that is left: [key or None, name, reason]."""
        # What became of an entry that is no longer one's own is its editors' matter.
        name = self.entry if self.mine else self.version.object_repr
        return [self.entry.pk if self.mine else None, shown(name), self.reason]


def versions_of(file):
    """Give the versions that an import made, one of each entry that it created or changed."""
    return Version.objects.filter(revision__importrevision__file=file).order_by("pk")


def fates(file, user, *, lock=False):
    """Yield, in chunks, what undoing an import would do with each of its entries."""
    model = RESOURCES[file.database].model
    last = 0
    while chunk := list(versions_of(file).filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        pks = [int(version.object_id) for version in chunk]
        entries = model._base_manager.filter(pk__in=pks).select_related("municipality")
        if lock:
            entries = entries.select_for_update(of=("self",))
        found = {entry.pk: entry for entry in with_links(list(entries))}
        mine = set(model.objects.editable_by(user).filter(pk__in=pks).values_list("pk", flat=True))
        before = versions_before(chunk)
        linked = linked_from_elsewhere(model, found.values())
        yield [
            judge(version, found.get(int(version.object_id)), before, mine, linked)
            for version in chunk
        ]


def judge(version, entry, before, mine, linked):
    """Give the fate of one entry."""
    fate = Fate(version, entry, before.get(version.pk), bool(entry and entry.pk in mine))
    if entry is None:
        fate.reason = _("no longer there")
    elif not fate.mine:
        place = {"place": entry.municipality or "–"}
        fate.reason = _("belongs to %(place)s") % place
    elif changes(state_of(version), state(entry)):
        fate.reason = _("changed since the import")
    elif fate.before is None and entry.pk in linked:
        fate.reason = _("something else refers to it")
    return fate


def versions_before(chunk):
    """Give {key of a version: the one before it} of the same entries."""
    of_these = Version.objects.filter(
        content_type=ContentType.objects.get_for_id(chunk[0].content_type_id),
        db="default",
        object_id__in=[version.object_id for version in chunk],
    )
    keys = defaultdict(list)
    for key, thing in of_these.order_by("pk").values_list("pk", "object_id"):
        keys[thing].append(key)
    earlier = {
        version.pk: max((key for key in keys[version.object_id] if key < version.pk), default=None)
        for version in chunk
    }
    found = Version.objects.in_bulk([key for key in earlier.values() if key])
    return {key: found[before] for key, before in earlier.items() if before}


def linked_from_elsewhere(model, entries):
    """Give the keys of those entries that other entries or visitors' messages refer to."""
    pks = {entry.pk for entry in entries}
    linked = set()
    for relation in model._meta.related_objects:
        name = relation.field.name
        others = relation.related_model._base_manager.filter(**{f"{name}__in": pks})
        linked |= set(others.values_list(name, flat=True)) & pks
    ids = {entry.uuid: entry.pk for entry in entries}
    told = Suggestion.objects.filter(entry__in=ids).values_list("entry", flat=True)
    return linked | {ids[entry] for entry in told}


def preview(file, user):
    """Give how many entries go back, are deleted or left, and a line for each that is left."""
    counts, left = Counter(), []
    for chunk in fates(file, user):
        for fate in chunk:
            counts[fate.outcome] += 1
            if fate.outcome == "left":
                left.append(fate.line())
    return {"counts": dict(counts), "left": left}


def undo(pk, user):
    """Undo an import; yield the progress. What it left alone stands in the report of its file.

    Entries that it created are deleted with what is recorded of their texts, as if they had never
    been. It is the one deletion that an editor can cause: of what they have just made themselves,
    and nobody has used.
    """
    with together():
        file = ImportedFile.objects.select_for_update().filter(pk=pk).first()
        if file is None or file.state != State.IMPORTED:
            return
        counts, left = Counter(), []
        texts = file.report.pop("texts", {})
        total, done = versions_of(file).count(), 0
        for chunk in fates(file, user, lock=True):
            undo_chunk(chunk, user)
            back = [fate.entry.uuid for fate in chunk if fate.outcome == "back"]
            record_again(texts, back)
            for fate in chunk:
                counts[fate.outcome] += 1
                if fate.outcome == "left":
                    left.append(fate.line())
            catch_up()
            done += len(chunk)
            yield done, total
        file.state, file.undone = State.UNDONE, timezone.now()
        file.report["undo"] = {"counts": dict(counts), "left": left}
        file.save(update_fields=["state", "undone", "report"])
        log_state(file, user)


def undo_chunk(chunk, user):
    """Do with the entries of a chunk what their fates say, as one revision."""
    with reversion.create_revision(manage_manually=True):
        reversion.set_comment(UNDO)
        reversion.set_user(user)
        put_back([fate for fate in chunk if fate.outcome == "back"])
        created = [fate.entry.pk for fate in chunk if fate.outcome == "deleted"]
        if created:
            chunk[0].version._model._base_manager.filter(pk__in=created).delete()
        for entry in with_links([fate.entry for fate in chunk if fate.outcome == "back"]):
            reversion.add_to_revision(entry)


def put_back(fates):
    """Give entries the state of the versions before; note of each that the rules refuse why.

    Only what differs is checked and written, and the database watches over the constraints. That is
    ten times faster than `restore`, which is asked when something is refused.
    """
    model = fates[0].version._model if fates else None
    differing = [changes(state(fate.entry), state_of(fate.before)) for fate in fates]
    try:
        with transaction.atomic():
            refuse_what_is_gone(model, [change for group in differing for change in group])
            for fate, group in zip(fates, differing, strict=True):
                put_back_changes(fate.entry, group)
    except (IntegrityError, ValidationError):
        stored = model._base_manager.in_bulk([fate.entry.pk for fate in fates])
        for fate in fates:
            fate.entry = stored[fate.entry.pk]
            try:
                with transaction.atomic():
                    restore(fate.entry, fate.before)
            except ValidationError as error:
                fate.reason = " ".join(error.messages)


def refuse_what_is_gone(model, differing):
    """Raise ValidationError if a change leads back to something that was deleted meanwhile."""
    wanted = defaultdict(set)
    for change in differing:
        field = model._meta.get_field(change.field)
        if field.is_relation and change.after is not None:
            several = isinstance(change.after, list)
            wanted[field.related_model] |= set(
                map(int, change.after if several else [change.after])
            )
    for related, pks in wanted.items():
        if related._base_manager.filter(pk__in=pks).count() < len(pks):
            raise ValidationError("")


def put_back_changes(entry, differing):
    """Give an entry the earlier values of the fields that differ."""
    fields = {change.field: entry._meta.get_field(change.field) for change in differing}
    links = [change for change in differing if fields[change.field].many_to_many]
    plain = [change for change in differing if not fields[change.field].many_to_many]
    for change in plain:
        field = fields[change.field]
        setattr(entry, field.attname, field.to_python(change.after))
    others = {field.name for field in entry._meta.fields} - fields.keys()
    relations = {name for name, field in fields.items() if field.is_relation}
    entry.clean_fields(exclude=others | relations)
    entry.clean()
    entry.save(update_fields=[change.field for change in plain])
    for change in links:
        getattr(entry, change.field).set(change.after)


def record_again(texts, entries):
    """Record of the texts of these entries what was recorded before the import."""
    again = {entry: texts[str(entry)] for entry in entries if str(entry) in texts}
    TextState.objects.filter(entry__in=again).delete()
    TextState.objects.bulk_create(
        TextState(
            entry=entry,
            language=language,
            origin=origin,
            source_language=source,
            source_digest=digest,
            checked_on=day and date.fromisoformat(day),
        )
        for entry, states in again.items()
        for language, origin, source, digest, day in states
    )
    refresh_by_uuid(Entry, list(again))
