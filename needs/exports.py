"""The columns of the files of needs and challenges."""

from django.utils.translation import gettext_lazy

from localympact.columns import Codes, Column, Slug, Slugs, Translated
from localympact.exports import Resource
from needs.models import Need
from organizations.exports import identity, origin, topics


class NeedResource(Resource):
    """Needs and challenges as a file."""

    model = Need
    name = "needs"
    columns = [
        *identity(),
        Slug("cause", gettext_lazy("The cause under which the review has it.")),
        Column("kind", gettext_lazy("Whether something is missing or stands in the way.")),
        Column("side", gettext_lazy("Who has this need.")),
        Column("level", gettext_lazy("How far it holds.")),
        Slug("municipality", gettext_lazy("The pilot area of a local need; empty for others.")),
        Codes(
            "countries",
            gettext_lazy("Where a need of whole countries holds (ISO 3166-1); empty for others."),
        ),
        Translated("name", gettext_lazy("The need in one sentence.")),
        Translated("summary", gettext_lazy("What is known about it.")),
        topics(),
        Slugs("collaborations", gettext_lazy("Good practices that answer it.")),
        *origin(),
    ]
