"""What follows from saving things, done once for all that a request or an import saves.

A receiver of a signal asks `afterwards(work, model, pks)`: at once it is done, within a block of
`together()` at the end of the outermost one, so that a hundred saves make a handful of queries.
"""

from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar

from django.dispatch import Signal

# Sent by whoever writes many at once, for which Django sends nothing: `pks` of the sender.
saved_many = Signal()

_waiting = ContextVar("waiting", default=None)


@contextmanager
def together():
    """Put off what follows from the saves of a block until its end; a failed block does nothing."""
    if _waiting.get() is not None:
        yield
        return
    waiting = defaultdict(set)
    token = _waiting.set(waiting)
    try:
        yield
        # The latest first: what it asks for in its turn joins what waits already.
        while waiting:
            (work, model), pks = waiting.popitem()
            work(model, pks)
    finally:
        _waiting.reset(token)


def afterwards(work, model, pks):
    """Call `work(model, pks)` now, or at the end of the block that is open."""
    waiting = _waiting.get()
    if waiting is None:
        work(model, pks)
    else:
        waiting[work, model].update(pks)
