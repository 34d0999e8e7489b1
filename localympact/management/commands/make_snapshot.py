"""Keep all data as they are today, in files that never change."""

from zipfile import BadZipFile

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from localympact import editions, snapshots


class Command(BaseCommand):
    help = (
        "Write a snapshot of all public data into SNAPSHOTS_ROOT, with sums and with what has "
        "changed since the one before. Where that of today is there already, nothing happens. "
        "Run it as often as you want to keep one: once a week or a month."
    )

    def handle(self, *args, **options):
        day = timezone.localdate()
        try:
            made = snapshots.make(day)
        except BadZipFile as error:
            raise CommandError(
                f"The snapshot before cannot be read ({error}): put it back from a backup."
            ) from error
        except (OSError, OperationalError) as error:
            raise CommandError(f"No snapshot was made. {error}") from error
        if made is None:
            self.stdout.write(f"The snapshot of {day} is there, or another process makes it now.")
            return
        # Pages name the newest one.
        editions.begin()
        rows = sum(table["rows"] for table in made.about["tables"].values())
        counted = ", ".join(f"{count} {what}" for what, count in made.counted.items())
        self.stdout.write(f"{made.folder}: {rows} rows; {counted}.")
