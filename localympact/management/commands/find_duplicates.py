"""Find the entries that may be in the databases twice."""

from django.core.management.base import BaseCommand

from organizations.duplicates import databases, note
from organizations.models import Municipality


class Command(BaseCommand):
    help = "Find possible duplicates among all entries. It may be run again at any time."

    def handle(self, *args, verbosity=1, **options):
        total = 0
        for model in databases().values():
            # Names are compared within a municipality, so each is taken as a whole.
            for place in [*Municipality.objects.order_by("pk"), None]:
                entries = model.objects.filter(municipality=place).order_by()
                if count := entries.count():
                    found = note(model, entries.values("pk"))
                    total += found
                    if verbosity:
                        where = place or "no municipality"
                        name = model._meta.label_lower
                        self.stdout.write(f"{name}, {where}: {count} entries, {found} pairs")
        if verbosity:
            self.stdout.write(f"{total} possible duplicates.")
