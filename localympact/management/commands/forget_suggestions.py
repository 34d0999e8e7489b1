"""Delete what visitors wrote, with their e-mail addresses, when it has been kept long enough."""

from django.core.management.base import BaseCommand

from organizations.models import Suggestion


class Command(BaseCommand):
    help = "Delete suggestions older than SUGGESTIONS_KEPT_DAYS. Run it once a day."

    def handle(self, *args, **options):
        self.stdout.write(f"Deleted: {Suggestion.objects.forget_old()}")
