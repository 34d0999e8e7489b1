from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from localympact.cldr import country_choices, country_codes
from needs.exports import NeedResource
from needs.models import Cause, Conclusion, Need
from organizations.admin import EntryAdmin
from organizations.asking import AskingAdmin
from organizations.mergers import MergingTermsAdmin
from organizations.models import Municipality
from organizations.versions import VersionedAdmin
from organizations.writing import TranslatedAdmin


@admin.register(Need)
class NeedAdmin(EntryAdmin):
    resource_class = NeedResource
    autocomplete_fields = ["collaborations"]
    list_display = ["__str__", "cause", "kind", "level", *EntryAdmin.list_display[1:]]
    list_filter = [*EntryAdmin.list_filter, "cause", "kind", "level"]
    list_select_related = ["municipality", "cause"]
    own_fieldsets = [
        (_("What it is"), {"fields": ["kind", "side", "cause", "topics", "collaborations"]}),
        (_("Where it holds"), {"fields": ["level", "municipality", "countries"]}),
    ]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "countries":
            # Those that are ticked nearly always come first of all countries of the world.
            pilots = set(Municipality.objects.values_list("country", flat=True))
            field.choices = [
                (_("Countries of the pilot areas"), country_choices(pilots)),
                (_("Other countries"), country_choices(country_codes() - pilots)),
            ]
        return field


@admin.register(Cause)
class CauseAdmin(MergingTermsAdmin, VersionedAdmin, AskingAdmin, TranslatedAdmin):
    list_display = ["__str__", "position"]
    list_editable = ["position"]
    readonly_fields = ["slug", "uuid"]
    general = [(None, {"fields": ["position", "slug", "uuid"]})]


@admin.register(Conclusion)
class ConclusionAdmin(VersionedAdmin, AskingAdmin, TranslatedAdmin):
    list_display = ["__str__", "position", "provenance"]
    list_editable = ["position"]
    readonly_fields = ["slug", "uuid"]
    general = [(None, {"fields": ["position", "source", "provenance", "slug", "uuid"]})]
