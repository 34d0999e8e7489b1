"""The data dictionary: of every table every column, what stands there and how often.

What a column is it says itself (columns.py). How often it is filled is counted in what is public,
by one query a table.
"""

from typing import NamedTuple

from django.db.models import Count
from django.utils.translation import get_language

from localympact import editions
from localympact.columns import Description, Group, escaped
from localympact.tables import TABLES, table_of
from localympact.writers import BOM, SEVERAL, csv_lines, plain

# More codes than these are told by their standard, which the meaning of the column names.
LISTED = 40
HEADS = [
    "table",
    "column",
    "label",
    "meaning",
    "type",
    "several",
    "may_be_empty",
    "vocabulary",
    "codes",
    "language",
    "rows",
    "filled",
    "percent",
]


class Fill(NamedTuple):
    """How many rows have something in a column, of how many; of one language or of all."""

    count: int
    rows: int
    language: str | None = None

    @property
    def percent(self):
        """The share in whole percent; 100 and 0 only where it is all or nothing. None of none."""
        if not self.rows:
            return None
        share = round(100 * self.count / self.rows)
        if 0 < self.count < self.rows:
            return min(max(share, 1), 99)
        return share


class Entry(NamedTuple):
    """A line of the dictionary: a column, or the six columns of a text."""

    name: str
    about: Description
    # One a column.
    fills: list
    # The table whose slugs or ids stand there.
    vocabulary: str | None

    @property
    def in_six_languages(self):
        return len(self.fills) > 1

    @property
    def codes(self):
        """The values as (code, label); none where they are too many to be listed."""
        few = len(self.about.choices) <= LISTED
        return list(self.about.choices.items()) if few else []


class Table(NamedTuple):
    """The part of the dictionary about one table."""

    name: str
    title: str
    rows: int
    entries: list


@editions.kept
def counted():
    """Give {table: {column: number of rows in which it is filled}}; all rows stand under ""."""
    return {name: count(table) for name, table in TABLES.items()}


def count(table):
    """Count the rows of a table, and those in which each column is filled, by one query."""
    resource = table()
    # Names of columns may be those of fields: what is asked for has names of its own.
    asked = {f"filled_{column.name}": column.count(resource) for column in resource.columns}
    counts = table.everything().order_by().aggregate(all_rows=Count("pk"), **asked)
    return {"": counts.pop("all_rows")} | {
        name.removeprefix("filled_"): number for name, number in counts.items()
    }


def tables():
    """Give the dictionary in the active language: a Table of each."""
    counts = counted()
    return [
        Table(name, table.title(), counts[name][""], list(entries(table, counts[name])))
        for name, table in TABLES.items()
    ]


def entries(table, counts):
    """Yield the Entry of each column of a table, and of each group of them."""
    rows = counts[""]
    for part in table.columns:
        if isinstance(part, Group):
            columns = part.of(None)
            # As its reader sees it, it is called the same, and no language is named.
            about = part.of(get_language())[0].describe(table.model)
            name = f"{part.name}_*"
        else:
            columns, name = [part], part.name
            about = part.describe(table.model)
        languages = [column.name.rpartition("_")[2] for column in columns]
        fills = [
            Fill(counts[column.name], rows, language if len(columns) > 1 else None)
            for column, language in zip(columns, languages, strict=True)
        ]
        yield Entry(name, about, fills, about.vocabulary and table_of(about.vocabulary))


# As a file


def csv():
    """Yield the dictionary as a CSV file, as all others are: every column by itself."""
    yield BOM.encode()
    yield from csv_lines([HEADS])
    counts = counted()
    for name, table in TABLES.items():
        for column in table().columns:
            about = column.describe(table.model)
            fill = Fill(counts[name][column.name], counts[name][""])
            yield from csv_lines([[escaped(text) for text in line(name, about, fill)]])


def line(table, about, fill):
    """Give the texts of one line of the file."""
    few = len(about.choices) <= LISTED
    return [
        table,
        about.name,
        about.label,
        about.meaning,
        str(about.kind.label),
        plain(about.many),
        plain(about.empty),
        (about.vocabulary and table_of(about.vocabulary)) or "",
        SEVERAL.join(f"{code}={label}" for code, label in about.choices.items()) if few else "",
        about.language or "",
        str(fill.rows),
        str(fill.count),
        "" if fill.percent is None else str(fill.percent),
    ]
