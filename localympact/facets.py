"""Exact counts of all facets: for each value the bitmap of the entries that have it.

Every process keeps the bitmaps of a database in memory. Whoever changes entries notes them with
the next number of the database in the same transaction (`note_changes`); whoever counts reads
that number first, and reads anew what changed since. What is committed in between has a higher
number and is read at the next question: nothing is lost, and no process need tell another.
"""

import threading
import uuid
from collections import defaultdict
from functools import cache
from typing import NamedTuple

from django.db import transaction
from django.db.models import F
from pyroaring import BitMap

from localympact.models import Change, Content
from localympact.replicas import connection, read_from

# More changes than these are not taken in one by one.
MANY = 5000


def note_changes(database, entries):
    """Note in the transaction that is open that entries changed, with the next number.

    Until its end nobody else notes changes of this database: let it come last.
    """
    entries = set(entries)
    if not entries:
        return
    with transaction.atomic():
        if not Content.objects.filter(pk=database).update(number=F("number") + 1):
            Content.objects.bulk_create([Content(pk=database)], ignore_conflicts=True)
            Content.objects.filter(pk=database).update(number=F("number") + 1)
        number = Content.objects.values_list("number", flat=True).get(pk=database)
        Change.objects.bulk_create(
            (Change(database=database, entry=entry, number=number) for entry in sorted(entries)),
            1000,
            update_conflicts=True,
            unique_fields=["database", "entry"],
            update_fields=["number"],
        )


def forget_counts(database):
    """Let every process read all entries of a database anew.

    Until the end of the transaction nobody else notes changes of it: let it come last.
    """
    Content.objects.bulk_create(
        [Content(pk=database, epoch=uuid.uuid4())],
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=["epoch"],
    )


class Stamp(NamedTuple):
    """The state of a database: see `models.Content`."""

    epoch: object
    number: int


class State:
    """The bitmaps of one database as of a stamp. Never changed: another takes its place."""

    def __init__(self, database, stamp, everything, values):
        self.database, self.stamp = database, stamp
        self.everything = everything
        # For each facet the bitmap of each of its values.
        self.values = values

    def having(self, facet, value):
        """Give the bitmap of the entries that have a value; None means that they state nothing."""
        values = self.values.get(facet, {})
        if value is None and None not in values:
            return self.everything - BitMap.union(BitMap(), *values.values())
        return values.get(value, BitMap())

    def having_any(self, facet, values):
        """Give the bitmap of the entries that have one of several values."""
        return BitMap.union(BitMap(), *(self.having(facet, value) for value in values))

    def with_most(self, facet, values, within):
        """Yield bitmaps of those entries of a bitmap that have one of several values.

        First those that have most of them.
        """
        # At each place those that have so many of the values, or more.
        having = [within]
        for value in values:
            ids = self.having(facet, value)
            having.append(BitMap())
            for number in range(len(having) - 1, 0, -1):
                having[number] |= having[number - 1] & ids
        more = BitMap()
        for ids in reversed(having[1:]):
            yield ids - more
            more = ids

    def counts(self, facet, within):
        """Give {value: number of entries} of a facet among the entries of a bitmap.

        Under None stands how many state nothing.
        """
        values = self.values.get(facet, {})
        counts = {value: within.intersection_cardinality(ids) for value, ids in values.items()}
        if None not in counts:
            counts[None] = len(within - BitMap.union(BitMap(), *values.values()))
        return counts


class Facets:
    """The bitmaps of one database in this process, as fresh as the database itself.

    `model` has `database` (its number in the index) and `facet_rows(pks)`, which gives
    (facet, value, pk) of these entries, or of all; (None, None, pk) of each that there is.
    """

    def __init__(self, model):
        self.model = model
        self.state = None
        self.lock = threading.Lock()

    def now(self, stamp=None):
        """Give the State of this moment; whoever has asked for its stamp already says it."""
        if connection().in_atomic_block:
            # Here may be what is never committed: nobody else may see it.
            return self.following(self.state)
        state = self.state
        if state and state.stamp == (stamp or self.stamp()):
            return state
        with self.lock:
            self.state = self.following(self.state)
            return self.state

    def stamp(self):
        """Give the stamp that the database has."""
        found = Content.objects.filter(pk=self.model.database).values_list("epoch", "number")
        return Stamp(*(found.first() or (None, 0)))

    def following(self, state):
        """Give the state of this moment, from an earlier one where that is quicker."""
        stamp = self.stamp()
        if state and state.stamp == stamp:
            return state
        if state and state.stamp.epoch == stamp.epoch and state.stamp.number < stamp.number:
            since = Change.objects.filter(
                database=self.model.database, number__gt=state.stamp.number
            )
            changed = list(since.values_list("entry", flat=True)[: MANY + 1])
            if len(changed) <= MANY:
                return self.changed(state, stamp, BitMap(changed))
        return self.read(stamp)

    def read(self, stamp):
        """Give the state, read from all entries."""
        everything, values = gathered(self.model.facet_rows())
        return State(self.model.database, stamp, everything, values)

    def changed(self, state, stamp, entries):
        """Give the state after some entries changed: they are taken out, and put in as they are."""
        everything, new = gathered(self.model.facet_rows(list(entries)))
        values = {}
        for facet in {*state.values, *new}:
            before, now = state.values.get(facet, {}), new.get(facet, {})
            values[facet] = {
                value: without(before[value], entries)
                for value in before
                if not before[value].issubset(entries)
            }
            for value, ids in now.items():
                values[facet][value] = values[facet].get(value, BitMap()) | ids
        everything |= without(state.everything, entries)
        return State(self.model.database, stamp, everything, values)


def facets_of(model):
    """Give the Facets of a model in this process, of the database from which it reads."""
    return facets_in(read_from.get(), model)


@cache
def facets_in(_alias, model):
    return Facets(model)


def states_of(*models):
    """Give the States of this moment of several models, by one question if nothing changed."""
    rows = Content.objects.values_list("database", "epoch", "number")
    stamps = {database: Stamp(epoch, number) for database, epoch, number in rows}
    nothing = Stamp(None, 0)
    return [facets_of(model).now(stamps.get(model.database, nothing)) for model in models]


def without(bitmap, entries):
    """Give a bitmap without some entries; itself where it has none of them."""
    return bitmap if bitmap.isdisjoint(entries) else bitmap - entries


def gathered(rows):
    """Gather (facet, value, pk) to the bitmap of all and {facet: {value: BitMap}}."""
    lists = defaultdict(lambda: defaultdict(list))
    for facet, value, pk in rows:
        lists[facet][value].append(pk)
    everything = BitMap(lists.pop(None, {}).get(None, ()))
    values = {
        facet: {value: BitMap(pks) for value, pks in found.items()}
        for facet, found in lists.items()
    }
    return everything, values
