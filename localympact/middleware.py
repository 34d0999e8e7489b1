"""What every answer says, which language a page is in, what a wrong method is told."""

from csp.utils import build_policy
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.shortcuts import render
from django.utils import translation

from localympact.visitors import came_from

# What browsers can do and no page asks for: a foreign script that came in could not, either.
NOT_NEEDED = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
    *("microphone", "midi", "payment", "usb"),
)


class PoliciesMiddleware:
    """Say with every answer what its page may load, and that it needs neither camera nor place.

    The same for all of them, so it is written once, and not for each answer as django-csp does.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.policy = build_policy()
        self.nothing_needed = ", ".join(f"{name}=()" for name in NOT_NEEDED)

    def __call__(self, request):
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = self.nothing_needed
        # Django's pages for developers hold styles and code.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            # Of a picture that somebody brought there is a stricter one.
            response.headers.setdefault("Content-Security-Policy", self.policy)
        return response


class LargestRequestMiddleware:
    """Refuse what is too large before any of it is read: files, too, would fill the disk."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if length > settings.LARGEST_REQUEST:
            raise RequestDataTooBig("The request is larger than LARGEST_REQUEST.")
        return self.get_response(request)


class RememberLanguageMiddleware:
    """Remember the language that a visitor chose by a link of this site.

    Only a click from a page in another language counts as a choice: a shared link sets no
    cookie, and neither does ordinary reading.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        chosen = translation.get_language_from_path(request.path_info)
        if chosen and chosen != request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME):
            page = came_from(request)
            before = translation.get_language_from_path(page.path)
            if before and before != chosen and page.netloc == request.get_host():
                # What is set for one visitor is not kept for others.
                response.headers["Cache-Control"] = "private, no-cache"
                response.set_cookie(
                    settings.LANGUAGE_COOKIE_NAME,
                    chosen,
                    max_age=settings.LANGUAGE_COOKIE_AGE,
                    secure=settings.LANGUAGE_COOKIE_SECURE,
                    samesite=settings.LANGUAGE_COOKIE_SAMESITE,
                )
        return response


class StaffLanguageMiddleware:
    """Show the admin in the language that the person chose for themselves, if any."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info.startswith("/admin/"):
            language = getattr(request.user, "language", "")
            if language:
                translation.activate(language)
                request.LANGUAGE_CODE = language
        return self.get_response(request)


class MethodNotAllowedMiddleware:
    """Give Django's empty 405 answer a page in the reader's language."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = response.headers.get("Allow", "")
            return page
        return response
