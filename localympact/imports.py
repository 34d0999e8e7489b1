"""A file of entries read back: a known id updates, an empty one creates, all or nothing."""

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from localympact.afterwards import saved_many, together
from localympact.exports import SEPARATORS, Slugs
from localympact.slugs import make_slug, numbered

CHUNK = 500
# A cell longer than this is a broken quotation mark, not a text.
csv.field_size_limit(1_000_000)


@dataclass
class Problem:
    """What is wrong in one cell, or in a whole row (no column)."""

    message: str
    row: int
    column: str | None = None

    def __str__(self):
        place = {"row": self.row, "column": self.column, "message": self.message}
        if self.column:
            return _("Row %(row)s, column %(column)s: %(message)s") % place
        return _("Row %(row)s: %(message)s") % place


@dataclass
class Row:
    """One row of the file and what becomes of it."""

    number: int
    cells: dict
    instance: object = None
    new: bool = False
    changed: list = field(default_factory=list)
    links: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)

    @property
    def outcome(self):
        """One of wrong, new, changed, same."""
        if self.problems:
            return "wrong"
        return "new" if self.new else "changed" if self.changed or self.links else "same"


class Import:
    """One file of one `Resource`.

    `run()` yields every row with what became of it; afterwards `counts` says how many of each
    outcome and `saved` whether anything was kept. The same code runs with `dry_run`, and undoes
    everything at the end. Memory holds one chunk of rows and the ids met so far.
    """

    def __init__(self, resource, file, *, dry_run=False):
        self.resource = resource
        self.model = resource.model
        self.file = file
        self.dry_run = dry_run
        self.counts = Counter()
        self.saved = False
        self.names = []
        self._met = {"id": set(), "slug": set()}

    def run(self):
        """Yield each `Row`; raise ValidationError where the file cannot be read as a whole."""
        with transaction.atomic():
            rows = self.read()
            while chunk := list(islice(rows, CHUNK)):
                self.prepare(chunk)
                self.save([row for row in chunk if row.outcome in ("new", "changed")])
                for row in chunk:
                    self.counts[row.outcome] += 1
                    yield row
            self.saved = not self.dry_run and not self.counts["wrong"]
            if not self.saved:
                transaction.set_rollback(True)

    # Reading

    def read(self):
        """Yield the rows of the file as {column: text}."""
        text = io.TextIOWrapper(self.file, encoding="utf-8-sig", newline="")
        try:
            head = text.readline()
            text.seek(0)
            separator = max(SEPARATORS.values(), key=head.count)
            reader = csv.reader(text, delimiter=separator, strict=True)
            self.names = next(reader, [])
            self.check_heads(self.names)
            for number, cells in enumerate(reader, start=2):
                if any(cells):
                    yield self.row(number, cells)
        except UnicodeDecodeError as error:
            raise ValidationError(
                _("The file is not in UTF-8: byte %(byte)s cannot be read."),
                params={"byte": error.start},
            ) from error
        except csv.Error as error:
            raise ValidationError(
                _("The file cannot be read as CSV near line %(line)s: %(error)s"),
                params={"line": reader.line_num, "error": error},
            ) from error
        finally:
            text.detach()

    def check_heads(self, names):
        """Raise ValidationError unless the first row names columns of this resource, each once."""
        known = {*self.resource.heads, "status"}
        problems = [
            _("There is no column “%(name)s”.") % {"name": name}
            for name in names
            if name not in known
        ]
        problems += [
            _("The column “%(name)s” stands there twice.") % {"name": name}
            for name, times in Counter(names).items()
            if times > 1
        ]
        if "id" not in names:
            problems.append(_("The column “id” is missing."))
        if problems:
            raise ValidationError(problems)

    def row(self, number, cells):
        """Give one row, numbered as a spreadsheet does."""
        row = Row(number, dict(zip(self.names, cells, strict=False)))
        if len(cells) != len(self.names):
            lengths = {"cells": len(cells), "names": len(self.names)}
            said = _("This row has %(cells)s cells, the first one %(names)s.") % lengths
            row.problems.append(Problem(said, number))
        return row

    # Understanding

    def prepare(self, chunk):
        """Find or make the instance of each row and give it the values of its cells."""
        for row in chunk:
            self.check_id(row)
        ids = {row.cells["id"] for row in chunk if row.cells.get("id")}
        known = {
            str(instance.uuid): instance
            for instance in self.model._base_manager.filter(uuid__in=ids)
        }
        pks = [instance.pk for instance in known.values()]
        columns = [column for column in self.resource.columns if column.name in self.names]
        linked = {
            column.name: column.load(self.model, pks)[column.name]
            for column in columns
            if isinstance(column, Slugs)
        }
        for row in chunk:
            key = row.cells.get("id")
            row.new = not key
            row.instance = known.get(key) or self.model()
            if key and row.instance._state.adding:
                row.problems.append(Problem(_("There is no entry with this id."), row.number, "id"))
            if len(row.cells) == len(self.names):
                self.assign(row, columns, linked)
                self.check(row)

    def check_id(self, row):
        """Bring the id into its usual form; note one that is none or that stood there before."""
        key = row.cells.get("id", "").strip()
        try:
            row.cells["id"] = key and str(UUID(key))
        except ValueError:
            row.problems.append(Problem(_("This is not an id."), row.number, "id"))
            row.cells["id"] = ""
        self.check_repetition(row, "id", row.cells["id"])

    def check_repetition(self, row, column, value):
        """Note a value that stood in an earlier row and can be there only once."""
        if value and value in self._met[column]:
            row.problems.append(
                Problem(
                    _("“%(value)s” stands in an earlier row too.") % {"value": value},
                    row.number,
                    column,
                )
            )
        self._met[column].add(value)

    def assign(self, row, columns, linked):
        """Give the instance the values of the row; note what cannot be understood."""
        for column in columns:
            text = row.cells[column.name]
            if column.name in ("id", "slug") or not column.writable:
                continue
            try:
                if "\x00" in text:
                    raise ValidationError(
                        _("There is a character here that no text can have (NUL).")
                    )
                value = column.parse(text, self.resource)
            except ValidationError as error:
                row.problems += [
                    Problem(message, row.number, column.name) for message in error.messages
                ]
                continue
            if isinstance(column, Slugs):
                slugs = sorted({thing.slug for thing in value})
                if slugs != linked[column.name].get(row.instance.pk, []):
                    row.links[column] = value
            elif column.assign(row.instance, value):
                row.changed.append(column.name)
        if slug := row.cells.get("slug", "").strip():
            self.check_repetition(row, "slug", slug)
            if row.new:
                row.instance.slug = slug
            elif slug != row.instance.slug:
                row.problems.append(
                    Problem(_("An address cannot be changed by an import."), row.number, "slug")
                )

    def check(self, row):
        """Note what the model's own rules say; constraints are left to the database."""
        if row.outcome == "same":
            return
        skip = {problem.column for problem in row.problems}
        if not row.instance.slug:
            skip.add("slug")
        # What a row refers to has just been read from the database: no second look for each.
        skip |= {
            field.name
            for field in self.model._meta.fields
            if field.is_relation and getattr(row.instance, field.attname)
        }
        try:
            row.instance.clean_fields(exclude=skip)
            row.instance.clean()
        except ValidationError as error:
            self.note(row, error)

    def note(self, row, error):
        """Add a ValidationError of a model to the problems of a row."""
        for name, messages in error.message_dict.items():
            column = None if name == "__all__" else name
            row.problems += [Problem(message, row.number, column) for message in messages]

    # Saving

    def save(self, rows):
        """Save new and changed rows; where the database refuses, find out which and why."""
        new = [row for row in rows if row.new]
        try:
            with transaction.atomic(), together():
                self.give_slugs([row.instance for row in new if not row.instance.slug])
                self.model._base_manager.bulk_create([row.instance for row in new])
                self.link(new)
                for row in rows:
                    if not row.new:
                        row.instance.save()
                        for column, things in row.links.items():
                            column.replace(row.instance, things)
                saved_many.send(self.model, pks=[row.instance.pk for row in rows])
        except IntegrityError:
            for row in rows:
                if row.new:
                    row.instance.pk = None
                    row.instance._state.adding = True
                try:
                    row.instance.validate_unique()
                    row.instance.validate_constraints()
                except ValidationError as error:
                    self.note(row, error)
            if not any(row.problems for row in rows):
                raise

    def link(self, rows):
        """Write the links of new rows, one query for each many-to-many field."""
        for column in self.resource.columns:
            if isinstance(column, Slugs):
                relation = self.model._meta.get_field(column.name)
                source, target = relation.m2m_column_name(), relation.m2m_reverse_name()
                through = relation.remote_field.through
                through.objects.bulk_create(
                    through(**{source: row.instance.pk, target: thing.pk})
                    for row in rows
                    for thing in set(row.links.get(column, ()))
                )

    def give_slugs(self, instances):
        """Give new instances slugs that neither the table nor this file has yet."""
        waiting = [(one, numbered(make_slug(one.slug_source()))) for one in instances]
        while waiting:
            for instance, slugs in waiting:
                instance.slug = next(slug for slug in slugs if slug not in self._met["slug"])
                self._met["slug"].add(instance.slug)
            clash = set(
                self.model._base_manager.filter(
                    slug__in=[instance.slug for instance, _slugs in waiting]
                ).values_list("slug", flat=True)
            )
            waiting = [(one, slugs) for one, slugs in waiting if one.slug in clash]
