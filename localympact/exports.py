"""A table that is given away: its columns, and its rows from the database, in any number.

A `Resource` names the columns (columns.py) of one model. How they are written is in writers.py,
how they are sent in downloads.py; the same columns read a file back: see imports.py.
"""

import uuid
from itertools import islice
from urllib.parse import urljoin

from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Func
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from localympact.among import Among
from localympact.columns import Column, Group

# Rows that are asked for at once: few at first, so that a file begins soon.
FIRST, CHUNK = 200, 2000


class ByBytes(Func):
    """What is put in order by its bytes, as Python does, whatever the language of the database."""

    def as_sqlite(self, compiler, connection, **context):
        return compiler.compile(self.source_expressions[0])

    def as_postgresql(self, compiler, connection, **context):
        template = '(%(expressions)s)::text COLLATE "C"'
        return self.as_sql(compiler, connection, template=template, **context)


class Resource:
    """The files of one model: `name` is theirs, `columns` are declared by each app.

    `base` is the address of the site, for the column `url`. `texts` is one language for a text in
    it, or what readers of it see instead; without it there are columns for all six. `only` names
    the columns that are wanted. `staff` adds what only editors see.
    """

    model = None
    name = ""
    columns = ()
    # The columns that tell one row from all others.
    key = ("id",)
    formats = ("csv", "xlsx", "json", "ndjson")
    # For GeoJSON: the expressions of latitude and longitude, and of whose they are.
    point = None

    def __init__(self, *, base="", staff=False, texts=None, only=None):
        declared = [*type(self).columns, *([Column("status")] if staff else [])]
        if only:
            declared = [part for part in declared if part.name in only]
        self.columns = [
            column
            for part in declared
            for column in (part.of(texts) if isinstance(part, Group) else [part])
        ]
        self.base = base
        self._found = {}

    @property
    def heads(self):
        """The names of the columns."""
        return [column.name for column in self.columns]

    @classmethod
    def parts(cls):
        """Give what can be chosen, columns and groups of them, as (name, what it is called)."""
        called = []
        for part in cls.columns:
            column = part.of(get_language())[0] if isinstance(part, Group) else part
            called.append((part.name, f"{part.name} – {column.label(cls.model)}"))
        return called

    @classmethod
    def title(cls):
        """Give what the table is called, in the active language."""
        return capfirst(cls.model._meta.verbose_name_plural)

    @classmethod
    def everything(cls):
        """Give all that the public may have, as a queryset in the order of the key."""
        model = cls.model
        found = model.objects.published() if hasattr(model.objects, "published") else model.objects
        keys = [column for column in cls.columns if column.name in cls.key]
        return found.order_by(*(ByBytes(column.lookup) for column in keys))

    @property
    def permanent_base(self):
        """What stands before a permanent id in its address."""
        nil = uuid.UUID(int=0)
        return urljoin(self.base, reverse("permanent", args=[nil])).removesuffix(str(nil))

    def by_slug(self, name, slugs):
        """Give what the field `name` may hold, by slugs; raise ValidationError for unknown ones."""
        known = self._found.setdefault(name, {})
        if new := [slug for slug in slugs if slug not in known]:
            related = self.model._meta.get_field(name).related_model
            known.update({thing.slug: thing for thing in related.objects.filter(slug__in=new)})
        if unknown := [slug for slug in slugs if slug not in known]:
            raise ValidationError(
                _("There is no “%(slug)s” here."), params={"slug": ", ".join(unknown)}
            )
        return [known[slug] for slug in slugs]

    # Rows. Each way asks a fixed number of queries for each chunk of them.

    def rows(self, source, extra=()):
        """Yield lists of cells, one a row, as JSON has them.

        `source` is a queryset or Results (results.py), in whose order they come. `extra` are
        expressions whose values stand behind the cells.
        """
        lookups = [column.value(self) for column in self.columns]
        count = len(lookups)
        for queryset, pks in self.chunks(source):
            found = {
                pk: values
                for pk, *values in queryset.values_list("pk", *lookups, *extra).iterator(CHUNK)
            }
            for values in (found[pk] for pk in pks if pk in found):
                cells = [
                    column.cell(value, self)
                    for column, value in zip(self.columns, values, strict=False)
                ]
                yield cells + values[count:] if extra else cells

    def records(self, source):
        """Yield rows as {name of the column: cell}."""
        for row in self.rows(source):
            yield dict(zip(self.heads, row, strict=True))

    def texts(self, source):
        """Yield lists of cells as CSV has them."""
        for row in self.rows(source):
            yield [column.text(cell) for column, cell in zip(self.columns, row, strict=True)]

    def copied(self, source, separator):
        """Yield the lines of CSV as PostgreSQL writes them itself, as bytes: thrice as quick."""
        expressions = [column.copied(self) for column in self.columns]
        for queryset, pks in self.chunks(source):
            compiler = queryset.values_list("pk", *expressions).query.get_compiler(queryset.db)
            sql, params = compiler.as_sql()
            found = {}
            with connections[queryset.db].cursor() as cursor:
                command = f"COPY ({sql}) TO STDOUT (FORMAT csv, DELIMITER '{separator}')"
                # COPY takes no parameters: the driver writes them into the command.
                with cursor.copy(cursor.mogrify(command, params)) as copy:
                    # The server sends each row by itself (its protocol says so).
                    for row in copy:
                        pk, _separator, line = bytes(row).partition(separator.encode())
                        found[int(pk)] = line.removesuffix(b"\n") + b"\r\n"
            yield from (found[pk] for pk in pks if pk in found)

    def chunks(self, source):
        """Yield (queryset of some rows, their primary keys in order)."""
        aliases = {}
        for column in self.columns:
            aliases |= column.aliases(self)
        if hasattr(source, "in_order"):
            queryset, pks = self.model.objects.published(), source.in_order()
        else:
            queryset = source.select_related(None).prefetch_related(None)
            pks = source.values_list("pk", flat=True).iterator(CHUNK)
        # The columns are named one by one: nothing is left for modeltranslation to rewrite.
        queryset = getattr(queryset, "rewrite", lambda _mode: queryset)(False)
        queryset = queryset.order_by().alias(**aliases)
        pks, size = iter(pks), FIRST
        while chunk := list(islice(pks, size)):
            yield queryset.filter(pk__in=Among(chunk)), chunk
            size = CHUNK
