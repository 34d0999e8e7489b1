"""Read a file of entries back into the database."""

import argparse
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, transaction
from django.utils import timezone

from localympact.importing import RESOURCES, note_duplicates, settling
from localympact.imports import Import
from localympact.models import ImportedFile
from localympact.spreadsheets import ENCODINGS

OUTCOMES = ("new", "changed", "same", "wrong")
PROGRESS_EVERY = 5000


class Command(BaseCommand):
    help = (
        "Import a CSV or XLSX file with the columns of the portal's own files. A known id updates "
        "an entry, an empty one creates a draft. All or nothing: one wrong row, and nothing is "
        "kept. What was imported stands in the admin under imported files and can be undone there."
    )

    def add_arguments(self, parser):
        parser.add_argument("database", choices=RESOURCES)
        parser.add_argument("file", type=argparse.FileType("rb"))
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )
        parser.add_argument(
            "--encoding", choices=ENCODINGS, help="of a CSV file; without it Unicode is recognised"
        )

    def handle(self, *args, database, file, dry_run, encoding=None, **options):
        try:
            self.bring(database, file, dry_run, encoding)
        except OperationalError as error:
            # The database is full, locked or gone.
            raise CommandError(f"Nothing was imported. {error}") from error

    def bring(self, database, file, dry_run, encoding):
        """Import a file as a whole, or not at all."""
        resource = RESOURCES[database](staff=True)
        with file, transaction.atomic():
            record = None
            if not dry_run:
                record = ImportedFile.objects.create(
                    database=database, name=Path(file.name).name[-250:]
                )
            task = Import(
                resource,
                file,
                dry_run=dry_run,
                encoding=encoding,
                record=record,
                settle=record and settling(record),
            )
            try:
                for number, row in enumerate(task.run(), start=1):
                    self.report(row)
                    if number % PROGRESS_EVERY == 0:
                        self.stderr.write(f"{number} rows …")
            except ValidationError as error:
                raise CommandError("\n".join(error.messages)) from error
            counts = ", ".join(f"{task.counts[outcome]} {outcome}" for outcome in OUTCOMES)
            self.stdout.write(f"{counts}.")
            if task.counts["wrong"]:
                raise CommandError("Nothing was imported: correct the rows named above.")
            if record and (task.counts["new"] or task.counts["changed"]):
                record.state, record.imported = ImportedFile.State.IMPORTED, timezone.now()
                record.report["counts"] = task.counts
                record.save()
                note_duplicates(task)
            elif record:
                record.delete()
        if dry_run:
            self.stdout.write("Nothing was imported: this was a dry run.")

    def report(self, row):
        """Write what becomes of a row; one that stays the same is passed over in silence."""
        match row.outcome:
            case "wrong":
                for problem in row.problems:
                    self.stderr.write(str(problem))
            case "new":
                self.stdout.write(f"Row {row.number}: new: {row.instance}")
            case "changed":
                columns = ", ".join(cell.column for cell in row.changed)
                self.stdout.write(f"Row {row.number}: changed: {row.instance}: {columns}")
