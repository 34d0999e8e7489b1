"""What caches may keep of the pages: everything that all anonymous visitors see alike.

A page says by its edition (editions.py) whether it is still what it was. Browsers ask each time;
a proxy in front keeps it for a second, asks then whether it still holds, and serves what it has
while the portal cannot answer. The portal itself keeps what it made in its cache, for all visitors
of the same edition.
"""

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_vary_headers

from localympact import editions
from localympact.visitors import came_from, only_reads

KEPT = "public, max-age=0, s-maxage=1, stale-while-revalidate=60, stale-if-error=604800"


class PublicPagesMiddleware:
    """Give the pages of anonymous visitors an `ETag`, and 304 to whoever has them already."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.answer(request)
        if response.cookies and "public" in response.headers.get("Cache-Control", ""):
            # Of a file, too: a cookie is for one visitor.
            response.headers["Cache-Control"] = "private, no-cache"
        return response

    def answer(self, request):
        """Give the answer, with what caches are told of a page."""
        if not is_public(request):
            return self.get_response(request)
        etag = etag_of(request)
        response = get_conditional_response(request, etag=etag) or made_before(request, etag)
        if response is None:
            response = self.get_response(request)
            if not may_be_kept(response):
                return response
            keep(request, etag, response)
        # Whoever has signed in is shown another one.
        patch_vary_headers(response, ["Cookie"])
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = KEPT
        return response


def is_public(request):
    """Say whether this asks for a page that all anonymous visitors see alike."""
    return only_reads(request) and translation.get_language_from_path(request.path_info) is not None


def may_be_kept(response):
    """Say whether an answer is whole, for everybody, and does not say itself how it is kept."""
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and not response.has_header("Cache-Control")
    )


def made_before(request, etag):
    """Give the page that was made for another visitor and would be made the same now, or None."""
    return cache.get(etag) if settings.PAGES_KEPT else None


def keep(request, etag, response):
    """Keep a page for the next visitor: not what was searched for, which is counted each time."""
    if settings.PAGES_KEPT and request.method == "GET" and "q" not in request.GET:
        cache.set(etag, response, settings.PAGES_KEPT)


def etag_of(request):
    """Give the ETag that this page has now.

    The day is a part of it, and the list from which the visitor came: pages show both.
    """
    page = came_from(request)
    before = page[2:] if page.netloc == request.get_host() else ""
    today, part = timezone.localdate().isoformat(), request.headers.get("HX-Request", "")
    # Weak: a page that is packed on its way is still the same.
    return f'W/"{editions.tag(request, today, part, before)}"'
