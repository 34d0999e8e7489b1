"""What has changed between two snapshots, read from their ZIPs in the order of the keys.

Of each table two rows are in memory at a time, however long it is.
"""

import csv
from collections import Counter
from io import TextIOWrapper
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from localympact.tables import TABLES


class Change(NamedTuple):
    """One line of `changes.csv`. Cells are written as the tables have them."""

    table: str
    # The cells of the key, joined by |; empty where a whole table or column is meant.
    key: str
    # For reading, where the table has one.
    slug: str
    what: str
    column: str = ""
    before: str = ""
    after: str = ""


class Table(NamedTuple):
    """A table in a ZIP: the names of its columns, and its rows as they are read."""

    heads: list
    rows: object


def compare(file, before, after):
    """Write the changes between two ZIPs into a file; give what is to be said of each table.

    `before` is None for the first snapshot, of which it is not said that everything is new.
    """
    told = {}
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(Change._fields)
    for name in dict.fromkeys([*TABLES, *tables_in(before)]):
        comparison = Comparison(name, table(before, name), table(after, name))
        lines = comparison.changes() if before else comparison.nothing()
        writer.writerows(comparison.counting(lines))
        told[name] = comparison.told()
    return told


def tables_in(archive):
    """Give the names of the tables in a ZIP."""
    names = archive.namelist() if archive else []
    return [name.removesuffix(".csv") for name in names if name.endswith(".csv")]


def table(archive, name):
    """Give a Table out of a ZIP, or None if it is not there."""
    if name not in tables_in(archive):
        return None
    text = TextIOWrapper(archive.open(f"{name}.csv"), encoding="utf-8-sig", newline="")
    rows = csv.reader(text, strict=True)
    return Table(next(rows), rows)


class Comparison:
    """What has changed in one table, read in the order of its key: two rows at a time."""

    def __init__(self, name, before, after):
        self.name, self.before, self.after = name, before, after
        self.key = TABLES[name].key if name in TABLES else ()
        self.rows, self.lines, self.counts = 0, 0, Counter(added=0, removed=0, changed=0)

    def told(self):
        """Give what `snapshot.json` says of the table."""
        return {"rows": self.rows, "lines": self.lines, "changes": dict(self.counts)}

    def counting(self, lines):
        for line in lines:
            self.lines += 1
            yield line

    def nothing(self):
        """Count the rows, and yield no change."""
        self.rows = sum(1 for _row in self.after.rows)
        return iter(())

    def changes(self):
        """Yield each Change. A new or vanished table or column is named once, not in every row."""
        if self.after is None:
            yield Change(self.name, "", "", "table removed")
        elif self.before is None or not set(self.key) <= set(self.before.heads):
            yield Change(self.name, "", "", "table added")
            self.nothing()
        else:
            before, after = self.before.heads, self.after.heads
            for column in before:
                if column not in after:
                    yield Change(self.name, "", "", "column removed", column)
            for column in after:
                if column not in before:
                    yield Change(self.name, "", "", "column added", column)
            yield from self.changes_of_rows()

    def changes_of_rows(self):
        """Yield each Change of a row, field by field."""
        before, after = self.before.heads, self.after.heads
        common = [
            (column, before.index(column), after.index(column))
            for column in after
            if column in before
        ]
        for old, new in self.pairs():
            row, heads = (new, after) if new else (old, before)
            named = self.name, "|".join(key_in(heads, self.key)(row)), slug_in(heads)(row)
            if old is None or new is None:
                what = "added" if new else "removed"
                self.counts[what] += 1
                yield Change(*named, what)
            elif different := [
                (column, old[there], new[here])
                for column, there, here in common
                if old[there] != new[here]
            ]:
                self.counts["changed"] += 1
                for cells in different:
                    yield Change(*named, "changed", *cells)

    def pairs(self):
        """Yield (row before or None, row after or None) for each key."""
        old_key, new_key = key_in(self.before.heads, self.key), key_in(self.after.heads, self.key)
        olds, news = self.before.rows, self.after.rows
        old, new = next(olds, None), next(news, None)
        while old or new:
            if new is None or (old and old_key(old) < new_key(new)):
                yield old, None
                old = next(olds, None)
                continue
            self.rows += 1
            if old is None or new_key(new) < old_key(old):
                yield None, new
            else:
                yield old, new
                old = next(olds, None)
            new = next(news, None)


def key_in(heads, key):
    """Give the function that reads the key of a row, as a tuple."""
    positions = [heads.index(name) for name in key]
    return lambda row: tuple(row[position] for position in positions)


def slug_in(heads):
    """Give the function that reads the slug of a row; an empty text where there is none."""
    return itemgetter(heads.index("slug")) if "slug" in heads else lambda row: ""


class Changes:
    """The lines of `changes.csv` as a sequence of Change."""

    def __init__(self, path, length):
        self.path, self.length = path, length

    def __len__(self):
        return self.length

    def __getitem__(self, part):
        with self.path.open(newline="", encoding="utf-8-sig") as file:
            # The first line has the names of the columns.
            rows = islice(csv.reader(file), part.start + 1, part.stop + 1)
            return [Change(*row) for row in rows]
