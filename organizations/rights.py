"""Where editors may write: in what belongs to their municipalities."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q

from organizations.entries import Entry
from organizations.places import Municipality


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

    def place_of(self, obj):
        """Give the key of the municipality to which `obj` belongs."""
        return obj.municipality_id

    def save_model(self, request, obj, form, change):
        # The form offers only one's own municipalities; this holds whatever the form does.
        if not request.user.edits_everything:
            allowed = Municipality.objects.editable_by(request.user)
            if not allowed.filter(pk=self.place_of(obj)).exists():
                raise PermissionDenied
        super().save_model(request, obj, form, change)
