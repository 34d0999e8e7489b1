from django.contrib import admin

from collaborations.exports import CollaborationResource
from collaborations.models import Collaboration
from organizations.admin import EntryAdmin


@admin.register(Collaboration)
class CollaborationAdmin(EntryAdmin):
    resource_class = CollaborationResource
    autocomplete_fields = ["organizations"]
    own_fields = ["organizations", "form", "audiences", "started", "ended", "website"]
