from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from collaborations.exports import CollaborationResource
from collaborations.models import Collaboration
from organizations.admin import EntryAdmin


@admin.register(Collaboration)
class CollaborationAdmin(EntryAdmin):
    resource_class = CollaborationResource
    autocomplete_fields = ["organizations"]
    own_fieldsets = [
        (_("What it is"), {"fields": ["form", "topics", "audiences", "website"]}),
        (
            _("Where, when and with whom"),
            {"fields": ["municipality", "organizations", "started", "ended"]},
        ),
    ]
