"""Where a request comes from: what its headers say, and which of it can be believed."""

from urllib.parse import urlsplit

from django.conf import settings


def came_from(request):
    """Give the parts of the address of the page that led here, empty ones where none is said."""
    try:
        return urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return urlsplit("")


def client_address(request):
    """Give the network address of the visitor, behind as many proxies as there are."""
    if settings.PROXIES:
        addresses = request.headers.get("X-Forwarded-For", "").split(",")
        if len(addresses) >= settings.PROXIES:
            return addresses[-settings.PROXIES].strip()
    return request.META.get("REMOTE_ADDR", "")


def only_reads(request):
    """Say whether this only looks at what is public: no form is sent, nobody has signed in."""
    return (
        request.method in ("GET", "HEAD")
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
        and not request.path_info.startswith("/admin/")
    )
