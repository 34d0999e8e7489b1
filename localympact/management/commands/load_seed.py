"""Load the seed content into an empty database."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from localympact.afterwards import together
from organizations.models import Municipality

SEED = settings.BASE_DIR / "fixtures" / "seed"


class Command(BaseCommand):
    help = "Load fixtures/seed/ if the database holds no municipality yet."

    def handle(self, *args, **options):
        if Municipality.objects.exists():
            self.stdout.write("The database has content: nothing was loaded.")
            return
        with together():
            call_command("loaddata", *sorted(SEED.glob("*.json")), verbosity=0)
        call_command("find_duplicates", verbosity=0)
        self.stdout.write(
            f"{Municipality.objects.count()} municipalities and their entries loaded."
        )
