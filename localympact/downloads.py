"""How files are sent: what can be chosen of them, their headers, and what is told of a failure."""

import logging
from itertools import chain
from urllib.parse import quote

from django import forms
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
    StreamingHttpResponse,
)
from django.middleware.gzip import GZipMiddleware
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from localympact import editions, structured
from localympact.cldr import language_name
from localympact.texts import LANGUAGES
from localympact.writers import FORMATS, SEPARATORS

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
ALL = "all"
logger = logging.getLogger(__name__)
gzip = GZipMiddleware(lambda request: None)


# What can be chosen


class ColumnsField(forms.MultipleChoiceField):
    """Names of columns: the parameter repeated, or several in one with commas."""

    def to_python(self, value):
        return [name for text in value or () for name in str(text).split(",") if name]


class FileForm(forms.Form):
    """What somebody chooses of a file: columns, languages of texts, how CSV is written."""

    columns = ColumnsField(
        label=gettext_lazy("Columns"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy("None ticked: all of them."),
    )
    texts = forms.ChoiceField(
        label=gettext_lazy("Texts"),
        required=False,
        help_text=gettext_lazy(
            "In one language you get one column for each text. Where a text is missing in that "
            "language, another one stands there, and a column beside it says which."
        ),
    )
    separator = forms.ChoiceField(
        label=gettext_lazy("Separator of CSV"),
        choices=[
            ("comma", gettext_lazy("Comma")),
            ("semicolon", gettext_lazy("Semicolon, for spreadsheets in most of Europe")),
            ("tab", gettext_lazy("Tab")),
        ],
        required=False,
    )
    bom = forms.ChoiceField(
        label=gettext_lazy("Byte order mark of CSV"),
        choices=[
            ("yes", gettext_lazy("With it: Excel then reads all letters")),
            ("no", gettext_lazy("Without it, for programs")),
        ],
        required=False,
    )

    def __init__(self, *args, resource_class, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["columns"].choices = resource_class.parts()
        self.fields["texts"].choices = [
            (ALL, gettext_lazy("In all six languages")),
            *((code, capfirst(language_name(code))) for code in LANGUAGES),
        ]

    @property
    def for_resource(self):
        """The choices that a Resource takes."""
        chosen = self.cleaned_data
        return {
            "only": chosen["columns"],
            "texts": chosen["texts"] if chosen["texts"] in LANGUAGES else None,
        }

    def for_format(self, format):
        """Give the choices that the writer of a format takes."""
        if format != "csv":
            return {}
        chosen = self.cleaned_data
        return {
            "separator": SEPARATORS[chosen["separator"] or "comma"],
            "bom": chosen["bom"] != "no",
        }

    @property
    def query(self):
        """The choices as a query string, without those that are usual."""
        query = QueryDict(mutable=True)
        chosen = self.cleaned_data
        if chosen["columns"]:
            query["columns"] = ",".join(chosen["columns"])
        for name, usual in {"texts": ALL, "separator": "comma", "bom": "yes"}.items():
            if chosen[name] not in ("", usual):
                query[name] = chosen[name]
        return query.urlencode(safe=",")


# The answer


def file_names(name, label, suffix):
    """Give the header that names a file: in ASCII for all, and in the reader's language."""
    day = timezone.localdate().isoformat()
    told = quote(f"LOCAL-Y-MPACT {label} {day}.{suffix}", safe="")
    return f"attachment; filename=\"localympact-{name}-{day}.{suffix}\"; filename*=UTF-8''{told}"


def answer(request, resource, source, format, *, private=False, **options):
    """Give the HTTP answer with a file, streamed; 304 where the visitor has it already.

    `private` is a file for one person, which nobody keeps.
    """
    return send(
        request,
        content_type=FORMATS[format].content_type,
        names=file_names(resource.name, resource.title(), format),
        write=lambda: FORMATS[format].write(resource, source, **options),
        failed=failed(format),
        private=private,
        zipped=format == "xlsx",
    )


def send(request, *, content_type, names, write, failed=b"", private=False, zipped=False):
    """Give the answer with what `write()` yields, and with what caches must know of it."""

    def made():
        # Nothing is written for whoever asks for the headers alone, and its length is not known.
        parts = iter(() if request.method == "HEAD" else write())
        # The first is made before the answer starts: a failure is a 500, not a short file.
        first = next(parts, b"")
        response = StreamingHttpResponse(
            until_failure(chain([first], parts), failed), content_type=content_type
        )
        response.headers["Content-Disposition"] = names
        return response

    if private:
        response = made()
        response.headers["Cache-Control"] = "private, no-store"
    else:
        response = kept(request, made)
    return response if zipped else gzip.process_response(request, response)


def kept(request, make):
    """Give what `make()` gives with what caches must know of it; 304 to whoever has it already.

    It is made of the content and the address alone.
    """
    edition = editions.of(request)
    since = edition.since and int(edition.since.timestamp())
    # The address of a file need not name the language that it is in.
    etag = f'"{editions.tag(request, get_language())}"'
    response = get_conditional_response(request, etag=etag, last_modified=since) or make()
    response.headers["ETag"] = etag
    # Kept by anybody, and asked for anew each time: what an editor changed shows at once.
    response.headers["Cache-Control"] = "public, no-cache"
    if since:
        response.headers["Last-Modified"] = http_date(since)
    links = [f'<{LICENCE}>; rel="license"', response.headers.get("Link")]
    response.headers["Link"] = ", ".join(filter(None, links))
    return response


def failed(format):
    """Give the last line of a file that could not be finished, in no language of its own."""
    return f"\nERROR: this file is incomplete ({format}).\n".encode()


def until_failure(parts, last_line):
    """Yield the parts of a file; a failure becomes its last line, and then breaks the answer."""
    try:
        yield from parts
    except Exception:
        logger.exception("A file could not be finished.")
        if last_line:
            yield last_line
        raise


class WithFiles:
    """What the pages and the files of one list share."""

    filterset_class = None
    resource_class = None

    def filterset(self):
        """Give the filter set of the address."""
        entries = self.resource_class.model.objects.published()
        return self.filterset_class(self.request.GET, queryset=entries, request=self.request)

    def form(self):
        """Give the form of what is chosen of the file."""
        return FileForm(self.request.GET, resource_class=self.resource_class)


class PublishedExport(WithFiles, View):
    """The list of the same address as a file: same filters, same order, every page of it."""

    def get(self, request, format):
        if format not in self.resource_class.formats:
            raise Http404
        filterset, form = self.filterset(), self.form()
        if problems := messages(filterset.form, form):
            return refused(problems)
        resource = self.resource_class(base=request.build_absolute_uri("/"), **form.for_resource)
        response = answer(request, resource, filterset.found, format, **form.for_format(format))
        return described(request, response) if format == "csv" else response


def described(request, response):
    """Say in the headers of a CSV file where its description is (metadata.py)."""
    # The query as it was sent: the description names the file by exactly this address.
    path, mark, query = request.get_full_path().partition("?")
    address = request.build_absolute_uri(f"{path}-metadata.json{mark}{query}")
    response.headers["Link"] += f', <{address}>; rel="describedby"; type="application/csvm+json"'
    return response


def refused(problems):
    """Give the answer to an address whose values mean nothing, with a line for each."""
    return HttpResponse(
        "\n".join(problems) + "\n", status=400, content_type="text/plain; charset=utf-8"
    )


def messages(*asked):
    """Give the messages about wrong values in forms, one a line: `texts: …`."""
    return [
        f"{name}: {one}" for form in asked for name, told in form.errors.items() for one in told
    ]


class Download(WithFiles, TemplateView):
    """The page on which somebody chooses what a file of a list holds; it leads to that file."""

    template_name = "directory/download.html"

    def get(self, request, *args, **kwargs):
        filterset, form = self.filterset(), self.form()
        format = request.GET.get("format", "")
        label = self.resource_class.model._meta.app_label
        if format in self.resource_class.formats and form.is_valid():
            query = "&".join(filter(None, [filterset.query, form.query]))
            address = reverse(f"{label}:export", args=[format])
            return HttpResponseRedirect(f"{address}?{query}".rstrip("?"))
        heading = self.resource_class.title()
        return self.render_to_response(
            self.get_context_data(
                form=form,
                filter=filterset,
                found=filterset.found,
                chosen=list(filterset.chosen()),
                asked=[
                    (name, value) for name, values in filterset.asked.lists() for value in values
                ],
                list_url=reverse(f"{label}:list"),
                heading=heading,
                structured=structured.page(
                    "WebPage",
                    request.build_absolute_uri,
                    _("Choose what the file holds"),
                    request.path,
                    over=[(heading, reverse(f"{label}:list"))],
                ),
                formats=[(name, FORMATS[name].label) for name in self.resource_class.formats],
                format=format or "csv",
            )
        )
