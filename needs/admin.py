from django.contrib import admin

from needs.exports import NeedResource
from needs.models import Cause, Conclusion, Need
from organizations.admin import EntryAdmin
from organizations.mergers import MergingTermsAdmin
from organizations.writing import TranslatedAdmin


@admin.register(Need)
class NeedAdmin(EntryAdmin):
    resource_class = NeedResource
    autocomplete_fields = ["collaborations"]
    list_display = ["__str__", "cause", "kind", "level", "municipality", "status", "updated"]
    list_filter = [*EntryAdmin.list_filter, "cause", "kind", "level"]
    list_select_related = ["municipality", "cause"]
    own_fields = ["level", "countries", "cause", "kind", "side", "collaborations"]


@admin.register(Cause)
class CauseAdmin(MergingTermsAdmin, TranslatedAdmin):
    list_display = ["__str__", "position"]
    list_editable = ["position"]
    readonly_fields = ["slug", "uuid"]
    general = [(None, {"fields": ["position", "slug", "uuid"]})]


@admin.register(Conclusion)
class ConclusionAdmin(TranslatedAdmin):
    list_display = ["__str__", "position", "provenance"]
    list_editable = ["position"]
    readonly_fields = ["slug", "uuid"]
    general = [(None, {"fields": ["position", "source", "provenance", "slug", "uuid"]})]
