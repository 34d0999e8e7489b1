"""Make the index of the search anew, while it goes on being used."""

import sys

from django.core.management.base import BaseCommand
from tqdm import tqdm

from organizations.indexing import entry_models, rebuild


class Command(BaseCommand):
    help = "Make the index of the search anew, while it goes on being used."

    def handle(self, *args, **options):
        total = sum(model._base_manager.count() for model in entry_models())
        quiet = options["verbosity"] == 0 or not sys.stderr.isatty()
        with tqdm(total=total, unit=" entries", disable=quiet) as bar:
            rebuild(bar.update)
        if options["verbosity"]:
            self.stdout.write(f"The index holds {total} entries.")
