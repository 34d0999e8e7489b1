"""Make a backup: one file with the database and everything that was uploaded."""

from django.core.management.base import BaseCommand, CommandError

from localympact.backup import BackupError, back_up


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


class Command(BaseCommand):
    help = (
        "Make a backup in a folder: one file with the database and everything that was uploaded, "
        "checked after writing. Visitors and editors notice nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("folder", help="where the backups are kept, best on another disk")
        parser.add_argument(
            "--keep", type=positive, help="delete all but so many of the newest backups"
        )

    def handle(self, *args, folder, keep, **options):
        try:
            path, manifest = back_up(folder, keep)
        except (BackupError, OSError) as error:
            raise CommandError(f"No backup was made. {error}") from error
        for name in manifest["missing"]:
            self.stderr.write(f"The database names {name}, which is not there.")
        if options["verbosity"]:
            rows, files = sum(manifest["rows"].values()), len(manifest["parts"]) - 1
            self.stdout.write(f"{path}: {rows} rows, {files} files.")
