"""Editions of the content: whatever changes what the public sees makes a new one.

Files say with it whether they are still what they were (`ETag`, `Last-Modified`). Each change adds
a row in its own transaction, so that nobody waits for anybody. A number that is committed late
changes how many there are, though not which is the highest.
"""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache, wraps
from typing import NamedTuple

from django.apps import apps
from django.db import InterfaceError, OperationalError, connections
from django.db.models.signals import m2m_changed, post_delete, post_save

from localympact.afterwards import afterwards, saved_many
from localympact.models import Edition
from localympact.release import release
from localympact.replicas import connection

# Old rows say nothing more; so many are kept, and each so manyth change forgets the others.
KEPT = 200


class Now(NamedTuple):
    """The edition of this moment: a text that no other has, and since when it is there."""

    name: str
    since: datetime | None


def now():
    """Give the edition of this moment, by one short question.

    In SQL, because every page asks it: Django takes five times as long to write it anew.
    """
    reading = connections[Edition.objects.db]
    # As the first question of a page it also tells whether a kept connection still lives.
    reading.health_check_done = True
    try:
        last, count, since = asked_of(reading)
    except (InterfaceError, OperationalError):
        if reading.in_atomic_block:
            raise
        reading.close()
        last, count, since = asked_of(reading)
    if isinstance(since, str):
        # SQLite keeps moments as texts.
        since = datetime.fromisoformat(since).replace(tzinfo=UTC)
    # With the moment: a backup that is brought back counts on from an earlier number.
    return Now(f"{last or 0}-{count}-{since.timestamp() if since else 0}", since)


def asked_of(database):
    """Give the highest number, how many there are, and the last moment."""
    with database.cursor() as cursor:
        cursor.execute("SELECT MAX(id), COUNT(*), MAX(moment) FROM localympact_edition")
        return cursor.fetchone()


def of(request):
    """Give the edition of the moment at which a request first asked for it.

    What is read afterwards may be newer, never older: whoever has it asks once too often at most.
    """
    if not hasattr(request, "edition"):
        request.edition = now()
    return request.edition


def tag(request, *more):
    """Give what tells an answer from all others: content, code, address, and `more`."""
    told = (of(request).name, release(), request.build_absolute_uri(), *more)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def kept(function):
    """Let a function without arguments ask the database once an edition, not for each visitor.

    Of several: a replica may be an edition behind.
    """

    @lru_cache(maxsize=4)
    def of_edition(_name):
        return function()

    @wraps(function)
    def asked():
        if connection().in_atomic_block:
            # Here may be what is never committed: it is not kept.
            return function()
        return of_edition(now().name)

    return asked


def begin(model=Edition, pks=()):
    """Begin a new edition: something was changed. Asked for by `afterwards`, or by itself."""
    edition = Edition.objects.create()
    if edition.pk % KEPT == 0:
        old = Edition.objects.filter(pk__lte=edition.pk - KEPT).select_for_update(skip_locked=True)
        Edition.objects.filter(pk__in=[one.pk for one in old]).delete()


def follow(label):
    """Let every change of what an app shows the public begin a new edition.

    A model that is not shown says `is_public = False`.
    """
    for model in apps.get_app_config(label).get_models():
        if getattr(model, "is_public", True):
            for signal in (post_save, post_delete, saved_many):
                signal.connect(changed, sender=model)
            for field in model._meta.many_to_many:
                m2m_changed.connect(links_changed, sender=field.remote_field.through)


def changed(sender, **kwargs):
    """Follow one thing, or many that were written together."""
    afterwards(begin, Edition, [0])


def links_changed(sender, action, **kwargs):
    """Follow links between things."""
    if action.startswith("post_"):
        afterwards(begin, Edition, [0])
