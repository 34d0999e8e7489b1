"""The people who work in the portal, as far as portal editors manage them."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.utils.translation import gettext_lazy as _

from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, User

# What only superusers see and give: rights beyond the two groups.
SUPERUSER_FIELDS = {"is_superuser", "user_permissions"}


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Portal editors add people and give them the two groups, and never touch a superuser."""

    list_display = ["username", "email", "first_name", "last_name", "is_staff", "is_active"]
    fieldsets = [*DjangoUserAdmin.fieldsets, (_("Preferences"), {"fields": ["language"]})]

    def get_queryset(self, request):
        people = super().get_queryset(request)
        return people if request.user.is_superuser else people.filter(is_superuser=False)

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if request.user.is_superuser:
            return fieldsets
        return [
            (
                title,
                {
                    **rest,
                    "fields": [name for name in rest["fields"] if name not in SUPERUSER_FIELDS],
                },
            )
            for title, rest in fieldsets
        ]

    def get_list_filter(self, request):
        return super().get_list_filter(request) if request.user.is_superuser else ["is_active"]

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name == "groups" and not request.user.is_superuser:
            kwargs["queryset"] = db_field.related_model.objects.filter(
                name__in=[MUNICIPAL_EDITOR, PORTAL_EDITOR]
            )
        return super().formfield_for_manytomany(db_field, request, **kwargs)
