"""Worked examples: what is done with the data, and what comes of it.

They are files in docs/examples, each with its output beside it. Pages show them as they are there,
and a test runs them (tests/test_examples.py).
"""

from typing import NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FOLDER = settings.BASE_DIR / "docs" / "examples"
# Stands in the files for the address of the portal.
ADDRESS = "https://portal.example"


class Example(NamedTuple):
    """One example: the name of its file, what it is done with, its text and its output."""

    name: str
    title: Promise
    code: str
    output: str

    def at(self, base):
        """Give the example for the portal at an address."""
        return self._replace(code=self.code.replace(ADDRESS, base.rstrip("/")))


def read(name, title):
    """Read an example and its output."""
    file = FOLDER / name
    return Example(name, title, file.read_text(), file.with_suffix(".out").read_text())


EXAMPLES = [
    read("curl.sh", _("At the command line")),
    read("csv_module.py", _("In Python, without anything else")),
    read("pandas_example.py", _("In Python with pandas")),
    read("spreadsheet.md", _("In a spreadsheet")),
]
