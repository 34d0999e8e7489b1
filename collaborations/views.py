"""The pages and files of the good-practice examples."""

from collaborations.exports import CollaborationResource
from collaborations.filters import CollaborationFilter
from collaborations.models import Collaboration
from localympact.views import PublishedDetail, PublishedExport, PublishedList


class CollaborationList(PublishedList):
    """Collaborations by place, form, topic and audience."""

    filterset_class = CollaborationFilter
    resource_class = CollaborationResource


class CollaborationDetail(PublishedDetail):
    """One collaboration, with its organisations and the needs that it answers."""

    model = Collaboration

    def get_queryset(self):
        return super().get_queryset().select_related("form")

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            organizations=self.object.organizations.published().with_related(),
            needs=self.object.needs.published().with_related(),
            **kwargs,
        )


class CollaborationExport(PublishedExport):
    """The list of collaborations as a file."""

    filterset_class = CollaborationFilter
    resource_class = CollaborationResource
