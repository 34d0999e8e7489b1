"""All that is given away, by the names of its files."""

from collaborations.exports import CollaborationOrganizationResource, CollaborationResource
from needs.exports import (
    CauseResource,
    ConclusionResource,
    NeedCollaborationResource,
    NeedResource,
)
from organizations.exports import OrganizationResource
from organizations.vocabularies import (
    AudienceResource,
    CooperationFormResource,
    MunicipalityResource,
    OrganizationTypeResource,
    TopicResource,
    TownResource,
)

# The databases, what they refer to, and the links between them.
TABLES = {
    resource.name: resource
    for resource in (
        OrganizationResource,
        CollaborationResource,
        NeedResource,
        MunicipalityResource,
        TownResource,
        OrganizationTypeResource,
        TopicResource,
        AudienceResource,
        CooperationFormResource,
        CauseResource,
        ConclusionResource,
        CollaborationOrganizationResource,
        NeedCollaborationResource,
    )
}


def table_of(model):
    """Give the name of the table of a model, or None."""
    return next((name for name, table in TABLES.items() if table.model is model), None)
