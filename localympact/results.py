"""What a filter set finds: how many, with all counts, and the entries of one page in order.

Everything is decided in bitmaps (facets.py); the database is asked for the entries of the page,
and where their names stand in the reader's alphabet.
"""

from functools import cached_property

from pyroaring import BitMap

from localympact.among import Among
from localympact.models import Indexed

# Up to this part of all entries they are named to the database, which sorts them; above it the
# sorted index is walked until a page is full.
NAMED = 0.02
AT_LEAST_NAMED = 1000


class Newest:
    """What is found, the newest first: a group of Results that need not be known as a whole."""

    def __init__(self, results):
        self.results = results

    def __len__(self):
        return self.results.total

    def __getitem__(self, part):
        entries = self.results.queryset.model._base_manager.order_by("-created", "-pk")
        rows = entries.values_list("pk", flat=True)
        stop = min(part.stop, len(self))
        return self.results.walk(rows, "pk", self.results.ids, part.start, stop)


class Results:
    """The entries that a filter set finds: a sequence that asks for what is sliced from it.

    `restrictions` is {name of a filter: BitMap of what it keeps}, `order` a function that gives
    bitmaps and lists of primary keys, in order, which are parts of what is found.
    """

    def __init__(self, queryset, reader, facets, restrictions, order=None):
        self.queryset, self.reader = queryset, reader
        self.facets, self.restrictions = facets, restrictions
        self.order = order

    @property
    def model(self):
        """The model of the entries."""
        return self.queryset.model

    @cached_property
    def public(self):
        """The bitmap of everything that could be found."""
        return self.facets.having("public", True)

    @cached_property
    def ids(self):
        """The bitmap of what is found."""
        return self.without()

    @property
    def total(self):
        """The number of entries found."""
        return len(self.ids)

    def without(self, *names):
        """Give the bitmap of what would be found without some of the filters."""
        kept = [ids for name, ids in self.restrictions.items() if name not in names]
        return BitMap.intersection(self.public, *kept)

    def counts(self, facet):
        """Give {value: number} of a facet, its own choice ignored; None is *not stated*."""
        within = self.without(facet) if facet in self.restrictions else self.ids
        return self.facets.counts(facet, within)

    # As a sequence, for a paginator.

    def __len__(self):
        return self.total

    def count(self):
        """Give the number of entries found."""
        return self.total

    def __getitem__(self, part):
        if not isinstance(part, slice):
            return self[part : part + 1][0]
        pks = self.page(part.start or 0, self.total if part.stop is None else part.stop)
        found = self.queryset.order_by().in_bulk(pks)
        return [found[pk] for pk in pks if pk in found]

    def page(self, start, stop):
        """Give the primary keys of what is found from `start` to `stop`, in order."""
        parts, together = [], BitMap()
        for group in self.order(self):
            if start < len(group):
                parts.append((group, start, min(stop, len(group))))
                if isinstance(group, BitMap) and self.is_named(group):
                    together |= group
            start, stop = max(start - len(group), 0), stop - len(group)
            if stop <= 0:
                break
        # Small groups are put in order by one question, however many a page has.
        in_order = self.by_name(together, 0, len(together)) if together else []
        pks = []
        for group, first, last in parts:
            if not isinstance(group, BitMap):
                pks += group[first:last]
            elif self.is_named(group):
                pks += [pk for pk in in_order if pk in group][first:last]
            else:
                pks += self.by_name(group, first, last)
        return pks

    def in_order(self):
        """Yield the primary keys of all that is found, in order.

        Few at first, then ever more at once: the sorted index is walked anew for each part.
        """
        start, size = 0, AT_LEAST_NAMED
        while start < self.total and (pks := self.page(start, start + size)):
            yield from pks
            start, size = start + size, size * 4

    def is_named(self, ids):
        """Say whether so many entries are named to the database, which sorts them."""
        return len(ids) <= max(NAMED * len(self.facets.everything), AT_LEAST_NAMED)

    def by_name(self, ids, start, stop):
        """Give a part of some entries as the reader's alphabet orders them."""
        rows = Indexed.objects.filter(database=self.facets.database)
        rows = rows.order_by(self.reader, "entry").values_list("entry", flat=True)
        return self.walk(rows, "entry", ids, start, stop)

    def walk(self, rows, key, ids, start, stop):
        """Give a part of some entries as `rows` orders them, which give primary keys of all."""
        if self.is_named(ids):
            return list(rows.filter(**{f"{key}__in": Among(ids)})[start:stop])
        found, at = [], 0
        # As many rows as will hold the page if what is found lies evenly among all.
        window = int(stop * len(self.facets.everything) / len(ids) * 1.2) + 50
        while len(found) < stop and (pks := list(rows[at : at + window])):
            found += [pk for pk in pks if pk in ids]
            at, window = at + window, window * 2
        return found[start:stop]
