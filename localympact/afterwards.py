"""What follows from saving things, done once for all that a request or an import saves.

A receiver of a signal asks `afterwards(work, model, pks)`: at once it is done, within a block of
`together()` at the end of the outermost one, so that a hundred saves make a handful of queries.
"""

from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import models, transaction
from django.dispatch import Signal

# Sent by whoever writes many at once, for which Django sends nothing: `pks` of the sender.
saved_many = Signal()

_waiting = ContextVar("waiting", default=None)


@contextmanager
def together():
    """Put off what follows from the saves of a block until its end; a failed block does nothing.

    The block is one transaction, and what follows is a part of it.
    """
    if _waiting.get() is not None:
        yield
        return
    waiting = defaultdict(set)
    token = _waiting.set(waiting)
    try:
        with transaction.atomic():
            yield
            while waiting:
                work, model = following(waiting)
                work(model, waiting.pop((work, model)))
    finally:
        _waiting.reset(token)


def comes_last(work):
    """Mark a work that waits for all others: it holds what everybody who saves needs."""
    work.comes_last = True
    return work


def following(waiting):
    """Give which (work, model) is next.

    The latest first: what it asks for in its turn joins what waits already. Those that come
    last in one order of their models, so that two never wait for each other in a circle.
    """
    for work, model in reversed(waiting):
        if not getattr(work, "comes_last", False):
            return work, model
    return min(waiting, key=lambda key: key[1]._meta.label)


def afterwards(work, model, pks):
    """Call `work(model, pks)` now, or at the end of the block that is open."""
    waiting = _waiting.get()
    if waiting is None:
        work(model, pks)
    else:
        waiting[work, model].update(pks)


class FollowedQuerySet(models.QuerySet):
    """Says `saved_many` when many rows are written at once, as `save` says of one."""

    # What nothing follows from.
    silent = frozenset()

    def bulk_create(self, objs, *args, **kwargs):
        with transaction.atomic(using=self.db):
            made = super().bulk_create(objs, *args, **kwargs)
            saved_many.send(self.model, pks=[one.pk for one in made if one.pk])
        return made

    def update(self, **values):
        if self.silent.issuperset(values):
            return super().update(**values)
        with transaction.atomic(using=self.db):
            pks = list(self.order_by().values_list("pk", flat=True))
            count = super().update(**values)
            saved_many.send(self.model, pks=pks)
        return count

    update.alters_data = True
