"""The editors' pages: entries of one's own municipalities, and for portal editors everything."""

from datetime import timedelta

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from localympact.cldr import language_name
from localympact.templatetags.portal import day
from localympact.texts import LANGUAGES, translated_fields
from organizations.entries import Entry
from organizations.exports import OrganizationResource
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


class TranslatedAdmin(admin.ModelAdmin):
    """Fields in six languages, as tabs: one fieldset a language, which a small script folds.

    `general` holds the fieldsets of all other fields. Without JavaScript everything stands on
    one page.
    """

    general = ()
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    class Media:
        css = {"all": ["organizations/language-tabs.css"]}
        js = ["organizations/language-tabs.js"]

    def get_fieldsets(self, request, obj=None):
        own = obj and obj.own_language
        languages = sorted(LANGUAGES, key=lambda language: language != own)
        return [
            *(self.language_tab(language) for language in languages),
            *self.general,
        ]

    def language_tab(self, language):
        """Give the fieldset of one language."""
        fields = [f"{field}_{language}" for field in translated_fields(self.model)]
        title = language_name(language)
        return title[0].upper() + title[1:], {"fields": fields, "classes": ["language-tab"]}

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and (language := getattr(db_field, "language", None)):
            field.widget.attrs["lang"] = language
            # The tab says the language already.
            field.label = db_field.translated_field.verbose_name
        return field


class EditableAdmin(admin.ModelAdmin):
    """Only what `.editable_by(user)` gives can be seen, chosen, added or changed."""

    def get_queryset(self, request):
        return super().get_queryset(request).editable_by(request.user)

    def may_edit(self, request, obj):
        """Say whether `obj` is, as it is stored, one of those that the user may edit."""
        return obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_view_permission(self, request, obj=None):
        return super().has_view_permission(request, obj) and self.may_edit(request, obj)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and self.may_edit(request, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and self.may_edit(request, obj)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        related = db_field.related_model
        if related is Municipality or issubclass(related, Entry):
            kwargs["queryset"] = related.objects.editable_by(request.user)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if related is Municipality and not request.user.edits_everything:
            # What belongs to no municipality is the portal editors'.
            field.required = True
        return field

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        related = db_field.related_model
        if issubclass(related, Entry):
            mine = Q(pk__in=related.objects.editable_by(request.user))
            # What is linked already stays linked, whoever linked it.
            key = request.resolver_match.kwargs.get("object_id")
            linked = Q(**{f"{db_field.related_query_name()}__pk": key}) if key else Q(pk=None)
            kwargs["queryset"] = related.objects.filter(mine | linked).distinct()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request, obj, form, change):
        # The form offers only one's own municipalities; this holds whatever the form does.
        if not request.user.edits_everything:
            allowed = Municipality.objects.editable_by(request.user)
            if not allowed.filter(pk=obj.municipality_id).exists():
                raise PermissionDenied
        super().save_model(request, obj, form, change)


class EntryAdmin(TranslatedAdmin, EditableAdmin):
    """What the editors' pages of the three databases share. `resource_class` is the CSV file."""

    resource_class = None
    own_fields = ()
    list_display = ["__str__", "municipality", "status", "verified_on", "updated"]
    list_filter = [
        "status",
        ("municipality", admin.RelatedOnlyFieldListFilter),
        "topics",
        "provenance",
    ]
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
    list_filter = ["state", "kind", ("municipality", admin.RelatedOnlyFieldListFilter)]
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
