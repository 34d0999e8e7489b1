from django.contrib import admin

from needs.exports import NeedResource
from needs.models import Cause, Conclusion, Need
from organizations.admin import EntryAdmin
from organizations.writing import TranslatedAdmin


@admin.register(Need)
class NeedAdmin(EntryAdmin):
    resource_class = NeedResource
    autocomplete_fields = ["merged_into", "collaborations"]
    list_display = ["__str__", "cause", "kind", "level", *EntryAdmin.list_display[1:]]
    list_filter = [*EntryAdmin.list_filter, "cause", "kind", "level"]
    list_select_related = ["municipality", "cause"]
    own_fields = ["level", "countries", "cause", "kind", "side", "collaborations"]


@admin.register(Cause)
class CauseAdmin(TranslatedAdmin):
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
