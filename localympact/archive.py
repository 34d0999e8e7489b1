"""Everything in one file, `/data/localympact.zip`: a ZIP that is written while it is sent.

Only its last bytes make it whole: what breaks off before is no ZIP that anything opens.
"""

import hashlib
from functools import partial
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.generic import View
from zipstream import ZIP_DEFLATED, ZipStream

from localympact import editions
from localympact.downloads import LICENCE, file_names, send
from localympact.metadata import SUFFIX, csvw, group, written
from localympact.packages import package
from localympact.tables import TABLES
from localympact.texts import ENGLISH, LANGUAGES
from localympact.writers import csv

CONTENT_TYPE = "application/zip"
README = """\
LOCAL-Y-MPACT portal: all data, {day}
{base}{language}/data/

WHAT IT IS
Community organisations, youth organisations and social enterprises of five European pilot areas,
examples of their cooperation with municipalities, needs and challenges that stand in its way, the
conclusions of the mapping; what all these refer to (municipalities, towns, terms, causes); and the
links between them. Only what is published on the portal.

  <table>.csv                UTF-8 with a byte order mark, commas, RFC 4180
  <table>.csv-metadata.json  what each column holds, in six languages (CSVW, W3C 2015)
  csv-metadata.json          the same for all tables, with the references between them
  datapackage.json           the same as a Frictionless data package, with sizes and SHA-256 sums

Several values in a cell are joined by |. A text that begins with =, +, -, @, a tab, a return or '
has one ' in front, so that no spreadsheet calculates it; take one away to have the text. The
column text_state_* says of each text whether a person or a machine wrote it.

Every column is explained, in six languages, at
{base}{language}/data/dictionary/

LICENCE
Creative Commons Attribution 4.0 International (CC BY 4.0)
{licence}
Coordinates of towns: GeoNames (https://www.geonames.org/), CC BY 4.0.
Outlines on the maps of the portal, which are not in these files: Natural Earth, public domain.

HOW TO CITE
LOCAL-Y-MPACT ({year}): Data of the LOCAL-Y-MPACT portal, {day}.
{base}{cited} CC BY 4.0.
Dated snapshots, which never change, are at {base}{language}/data/snapshots/

LIMITS
Entries were read in public sources, which each names in its column source. Nobody has confirmed
that an organisation is still active, unless verified_on has a day. The directory is not complete:
that something is missing says nothing of whether it exists. Most texts were translated by machine.
{consistent}

{elsewhere}
"""
OF_NOW = """\
The tables were read one after the other while you downloaded them; what was changed in that minute
may be in one and not in another. A dated snapshot is of one moment."""
OF_A_DAY = "All tables were read at one moment: {moment}."


class Sum(NamedTuple):
    """How many bytes a file has, and their SHA-256."""

    size: int
    sha256: str


def summed(pieces, keep):
    """Yield the pieces of a file, and at its end tell `keep` their Sum."""
    size, digest = 0, hashlib.sha256()
    for piece in pieces:
        size += len(piece)
        digest.update(piece)
        yield piece
    keep(Sum(size, digest.hexdigest()))


class Archive:
    """The ZIP of everything: iterate over it for its bytes.

    `base` is the address of the site. With `day` it is the snapshot of that day. `sums` says of
    each file in it {name: Sum} as soon as that file is written.
    """

    def __init__(self, *, base, moment, edition, day=None):
        self.base, self.moment, self.edition, self.day = base, moment, edition, day
        self.tables = {name: resource(base=base) for name, resource in TABLES.items()}
        self.sums = {}
        # What was said of each table by itself.
        self.each = {}

    def __iter__(self):
        archive = ZipStream(compress_type=ZIP_DEFLATED)
        for name, pieces in self.files():
            archive.add(summed(pieces, partial(self.sums.__setitem__, name)), name)
        return iter(archive)

    def files(self):
        """Yield (name, its pieces) of each file, those that need no database first."""
        yield "README.txt", self.readme()
        for name, resource in self.tables.items():
            yield f"{name}.csv", csv(resource, resource.everything())
        for name, resource in self.tables.items():
            yield f"{name}.csv{SUFFIX}", self.metadata(name, resource)
        yield "csv-metadata.json", self.metadata_of_all()
        # Last: it holds the sums of the tables.
        yield "datapackage.json", self.package()

    # Each of these is made when its turn comes.

    def readme(self):
        day = self.day or timezone.localtime(self.moment).date()
        told = OF_A_DAY.format(moment=f"{self.moment:%Y-%m-%d %H:%M} UTC") if self.day else OF_NOW
        yield README.format(
            base=self.base,
            language=ENGLISH,
            licence=LICENCE,
            day=day,
            year=day.year,
            cited=f"{ENGLISH}/data/snapshots/{day}/." if self.day else f"{ENGLISH}/data/.",
            consistent=told,
            elsewhere="\n".join(self.elsewhere()),
        ).encode()

    def elsewhere(self):
        """Yield a line in each language: where it is explained in that one."""
        for language in LANGUAGES:
            with override(language):
                yield _("About these data: %(address)s") % {
                    "address": f"{self.base}{language}/data/"
                }

    def metadata(self, name, resource):
        self.each[name] = csvw(resource, url=f"{name}.csv", modified=self.edition.since)
        yield written(self.each[name])

    def metadata_of_all(self):
        yield written(group(self.tables, self.each))

    def package(self):
        yield written(
            package(
                self.tables,
                base=self.base,
                created=self.moment,
                version=str(self.day or timezone.localtime(self.moment).date()),
                sums=self.sums,
            )
        )


class Everything(View):
    """The ZIP of everything as it is now."""

    def get(self, request):
        # One file for all: no language of the visitor is in it.
        with override(ENGLISH):
            return send(
                request,
                content_type=CONTENT_TYPE,
                names=file_names("everything", "everything", "zip"),
                write=lambda: Archive(
                    base=request.build_absolute_uri("/"),
                    moment=timezone.now(),
                    edition=editions.now(),
                ),
                zipped=True,
            )
