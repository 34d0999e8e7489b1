"""The columns of the files of collaborations."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaborations.models import Collaboration
from localympact.columns import Column, Link, Slug, Slugs, Translated, Words
from localympact.exports import Resource
from organizations.exports import audiences, identity, origin, place, topics
from organizations.models import Organization


class CollaborationResource(Resource):
    """Collaborations as a file."""

    model = Collaboration
    name = "collaborations"
    columns = [
        *identity(),
        *place(),
        Translated("name", gettext_lazy("What it is called.")),
        Translated("summary", gettext_lazy("What was done, in a few sentences.")),
        Translated("participants", gettext_lazy("Who took part, as the source names them.")),
        Slugs(
            "organizations",
            gettext_lazy("Those who took part and stand in the database of organisations."),
        ),
        Slug("form", gettext_lazy("How they worked together; empty: not stated.")),
        topics(),
        audiences(),
        Translated("period", gettext_lazy("When it took place, in the words of the source.")),
        Column("started", gettext_lazy("The first year, where the source gives it.")),
        Column("ended", gettext_lazy("The last year, where the source gives it.")),
        Translated("results", gettext_lazy("What came of it.")),
        Words("website", gettext_lazy("The address of pages about it.")),
        *origin(),
    ]


class CollaborationOrganizationResource(Resource):
    """Which organisations took part in which collaborations, as a file."""

    model = Collaboration.organizations.through
    name = "collaboration_organizations"
    key = ("collaboration_id", "organization_id")
    columns = [
        Link("collaboration", gettext_lazy("The permanent id of a collaboration.")),
        Link("organization", gettext_lazy("The permanent id of an organisation that took part.")),
    ]

    @classmethod
    def title(cls):
        return _("Organisations of collaborations")

    @classmethod
    def everything(cls):
        return (
            super()
            .everything()
            .filter(
                collaboration__in=Collaboration.objects.published(),
                organization__in=Organization.objects.published(),
            )
        )
