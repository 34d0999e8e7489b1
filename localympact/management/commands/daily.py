"""Everything that must be done once a day, for one line of cron or one timer."""

import logging
import time

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from localympact.locks import Taken, alone

logger = logging.getLogger(__name__)

# In this order: first what must be forgotten, then what only makes sure.
STEPS = (
    "forget_suggestions",
    "forget_access_events",
    "forget_searches",
    "clearsessions",
    "refresh_todo",
    "find_duplicates",
)


class Command(BaseCommand):
    help = f"Do what must be done once a day: {', '.join(STEPS)}. Safe to run twice."

    def handle(self, *args, **options):
        try:
            with alone("daily"):
                failed = [step for step in STEPS if not self.done(step, options["verbosity"])]
        except Taken:
            self.stdout.write("The daily work is being done already: nothing to do.")
            return
        if failed:
            raise CommandError(f"Failed: {', '.join(failed)}. The others are done; see the log.")

    def done(self, step, verbosity):
        """Do one step and say whether it succeeded: the others do not depend on it."""
        begun = time.monotonic()
        try:
            call_command(step, verbosity=0, stdout=self.stdout if verbosity > 1 else Silence())
        except Exception:  # whatever it is, the other steps are done
            logger.exception("daily: %s failed", step)
            connection.close_if_unusable_or_obsolete()
            return False
        logger.info("daily: %s took %.1f s", step, time.monotonic() - begun)
        return True


class Silence:
    """Where what a step says goes: the log says that it was done."""

    def write(self, text):
        pass

    flush = isatty = lambda self: None
