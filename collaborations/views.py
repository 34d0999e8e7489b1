"""The pages and files of the good-practice examples."""

from collaborations.exports import CollaborationResource
from collaborations.filters import CollaborationFilter
from collaborations.models import Collaboration
from collaborations.structured import collaboration
from localympact.downloads import Download, PublishedExport
from localympact.feeds import PublishedFeed
from localympact.interface import PublishedInterface
from localympact.metadata import PublishedMetadata
from localympact.views import PublishedDetail, PublishedList


class FoundCollaborations:
    """What the list of collaborations, its files and all that follows it have in common."""

    filterset_class = CollaborationFilter
    resource_class = CollaborationResource


class CollaborationList(FoundCollaborations, PublishedList):
    """Collaborations by place, form, topic and audience."""


# How many others like it stand beside a collaboration.
FEW = 3


class CollaborationDetail(PublishedDetail):
    """One collaboration, its organisations, the needs that it answers, and others like it."""

    model = Collaboration

    def get_queryset(self):
        return super().get_queryset().select_related("form")

    def get_context_data(self, **kwargs):
        (alike,) = Collaboration.objects.alike(self.object, FEW, lambda facets: facets.everything)
        return super().get_context_data(
            organizations=self.object.organizations.published().with_related(),
            needs=self.object.needs.published().with_related(),
            alike=alike,
            **kwargs,
        )

    def described(self, context, absolute):
        return collaboration(self.object, absolute, context["organizations"])


class CollaborationExport(FoundCollaborations, PublishedExport):
    """The list of collaborations as a file."""


class CollaborationMetadata(FoundCollaborations, PublishedMetadata):
    """What the CSV file of that list is, for programs."""


class CollaborationDownload(FoundCollaborations, Download):
    """What somebody chooses of such a file."""


class CollaborationFeed(FoundCollaborations, PublishedFeed):
    """The collaborations that changed last, as a feed."""


class CollaborationInterface(FoundCollaborations, PublishedInterface):
    """The list of collaborations for programs."""

    related = ["organizations", "needs"]
