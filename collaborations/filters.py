"""What collaborations can be asked for."""

from django.utils.translation import gettext_lazy as _

from collaborations.models import Collaboration
from localympact.filters import SlugFilter
from organizations.filters import EntryFilter
from organizations.models import Audience, CooperationForm


class CollaborationFilter(EntryFilter):
    """What collaborations can be asked for."""

    audience = SlugFilter(
        label=_("Audience"), field_name="audiences", queryset=Audience.objects.all()
    )
    form = SlugFilter(label=_("Form of cooperation"), queryset=CooperationForm.objects.all())

    class Meta:
        model = Collaboration
        fields = [
            "q",
            "country",
            "municipality",
            "topic",
            "form",
            "audience",
            "language",
            "verified",
            "sort",
            "view",
        ]
