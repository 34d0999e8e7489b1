"""What the portal writes into its log, and how the lines of one request are found again.

`LOG_FORMAT=json` writes one JSON object a line, `line` one text line. Every line of a request has
its number, which the answer names too (`X-Request-ID`) and the page of a failure shows. Nothing
that a visitor sends can begin a line. No line says who asked: no address, no name, no search.
"""

import json
import logging
import re
import time
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from uuid import uuid4

from django.conf import settings
from django.core.signals import request_finished
from django.dispatch import receiver
from django.utils.encoding import escape_uri_path

access = logging.getLogger("localympact.requests")

NOBODY = "-"
request_number = ContextVar("request_number", default=NOBODY)
WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")

# A link to set a password is a key as long as it is good.
KEYS = re.compile(r"(/admin/password/new/)[^\s?'\"]+")
# What is asked of a page, of ours or of the one that led here, may hold a name.
QUERIES = re.compile(r"(https?://[^\s?#'\"]+)[?#][^\s'\"]*")
# Control characters, and what else some readers take for the end of a line.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def discreet(text):
    """Give a text without the keys of links and what was asked of pages."""
    return QUERIES.sub(r"\1?…", KEYS.sub(r"\1…", text))


def on_one_line(text):
    """Give a text in which nothing ends a line or steers a terminal."""
    return CONTROLS.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


class Lines(logging.Formatter):
    """One line of text each; those of a traceback are set in, so that none passes for another."""

    def format(self, record):
        number = request_number.get()
        of = "" if number == NOBODY else f" [{number}]"
        text = on_one_line(discreet(record.getMessage()))
        told = "".join(f" {name}={value}" for name, value in fields_of(record).items())
        lines = [f"{record.levelname} {record.name}{of}: {text}{told}"]
        lines += [f"    {on_one_line(line)}" for line in traceback_of(record).splitlines()]
        return "\n".join(lines)


class JsonLines(logging.Formatter):
    """One JSON object a line (https://jsonlines.org), in ASCII."""

    def format(self, record):
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": discreet(record.getMessage()),
            "request": request_number.get(),
            "process": record.process,
            **fields_of(record),
        }
        if failure := traceback_of(record):
            told["traceback"] = failure
        return json.dumps(told, default=str)


FORMATTERS = {"line": Lines, "json": JsonLines}


def fields_of(record):
    """Give what a line says in fields of its own: those of a request."""
    return getattr(record, "fields", {})


def traceback_of(record):
    """Give the traceback of a line, or an empty text."""
    if not record.exc_info or not record.exc_info[0]:
        return ""
    return discreet("".join(traceback.format_exception(*record.exc_info)))


class RequestLogMiddleware:
    """Give a request its number; write one line about it where LOG_REQUESTS is on."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        begun = time.perf_counter()
        request.number = number_of(request)
        request_number.set(request.number)
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request.number
        if settings.LOG_REQUESTS:
            write_line(request, response, time.perf_counter() - begun)
        return response


def number_of(request):
    """Give the number that a proxy in front gave this request, or a new one.

    A stranger's word is not taken for it, as with every header of proxies (visitors.py).
    """
    given = request.headers.get("X-Request-ID", "") if settings.PROXIES else ""
    return given if WELL_FORMED.fullmatch(given) else uuid4().hex


def write_line(request, response, seconds):
    """Write what was asked and what came of it: no query, because it may hold a name.

    The time is that until the answer began; a long file takes longer.
    """
    fields = {
        "method": escape_uri_path(request.method),
        "path": escape_uri_path(discreet(request.path)),
        "status": response.status_code,
        "ms": round(seconds * 1000),
    }
    if not response.streaming:
        fields["bytes"] = len(response.content)
    access.info("request", extra={"fields": fields})


# Not at the end of the middleware: a file is still being written then.
@receiver(request_finished, dispatch_uid="localympact.logs.forget_number")
def forget_number(**kwargs):
    """Lines that are no longer of this request do not carry its number."""
    request_number.set(NOBODY)
