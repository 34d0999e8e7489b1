"""What follows from saving things, done once for all that a request or an import saves.

A receiver of a signal asks `afterwards(work, model, pks)`: at once it is done, within a block of
`together()` at the end of the outermost one, so that a hundred saves make a handful of queries.
"""

from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, models, transaction
from django.dispatch import Signal

from localympact.among import Among, locked

# Sent by whoever writes many at once, for which Django sends nothing: `pks` of the sender.
saved_many = Signal()

_waiting = ContextVar("waiting", default=None)


@contextmanager
def together():
    """Put off what follows from the saves of a block until its end; a failed block does nothing.

    The block is one transaction, and what follows is a part of it. A block within another one
    leaves everything to that.
    """
    outer, waiting = _waiting.get(), defaultdict(set)
    token = _waiting.set(waiting)
    try:
        with transaction.atomic():
            yield
            if transaction.get_rollback():
                waiting.clear()
            if outer is None:
                work_off(waiting)
    finally:
        _waiting.reset(token)
    for key, pks in waiting.items():
        outer[key] |= pks


def catch_up():
    """Do now what follows in a long block, save what comes last."""
    work_off(_waiting.get(), last=False)


def work_off(waiting, last=True):
    """Do what waits; what comes last only if `last`."""
    while key := following(waiting):
        work, model = key
        work(model, waiting.pop(key))
    if not last:
        return
    if waiting and connection.vendor == "postgresql":
        # At the end it would wait for whoever deletes what something was linked to, and hold
        # what they wait for.
        connection.check_constraints()
    while waiting:
        work, model = key = min(waiting, key=lambda key: in_order(key[1]))
        work(model, waiting.pop(key))


def comes_last(work):
    """Mark a work that waits for all others: it holds what everybody who saves needs."""
    work.comes_last = True
    return work


def following(waiting):
    """Give which (work, model) is next, or None: the latest, what comes last left aside.

    What it asks for in its turn joins what waits already. Of several models the first that was
    named: two who do the same take them in the same order, and do not wait in a circle.
    """
    works = [work for work, _model in waiting if not getattr(work, "comes_last", False)]
    return next(key for key in waiting if key[0] is works[-1]) if works else None


def in_order(model):
    """Give by what models are sorted whose rows everybody takes in one order, at the end."""
    return model._meta.label


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
        with together():
            made = super().bulk_create(objs, *args, **kwargs)
            saved_many.send(self.model, pks=[one.pk for one in made if one.pk])
        return made

    def update(self, **values):
        if self.silent.issuperset(values):
            return super().update(**values)
        with together():
            pks = locked(self.model, self.order_by().values_list("pk", flat=True))
            # No others, though more may fit by now: what is not followed must not change.
            chosen = self.filter(pk__in=Among(pks))
            count = super(FollowedQuerySet, chosen).update(**values)
            saved_many.send(self.model, pks=pks)
        return count

    update.alters_data = True
