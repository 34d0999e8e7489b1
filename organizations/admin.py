"""The editors' pages: entries of one's own municipalities, and for portal editors everything."""

from datetime import timedelta

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from localympact import downloads
from localympact.cldr import language_name
from localympact.templatetags.portal import day
from localympact.texts import LANGUAGES, columns, translated_fields
from organizations.asking import AskingAdmin, VerificationForm
from organizations.duplicates import note
from organizations.exports import OrganizationResource
from organizations.matrix import WithMatrix
from organizations.mergers import MergingAdmin, MergingTermsAdmin
from organizations.models import (
    Audience,
    CooperationForm,
    DuplicatePair,
    Municipality,
    Organization,
    OrganizationType,
    Suggestion,
    TextState,
    Topic,
    Town,
)
from organizations.pairs import DuplicatePairAdmin, DuplicatesAdmin, DuplicatesForm
from organizations.publishing import PublishingAdmin, PublishingForm, changed_fields
from organizations.rights import EditableAdmin
from organizations.tools import ReadOnlyAdmin
from organizations.versions import VersionedAdmin
from organizations.worklists import MunicipalityFilter, WorkList
from organizations.writing import TranslatedAdmin


class EntryForm(DuplicatesForm, PublishingForm, VerificationForm):
    """The form of an entry."""


class EntryAdmin(
    MergingAdmin,
    PublishingAdmin,
    DuplicatesAdmin,
    VersionedAdmin,
    AskingAdmin,
    WithMatrix,
    WorkList,
    TranslatedAdmin,
    EditableAdmin,
):
    """What the editors' pages of the three databases share. `resource_class` is the CSV file.

    `own_fieldsets` hold what is particular to a database, its place and topics.
    """

    form = EntryForm
    resource_class = None
    own_fieldsets = ()
    list_filter = [*WorkList.list_filter, "topics", "provenance"]
    list_select_related = ["municipality"]
    list_per_page = 50
    # Searched by the queryset: get_search_results.
    search_fields = ["name"]
    ordering = ["-updated", "-pk"]
    readonly_fields = ["merged_into", "slug", "uuid", "created", "updated"]
    actions = [*PublishingAdmin.actions, "export_csv", "export_xlsx"]
    change_list_template = "admin/entry/change_list.html"

    @property
    def general(self):
        return [
            *self.own_fieldsets,
            (
                _("Origin"),
                {
                    "fields": ["source", "provenance"],
                    "description": _("Visitors read it below the entry."),
                },
            ),
            (_("Status"), {"fields": ["status", "verified_on", "verified_by", "merged_into"]}),
            (_("Kept by the portal"), {"fields": ["slug", "uuid", "created", "updated"]}),
        ]

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.verifies_for_portal = request.user.edits_everything
        return form

    def get_search_results(self, request, queryset, search_term):
        return queryset.search(search_term), False

    def view_on_site(self, obj):
        return obj.get_absolute_url() if obj.is_published else None

    @admin.action(description=_("Export the selected entries as CSV"), permissions=["view"])
    def export_csv(self, request, queryset):
        return self.export(request, queryset, "csv")

    @admin.action(description=_("Export the selected entries as XLSX"), permissions=["view"])
    def export_xlsx(self, request, queryset):
        return self.export(request, queryset, "xlsx")

    def export(self, request, queryset, format):
        """Give entries as a file that an import takes back."""
        resource = self.resource_class(base=request.build_absolute_uri("/"), staff=True)
        return downloads.answer(request, resource, queryset, format, private=True)

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        return [path("export.<str:format>", view, name=name), *super().get_urls()]

    def export_view(self, request, format):
        """Give all entries that somebody may edit, of every status, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if format not in ("csv", "xlsx"):
            raise Http404
        return self.export(request, self.get_queryset(request), format)


@admin.register(Organization)
class OrganizationAdmin(EntryAdmin):
    resource_class = OrganizationResource
    own_fieldsets = [
        (
            _("What it is"),
            {"fields": ["type", "topics", "audiences", "founded", "registration_number"]},
        ),
        (
            _("Place"),
            {
                "fields": [
                    "municipality",
                    "reach",
                    "street",
                    "postal_code",
                    "town",
                    "town_name",
                    "latitude",
                    "longitude",
                ],
                "description": _(
                    "The town is enough to be found on the map. Coordinates put it at its door."
                ),
            },
        ),
        (
            _("Contact"),
            {
                "fields": ["website", "email", "phone", "languages", "seeks_partners"],
                "description": _("All of it is public: no addresses of private persons."),
            },
        ),
        (_("Logo"), {"fields": ["logo"]}),
    ]


@admin.register(Municipality)
class MunicipalityAdmin(VersionedAdmin, AskingAdmin, TranslatedAdmin, EditableAdmin):
    """Portal editors change everything; municipal editors what their own place says of itself."""

    # What municipal editors write, in six languages and in general.
    own_texts = ("summary", "notes")
    own_fields = ("website", "contact_email")

    list_display = ["__str__", "country", "kind", "language"]
    filter_horizontal = ["editors"]
    readonly_fields = ["slug", "uuid", "names", "all_synonyms"]
    general = [
        (_("Contact"), {"fields": ["website", "contact_email", "partner", "partner_website"]}),
        (
            _("Place"),
            {
                "fields": [
                    "country",
                    "kind",
                    "language",
                    "centre",
                    "latitude",
                    "longitude",
                    "population",
                    "population_year",
                    "area",
                ]
            },
        ),
        (
            _("Codes"),
            {"fields": ["nuts3", "nuts3_name", "nuts3_source", "lau", "lau_source", "wikidata"]},
        ),
        (_("Editors"), {"fields": ["editors"]}),
        (_("Origin"), {"fields": ["source"]}),
        (_("Kept by the portal"), {"fields": ["slug", "uuid"]}),
    ]

    def place_of(self, obj):
        return obj.pk

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if request.user.edits_everything:
            return fieldsets
        # A language tab holds what is written in it; the rest stands below, to be read.
        shown = set(columns(*translated_fields(Municipality)))
        shown -= set(columns(*self.own_texts))
        own = [
            (title, {**rest, "fields": [name for name in rest["fields"] if name not in shown]})
            for title, rest in fieldsets
        ]
        return [*own, (_("Names"), {"fields": ["names", "all_synonyms"]})]

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        if request.user.edits_everything:
            return fields
        own = {*columns(*self.own_texts), *self.own_fields}
        named = [*columns(*translated_fields(Municipality))]
        named += [name for _title, rest in self.general for name in rest["fields"]]
        return list(dict.fromkeys([*fields, *(name for name in named if name not in own)]))

    @admin.display(description=_("name"))
    def names(self, municipality):
        return in_all_languages(municipality, "name")

    @admin.display(description=_("synonyms"))
    def all_synonyms(self, municipality):
        return in_all_languages(municipality, "synonyms")


def in_all_languages(obj, field):
    """Show a translated field in each language that it is filled in."""
    filled = [
        (code, ", ".join(text.splitlines()), language_name(code))
        for code in LANGUAGES
        if (text := getattr(obj, f"{field}_{code}"))
    ]
    return format_html_join(mark_safe("<br>"), '<span lang="{}">{}</span> ({})', filled) or None


@admin.register(Town)
class TownAdmin(MergingTermsAdmin):
    list_display = ["name", "municipality", "latitude", "longitude"]
    list_filter = ["municipality"]
    list_select_related = ["municipality"]
    search_fields = ["name"]
    readonly_fields = ["slug"]


@admin.register(OrganizationType, Topic, Audience, CooperationForm)
class TermAdmin(MergingTermsAdmin, VersionedAdmin, AskingAdmin, TranslatedAdmin):
    list_display = ["__str__", "position"]
    list_editable = ["position"]
    readonly_fields = ["slug"]
    general = [(None, {"fields": ["position", "slug"]})]


admin.site.register(DuplicatePair, DuplicatePairAdmin)


@admin.register(TextState)
class TextStateAdmin(ReadOnlyAdmin):
    """Where texts are from: recorded when they are saved, and only to be read here."""

    list_display = ["entry", "language", "origin", "source_language", "checked_on"]
    list_filter = ["language", "origin"]
    search_fields = ["entry"]


@admin.register(Suggestion)
class SuggestionAdmin(EditableAdmin):
    """What visitors wrote: read, made into a draft, done, or declined; never rewritten."""

    list_display = ["__str__", "kind", "municipality", "state", "created"]
    list_filter = ["state", "kind", ("municipality", MunicipalityFilter)]
    list_select_related = ["municipality"]
    search_fields = ["name", "message"]
    readonly_fields = [
        "kind",
        "municipality",
        "about",
        "name",
        "message",
        "email",
        "language",
        "created",
        "kept_until",
    ]
    fields = [*readonly_fields, "state"]
    actions = ["make_drafts", "set_done", "set_declined"]

    def get_queryset(self, request):
        return super().get_queryset(request).kept()

    def has_add_permission(self, request):
        # Visitors write these, in the form of the public pages.
        return False

    @admin.display(description=_("about the entry"))
    def about(self, suggestion):
        if suggestion.entry is None:
            return None
        address = reverse("permanent", args=[suggestion.entry])
        return format_html('<a href="{}">{}</a>', address, suggestion.entry)

    @admin.display(description=_("will be deleted on"))
    def kept_until(self, suggestion):
        until = suggestion.created + timedelta(days=settings.SUGGESTIONS_KEPT_DAYS)
        return day(until)

    def has_draft_permission(self, request):
        return request.user.has_perm("organizations.add_organization")

    @admin.action(
        description=_("Make drafts of new organisations"), permissions=["change", "draft"]
    )
    def make_drafts(self, request, queryset):
        new = Suggestion.Kind.NEW, Suggestion.State.NEW
        made = 0
        for suggestion in queryset.exclude(municipality=None):
            if (suggestion.kind, suggestion.state) == new:
                draft = suggestion.make_draft()
                note(Organization, [draft.pk])
                self.log_change(request, suggestion, changed_fields(Suggestion, "state"))
                made += 1
                message = format_html(
                    _('Draft: <a href="{}">{}</a>'),
                    reverse("admin:organizations_organization_change", args=[draft.pk]),
                    draft,
                )
                self.message_user(request, message, messages.SUCCESS)
        if left := queryset.count() - made:
            said = ngettext(
                "%(count)s suggestion was left: it proposes no organisation, or is answered.",
                "%(count)s suggestions were left: they propose no organisation, or are answered.",
                left,
            )
            self.message_user(request, said % {"count": left}, messages.WARNING)

    def _answer(self, request, queryset, state):
        answered = queryset.exclude(state=state)
        for suggestion in answered:
            suggestion.state = state
            suggestion.save(update_fields=["state"])
            self.log_change(request, suggestion, changed_fields(Suggestion, "state"))
        count = len(answered)
        said = ngettext(
            "%(count)s suggestion was answered.", "%(count)s suggestions were answered.", count
        )
        self.message_user(request, said % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Mark as done"), permissions=["change"])
    def set_done(self, request, queryset):
        self._answer(request, queryset, Suggestion.State.DONE)

    @admin.action(description=_("Decline"), permissions=["change"])
    def set_declined(self, request, queryset):
        self._answer(request, queryset, Suggestion.State.DECLINED)
