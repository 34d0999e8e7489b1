"""The columns of the files of the review: needs and challenges, causes, conclusions."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collaborations.models import Collaboration
from localympact.columns import Codes, Column, Link, Slug, Slugs, Translated, Words
from localympact.exports import Resource
from needs.models import Cause, Conclusion, Need
from organizations.exports import identity, origin, text_states, topics
from organizations.vocabularies import position, synonyms


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


class CauseResource(Resource):
    """The causes under which the review groups needs, as a file."""

    model = Cause
    name = "causes"
    columns = [
        *identity(),
        Translated("name", gettext_lazy("What it is called.")),
        Translated("summary", gettext_lazy("What is meant, in a few sentences.")),
        synonyms(),
        position(),
        text_states(),
    ]


class ConclusionResource(Resource):
    """The conclusions of the mapping as a file."""

    model = Conclusion
    name = "conclusions"
    columns = [
        *identity(),
        Translated("name", gettext_lazy("The conclusion in one sentence.")),
        Translated("summary", gettext_lazy("What it rests on.")),
        Words("source", gettext_lazy("The page on which it was read.")),
        Column(
            "provenance",
            gettext_lazy("Whether it was read in a source of the project or in another one."),
        ),
        position(),
        text_states(),
    ]


class NeedCollaborationResource(Resource):
    """Which collaborations answer which needs, as a file."""

    model = Need.collaborations.through
    name = "need_collaborations"
    key = ("need_id", "collaboration_id")
    columns = [
        Link("need", gettext_lazy("The permanent id of a need or challenge.")),
        Link("collaboration", gettext_lazy("The permanent id of a collaboration that answers it.")),
    ]

    @classmethod
    def title(cls):
        return _("Collaborations that answer needs")

    @classmethod
    def everything(cls):
        return (
            super()
            .everything()
            .filter(
                need__in=Need.objects.published(),
                collaboration__in=Collaboration.objects.published(),
            )
        )
