"""Earlier versions of what editors change, and what became different between them.

django-reversion keeps them: one `Revision` an action, with one `Version` of each thing that the
action changed. Every request of the admin that writes is a revision (sites.py), and so is each
part of an import. What came into the database without one (the seed content, a shell) is kept
when it is first changed, by `keep_before`.
"""

import json
from typing import NamedTuple

import reversion
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.db.models import Max, Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from reversion.models import Revision, Version

from localympact.texts import translated_fields

# What never changes, what the portal itself keeps, and what a version must not bring back.
NOT_KEPT = {"id", "uuid", "slug", "created", "updated", "folded", "todo", "editors"}

# `Revision.comment` is one of these words, so that a page can say it in the reader's language.
BEFORE, IMPORT, UNDO, RESTORE, MERGE = "before", "import", "undo", "restore", "merge"
REASONS = {
    "": _("Changed"),
    BEFORE: _("As it was before its first recorded change"),
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
    text = serializers.serialize("json", [obj], fields=kept_fields(type(obj)))
    return json.loads(text)[0]["fields"]


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
    kept = set(kept_fields(version._model))
    fields = json.loads(version.serialized_data)[0]["fields"]
    return {name: value for name, value in fields.items() if name in kept}


def changes(before, after):
    """Give the changes from one state to another, in the order of the fields."""
    return [
        Change(name, before[name], value)
        for name, value in after.items()
        if name in before and not same(before[name], value)
    ]


def same(one, other):
    """Say whether two JSON values are alike: an empty text is no text, links have no order."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    return (one or None) == (other or None) if "" in (one, other) else one == other


def versions(obj):
    """Give the versions of `obj`, the newest first, with their revisions and who made them."""
    return Version.objects.get_for_object(obj).select_related("revision__user")


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
    objects = with_links(list(model._base_manager.filter(pk__in=pks)))
    newest = latest_versions(model, [obj.pk for obj in objects])
    unkept = [
        obj for obj in objects if obj.pk not in newest or state_of(newest[obj.pk]) != state(obj)
    ]
    if unkept:
        revision = Revision.objects.create(date_created=timezone.now(), comment=BEFORE)
        Version.objects.bulk_create(
            Version(
                revision=revision,
                content_type=ContentType.objects.get_for_model(model),
                object_id=str(obj.pk),
                db="default",
                format="json",
                serialized_data=serializers.serialize("json", [obj], fields=kept_fields(model)),
                object_repr=str(obj),
            )
            for obj in unkept
        )


def restore(obj, version):
    """Give `obj` the state of one of its versions and save it; links to what is gone are left out.

    A field that came into the model after that version stays as it is. Raises ValidationError
    when the model's rules no longer allow that state.
    """
    links = {field.name: field for field in obj._meta.many_to_many}
    chosen = {}
    for name, value in state_of(version).items():
        field = obj._meta.get_field(name)
        if name in links:
            chosen[name] = field.related_model._base_manager.filter(pk__in=value)
        elif field.is_relation:
            found = field.related_model._base_manager.filter(pk=value).first()
            setattr(obj, name, found if value is not None else None)
        else:
            setattr(obj, name, field.to_python(value))
    obj.full_clean()
    obj.save()
    for name, things in chosen.items():
        getattr(obj, name).set(things)
