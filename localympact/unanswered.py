"""Searches that found nothing, counted so that editors learn what people miss.

What is kept says nothing of who asked: no address, no cookie, no moment; and of what was asked only
words. A view that found nothing calls `note`, if `counts` says that the request is one to count:

    if unanswered.counts(request):
        unanswered.note("jaunieši", "lv", "organizations", "municipality=talsi")
"""

import logging
import re
import unicodedata
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.db import Error, connection, transaction
from django.utils import timezone

from localympact.folding import fold
from localympact.models import UnansweredSearch
from localympact.visitors import came_from

# What is longer than a sentence is somebody's text, and no word that could be a synonym.
LONGEST = UnansweredSearch._meta.get_field("query").max_length
# Parameters of an address that choose nothing.
NO_FILTERS = {"q", "sort", "view", "page"}

# How many rows are kept that nobody sees yet, and that editors see. A flood of invented searches
# pushes out the seldom and the old ones and never fills the disk.
RARE_KEPT, SHOWN_KEPT = 5000, 1000
# For how many milliseconds a page waits for SQLite's one writer. An import may keep it for longer.
PATIENCE = 1000

# What may lead to a person. Written @ and (at), with spaces around it too.
E_MAIL = re.compile(r"\S+\s@\s\S+|\S*@\S*|\S+\s?[(\[{]\s?(?:at|ät|arroba)\s?[)\]}]\s?\S+")
# Two letters are a country; of longer ends only the common ones, for people forget the space that
# follows a full stop.
WEB = re.compile(
    r"\w+://\S*|\bwww\.\S*|\b(?:[\w-]+\.)+"
    r"(?:[a-z]{2}|com|org|net|info|edu|gov|int|biz|app|online|site|website|blog|club|ελ|ευ)\b"
    r"(?:[/:?#]\S*)?"
)
# Digits with whatever but letters between them, and the letters that touch them: numbers of
# telephones, registers and accounts are written in groups of any length.
NUMBER = re.compile(r"\w*\d(?:[\W_]*\d)*\w*")
# Ages and school years are two digits, telephone numbers never.
DIGITS = 3
WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")

UPSERT = """
INSERT INTO "localympact_unansweredsearch" AS "known"
("query", "language", "database", "filters", "count", "asked")
VALUES (%s, %s, %s, %s, 1, %s)
ON CONFLICT ("query", "language", "database", "filters")
DO UPDATE SET "count" = "known"."count" + 1, "asked" = excluded."asked"
RETURNING "count"
"""

log = logging.getLogger(__name__)


def counts(request):
    """Say whether a request that found nothing is somebody's new question.

    Not counted are staff at work, whoever turns pages (programs do), words that are still being
    typed, pages fetched in advance, and the same visitor again: a reload, which browsers announce
    (`Cache-Control`), and the same question asked from the page that has just answered it
    (`Referer`: another order, another view, the button pressed twice). Both are in the request
    itself, so nothing has to be remembered of a visitor; whoever types the same words anew an hour
    later is counted anew.
    """
    headers = request.headers
    again = {"no-cache", "max-age=0"} & {
        part.strip().lower() for part in headers.get("Cache-Control", "").split(",")
    }
    page = came_from(request)
    same_page = (page.netloc, page.path) == (request.get_host(), request.path)
    if (
        request.method != "GET"
        or request.GET.get("page", "1") not in ("", "1")
        or headers.get("HX-Trigger-Name") == "q"
        or "prefetch" in headers.get("Sec-Purpose", "")
        or again
        or (same_page and question(page.query) == question(request.META["QUERY_STRING"]))
    ):
        return False
    # The session of a visitor who has none is not even looked at.
    return not (settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_staff)


def question(query):
    """Give what the query string of an address asks, in one spelling: (words, filters)."""
    asked = [value for name, value in parse_qsl(query) if name == "q"]
    return fold(" ".join(asked)).split(), canonical(query)


def note(text, language, database="", filters=""):
    """Count a search that found nothing: what was asked, in which language, in which database.

    `database` is the label of an app, empty for the search over all; `filters` the query string of
    the other choices, which must be valid ones. Nothing is kept of a text that holds no words when
    addresses and numbers are taken out of it, or that is longer than a sentence. A database that
    cannot be written, or has no time, is a line in the log and no mistake for the visitor.
    """
    query, filters = kept_of(text), canonical(filters)
    if not query or len(filters) > UnansweredSearch._meta.get_field("filters").max_length:
        return
    try:
        with impatient(), transaction.atomic():
            count = count_once_more(query, language, database, filters)
            if count == 1:
                make_room(UnansweredSearch.objects.rare().order_by("-asked", "-pk"), RARE_KEPT)
            elif count == UnansweredSearch.SHOWN_FROM:
                shown = UnansweredSearch.objects.filter(count__gte=count)
                make_room(shown.order_by("-count", "-asked", "-pk"), SHOWN_KEPT)
    except Error as error:
        # The first line alone: the next ones of PostgreSQL may repeat what was asked.
        reason = (str(error).splitlines() or [""])[0]
        log.warning("A search was not counted: %s %s", type(error).__name__, reason)


def kept_of(text):
    """Give the folded words of a text without addresses and numbers; nothing where it is none."""
    text = " ".join(text.split())
    if len(text) > LONGEST:
        return ""
    text = unicodedata.normalize("NFKC", text).lower()
    for pattern in (E_MAIL, WEB):
        text = pattern.sub(" ", text)
    text = NUMBER.sub(without_number, text)
    query = " ".join(WORD.findall(fold(text)))
    letters = sum(sign.isalpha() for sign in query)
    return query if letters > 1 and len(query) <= LONGEST else ""


def without_number(found):
    """Give a space instead of a number that is long enough to be somebody's."""
    return " " if sum(sign.isdecimal() for sign in found[0]) >= DIGITS else found[0]


def canonical(query):
    """Give the choices in a query string in one order, so that the same ones are one row."""
    pairs = {
        (name, value)
        for name, value in parse_qsl(query)
        if name not in NO_FILTERS and re.fullmatch(r"[\w-]+", name + value)
    }
    return urlencode(sorted(pairs))


def count_once_more(query, language, database, filters):
    """Count in one statement, so that two at once are two; give how often it was asked so far."""
    today = connection.ops.adapt_datefield_value(timezone.localdate())
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [query, language, database, filters, today])
        return cursor.fetchone()[0]


def make_room(rows, kept):
    """Delete all but the first `kept` of ordered rows."""
    if over := list(rows.values_list("pk", flat=True)[kept:]):
        UnansweredSearch.objects.filter(pk__in=over).delete()


@contextmanager
def impatient():
    """Wait less for SQLite's one writer than editors do: a count is not worth a slow page."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {before}")
