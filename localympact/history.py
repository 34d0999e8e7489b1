"""Earlier versions of what editors change, and what became different between them.

django-reversion keeps them: one `Revision` an action, with one `Version` of each thing that the
action changed. Every request of the admin that writes is a revision (sites.py), and so is each
part of an import. What came into the database without one (the seed content, a shell) is kept
when it is first changed, by `keep_before`.
"""

import json
from datetime import date
from typing import NamedTuple

import reversion
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.db import models
from django.db.models import Max, Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from reversion.models import Revision, Version

from localympact.afterwards import together
from localympact.texts import translated_fields

# What never changes, what the portal itself keeps, and what a version must not bring back.
NOT_KEPT = {"id", "uuid", "slug", "created", "updated", "folded", "was_public", "todo", "editors"}

# `Revision.comment` is one of these words, so that a page can say it in the reader's language.
BEFORE, IMPORT, UNDO, RESTORE, MERGE = "before", "import", "undo", "restore", "merge"
REASONS = {
    "": _("Changed"),
    BEFORE: _("As it stood before the next change"),
    IMPORT: _("Imported from a file"),
    UNDO: _("An import was undone"),
    RESTORE: _("An earlier version was restored"),
    MERGE: _("Merged with another entry"),
}


class Change(NamedTuple):
    """One field that differs between two states: its name in the model, and both JSON values."""

    field: str
    before: object
    after: object


def register_all():
    """Tell django-reversion of every model that says `keeps_versions`."""
    for model in apps.get_models():
        if getattr(model, "keeps_versions", False):
            reversion.register(model, fields=kept_fields(model))


def kept_fields(model):
    """Give the names of the fields of which versions are kept, in the order of the model.

    The bare translated fields are left out: they only repeat one of their six columns.
    """
    bare = set(translated_fields(model))
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    return [field.name for field in fields if field.name not in NOT_KEPT | bare]


def state(obj):
    """Give what a version of `obj` made now would hold: {field: JSON value}."""
    return plain(type(obj), json.loads(serialized(obj))[0]["fields"])


def with_links(objects):
    """Fetch what objects of one model are linked to, for many `state` or versions of them."""
    if objects:
        links = [
            Prefetch(field.name, field.related_model._base_manager.only("pk"))
            for field in objects[0]._meta.many_to_many
            if field.name not in NOT_KEPT
        ]
        prefetch_related_objects(objects, *links)
    return objects


def state_of(version):
    """Give what a version holds: {field: JSON value}, of fields that the model still has."""
    return plain(version._model, json.loads(version.serialized_data)[0]["fields"])


def serialized(obj):
    """Give the text in which a version keeps `obj`."""
    return serializers.serialize("json", [obj], fields=kept_fields(type(obj)))


def plain(model, fields):
    """Give JSON values of kept fields as the database would give them back.

    A version is made of the object in memory, which may still hold a number as it was typed.
    """
    kept = [model._meta.get_field(name) for name in kept_fields(model)]
    return {
        field.name: plain_value(field, fields[field.name]) for field in kept if field.name in fields
    }


def plain_value(field, value):
    """Give one JSON value as the database would give it back."""
    if field.many_to_many:
        return sorted(field.related_model._meta.pk.to_python(pk) for pk in value)
    if value is None:
        return None
    if field.is_relation:
        return field.target_field.to_python(value)
    value = field.to_python(value)
    if isinstance(field, models.DecimalField):
        return str(round(value, field.decimal_places))
    if isinstance(value, date):
        return value.isoformat()
    return field.get_prep_value(value) if isinstance(value, list) else value


def changes(before, after):
    """Give the changes from one state to another, in the order of the fields."""
    return [
        Change(name, before[name], value)
        for name, value in after.items()
        if name in before and not same(before[name], value)
    ]


def same(one, other):
    """Say whether two JSON values are alike: an empty text is no text."""
    return (one or None) == (other or None) if "" in (one, other) else one == other


def versions(obj):
    """Give the versions of `obj`, the newest first, with who made them and from which file."""
    found = Version.objects.get_for_object(obj)
    related = found.select_related("revision__user", "revision__importrevision__file")
    file = "revision__importrevision__file"
    return related.defer(f"{file}__content", f"{file}__report")


def latest_versions(model, pks):
    """Give the newest version of each object that has one: {pk: Version}."""
    of_these = Version.objects.filter(
        content_type=ContentType.objects.get_for_model(model),
        db="default",
        object_id__in=[str(pk) for pk in pks],
    )
    newest = of_these.order_by().values("object_id").annotate(newest=Max("pk"))
    found = Version.objects.filter(pk__in=[row["newest"] for row in newest])
    return {int(version.object_id): version for version in found}


def keep_before(model, pks):
    """Keep objects as they are stored now, unless their newest version says the same.

    Call it before a change, so that nothing that was ever public is lost. It makes a revision of
    its own, which stands before the one that the change itself becomes.
    """
    objects = model._base_manager.filter(pk__in=pks)
    if place := (getattr(model, "own_language_lookup", None) or "").rpartition("__")[0]:
        # The name of a version depends on its language.
        objects = objects.select_related(place)
    objects = with_links(list(objects))
    newest = latest_versions(model, pks)
    unkept = [obj for obj in objects if not is_kept(obj, newest.get(obj.pk))]
    if unkept:
        revision = Revision.objects.create(date_created=timezone.now(), comment=BEFORE)
        Version.objects.bulk_create(
            Version(
                revision=revision,
                content_type=ContentType.objects.get_for_model(model),
                object_id=str(obj.pk),
                db="default",
                format="json",
                serialized_data=serialized(obj),
                object_repr=str(obj),
            )
            for obj in unkept
        )


def is_kept(obj, version):
    """Say whether a version holds all that `obj` is now, fields newer than the version too."""
    if version is None:
        return False
    held, now = state_of(version), state(obj)
    return not changes(held, now) and not any(now[name] for name in now.keys() - held.keys())


class Outcome(NamedTuple):
    """What restoring a version would make of an object, and the fields of which a part is gone."""

    state: dict
    gone: list


def outcome(obj, version):
    """Give what `obj` would be with this version restored: links and files that exist only.

    A field that came into the model after that version stays as it is.
    """
    wanted, gone = state_of(version), []
    for name, value in wanted.items():
        field = obj._meta.get_field(name)
        if field.is_relation and value not in (None, []):
            pks = value if field.many_to_many else [value]
            found = set(
                field.related_model._base_manager.filter(pk__in=pks).values_list("pk", flat=True)
            )
            left = [pk for pk in pks if pk in found]
            wanted[name] = left if field.many_to_many else left[0] if left else None
        elif isinstance(field, models.FileField) and value and is_gone(field, value):
            wanted[name] = ""
        if wanted[name] != value:
            gone.append(name)
    return Outcome(wanted, gone)


def is_gone(field, name):
    """Say whether a file is gone; a storage that does not answer does not say so."""
    try:
        return not field.storage.exists(name)
    except OSError:
        return False


def prepare(obj, wanted):
    """Give `obj` a state in memory; raise ValidationError where the model's rules forbid it."""
    for name, value in wanted.items():
        field = obj._meta.get_field(name)
        if field.many_to_many:
            continue
        setattr(obj, field.attname, value if field.is_relation else field.to_python(value))
    obj.full_clean()


@together()
def store(obj, wanted):
    """Save an object that was prepared with the same state, and its links."""
    obj.save()
    for name, value in wanted.items():
        if obj._meta.get_field(name).many_to_many:
            getattr(obj, name).set(value)


def restore(obj, version):
    """Give `obj` the state of one of its versions and save it; links to what is gone are left out.

    A field that came into the model after that version stays as it is. Raises ValidationError
    when the model's rules no longer allow that state; nothing is saved then.
    """
    wanted = outcome(obj, version).state
    prepare(obj, wanted)
    store(obj, wanted)
