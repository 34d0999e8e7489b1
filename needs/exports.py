"""The columns of the files of needs and challenges."""

from localympact.exports import Codes, Column, Resource, Slug, Slugs, translated
from needs.models import Need
from organizations.exports import identity, origin


class NeedResource(Resource):
    """Needs and challenges as a file."""

    model = Need
    columns = [
        *identity(),
        Slug("cause"),
        Column("kind"),
        Column("side"),
        Column("level"),
        Slug("municipality"),
        Codes("countries"),
        *translated("name"),
        *translated("summary"),
        Slugs("topics"),
        Slugs("collaborations"),
        *origin(),
    ]
