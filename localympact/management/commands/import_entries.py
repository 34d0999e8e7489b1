"""Read a file of entries back into the database."""

import argparse

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from collaborations.exports import CollaborationResource
from localympact.imports import Import
from needs.exports import NeedResource
from organizations.exports import OrganizationResource

RESOURCES = {
    "organizations": OrganizationResource,
    "collaborations": CollaborationResource,
    "needs": NeedResource,
}
OUTCOMES = ("new", "changed", "same", "wrong")
PROGRESS_EVERY = 5000


class Command(BaseCommand):
    help = (
        "Import a CSV file with the columns of the portal's own files. A known id updates an "
        "entry, an empty one creates a draft. All or nothing: one wrong row, and nothing is kept."
    )

    def add_arguments(self, parser):
        parser.add_argument("database", choices=RESOURCES)
        parser.add_argument("file", type=argparse.FileType("rb"))
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )

    def handle(self, *args, database, file, dry_run, **options):
        resource = RESOURCES[database](staff=True)
        with file:
            task = Import(resource, file, dry_run=dry_run)
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
                columns = ", ".join([*row.changed, *(column.name for column in row.links)])
                self.stdout.write(f"Row {row.number}: changed: {row.instance}: {columns}")
