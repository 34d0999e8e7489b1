"""Find out anew what editors have to do for each entry."""

from django.core.management.base import BaseCommand

from organizations.todo import refresh_all

PROGRESS_EVERY = 6000


class Command(BaseCommand):
    help = (
        "Find out anew what is to do for each entry. The portal does so by itself whenever "
        "something is saved; run this after rows were changed in another way."
    )

    def handle(self, *args, **options):
        done = 0
        for number in refresh_all():
            done += number
            if done % PROGRESS_EVERY < number and done >= PROGRESS_EVERY:
                self.stderr.write(f"{done} entries …")
        self.stdout.write(f"{done} entries looked through.")
