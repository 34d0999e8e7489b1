"""A file of entries read back: a known id updates, an empty one creates, all or nothing."""

import hashlib
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import reversion
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from localympact.afterwards import catch_up, saved_many, together
from localympact.columns import Slugs, Words, escaped, unescaped
from localympact.history import IMPORT, keep_before, with_links
from localympact.models import ImportRevision
from localympact.slugs import make_slug, numbered
from localympact.spreadsheets import Unreadable, open_table
from localympact.texts import reading_order
from localympact.writers import XLSX_CELL, cut

CHUNK = 500


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


class Cell(NamedTuple):
    """One cell that changes an entry: its column, and what stands there before and after."""

    column: str
    before: str
    after: str


@dataclass
class Row:
    """One row of the file and what becomes of it."""

    number: int
    cells: dict
    instance: object = None
    new: bool = False
    refused: bool = False
    changed: list = field(default_factory=list)
    links: dict = field(default_factory=dict)
    # Other entries that may be the same, as (entry, reasons).
    possible: list = field(default_factory=list)
    problems: list = field(default_factory=list)

    @property
    def outcome(self):
        """One of wrong, new, changed, same."""
        if self.problems:
            return "wrong"
        return "new" if self.new else "changed" if self.changed else "same"

    def wrong(self, message, column=None):
        """Note a problem."""
        self.problems.append(Problem(message, self.number, column))


class Import:
    """One file of one `Resource`, brought by `user`, or by the command line (none).

    `run()` yields every row with what became of it; afterwards `counts` says how many of each
    outcome, `digest` tells one result from another, and `saved` says whether anything was kept.
    The same code runs with `dry_run`, and undoes everything at the end. Memory holds one chunk of
    rows and the ids met so far.

    `record` is the ImportedFile under which the import stands in the history. `expected` is the
    digest of the check that somebody agreed to: with another result nothing is kept.
    `possible(model, entries)` gives {index: [(other, reasons)]} of new entries, and
    `settle(model, rows)` is told of each chunk that was saved.
    """

    def __init__(
        self,
        resource,
        file,
        *,
        user=None,
        dry_run=False,
        encoding=None,
        language=None,
        record=None,
        expected=None,
        possible=None,
        settle=None,
    ):
        self.resource = resource
        self.model = resource.model
        self.file = file
        self.user = user
        self.dry_run = dry_run
        self.encoding, self.language = encoding, language
        self.record = record
        self.expected = expected
        self.possible, self.settle = possible, settle
        self.counts = Counter()
        self.saved = False
        # The keys of what was saved.
        self.pks = []
        self.names = []
        self._results = hashlib.sha256()
        self._met = {"id": set(), "slug": set()}
        self._linkable = {}

    @cached_property
    def table(self):
        """The table in the file; raises ValidationError where it cannot be read."""
        return open_table(self.file, encoding=self.encoding, language=self.language)

    @property
    def digest(self):
        """A text that is the same whenever the same file does the same."""
        return self._results.hexdigest()

    def run(self):
        """Yield each `Row`; raise ValidationError where the file cannot be read as a whole."""
        with together(), closing(self.read()) as rows:
            while chunk := list(islice(rows, CHUNK)):
                self.prepare(chunk)
                self.save([row for row in chunk if row.outcome in ("new", "changed")])
                for row in chunk:
                    self.counts[row.outcome] += 1
                    self._results.update(repr((row.number, row.outcome, row.changed)).encode())
                    yield row
            agreed = self.expected in (None, self.digest)
            self.saved = not self.dry_run and not self.counts["wrong"] and agreed
            if not self.saved:
                transaction.set_rollback(True)

    # Reading

    def read(self):
        """Yield the rows of the file as {column: text}."""
        with closing(self.table.rows()) as rows:
            self.names = self.heads(next(rows, []))
            for number, cells in enumerate(rows, start=2):
                if any(cells):
                    yield self.row(number, cells)

    def heads(self, cells):
        """Give the names of the columns; raise ValidationError unless each is known and there once.

        Spaces around a name and its case do not matter, nor empty cells behind the last one.
        """
        names = [cell.strip().lower() for cell in cells]
        while names and not names[-1]:
            names.pop()
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
        return names

    def row(self, number, cells):
        """Give one row, numbered as a spreadsheet does."""
        width = len(self.names)
        cells = [*cells]
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if self.table.format == "xlsx":
            cells += [""] * (width - len(cells))
        row = Row(number, dict(zip(self.names, cells, strict=False)))
        if len(cells) != width:
            lengths = {"cells": len(cells), "names": width}
            row.wrong(_("This row has %(cells)s cells, the first one %(names)s.") % lengths)
            row.refused = True
        for name, cell in row.cells.items():
            if isinstance(cell, Unreadable):
                row.wrong(str(cell), name)
        return row

    # Understanding

    def prepare(self, chunk):
        """Find or make the instance of each row and give it the values of its cells."""
        for row in chunk:
            self.check_id(row)
        columns = [column for column in self.resource.columns if column.name in self.names]
        known = self.known({row.cells["id"] for row in chunk if row.cells["id"]}, columns)
        pks = [instance.pk for instance in known.values()]
        mine = self.mine(pks)
        linked = {
            column.name: column.links(self.model, pks)
            for column in columns
            if isinstance(column, Slugs)
        }
        for row in chunk:
            key = row.cells["id"]
            row.new = not key
            row.instance = known.get(key) or self.model()
            if key and key not in known:
                row.wrong(_("There is no entry with this id."), "id")
            elif key and row.instance.pk not in mine:
                self.refuse(row, row.instance)
                # Of what somebody may not see, nothing is compared with the file.
                row.instance, row.refused = self.model(), True
            if not row.refused:
                self.assign(row, columns, linked)
                self.check_place(row)
                self.check_claims(row)
                self.check(row)
        if self.possible:
            new = [row for row in chunk if row.outcome == "new"]
            found = self.possible(self.model, [row.instance for row in new])
            for index, others in found.items():
                new[index].possible = others

    def known(self, ids, columns):
        """Give {id: entry} of stored entries, locked where they may be changed."""
        related = {"municipality", *(name for column in columns for name in column.related)}
        entries = self.model._base_manager.filter(uuid__in=ids).select_related(*related)
        if not self.dry_run:
            # Whoever saves one of them meanwhile is waited for, and not overwritten.
            entries = entries.select_for_update(of=("self",))
        return {str(entry.uuid): entry for entry in entries}

    def check_id(self, row):
        """Bring the id into its usual form; note one that is none or that stood there before."""
        key = row.cells.get("id", "").strip()
        try:
            row.cells["id"] = key and str(UUID(key))
        except ValueError:
            if not row.problems:
                row.wrong(_("This is not an id."), "id")
            row.cells["id"] = ""
        self.check_repetition(row, "id", row.cells["id"])

    def check_repetition(self, row, column, value):
        """Note a value that stood in an earlier row and can be there only once."""
        if value and value in self._met[column]:
            row.wrong(_("“%(value)s” stands in an earlier row too.") % {"value": value}, column)
        self._met[column].add(value)

    def assign(self, row, columns, linked):
        """Give the instance the values of the row; note what cannot be understood."""
        unreadable = {problem.column for problem in row.problems}
        for column in columns:
            if column.name in ("id", "slug", *unreadable) or not column.writable:
                continue
            try:
                self.assign_cell(row, column, row.cells[column.name], linked)
            except ValidationError as error:
                for message in error.messages:
                    row.wrong(message, column.name)
        if slug := row.cells.get("slug", "").strip():
            self.check_repetition(row, "slug", slug)
            if row.new:
                row.instance.slug = slug
            elif slug != row.instance.slug:
                row.wrong(_("An address cannot be changed by an import."), "slug")

    def assign_cell(self, row, column, text, linked):
        """Give the instance the value of one cell; raise ValidationError if it has none."""
        if "\x00" in text:
            raise ValidationError(_("There is a character here that no text can have."))
        if self.table.format == "xlsx" and isinstance(column, Words):
            text = self.text_of_sheet(column.current(row.instance) or "", text)
        value = column.parse(text, self.resource)
        if isinstance(column, Slugs):
            now = linked[column.name].get(row.instance.pk, {})
            # What no file shows stays, whatever the file says.
            hidden = {slug for slug, shown in now.items() if not shown}
            things = [thing for thing in value if thing.slug not in hidden]
            wanted = {thing.slug for thing in things}
            self.check_links(column, [thing for thing in things if thing.slug not in now])
            if wanted != now.keys() - hidden:
                row.links[column] = things
                before = column.text([slug for slug, shown in now.items() if shown])
                row.changed.append(Cell(column.name, before, column.text(sorted(wanted))))
            return
        before = "" if row.new else column.now(row.instance)
        if column.assign(row.instance, value):
            row.changed.append(Cell(column.name, before, column.now(row.instance)))

    def text_of_sheet(self, current, text):
        """Give a cell of XLSX as CSV has it; it has no apostrophes, and holds only so much."""
        if text == cut(current) or unescaped(text) == current:
            return escaped(current)
        if len(current) > XLSX_CELL:
            raise ValidationError(
                _(
                    "The text is longer than a cell of XLSX can hold. "
                    "Change it on its own page, or in a CSV file."
                )
            )
        return escaped(text)

    def check(self, row):
        """Note what the model's own rules say.

        Of a row without a problem the database says whether it keeps the constraints.
        """
        if row.outcome == "same":
            return
        skip = {problem.column for problem in row.problems}
        if not row.instance.slug:
            skip.add("slug")
        wrong = skip.copy()
        # What a row refers to has just been read from the database: no second look for each.
        skip |= {
            field.name
            for field in self.model._meta.fields
            if field.is_relation and getattr(row.instance, field.attname)
        }
        rules = [partial(row.instance.clean_fields, exclude=skip), row.instance.clean]
        self.apply(row, rules)
        if row.problems:
            wrong |= {problem.column for problem in row.problems}
            self.apply(row, [partial(row.instance.validate_constraints, exclude=wrong)])

    def apply(self, row, rules):
        """Note what each of some rules says of a row."""
        for rule in rules:
            try:
                rule()
            except ValidationError as error:
                self.note(row, error)

    def note(self, row, error):
        """Add a ValidationError of a model to the problems of a row."""
        for name, messages in error.message_dict.items():
            for message in messages:
                row.wrong(message, None if name == "__all__" else name)

    # Rights

    @cached_property
    def places(self):
        """The municipalities of the user, by their keys; None for whoever edits everything."""
        if self.user is None or self.user.edits_everything:
            return None
        municipalities = self.model._meta.get_field("municipality").related_model
        return municipalities.objects.editable_by(self.user).in_bulk()

    def mine(self, pks):
        """Give those of the keys whose entries the user may edit."""
        if self.places is None:
            return set(pks)
        entries = self.model.objects.filter(pk__in=pks).editable_by(self.user)
        return set(entries.values_list("pk", flat=True))

    def check_place(self, row):
        """Note a row that would bring an entry into a municipality of others, or into none."""
        unclear = any(problem.column == "municipality" for problem in row.problems)
        if self.places is None or unclear or row.instance.municipality_id in self.places:
            return
        if row.instance.municipality_id or self.model._meta.get_field("municipality").null:
            self.refuse(row, row.instance)

    def check_claims(self, row):
        """Note what the columns do not let this user say."""
        if self.user is None:
            return
        changed = {cell.column for cell in row.changed}
        for column in self.resource.columns:
            if column.name in changed and (said := column.forbidden(row.instance, self.user)):
                row.wrong(said, column.name)

    def refuse(self, row, entry):
        """Say to whom an entry belongs: in the words of the file, or public ones."""
        texts = (row.cells.get(f"name_{language}") for language in reading_order(name=True))
        public = str(entry) if entry.is_published else ""
        said = {
            "name": next(filter(None, texts), public) or row.cells["id"],
            "place": entry.municipality,
            "places": ", ".join(map(str, self.places.values())) or "–",
        }
        if entry.municipality_id:
            row.wrong(
                _("“%(name)s” belongs to %(place)s; you edit %(places)s.") % said, "municipality"
            )
        else:
            row.wrong(
                _("“%(name)s” belongs to no municipality; you edit %(places)s.") % said,
                "municipality",
            )

    def check_links(self, column, things):
        """Raise ValidationError for a new link to an entry that the user may not edit."""
        related = self.model._meta.get_field(column.name).related_model
        if self.places is None or not hasattr(related.objects, "editable_by"):
            return
        if column.name not in self._linkable:
            mine = related.objects.editable_by(self.user)
            self._linkable[column.name] = set(mine.values_list("pk", flat=True))
        foreign = [thing for thing in things if thing.pk not in self._linkable[column.name]]
        problems = [
            _("“%(name)s” belongs to %(place)s; link only what you edit.")
            % {"name": thing.slug, "place": thing.municipality}
            if thing.is_published
            else _("There is no “%(slug)s” here.") % {"slug": thing.slug}
            for thing in foreign
        ]
        if problems:
            raise ValidationError(problems)

    # Saving

    def save(self, rows):
        """Save new and changed rows, as one revision if the import is recorded."""
        if not self.record:
            self.write(rows)
            return
        keep_before(self.model, [row.instance.pk for row in rows if not row.new])
        with reversion.create_revision(manage_manually=True):
            reversion.set_comment(IMPORT)
            reversion.set_user(self.user)
            reversion.add_meta(ImportRevision, file=self.record)
            self.write(rows)
            if any(row.problems for row in rows):
                # The database refused them, and nothing of the file will be kept.
                return
            for instance in with_links([row.instance for row in rows]):
                reversion.add_to_revision(instance)
        self.pks += [row.instance.pk for row in rows]
        if self.settle:
            self.settle(self.model, rows)
        catch_up()

    def write(self, rows):
        """Write rows; where the database refuses, find out which and why."""
        new = [row for row in rows if row.new]
        try:
            with transaction.atomic():
                self.give_slugs([row.instance for row in new if not row.instance.slug])
                self.model._base_manager.bulk_create([row.instance for row in new])
                for row in rows:
                    if not row.new:
                        row.instance.save()
                self.link(rows)
                saved_many.send(self.model, pks=[row.instance.pk for row in rows])
        except IntegrityError:
            for row in rows:
                if row.new:
                    row.instance.pk = None
                    row.instance._state.adding = True
                self.apply(row, [row.instance.validate_unique, row.instance.validate_constraints])
            if not any(row.problems for row in rows):
                raise

    def link(self, rows):
        """Write the links of rows, a few queries for each column."""
        wanted = defaultdict(dict)
        for row in rows:
            for column, things in row.links.items():
                wanted[column][row.instance.pk] = things
        for column, links in wanted.items():
            column.replace(self.model, links)

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
