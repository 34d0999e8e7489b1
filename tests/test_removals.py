"""What was public once is remembered, whatever becomes of it."""

from importlib import import_module

import pytest
from django.apps import apps

from localympact.models import Removed

pytestmark = pytest.mark.django_db


def test_whatever_publishes_is_remembered(seed, app, make):
    model = type(make(status="draft"))
    assert not model.objects.exclude(status="draft").filter(was_public=False).exists()
    one, other = make(status="draft"), make(status="draft")
    model.objects.filter(pk=one.pk).update(status="published")
    other.status = "published"
    other.save(update_fields=["status"])
    made = model.objects.filter(pk__in=[one.pk, other.pk])
    made.update(status="draft")
    assert made.filter(was_public=True).count() == 2
    made.delete()
    assert Removed.objects.filter(database=app).count() == 2


def test_migration_knows_what_was_public_before(app, make):
    entry = make()
    type(entry).objects.update(was_public=False)
    name = {"organizations": "0006", "collaborations": "0004", "needs": "0005"}[app]
    import_module(f"{app}.migrations.{name}_was_public").note_what_is_public(apps, None)
    entry.refresh_from_db()
    assert entry.was_public


def test_deleted_draft_leaves_nothing_behind(make):
    make(status="draft").delete()
    assert not Removed.objects.exists()
