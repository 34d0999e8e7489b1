"""What every answer of the portal tells a browser, whatever kind of answer it is."""

import json
import re
from contextlib import nullcontext
from datetime import date
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.test import Client

from localympact import snapshots
from localympact.middleware import NOT_NEEDED
from localympact.writers import FORMATS
from organizations.pictures import made_safe
from tests.factories import make_organization
from tests.test_commands import manage
from tests.test_pictures import drawn, upload

pytestmark = pytest.mark.django_db

FILE = "/en/organizations/export"
DAY = "2026-11-23"
# Kinds of answers: the status, and where to ask with what.
KINDS = {
    "page": (200, "/lv/organizations/"),
    "head of a page": (200, "/lv/organizations/", {"method": "head"}),
    "entry": (200, "/en/organizations/choir/"),
    "page of the admin": (302, "/admin/"),
    "sign-in": (200, "/admin/login/"),
    "no such page": (404, "/en/nothing/"),
    "no such page of the admin": (302, "/admin/nothing/"),
    "wrong method": (405, "/en/organizations/", {"method": "post"}),
    "preflight": (200, f"{FILE}.csv", {"method": "options", "Origin": "https://a.example",
                                       "Access-Control-Request-Method": "GET"}),
    "wrong value": (400, f"{FILE}.csv?topic=nonsense"),
    "wrong host": (400, "/en/", {"Host": "evil.example"}),
    "form from elsewhere": (403, "/en/suggest/", {"method": "post", "strict": True}),
    "gone": (410, "/en/organizations/band/"),
    "failure": (500, "/en/needs/"),
    **{format: (200, f"{FILE}.{format}") for format in FORMATS},
    "description of a file": (200, f"{FILE}.csv-metadata.json"),
    "table": (200, "/en/data/topics.csv"),
    "archive": (200, "/data/localympact.zip"),
    "feed": (200, "/en/organizations/feed.atom"),
    "JSON": (200, "/en/organizations.json"),
    "wrong JSON": (400, "/en/organizations.json?limit=x"),
    "openapi": (200, "/openapi.json"),
    "catalogue": (200, "/catalog.ttl"),
    "site map": (200, "/sitemap.xml"),
    "robots": (200, "/robots.txt"),
    "opensearch": (200, "/opensearch/en.xml"),
    "snapshot": (200, f"/en/data/snapshots/{DAY}/"),
    "file of a snapshot": (200, f"/data/snapshots/{DAY}/SHA256SUMS"),
    "ZIP of a snapshot": (200, f"/data/snapshots/{DAY}/localympact-{DAY}.zip"),
    "completions": (200, "/en/search/suggestions/?q=ch"),
    "language": (302, "/"),
    "short address": (302, "/en/organizations/?q="),
    "unchanged page": (304, "/en/organizations/"),
    "unchanged file": (304, f"{FILE}.csv"),
    "style sheet": (200, "/static/localympact/style.css"),
    "logo": (200, "/media/logos/"),
}  # fmt: skip


@pytest.fixture
def world(settings):
    """What the addresses above lead to; static files are served as in production."""
    settings.SITE_ADDRESS = "https://portal.example"
    middleware = list(settings.MIDDLEWARE)
    place = middleware.index("django.contrib.sessions.middleware.SessionMiddleware")
    middleware.insert(place, "whitenoise.middleware.WhiteNoiseMiddleware")
    settings.MIDDLEWARE = middleware
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    entry = make_organization(name_en="Choir")
    make_organization(name_en="Band", status="archived")
    return entry


def failing():
    return mock.patch("localympact.views.PublishedList.get_queryset", side_effect=RuntimeError)


def ask(kind, entry, **asked):
    """Give the answer of a kind, asked for as it is in the table."""
    status, address, *told = KINDS[kind]
    told = dict(told[0]) if told else {}
    method, strict = told.pop("method", "get"), told.pop("strict", False)
    if kind == "logo":
        entry.logo.save("logo.png", made_safe(upload(drawn())))
        address = entry.logo.url
    if "snapshot" in kind:
        snapshots.make(date.fromisoformat(DAY))
    browser = Client(enforce_csrf_checks=strict, raise_request_exception=False, **asked)
    if status == 304:
        told["If-None-Match"] = browser.get(address).headers["ETag"]
    with failing() if status == 500 else nullcontext():
        answer = getattr(browser, method)(address, headers=told)
    assert answer.status_code == status
    return answer


def policy(answer):
    """Give the Content-Security-Policy of an answer: {directive: [sources]}."""
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_tells_the_browser_what_it_may_not(world, kind):
    answer = ask(kind, world)
    directives = policy(answer)
    if kind == "logo":
        # Of somebody else, and no page: it may nothing at all.
        assert directives == {"default-src": ["'none'"], "sandbox": []}
    else:
        assert directives["default-src"] == ["'self'"]
        assert directives["frame-ancestors"] == directives["base-uri"] == ["'none'"]
        assert directives["object-src"] == ["'none'"]
        assert directives["form-action"] == ["'self'"]
        # Nothing is taken out of the rule: neither code in a page nor another host.
        sources = {source for sources in directives.values() for source in sources}
        assert sources == {"'self'", "'none'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    refused = answer.headers["Permissions-Policy"].split(", ")
    assert refused == [f"{name}=()" for name in NOT_NEEDED]
    assert {"camera=()", "microphone=()", "geolocation=()", "payment=()", "usb=()"} < set(refused)
    assert "Server" not in answer.headers
    assert "X-Powered-By" not in answer.headers


@pytest.mark.parametrize(
    "kind",
    ["page", "sign-in", "no such page", "failure", "csv", "preflight", "language", "style sheet"],
)
def test_every_answer_asks_for_https_where_there_is_https(world, settings, kind):
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    answer = ask(kind, world, HTTP_X_FORWARDED_PROTO="https")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_https_is_asked_for_by_a_redirect_to_the_same_address(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/lv/organizations/?q=koris")
    assert answer.status_code == 301
    assert answer.url == "https://testserver/lv/organizations/?q=koris"
    assert policy(answer)["default-src"] == ["'self'"]


def test_https_makes_every_cookie_one_of_https():
    names = ("SESSION_COOKIE", "CSRF_COOKIE", "LANGUAGE_COOKIE")
    asked = "import json; from django.conf import settings as s; print(json.dumps(["
    asked += ", ".join(f"s.{name}_SECURE" for name in names)
    asked += ", s.SECURE_HSTS_SECONDS, s.SECURE_SSL_REDIRECT, s.SECURE_PROXY_SSL_HEADER]))"

    def told(https):
        answer = manage(
            "shell", "-v0", "-c", asked, HTTPS=https, ALLOWED_HOSTS="portal.example.org"
        )
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    header = ["HTTP_X_FORWARDED_PROTO", "https"]
    assert told("on") == [True, True, True, 31_536_000, True, header]
    # Without a proxy the header is a stranger's word.
    assert told("off") == [False, False, False, 0, False, None]


def test_cookies_are_read_by_no_script_and_sent_by_no_other_site(client, editor, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.LANGUAGE_COOKIE_SECURE = True
    client.get("/admin/login/")
    client.post("/admin/login/", {"username": "editor", "password": "a long password"})
    client.get("/lv/", headers={"Referer": "http://testserver/en/"})
    assert set(client.cookies) == {"sessionid", "csrftoken", "django_language"}
    for name, cookie in client.cookies.items():
        assert cookie["secure"] is True, name
        assert cookie["samesite"] == "Lax", name
        assert not cookie["domain"], name
    assert client.cookies["sessionid"]["httponly"] is True


def test_no_page_holds_code_or_style_of_its_own(world, client, superuser):
    client.force_login(superuser)
    for address in ("/en/", "/en/organizations/?view=map", "/admin/", "/admin/needs/need/add/"):
        text = client.get(address).text
        assert not re.search(r"<[^>]+\s(on\w+|style)=", text), address
        assert not re.search(r"<style|<script(?![^>]*(src=|application/(ld\+)?json))", text), (
            address
        )


def test_static_files_are_open_to_no_other_site():
    assert django_settings.WHITENOISE_ALLOW_ALL_ORIGINS is False
