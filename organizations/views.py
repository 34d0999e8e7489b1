"""The pages and files of the database of organisations."""

from localympact.downloads import Download, PublishedExport
from localympact.feeds import PublishedFeed
from localympact.interface import PublishedInterface
from localympact.metadata import PublishedMetadata
from localympact.views import PublishedDetail, PublishedList
from organizations.exports import OrganizationResource
from organizations.filters import OrganizationFilter
from organizations.models import Organization
from organizations.structured import organization


class FoundOrganizations:
    """What the list of organisations, its files and all that follows it have in common."""

    filterset_class = OrganizationFilter
    resource_class = OrganizationResource


class OrganizationList(FoundOrganizations, PublishedList):
    """Organisations by place, type, topic and audience."""


# How many entries of one kind stand beside another entry.
FEW = 3


class OrganizationDetail(PublishedDetail):
    """One organisation, its collaborations, and others like it here and abroad."""

    model = Organization

    def get_queryset(self):
        return super().get_queryset().select_related("type", "town")

    def get_context_data(self, **kwargs):
        place = self.object.municipality
        neighbours, abroad = Organization.objects.alike(
            self.object,
            FEW,
            lambda facets: facets.having("municipality", place.pk),
            lambda facets: facets.everything - facets.having("country", place.country),
        )
        return super().get_context_data(
            collaborations=self.object.collaborations.published().with_related(),
            neighbours=neighbours,
            abroad=abroad,
            towns=place.towns.with_counts(),
            **kwargs,
        )

    def described(self, context, absolute):
        return organization(self.object, absolute, context["collaborations"])


class OrganizationExport(FoundOrganizations, PublishedExport):
    """The list of organisations as a file."""


class OrganizationMetadata(FoundOrganizations, PublishedMetadata):
    """What the CSV file of that list is, for programs."""


class OrganizationDownload(FoundOrganizations, Download):
    """What somebody chooses of such a file."""


class OrganizationFeed(FoundOrganizations, PublishedFeed):
    """The organisations that changed last, as a feed."""


class OrganizationInterface(FoundOrganizations, PublishedInterface):
    """The list of organisations for programs."""

    related = ["collaborations"]
