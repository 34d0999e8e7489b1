"""Possible duplicates before the eyes of editors: asked before saving, and as a list."""

from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from localympact.templatetags.portal import day
from localympact.texts import columns, pick
from organizations.duplicates import (
    DuplicatePair,
    databases,
    note,
    possible,
    reasons,
    say_different,
)

# What makes one entry like another: `possible` is asked again when one of these changes.
TELLING = {*columns("name"), "website", "registration_number", "municipality"}
CONFIRMED = "_confirm_duplicates"


def reason_names(codes):
    """Give the names of reasons, joined."""
    names = dict(reasons())
    return ", ".join(str(names[code]) for code in codes)


class DuplicatesForm(forms.ModelForm):
    """Asks, before an entry is saved, whether it is one of those that look like it.

    `user` is set by the admin. The box that lets it pass names the entries that were shown, so
    what is typed afterwards is looked at anew.
    """

    user = None

    def _post_clean(self):
        super()._post_clean()
        self.confirmed = []
        if not TELLING & {*self.changed_data} or "municipality" in self.errors:
            return
        found = self.alike()
        ticked = {*self.data.get(CONFIRMED, "").split()}
        if {str(other.pk) for other, _given in found} <= ticked:
            self.confirmed = found
        else:
            self.add_error(None, question(found, ticked=False))

    def non_field_errors(self):
        # Where something else is wrong too, the answer given stays in the form.
        errors = super().non_field_errors()
        if self.is_bound and self.errors and self.confirmed:
            errors = self.error_class([*errors, question(self.confirmed, ticked=True)])
        return errors

    def alike(self):
        """Give [(entry, reasons)] of those that this person may see and has not said to differ."""
        entry = self.instance
        answered = DuplicatePair.objects.of(entry.uuid).exclude(different_on=None)
        different = {uuid for pair in answered for uuid in (pair.first, pair.second)}
        found = [one for one in possible(entry) if one[0].uuid not in different]
        mine = type(entry).objects.editable_by(self.user)
        mine = set(
            mine.filter(pk__in=[other.pk for other, _given in found]).values_list("pk", flat=True)
        )
        return [one for one in found if one[0].pk in mine or one[0].is_published]


def question(found, *, ticked):
    """Give the question whether an entry is one of those found, with the box that says no."""
    context = {
        "found": [(other, other.get_absolute_url(), reason_names(given)) for other, given in found],
        "name": CONFIRMED,
        "keys": " ".join(str(other.pk) for other, _given in found),
        "ticked": ticked,
    }
    return render_to_string("admin/entry/possible_duplicates.html", context)


def change_page(entry):
    """Give the address of the page on which an entry is changed."""
    return reverse(
        f"admin:{entry._meta.app_label}_{entry._meta.model_name}_change", args=[entry.pk]
    )


class DuplicatesAdmin(admin.ModelAdmin):
    """An admin of entries that asks about possible duplicates and keeps the pairs.

    Its form is a `DuplicatesForm`.
    """

    class Media:
        css = {"all": ["organizations/merging.css"]}

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.user = request.user
        return form

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if TELLING & {*form.changed_data}:
            note(self.model, [form.instance.pk])
            say_different(form.instance, [other for other, _given in form.confirmed], request.user)


class AnswerFilter(admin.SimpleListFilter):
    """Pairs that wait for an answer, unless asked otherwise."""

    title = gettext_lazy("answer")
    parameter_name = "answer"

    def lookups(self, request, model_admin):
        return [
            ("different", _("Said to be different")),
            ("all", _("All")),
        ]

    def choices(self, changelist):
        waiting, *others = super().choices(changelist)
        yield {**waiting, "display": _("Waiting for an answer")}
        yield from others

    def queryset(self, request, queryset):
        if self.value() == "different":
            return queryset.exclude(different_on=None)
        return queryset if self.value() == "all" else queryset.open()


class DuplicatePairAdmin(admin.ModelAdmin):
    """The list of possible duplicates: merge the two, or say that they are different."""

    class Media:
        css = {"all": ["organizations/merging.css"]}

    list_display = ["entries", "why", "found_on", "answer"]
    list_display_links = None
    list_filter = [AnswerFilter]
    list_per_page = 50
    ordering = ["-found", "-pk"]
    actions = None

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_queryset(self, request):
        return super().get_queryset(request).editable_by(request.user)

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path(
                f"<int:pk>/{word}/",
                view(require_POST(self.answer_view)),
                {"different": word == "different"},
                name=f"organizations_duplicatepair_{word}",
            )
            for word in ("different", "reopen")
        ] + super().get_urls()

    def answer_view(self, request, pk, different):
        if not self.has_change_permission(request):
            raise PermissionDenied
        pair = get_object_or_404(self.get_queryset(request), pk=pk)
        pair.different_on = timezone.localdate() if different else None
        pair.different_by = request.user if different else None
        pair.save(update_fields=["different_on", "different_by"])
        if different:
            said = _("Recorded: these two are different.")
        else:
            said = _("These two wait for an answer again.")
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(list_address(request))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        # A pair has no page of its own: what can be done with it stands in the list.
        return HttpResponseRedirect(list_address(request))

    def history_view(self, request, object_id, extra_context=None):
        return HttpResponseRedirect(list_address(request))

    def changelist_view(self, request, extra_context=None):
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, title | (extra_context or {}))

    def get_changelist_instance(self, request):
        changelist = super().get_changelist_instance(request)
        changelist.result_list = with_entries(changelist.result_list, request)
        return changelist

    @admin.display(description=gettext_lazy("entries"))
    def entries(self, pair):
        return format_html_join(
            mark_safe("<br>"),
            '<a href="{}">{}</a> ({}, {})',
            (
                (
                    change_page(entry) if entry in pair.mine else entry.get_absolute_url(),
                    pick(entry, "name"),
                    entry.municipality or _("no municipality"),
                    entry.get_status_display(),
                )
                for entry in pair.both
            ),
        )

    @admin.display(description=gettext_lazy("reasons"), ordering="reasons")
    def why(self, pair):
        return reason_names(pair.reasons)

    @admin.display(description=gettext_lazy("found"), ordering="found")
    def found_on(self, pair):
        return day(pair.found)

    @admin.display(description=gettext_lazy("answer"))
    def answer(self, pair):
        names = " – ".join(pick(entry, "name") for entry in pair.both)
        if pair.different_on:
            said = _("Different, said %(person)s on %(day)s") % {
                "person": pair.different_by or "–",
                "day": day(pair.different_on),
            }
            return format_html("{} {}", said, self.button(pair, "reopen", _("Ask again"), names))
        buttons = [self.button(pair, "different", _("These are different"), names)]
        if len(pair.mine) == len(pair.both) == 2:
            merge = merge_address(*pair.both)
            label = _("Merge…")
            link = '<a class="button" href="{}" aria-label="{}: {}">{}</a>'
            buttons.insert(0, format_html(link, merge, label, names, label))
        return format_html_join(" ", "{}", ((button,) for button in buttons))

    def button(self, pair, word, label, names):
        """Give a button that sends the form of the list to an address of its own."""
        address = reverse(f"admin:organizations_duplicatepair_{word}", args=[pair.pk])
        return format_html(
            '<button type="submit" class="button" formaction="{}{}" '
            'aria-label="{}: {}">{}</button>',
            address,
            pair.back,
            label,
            names,
            label,
        )


def list_address(request):
    """Give the address of the list of pairs, with the filter that the address of a button names."""
    asked = request.GET.get("answer")
    address = reverse("admin:organizations_duplicatepair_changelist")
    return f"{address}?{urlencode({'answer': asked})}" if asked else address


def merge_address(survivor, merged):
    """Give the address of the page on which one entry is merged into another."""
    opts = survivor._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_merge", args=[survivor.pk])
    return f"{address}?with={merged.pk}"


def with_entries(pairs, request):
    """Give pairs with what their rows show: `both` entries, and those that are `mine`.

    First comes the one that would rather stay: a published one, then the older.
    """
    pairs = list(pairs)
    entries, mine = {}, set()
    for database, model in databases().items():
        of_model = [pair for pair in pairs if pair.database == database]
        uuids = {uuid for pair in of_model for uuid in (pair.first, pair.second)}
        found = model.objects.filter(uuid__in=uuids)
        entries |= {entry.uuid: entry for entry in found.select_related("municipality")}
        mine |= set(found.editable_by(request.user).values_list("uuid", flat=True))
    asked = request.GET.get("answer")
    for pair in pairs:
        both = [entries[uuid] for uuid in (pair.first, pair.second) if uuid in entries]
        pair.both = sorted(both, key=lambda entry: (not entry.is_published, entry.created))
        pair.mine = [entry for entry in pair.both if entry.uuid in mine]
        pair.back = f"?{urlencode({'answer': asked})}" if asked else ""
    return pairs
