"""Let somebody in again whose phone and recovery codes are lost, and whom nobody else can help."""

from django.core.management.base import BaseCommand, CommandError

from localympact.access import Event, account_named, note
from localympact.second_factor import take_away


class Command(BaseCommand):
    help = "Take away the second factor of a person, who sets up a new one at the next sign-in."

    def add_arguments(self, parser):
        parser.add_argument("name", help="user name or e-mail address")

    def handle(self, *args, name, **options):
        person = account_named(name)
        if person is None:
            raise CommandError(f"There is no account {name}.")
        take_away(person)
        note(Event.FACTOR_RESET, person, request=None)
        self.stdout.write(f"{person} has no second factor now.")
