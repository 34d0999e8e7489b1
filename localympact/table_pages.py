"""The files of every table, without filters: `/<language>/data/<table>.csv`."""

from django.http import Http404
from django.views.generic import View

from localympact.downloads import FileForm, answer, described, messages, refused
from localympact.metadata import describe
from localympact.tables import TABLES


class TableView(View):
    """What the file of a table and its description share: the table, and what is chosen of it."""

    def get(self, request, table, **kwargs):
        if table not in TABLES:
            raise Http404
        form = FileForm(request.GET, resource_class=TABLES[table])
        if problems := messages(form):
            return refused(problems)
        base = request.build_absolute_uri("/")
        return self.answer(TABLES[table](base=base, **form.for_resource), form, **kwargs)


class TableExport(TableView):
    """A table as a file, in the order of its key."""

    def answer(self, resource, form, format):
        if format not in resource.formats:
            raise Http404
        everything = resource.everything()
        response = answer(self.request, resource, everything, format, **form.for_format(format))
        return described(self.request, response) if format == "csv" else response


class TableMetadata(TableView):
    """What the CSV file of a table is, for programs."""

    def answer(self, resource, form):
        return describe(self.request, resource, form)
