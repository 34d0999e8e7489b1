"""The editors' pages: entries of one's own municipalities, and for portal editors everything."""

from datetime import timedelta

from django.conf import settings
from django.contrib import admin, messages
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from localympact.afterwards import together
from localympact.templatetags.portal import day
from organizations.exports import OrganizationResource
from organizations.matrix import WithMatrix
from organizations.models import (
    Audience,
    CooperationForm,
    Municipality,
    Organization,
    OrganizationType,
    Status,
    Suggestion,
    TextState,
    Topic,
    Town,
)
from organizations.rights import EditableAdmin
from organizations.worklists import MunicipalityFilter, WorkList
from organizations.writing import TranslatedAdmin


class EntryAdmin(WithMatrix, WorkList, TranslatedAdmin, EditableAdmin):
    """What the editors' pages of the three databases share. `resource_class` is the CSV file."""

    resource_class = None
    own_fields = ()
    list_filter = [*WorkList.list_filter, "topics", "provenance"]
    list_select_related = ["municipality"]
    list_per_page = 50
    search_fields = ["folded"]
    ordering = ["-updated", "-pk"]
    autocomplete_fields = ["merged_into"]
    readonly_fields = ["slug", "uuid", "created", "updated"]
    actions = ["publish", "archive", "export_csv"]

    @property
    def general(self):
        return [
            (_("Place and topics"), {"fields": ["municipality", *self.own_fields, "topics"]}),
            (_("Status"), {"fields": ["status", "merged_into", "verified_on", "verified_by"]}),
            (_("Origin"), {"fields": ["source", "provenance"]}),
            (_("Kept by the portal"), {"fields": self.readonly_fields}),
        ]

    def changeform_view(self, request, *args, **kwargs):
        # Entry, topics and texts are saved one after another: what is to do is asked once.
        with together():
            return super().changeform_view(request, *args, **kwargs)

    def get_search_results(self, request, queryset, search_term):
        return queryset.search(search_term), False

    def view_on_site(self, obj):
        return obj.get_absolute_url() if obj.is_published else None

    def _set_status(self, request, queryset, status):
        """Save each entry with a status, so that `updated` and the log tell of it."""
        changed = queryset.exclude(status=status)
        count = 0
        for entry in changed:
            entry.status = status
            entry.save(update_fields=["status"])
            self.log_change(request, entry, [{"changed": {"fields": [str(_("status"))]}}])
            count += 1
        return count

    @admin.action(description=_("Publish the selected entries"), permissions=["change"])
    def publish(self, request, queryset):
        count = self._set_status(request, queryset, Status.PUBLISHED)
        said = ngettext(
            "%(count)s entry was published.", "%(count)s entries were published.", count
        )
        self.message_user(request, said % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Archive the selected entries"), permissions=["change"])
    def archive(self, request, queryset):
        count = self._set_status(request, queryset, Status.ARCHIVED)
        said = ngettext("%(count)s entry was archived.", "%(count)s entries were archived.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Export the selected entries as CSV"), permissions=["view"])
    def export_csv(self, request, queryset):
        resource = self.resource_class(base=request.build_absolute_uri("/"), staff=True)
        return resource.response(queryset, "csv")


@admin.register(Organization)
class OrganizationAdmin(EntryAdmin):
    resource_class = OrganizationResource
    own_fields = [
        "type",
        "audiences",
        "reach",
        "street",
        "postal_code",
        "town",
        "town_name",
        "latitude",
        "longitude",
        "website",
        "email",
        "phone",
        "founded",
        "registration_number",
        "languages",
        "seeks_partners",
        "logo",
    ]


@admin.register(Municipality)
class MunicipalityAdmin(TranslatedAdmin):
    list_display = ["__str__", "country", "kind", "language"]
    filter_horizontal = ["editors"]
    readonly_fields = ["slug", "uuid"]
    general = [
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
        (_("Contact"), {"fields": ["website", "contact_email", "partner", "partner_website"]}),
        (_("Editors"), {"fields": ["editors"]}),
        (_("Origin"), {"fields": ["source"]}),
        (_("Kept by the portal"), {"fields": ["slug", "uuid"]}),
    ]


@admin.register(Town)
class TownAdmin(admin.ModelAdmin):
    list_display = ["name", "municipality", "latitude", "longitude"]
    list_filter = ["municipality"]
    list_select_related = ["municipality"]
    search_fields = ["name"]
    readonly_fields = ["slug"]


@admin.register(OrganizationType, Topic, Audience, CooperationForm)
class TermAdmin(TranslatedAdmin):
    list_display = ["__str__", "position"]
    list_editable = ["position"]
    readonly_fields = ["slug"]
    general = [(None, {"fields": ["position", "slug"]})]


@admin.register(TextState)
class TextStateAdmin(admin.ModelAdmin):
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
                self.log_change(request, suggestion, [{"changed": {"fields": [str(_("state"))]}}])
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
            self.log_change(request, suggestion, [{"changed": {"fields": [str(_("state"))]}}])
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
