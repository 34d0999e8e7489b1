"""Uploaded pictures, as visitors get them: from the disk or from a bucket (settings.py).

nginx takes those on the disk itself, and says the same with them (deploy/nginx).
"""

import logging
from pathlib import PurePath

from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.views import View

logger = logging.getLogger(__name__)

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
# A name never comes again, so what it names never changes. Nothing in a picture is ever run.
TOLD = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


class Picture(View):
    """A picture that somebody uploaded."""

    def get(self, request, name):
        try:
            # In whole, so that a server that goes away meanwhile leaves no half picture in a cache.
            with default_storage.open(name) as file:
                content = file.read()
        except FileNotFoundError as error:
            raise Http404 from error
        except OSError as error:
            logger.error("The picture %s cannot be read. %s", name, error)
            return HttpResponse(
                "This picture cannot be read now.\n",
                content_type="text/plain; charset=utf-8",
                status=503,
                headers={"Cache-Control": "no-store", "Retry-After": "60"},
            )
        return HttpResponse(content, content_type=TYPES[PurePath(name).suffix], headers=TOLD)
