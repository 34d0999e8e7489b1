"""Entries × languages: the state of every text of a database at a glance."""

from typing import NamedTuple

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from localympact.cldr import language_name
from localympact.texts import LANGUAGES
from organizations.origins import TextStatus, statuses
from organizations.todo import entry_models
from organizations.worklists import WorkList

MATRIX_ROWS = 50


class Cell(NamedTuple):
    """The state of the texts of one entry in one language, as a word and a sign."""

    code: str
    word: str
    sign: str


SIGNS = {
    TextStatus.MISSING: "✕",
    TextStatus.OUTDATED: "↻",
    TextStatus.MACHINE: "≈",
    TextStatus.CHECKED: "✓",
    TextStatus.HUMAN: "●",
    TextStatus.ORIGINAL: "◆",
    TextStatus.UNRECORDED: "?",
}
NO_TEXT = Cell("none", _("No text"), "–")
CELLS = {status: Cell(status.value, status.label, sign) for status, sign in SIGNS.items()}


def cells(entries):
    """Give for each entry (permanent id) its cell in each language, in one query for all."""
    return {
        uuid: [(language, CELLS.get(said.get(language), NO_TEXT)) for language in LANGUAGES]
        for uuid, said in statuses(entries).items()
    }


class WithMatrix(WorkList):
    """An admin of entries with a page that shows them × languages."""

    change_list_template = "admin/entry/change_list.html"

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_matrix"
        view = self.admin_site.admin_view(self.matrix_view)
        return [path("languages/", view, name=name), *super().get_urls()]

    def matrix_view(self, request):
        """Show the matrix of those entries that the person may see."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist = self.get_changelist(request)(
                request,
                self.model,
                ["__str__"],
                None,
                WorkList.list_filter,
                None,
                self.get_search_fields(request),
                ["municipality"],
                MATRIX_ROWS,
                MATRIX_ROWS,
                [],
                self,
                [],
                "",
            )
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        entries = list(changelist.result_list)
        states = cells(entries)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Texts in six languages"),
            "subtitle": capfirst(self.opts.verbose_name_plural),
            "opts": self.opts,
            "cl": changelist,
            "media": self.media,
            "databases": self.databases(request),
            "languages": [(code, language_name(code)) for code in LANGUAGES],
            "rows": [
                (
                    entry,
                    reverse(
                        f"admin:{self.opts.app_label}_{self.opts.model_name}_change",
                        args=[entry.pk],
                    ),
                    states[entry.uuid],
                )
                for entry in entries
            ],
            "signs": [*CELLS.values(), NO_TEXT],
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/entry/matrix.html", context)

    def databases(self, request):
        """Give (name, address, whether it is this one) of each matrix that the person may see."""
        asked = request.GET.copy()
        for name in ("p", "q", "todo"):
            asked.pop(name, None)
        query = f"?{asked.urlencode()}" if asked else ""
        for model in entry_models():
            opts = model._meta
            if request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}"):
                address = reverse(f"admin:{opts.app_label}_{opts.model_name}_matrix")
                yield capfirst(opts.verbose_name_plural), address + query, model is self.model
