"""*Searches that found nothing* in the admin: what people miss, made a synonym or set aside."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect, QueryDict
from django.urls import path, reverse
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from collaborations.filters import CollaborationFilter
from localympact.cldr import country_name, language_name
from localympact.filters import NOT_STATED, UNREADABLE
from localympact.folding import fold
from localympact.models import UnansweredSearch
from localympact.templatetags.portal import day, number
from localympact.texts import LANGUAGES
from needs.filters import NeedFilter
from needs.models import Cause
from organizations.filters import OrganizationFilter
from organizations.models import (
    Audience,
    CooperationForm,
    Municipality,
    OrganizationType,
    Topic,
    Town,
)
from organizations.publishing import changed_fields
from organizations.synonyms import add_synonym, models_with_synonyms, nearest
from organizations.todo import entry_models
from organizations.tools import Tool, WithTools

# How many of the nearest terms are offered.
OFFERED = 6
# The parameter in which the admin itself carries the filters of a list along.
OF_THE_LIST = "_changelist_filters"
# Filters whose values are slugs, and of what.
SLUGS_OF = {
    "municipality": Municipality,
    "type": OrganizationType,
    "topic": Topic,
    "audience": Audience,
    "form": CooperationForm,
    "cause": Cause,
    "town": Town,
    "near": Town,
}
CODES_OF = {"country": country_name, "language": language_name, "spoken": language_name}
# What the filters of the public lists are called.
FILTERS = {
    name: filter
    for filterset in (NeedFilter, CollaborationFilter, OrganizationFilter)
    for name, filter in filterset.base_filters.items()
}


def databases():
    """Give the names of the databases by the labels of their apps; the whole portal has none."""
    named = {
        model._meta.app_label: capfirst(model._meta.verbose_name_plural) for model in entry_models()
    }
    return {"": _("Whole portal"), **named}


def in_words(searches):
    """Give the filters of each search as [(what is chosen, values)], for people to read.

    However many searches there are, it asks once for each kind of term.
    """
    asked = [QueryDict(search.filters) for search in searches]
    slugs = {}
    for filters in asked:
        for name in SLUGS_OF.keys() & filters.keys():
            slugs.setdefault(SLUGS_OF[name], set()).update(filters.getlist(name))
    names = {
        model: {thing.slug: str(thing) for thing in model._base_manager.filter(slug__in=some)}
        for model, some in slugs.items()
    }

    def said(name, value):
        if value == NOT_STATED:
            return _("Not stated")
        if name in SLUGS_OF:
            return names[SLUGS_OF[name]].get(value, value)
        if name in CODES_OF:
            return CODES_OF[name](value)
        choices = FILTERS[name].extra.get("choices") if name in FILTERS else None
        return dict(choices).get(value, value) if isinstance(choices, list | tuple) else value

    def label(name):
        return FILTERS[name].label if name in FILTERS else name

    return [
        [
            (label(name), ", ".join(str(said(name, value)) for value in values))
            for name, values in filters.lists()
        ]
        for filters in asked
    ]


def public_address(search):
    """Give the address of the page on which a search can be tried again."""
    with translation.override(search.language):
        page = reverse(f"{search.database}:list" if search.database else "search")
    asked = urlencode({"q": search.query})
    return f"{page}?{asked}&{search.filters}" if search.filters else f"{page}?{asked}"


def key_of(thing):
    """Give the value by which a form names a term."""
    return f"{thing._meta.model_name}-{thing.pk}"


class SynonymForm(forms.Form):
    """A word, its language, and the term of which it becomes a synonym.

    The term is chosen by the button of one that is near (`near`), or else from the list of all.
    """

    words = forms.CharField(
        label=gettext_lazy("Word or words"),
        max_length=100,
        help_text=gettext_lazy(
            "Write it as people write it, with its accents; case and accents never matter when "
            "somebody searches."
        ),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocapitalize": "off"}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"))
    term = forms.ChoiceField(label=gettext_lazy("Of another term"), required=False)

    def __init__(self, data=None, *, terms, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["language"].choices = [
            (code, capfirst(language_name(code))) for code in LANGUAGES
        ]
        self.terms = {key_of(term): term for group in terms.values() for term in group}
        self.fields["term"].choices = [("", "---------")] + [
            (
                capfirst(model._meta.verbose_name_plural),
                [(key_of(term), str(term)) for term in group],
            )
            for model, group in terms.items()
        ]

    def clean_words(self):
        words = " ".join(UNREADABLE.sub(" ", self.cleaned_data["words"]).split())
        if not any(sign.isalpha() for sign in words):
            raise forms.ValidationError(_("Write a word."))
        return words

    def clean(self):
        cleaned = super().clean()
        key = self.data.get("near") or cleaned.get("term")
        cleaned["chosen"] = self.terms.get(key)
        if cleaned["chosen"] is None and "term" not in self.errors:
            self.add_error("term", _("Choose a term."))
        return cleaned


class DatabaseFilter(admin.SimpleListFilter):
    """Searches in one database, or in all at once."""

    title = gettext_lazy("database")
    parameter_name = "in"
    # An empty value of the address would ask nothing.
    EVERYTHING = "all"

    def lookups(self, request, model_admin):
        return [(label or self.EVERYTHING, name) for label, name in databases().items()]

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset
        return queryset.filter(database="" if self.value() == self.EVERYTHING else self.value())


class UnansweredSearchAdmin(WithTools):
    """The list of what was asked often enough; what is done with a row stands in it."""

    class Media:
        css = {"all": ["localympact/desk.css", "localympact/unanswered.css"]}

    change_list_template = "admin/unanswered/list.html"
    list_display = ["what", "how_often", "last", "answer"]
    list_display_links = None
    list_filter = ["language", DatabaseFilter]
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["query"]
    actions = ["set_aside"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        # It is set aside instead, which says what follows.
        return False

    def get_queryset(self, request):
        return super().get_queryset(request).shown()

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, fold(search_term))

    def get_urls(self):
        view, name = self.admin_site.admin_view, "localympact_unansweredsearch"
        return [
            path("<int:pk>/synonym/", view(self.synonym_view), name=f"{name}_synonym"),
            path(
                "<int:pk>/set-aside/",
                view(require_POST(self.set_aside_view)),
                name=f"{name}_set_aside",
            ),
            *super().get_urls(),
        ]

    # The list

    def changelist_view(self, request, extra_context=None):
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, title | (extra_context or {}))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        # A search has no form of its own.
        return HttpResponseRedirect(list_address(request))

    def history_view(self, request, object_id, extra_context=None):
        return HttpResponseRedirect(list_address(request))

    def get_changelist_instance(self, request):
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        may_settle, filters = self.has_change_permission(request), request.GET.urlencode()
        for row, said in zip(rows, in_words(rows), strict=True):
            row.filters_in_words, row.may_settle = said, may_settle
            back = f"?{urlencode({OF_THE_LIST: filters})}" if filters else ""
            row.synonym_address = address("synonym", row) + back
            row.aside_address = address("set_aside", row) + back
        changelist.result_list = rows
        return changelist

    @admin.display(description=gettext_lazy("what was asked"), ordering="query")
    def what(self, search):
        words = format_html('<span lang="{}">{}</span>', search.language, search.words)
        if search.may_settle:
            words = format_html('<a href="{}">{}</a>', search.synonym_address, words)
        asked_in = [
            capfirst(language_name(search.language)),
            databases().get(search.database, search.database),
            *(f"{label}: {value}" for label, value in search.filters_in_words),
        ]
        return format_html('{}<div class="quiet">{}</div>', words, " · ".join(map(str, asked_in)))

    @admin.display(description=gettext_lazy("how often"), ordering="count")
    def how_often(self, search):
        return f"{number(search.count)} ×"

    @admin.display(description=gettext_lazy("last asked"), ordering="asked")
    def last(self, search):
        return day(search.asked)

    @admin.display(description=gettext_lazy("answer"))
    def answer(self, search):
        if not search.may_settle:
            return None
        ways = [
            ("a", "href", search.synonym_address, _("Make it a synonym…")),
            # It sends the form of the list to an address of its own.
            ("button", "formaction", search.aside_address, _("Set aside")),
        ]
        return format_html_join(
            " ",
            '<{0} class="button" {1}="{2}" aria-label="{3}: {4}">{3}</{0}>',
            ((*way, search.words) for way in ways),
        )

    # Setting aside

    @admin.action(
        description=gettext_lazy("Set the selected searches aside"), permissions=["change"]
    )
    def set_aside(self, request, queryset):
        count = queryset.count()
        UnansweredSearch.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))).delete()
        said = ngettext(
            "%(count)s search was set aside. It comes back when it is asked again.",
            "%(count)s searches were set aside. They come back when they are asked again.",
            count,
        )
        self.message_user(request, said % {"count": count}, messages.SUCCESS)

    def set_aside_view(self, request, pk):
        if not self.has_change_permission(request):
            raise PermissionDenied
        self.set_aside(request, self.get_queryset(request).filter(pk=pk))
        return HttpResponseRedirect(list_address(request))

    # Making a synonym

    def terms(self, request):
        """Give the terms that this person may change: {model: [terms]}."""
        return {
            model: list(model._base_manager.all())
            for model in models_with_synonyms()
            if request.user.has_perm(f"{model._meta.app_label}.change_{model._meta.model_name}")
        }

    def synonym_view(self, request, pk):
        """Ask of which term a search becomes a synonym; on POST, make it so."""
        terms = self.terms(request) if self.has_change_permission(request) else {}
        if not terms:
            raise PermissionDenied
        search = self.get_queryset(request).filter(pk=pk).first()
        if search is None:
            said = _("This search was answered or set aside meanwhile.")
            self.message_user(request, said, messages.WARNING)
            return HttpResponseRedirect(list_address(request))
        initial = {"words": search.words, "language": search.language}
        typed = request.POST if request.method == "POST" else None
        form = SynonymForm(typed, terms=terms, initial=initial)
        if form.is_valid():
            self.make_synonym(request, search, form.cleaned_data)
            return HttpResponseRedirect(list_address(request))
        near = nearest(search.query, form.terms.values(), OFFERED)
        back = f"?{request.GET.urlencode()}" if request.GET else ""
        return self.page(
            request,
            "admin/unanswered/synonym.html",
            search,
            title=_("Make a word a synonym"),
            form=form,
            near=[(key_of(one.thing), capfirst(one.thing._meta.verbose_name), one) for one in near],
            filters=in_words([search])[0],
            where=databases().get(search.database),
            list_address=list_address(request),
            tools=[
                Tool(_("Search again"), public_address(search)),
                Tool(_("Set aside"), address("set_aside", search) + back, posts=True),
            ],
        )

    def make_synonym(self, request, search, chosen):
        """Add the word to the term, say so, and settle the search in whatever database it was."""
        term, language = chosen["chosen"], chosen["language"]
        # Two editors who add at once: the second one waits, and adds to what the first has saved.
        term = type(term)._base_manager.select_for_update().get(pk=term.pk)
        if add_synonym(term, language, chosen["words"]):
            self.log_change(request, term, changed_fields(type(term), "synonyms"))
            said = _("“{word}” ({language}) is now a synonym of {term}.")
        else:
            said = _("“{word}” ({language}) was a name or synonym of {term} already.")
        opts = term._meta
        page = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[term.pk])
        said = format_html(
            said,
            word=chosen["words"],
            language=language_name(language),
            term=format_html('<a href="{}">{}</a>', page, term),
        )
        again = format_html('<a href="{}">{}</a>', public_address(search), _("Search again"))
        self.message_user(request, format_html("{} {}", said, again), messages.SUCCESS)
        # A synonym counts in every language, and in all databases.
        UnansweredSearch.objects.filter(query=search.query).delete()


def address(word, search):
    """Give the address at which something is done with a search."""
    return reverse(f"admin:localympact_unansweredsearch_{word}", args=[search.pk])


def list_address(request):
    """Give the address of the list, with the filters that it had."""
    kept = request.GET.get(OF_THE_LIST)
    page = reverse("admin:localympact_unansweredsearch_changelist")
    return f"{page}?{kept}" if kept else page
