"""The pages and files of the database of organisations."""

from localympact.views import PublishedDetail, PublishedExport, PublishedList
from organizations.exports import OrganizationResource
from organizations.filters import OrganizationFilter
from organizations.models import Organization


class OrganizationList(PublishedList):
    """Organisations by place, type, topic and audience."""

    filterset_class = OrganizationFilter
    resource_class = OrganizationResource


class OrganizationDetail(PublishedDetail):
    """One organisation, with the collaborations in which it takes part."""

    model = Organization

    def get_queryset(self):
        return super().get_queryset().select_related("type", "town")

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            collaborations=self.object.collaborations.published().with_related(),
            **kwargs,
        )


class OrganizationExport(PublishedExport):
    """The list of organisations as a file."""

    filterset_class = OrganizationFilter
    resource_class = OrganizationResource
