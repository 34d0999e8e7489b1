"""The columns of the files of collaborations."""

from collaborations.models import Collaboration
from localympact.exports import Column, ReadOnly, Resource, Slug, Slugs, Words, translated
from organizations.exports import identity, origin


class CollaborationResource(Resource):
    """Collaborations as a file."""

    model = Collaboration
    columns = [
        *identity(),
        Slug("municipality"),
        ReadOnly("country", "municipality__country"),
        *translated("name"),
        *translated("summary"),
        *translated("participants"),
        Slugs("organizations"),
        Slug("form"),
        Slugs("topics"),
        Slugs("audiences"),
        *translated("period"),
        Column("started"),
        Column("ended"),
        *translated("results"),
        Words("website"),
        *origin(),
    ]
