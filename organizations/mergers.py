"""The pages on which editors merge two entries, or two terms, into one."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from localympact.cldr import language_name
from localympact.codes import CodesField
from localympact.texts import pick
from organizations.duplicates import possible
from organizations.merging import (
    differing,
    filled_up,
    in_use,
    is_empty,
    merge_entries,
    merge_terms,
    usage,
)
from organizations.pairs import change_page, merge_address
from organizations.publishing import changed_fields
from organizations.tools import Tool, WithTools

# How many entries the search for the other one shows.
FOUND = 20
EMPTY = "–"


class MergePages(WithTools):
    """An admin with a page for merging, and a button that leads to it."""

    merge_label = ""

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_merge"
        merge = self.admin_site.admin_view(self.merge_view)
        return [path("<path:object_id>/merge/", merge, name=name), *super().get_urls()]

    def merge_address(self, obj):
        """Give the address of the page on which another one is merged into `obj`."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_merge", args=[obj.pk])

    def may_merge(self, request, obj):
        """Say whether this person may merge `obj` with something."""
        return self.has_change_permission(request, obj)

    def merge_view(self, request, object_id):
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.may_merge(request, obj):
            raise PermissionDenied
        return self.merge_page(request, obj)

    def merge_page(self, request, obj):
        """Answer the page for merging; a parent of two admins leaves it to them."""
        raise NotImplementedError


class MergingAdmin(MergePages):
    """Merging entries: choose the other one, then what stays; a merged one stays as it is."""

    def may_merge(self, request, obj):
        return super().may_merge(request, obj) and obj.merged_into_id is None

    def tools(self, request, obj):
        tools = super().tools(request, obj)
        if obj.merged_into_id:
            tools.append(Tool(_("The entry that stays"), change_page(obj.merged_into)))
        elif self.may_merge(request, obj):
            tools.append(Tool(_("Merge with another entry…"), self.merge_address(obj)))
        return tools

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        # The address of a merged entry leads on for ever.
        return allowed and not (obj and obj.merged_into_id)

    def get_deleted_objects(self, objs, request):
        found, counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        merged = [obj for obj in objs if obj.merged_into_id]
        if merged:
            # The reason is said instead of a right that nobody has.
            perms_needed = perms_needed - {self.opts.verbose_name}
            said = _("“%(entry)s” was merged into another entry, and its address leads there.")
            protected = [*protected, *(said % {"entry": entry} for entry in merged)]
        return found, counts, perms_needed, protected

    def merge_page(self, request, obj):
        others = self.get_queryset(request).filter(merged_into=None).exclude(pk=obj.pk)
        key = request.GET.get("with", "")
        other = others.filter(pk=key).first() if key.isdecimal() else None
        if other is None:
            return self.choose_page(request, obj, others)
        if not self.may_merge(request, other):
            raise PermissionDenied
        if request.method == "POST":
            return self.merge(request, obj, other)
        return self.compare_page(request, obj, other, filled_up(obj, other))

    def choose_page(self, request, obj, others):
        """Answer with the entries that may be meant: those that look alike, those searched for."""
        asked = request.GET.get("q", "").strip()
        mine = set(others.values_list("pk", flat=True)) if (likely := possible(obj)) else set()
        found = others.search(asked) if asked else others.none()
        found = list(found.select_related("municipality")[: FOUND + 1])
        return self.page(
            request,
            "admin/entry/merge_choose.html",
            obj,
            title=_("Merge with another entry"),
            asked=asked,
            likely=[entry for entry, _reasons in likely if entry.pk in mine],
            found=found[:FOUND],
            more=len(found) > FOUND,
        )

    def compare_page(self, request, obj, other, take):
        """Answer with both entries side by side, and the choice of each value that differs."""
        contested, one_sided = [], []
        for field in differing(obj, other):
            values = [
                ("this", shown(obj, field), field.name not in take),
                ("other", shown(other, field), field.name in take),
            ]
            several = EMPTY not in {value for _side, value, _checked in values}
            (contested if several else one_sided).append(
                {
                    "name": field.name,
                    "label": label_of(field),
                    "language": getattr(field, "language", None),
                    "values": values,
                }
            )
        return self.page(
            request,
            "admin/entry/merge.html",
            obj,
            title=_("Merge two entries into one"),
            other=other,
            contested=contested,
            one_sided=one_sided,
            swap=merge_address(other, obj),
        )

    def merge(self, request, obj, other):
        """Merge as the form says; where the chosen values do not fit together, show it again."""
        # Two people who merge at once: the second one waits, then finds a merged entry.
        both = self.model._base_manager.select_for_update().filter(pk__in=[obj.pk, other.pk])
        locked = both.order_by("pk").in_bulk()
        survivor, merged = locked[obj.pk], locked[other.pk]
        filled = filled_up(survivor, merged)
        take = {
            field.name
            for field in differing(survivor, merged)
            if request.POST.get(f"take_{field.name}", "other" if field.name in filled else "")
            == "other"
        }
        try:
            changed = merge_entries(survivor, merged, take)
        except ValidationError as error:
            for message in error.messages:
                self.message_user(request, message, messages.ERROR)
            return self.compare_page(request, obj, other, take)
        self.log_change(request, survivor, changed_fields(self.model, *changed) if changed else [])
        self.log_change(request, merged, changed_fields(self.model, "merged_into", "status"))
        said = _("“%(merged)s” was merged into “%(survivor)s”.")
        names = {"merged": merged, "survivor": survivor}
        self.message_user(request, said % names, messages.SUCCESS)
        return HttpResponseRedirect(change_page(survivor))


class PositionForm(forms.ModelForm):
    """A row of a list in which the order is changed: its field says of what it is the position."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if field := self.fields.get("position"):
            field.widget.attrs["aria-label"] = f"{capfirst(field.label)}: {self.instance}"


class MergingTermsAdmin(MergePages):
    """Merging terms: one that entries have cannot vanish, but another can take its place."""

    def get_changelist_form(self, request, **kwargs):
        return super().get_changelist_form(request, **{"form": PositionForm, **kwargs})

    def may_merge(self, request, obj):
        return super().may_merge(request, obj) and self.has_delete_permission(request, obj)

    def tools(self, request, obj):
        tools = super().tools(request, obj)
        if self.may_merge(request, obj):
            tools.append(Tool(_("Merge into another…"), self.merge_address(obj)))
        return tools

    def get_deleted_objects(self, objs, request):
        refused = list(filter(None, map(in_use, objs)))
        if refused:
            return [], {}, set(), refused
        return super().get_deleted_objects(objs, request)

    def merge_page(self, request, obj):
        others = self.get_queryset(request).exclude(pk=obj.pk)
        key = request.POST.get("into", "")
        into = others.filter(pk=key).first() if key.isdecimal() else None
        if request.method == "POST" and into:
            name = str(obj)
            count = merge_terms(into, obj)
            self.log_change(request, into, changed_fields(self.model, *self.words()))
            said = ngettext(
                "“%(gone)s” was merged into “%(kept)s”: %(count)s entry has it now.",
                "“%(gone)s” was merged into “%(kept)s”: %(count)s entries have it now.",
                count,
            )
            said %= {"gone": name, "kept": into, "count": count}
            self.message_user(request, said, messages.SUCCESS)
            return HttpResponseRedirect(
                reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            )
        return self.page(
            request,
            "admin/entry/merge_term.html",
            obj,
            title=_("Merge into another"),
            others=sorted(others, key=str),
            missing=request.method == "POST",
            has_words=bool(self.words()),
            usage=[
                (relation.related_model._meta.verbose_name_plural, count)
                for relation, count in usage(obj)
            ],
        )

    def words(self):
        """Give the field that takes the words of a merged term, if there is one."""
        return [field.name for field in self.opts.fields if field.name == "synonyms"]


def label_of(field):
    """Give the name of a field, and its language if it stands in six."""
    if language := getattr(field, "language", None):
        return f"{field.translated_field.verbose_name} ({language_name(language)})"
    return field.verbose_name


def shown(entry, field):
    """Give the value of a field as people read it."""
    value = getattr(entry, field.name)
    if is_empty(value):
        return EMPTY
    if field.is_relation:
        return pick(value, "name") if hasattr(value, "own_language") else str(value)
    if isinstance(field, CodesField):
        names = dict(field.codes())
        return ", ".join(str(names.get(code, code)) for code in value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if field.choices:
        return getattr(entry, f"get_{field.name}_display")()
    return str(value)
