"""Delete lines of the log of sign-ins when they have been kept long enough."""

from django.core.management.base import BaseCommand

from localympact.models import AccessEvent


class Command(BaseCommand):
    help = "Delete lines of the log of sign-ins older than ACCESS_LOG_KEPT_DAYS. Run it once a day."

    def handle(self, *args, **options):
        self.stdout.write(f"Deleted: {AccessEvent.objects.forget_old()}")
