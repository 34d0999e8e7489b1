"""The pages about the data: what there is, how far it can be trusted, how it is used and cited."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from localympact import dictionary, structured
from localympact.archive import CONTENT_TYPE
from localympact.catalogue import DESCRIPTION, TITLE
from localympact.citing import bibtex, citation, publisher
from localympact.dcat import WRITERS as CATALOGUES
from localympact.downloads import LICENCE, file_names, send
from localympact.examples import EXAMPLES
from localympact.holdings import ENTRIES, numbers
from localympact.snapshots import newest
from localympact.tables import TABLES
from localympact.texts import ENGLISH, LANGUAGES
from localympact.writers import FORMATS
from organizations.models import Municipality

# The databases by the names of their tables, which are those of their apps.
DATABASES = {model._meta.app_label: model for model in ENTRIES}


class Data(TemplateView):
    """For whoever comes for the data: what there is, how it came about, where its limits are."""

    template_name = "data.html"

    def get_context_data(self, **kwargs):
        absolute = self.request.build_absolute_uri
        counted, today = numbers(), timezone.localdate()
        address = absolute(self.request.path)
        # One entry for all: it names the English page.
        with override(ENGLISH):
            for_bibtex = absolute(reverse("data"))
        return super().get_context_data(
            title=TITLE,
            description=DESCRIPTION,
            tables=[table_row(name, held) for name, held in counted.tables.items()],
            snapshot=newest(),
            catalogues=list(CATALOGUES),
            databases=[database(name, counted.tables[name]) for name in DATABASES],
            counted=counted,
            entries=entries(counted),
            **places(counted),
            today=today,
            citation=citation(today, address),
            bibtex=bibtex(today, for_bibtex),
            examples=[example.at(absolute("/")) for example in EXAMPLES],
            structured=self.structured(counted),
            **kwargs,
        )

    def structured(self, counted):
        """Give the page and the data set for machines."""
        absolute = self.request.build_absolute_uri
        address = absolute(self.request.path)
        changed = [held.changed for held in counted.tables.values() if held.changed]
        files = [(FORMATS["csv"].content_type.partition(";")[0], table_file(name, "csv"))
                 for name in TABLES]  # fmt: skip
        data = structured.dataset(
            f"{address}#data",
            TITLE,
            DESCRIPTION,
            LICENCE,
            publisher(),
            [(kind, absolute(file)) for kind, file in [(CONTENT_TYPE, reverse("archive")), *files]],
            inLanguage=list(LANGUAGES),
            dateModified=max(changed, default=None),
        )
        return [*structured.page("WebPage", absolute, TITLE, self.request.path), data]


def table_file(name, format):
    """Give the address of a table as a file."""
    return reverse("table", args=[name, format])


def table_row(name, held):
    """Give what the page says of a table."""
    table = TABLES[name]
    return {
        "name": name,
        "title": table.title(),
        "rows": held.rows,
        "changed": held.changed,
        "list": reverse(f"{name}:list") if name in DATABASES else None,
        "files": [(FORMATS[format].label, table_file(name, format)) for format in table.formats],
    }


def database(name, held):
    """Give what the page says of one of the databases besides its file."""
    return {
        "title": TABLES[name].title(),
        "held": held,
        "json": reverse(f"{name}_json"),
        "feed": reverse(f"{name}:feed"),
        "download": reverse(f"{name}:download"),
    }


def entries(counted):
    """Give how many entries there are, and how many of them nobody has verified."""
    held = [counted.tables[name] for name in DATABASES]
    return {
        "rows": sum(one.rows for one in held),
        "unverified": sum(one.unverified for one in held),
    }


def places(counted):
    """Give the pilot areas with their numbers, and those whose codes are not verified."""
    found = list(Municipality.objects.by_name(get_language()))
    return {
        "pilots": [
            (place, [counted.pilots.get(place.pk, {}).get(name, 0) for name in DATABASES])
            for place in found
        ],
        "codes": [
            (kind, len(pks), coded, [place for place in found if place.pk in pks])
            for kind, (pks, coded) in counted.codes.items()
        ],
    }


class Dictionary(TemplateView):
    """What stands in every column of every table."""

    template_name = "data/dictionary.html"
    title = gettext_lazy("Data dictionary")

    def get_context_data(self, **kwargs):
        page = structured.page(
            "WebPage",
            self.request.build_absolute_uri,
            self.title,
            self.request.path,
            over=[(TITLE, reverse("data"))],
        )
        return super().get_context_data(
            title=self.title,
            data_title=TITLE,
            tables=dictionary.tables(),
            languages=LANGUAGES,
            structured=page,
            **kwargs,
        )


class DictionaryFile(View):
    """The dictionary as a file, in the language of the address."""

    def get(self, request):
        return send(
            request,
            content_type=FORMATS["csv"].content_type,
            names=file_names("dictionary", _("Data dictionary"), "csv"),
            write=dictionary.csv,
        )
