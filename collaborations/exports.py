"""The columns of the files of collaborations."""

from django.utils.translation import gettext_lazy

from collaborations.models import Collaboration
from localympact.columns import Column, Slug, Slugs, Translated, Words
from localympact.exports import Resource
from organizations.exports import audiences, identity, origin, place, topics


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
