"""The pages and files of dated snapshots."""

import datetime

from django.core.paginator import InvalidPage, Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.generic import TemplateView, View

from localympact import archive, snapshots, structured
from localympact.citing import bibtex, citation, publisher
from localympact.downloads import LICENCE
from localympact.tables import TABLES
from localympact.templatetags.portal import day as in_words
from localympact.texts import ENGLISH, LANGUAGES, Text, reading_order

# How many changes a page lists.
CHANGES_A_PAGE = 200
WHAT = {
    "added": gettext_lazy("Added"),
    "removed": gettext_lazy("Removed"),
    "changed": gettext_lazy("Changed"),
    "table added": gettext_lazy("New table"),
    "table removed": gettext_lazy("Table no longer there"),
    "column added": gettext_lazy("New column"),
    "column removed": gettext_lazy("Column no longer there"),
}
BIBTEX = "citation.bib"
# What stands beside the ZIP, and its media type.
FILES = {
    snapshots.SUMS: "text/plain; charset=utf-8",
    snapshots.CHANGES: "text/csv; charset=utf-8; header=present",
    snapshots.ABOUT: "application/json",
}
# They never change; what is withdrawn is no longer given to whoever asks for the first time.
FOR_EVER = "public, max-age=31536000, immutable"
# The pages: what they show changes without a new edition of the content (caching.py).
ASKED_ANEW = "public, no-cache"


class DayConverter:
    """A day in an address: 2026-11-26."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value):
        return datetime.date.fromisoformat(value)

    def to_url(self, value):
        return str(value)


def title(table):
    """Give what a table is called; an old one may no longer be there."""
    return TABLES[table].title() if table in TABLES else table


# Pages


class SnapshotList(TemplateView):
    """The snapshots that there are, the newest first."""

    template_name = "data/snapshot_list.html"

    def get(self, request):
        response = super().get(request)
        response.headers["Cache-Control"] = ASKED_ANEW
        return response

    def get_context_data(self, **kwargs):
        absolute = self.request.build_absolute_uri
        return super().get_context_data(
            structured=structured.page(
                "WebPage", absolute, _("Dated snapshots"), self.request.path, over=above()[:1]
            ),
            snapshots=[
                {"one": one, "withdrawn": True} if one.withdrawn else told(one)
                for one in snapshots.snapshots()
            ],
            **kwargs,
        )


def told(snapshot):
    """Give what the list says of a snapshot."""
    about = snapshot.about
    return {
        "one": snapshot,
        "rows": sum(table["rows"] for table in about["tables"].values()),
        "size": about["files"][snapshot.zip.name]["size"],
        "counted": snapshot.counted if about["previous"] else None,
    }


def found(day):
    """Give the snapshot of a day, or answer that there is none."""
    snapshot = snapshots.snapshot_of(day)
    if snapshot is None:
        raise Http404
    return snapshot


def gone(request, snapshot):
    """Give the answer that a snapshot was withdrawn, and why: 410."""
    why = snapshot.withdrawn["why"]
    texts = why if isinstance(why, dict) else {ENGLISH: str(why)}
    reason = next((Text(texts[code], code) for code in reading_order() if texts.get(code)), Text())
    context = {"snapshot": snapshot, "reason": reason}
    response = render(request, "data/snapshot_withdrawn.html", context, status=410)
    response.headers["Cache-Control"] = ASKED_ANEW
    return response


class SnapshotDetail(TemplateView):
    """One snapshot: what it holds, what has changed since the one before, how to cite it."""

    template_name = "data/snapshot_detail.html"

    def get(self, request, day):
        self.snapshot = found(day)
        if self.snapshot.withdrawn:
            return gone(request, self.snapshot)
        response = super().get(request, day)
        response.headers["Cache-Control"] = ASKED_ANEW
        return response

    def get_context_data(self, **kwargs):
        snapshot, about = self.snapshot, self.snapshot.about
        paginator = Paginator(snapshot.changes, CHANGES_A_PAGE)
        try:
            page = paginator.page(self.request.GET.get("page") or 1)
        except InvalidPage as error:
            raise Http404 from error
        address = self.request.build_absolute_uri(self.request.path)
        previous = about["previous"] and datetime.date.fromisoformat(about["previous"])
        return super().get_context_data(
            snapshot=snapshot,
            made=datetime.datetime.fromisoformat(about["made"]),
            previous=previous,
            tables=[
                {"title": title(name), "rows": table["rows"], **table["changes"]}
                for name, table in about["tables"].items()
            ],
            files=[
                {"name": name, "address": file_address(snapshot, name)} for name in (*FILES, BIBTEX)
            ],
            zip=about["files"][snapshot.zip.name],
            zip_address=file_address(snapshot, snapshot.zip.name),
            sums=about["files"],
            changes=[shown(change) for change in page],
            page_obj=page,
            paginator=paginator,
            is_paginated=page.has_other_pages(),
            structured=self.structured(address),
            citation=citation(snapshot.day, address),
            bibtex=bibtex_of(snapshot, address),
            **kwargs,
        )

    def structured(self, address):
        """Give the page and the data set for machines."""
        snapshot, absolute = self.snapshot, self.request.build_absolute_uri
        name = _("Snapshot of %(day)s") % {"day": in_words(snapshot.day)}
        data = structured.dataset(
            f"{address}#data",
            name,
            _("All published data as they were on this day. These files never change."),
            LICENCE,
            publisher(),
            [(archive.CONTENT_TYPE, absolute(file_address(snapshot, snapshot.zip.name)))],
            inLanguage=list(LANGUAGES),
            datePublished=snapshot.day,
        )
        page = structured.page("WebPage", absolute, name, self.request.path, over=above())
        return [*page, data]


def above():
    """Give what lies between the start page and a snapshot, as (name, address)."""
    return [(_("Data"), reverse("data")), (_("Dated snapshots"), reverse("snapshots"))]


def file_address(snapshot, name):
    return reverse("snapshot_file", args=[snapshot.day, name])


def bibtex_of(snapshot, address):
    """Give the BibTeX entry of a snapshot whose page is at an address."""
    sha256 = snapshot.about["files"][snapshot.zip.name]["sha256"]
    return bibtex(snapshot.day, address, sha256=sha256)


def shown(change):
    """Give a Change as the page shows it: in words, with the language of its texts."""
    language = change.column.rpartition("_")[2]
    return {
        **change._asdict(),
        "table": title(change.table),
        "what": WHAT.get(change.what, change.what),
        "language": language if language in LANGUAGES else None,
    }


class SnapshotFile(View):
    """A file of a snapshot, which never changes."""

    def get(self, request, day, name):
        snapshot = found(day)
        types = {snapshot.zip.name: archive.CONTENT_TYPE} | FILES
        if name not in types and name != BIBTEX:
            raise Http404
        if snapshot.withdrawn:
            return gone(request, snapshot)
        if name == BIBTEX:
            # One file for all: it names the English page.
            with override(ENGLISH):
                page = reverse("snapshot", args=[day])
            response = HttpResponse(
                bibtex_of(snapshot, request.build_absolute_uri(page)),
                content_type="application/x-bibtex; charset=utf-8",
            )
        else:
            response = FileResponse(
                (snapshot.folder / name).open("rb"),
                content_type=types[name],
                filename=name,
                as_attachment=name == snapshot.zip.name,
            )
        response.headers["Cache-Control"] = FOR_EVER
        response.headers["Link"] = f'<{LICENCE}>; rel="license"'
        return response
