"""Bring back what a backup holds."""

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from localympact.backup import BackupError, restore
from localympact.health import migrations_missing


class Command(BaseCommand):
    help = (
        "Bring back the database and the uploaded files of a backup. A damaged backup changes "
        "nothing, and neither does any backup where the database has content, without --replace."
    )
    # The tables may be missing, or older than the code: that is what a restore is for.
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", help="a file that `manage.py backup` made")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="put the backup in the place of what the database holds now",
        )

    def handle(self, *args, file, replace, **options):
        try:
            manifest = restore(file, replace)
        except (BackupError, OSError) as error:
            raise CommandError(f"{error}") from error
        rows, files = sum(manifest["rows"].values()), len(manifest["parts"]) - 1
        self.stdout.write(f"Restored as of {manifest['made']}: {rows} rows, {files} files.")
        MigrationRecorder(connection).ensure_schema()
        if migrations_missing():
            self.stdout.write("The backup is of an earlier release: run `manage.py migrate` now.")
