"""Delete counted searches that nobody has repeated for long enough."""

from django.core.management.base import BaseCommand

from localympact.models import UnansweredSearch


class Command(BaseCommand):
    help = "Delete searches not asked for SEARCHES_KEPT_DAYS days. Run it once a day."

    def handle(self, *args, **options):
        self.stdout.write(f"Deleted: {UnansweredSearch.objects.forget_old()}")
