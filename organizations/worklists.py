"""The lists of entries as work: filters by what is to do, and words for it in each row."""

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.utils.html import format_html_join
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from localympact.cldr import language_name
from localympact.texts import ENGLISH
from organizations.places import Municipality
from organizations.todo import TEXT_KINDS, is_in_work, label, lists_of, names, waiting


class TodoFilter(admin.SimpleListFilter):
    """Keep the entries that have one thing to do; each number of the desk leads to one of these."""

    title = _("to do")
    parameter_name = "todo"
    template = "admin/entry/todo_filter.html"

    def lookups(self, request, model_admin):
        return [(name, label(name)) for name in lists_of(model_admin.model)]

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset
        try:
            return waiting(queryset, self.value())
        except KeyError:
            raise IncorrectLookupParameters from None

    def choices(self, changelist):
        """Give the choices as every filter does; those of texts by kind, with their language."""
        for number, choice in enumerate(super().choices(changelist)):
            name = self.lookup_choices[number - 1][0] if number else ""
            kind, _hyphen, language = name.partition("-")
            if kind in TEXT_KINDS:
                choice |= {"kind": TEXT_KINDS[kind], "display": language_name(language)}
            yield choice


class MunicipalityFilter(admin.RelatedFieldListFilter):
    """Choose among the municipalities whose entries the person may edit."""

    def field_choices(self, field, request, model_admin):
        mine = Municipality.objects.editable_by(request.user)
        return [(place.pk, str(place)) for place in mine.by_name(get_language() or ENGLISH)]

    def has_output(self):
        # One municipality is no choice; but what the address asks is never passed over.
        return super().has_output() or bool(self.used_parameters)


class WorkList(admin.ModelAdmin):
    """A list of entries that says of each what is to do."""

    list_display = ["__str__", "status", "to_do", "verified_on", "municipality", "updated"]
    list_filter = [TodoFilter, ("municipality", MunicipalityFilter), "status"]
    # Counting all of a hundred thousand rows twice, or once for every filter, helps nobody.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    class Media:
        css = {"all": ["localympact/desk.css"]}

    @admin.display(description=_("to do"))
    def to_do(self, entry):
        """Give what is to do in words: languages by their codes, after what is wrong with them."""
        if not is_in_work(entry):
            return ""
        lines = {}
        for name in names(entry.todo):
            kind, _hyphen, language = name.partition("-")
            if kind in TEXT_KINDS:
                lines.setdefault(TEXT_KINDS[kind], []).append(language.upper())
            else:
                lines[label(name)] = []
        said = [
            (f"{kind}: {', '.join(codes)}" if codes else kind,) for kind, codes in lines.items()
        ]
        return format_html_join("", '<div class="to-do">{}</div>', said)
