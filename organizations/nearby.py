"""What lies within so many kilometres of a town."""

from math import asin, cos, degrees, radians, sin, sqrt

from django.db.models import Q

# Kilometres: the mean radius of the earth.
EARTH = 6371.0088
RADII = (10, 25, 50)


def kilometres(latitude, longitude, other_latitude, other_longitude):
    """Give the distance of two points (degrees) on a sphere: the haversine formula."""
    one, other = radians(latitude), radians(other_latitude)
    across = sin(radians(other_longitude - longitude) / 2) ** 2
    down = sin((other - one) / 2) ** 2
    return 2 * EARTH * asin(sqrt(down + cos(one) * cos(other) * across))


def distances(organizations, town, radius):
    """Give {pk: kilometres} of organisations not farther than `radius` from a town.

    An organisation lies where its coordinates say, or else in its town.
    """
    height = degrees(radius / EARTH)
    width = height / max(cos(radians(town.latitude)), 0.01)
    box = (
        (town.latitude - height, town.latitude + height),
        (town.longitude - width, town.longitude + width),
    )
    own = Q(latitude__range=box[0], longitude__range=box[1])
    of_town = Q(latitude__isnull=True, town__latitude__range=box[0], town__longitude__range=box[1])
    found = {}
    for pk, latitude, longitude, *place in (
        organizations.filter(own | of_town)
        .order_by()
        .values_list("pk", "latitude", "longitude", "town__latitude", "town__longitude")
    ):
        if latitude is None:
            latitude, longitude = place
        far = kilometres(town.latitude, town.longitude, latitude, longitude)
        if far <= radius:
            found[pk] = far
    return found
