"""Requests that no browser of a visitor sends: to every address that there is."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from localympact import snapshots
from localympact.slugs import MAX_LENGTH, RESERVED
from organizations.models import Organization, Suggestion
from tests.conftest import make_person
from tests.factories import MAKERS, make_municipality, make_organization, make_topic
from tests.test_attacks import DAYS
from tests.test_signing_in import CODE, LOGIN, PASSWORD, RESET, code_of, set_up, sign_in

pytestmark = pytest.mark.django_db

NIL = "00000000-0000-0000-0000-000000000000"
# What stands in an address in place of `<kind:name>`.
SAMPLES = {
    "slug": ["choir", "talsi", "topics"],
    "str": ["csv", "json", "ttl", "lv", "SHA256SUMS"],
    "uuid": [NIL],
    "int": ["1"],
    "path": ["1"],
    "day": [str(DAYS[0])],
}
PARAMETER = re.compile(r"<(?:(\w+):)?\w+>")


def routes(patterns=None, before="/"):
    """Yield the routes of all addresses that there are."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(one.pattern, RegexPattern):
            # Pictures; and the last of the admin, which answers what is nowhere.
            continue
        part = "en/" if isinstance(one.pattern, LocalePrefixPattern) else one.pattern._route
        if isinstance(one, URLPattern):
            yield before + part
        else:
            yield from routes(one.url_patterns, before + part)


def addresses(route):
    """Yield addresses of a route, with some values for each of its parameters."""
    kinds = [found or "str" for found in PARAMETER.findall(route)]
    for number in range(max((len(SAMPLES[kind]) for kind in kinds), default=1)):
        filled = iter([SAMPLES[kind][number % len(SAMPLES[kind])] for kind in kinds])
        yield PARAMETER.sub(lambda _found, filled=filled: next(filled), route)


def every_address(*, admin):
    return [
        address
        for route in routes()
        if route.startswith("/admin/") == admin
        for address in addresses(route)
    ]


PUBLIC = every_address(admin=False)


@pytest.fixture
def world():
    """Something at the addresses above."""
    make_municipality()
    for make in MAKERS.values():
        make(slug="choir", name_en="Choir", topics=[make_topic()])
    snapshots.make(DAYS[0])


def test_addresses_are_known():
    assert {"/en/organizations/choir/", "/en/search/", f"/id/{NIL}", "/catalog.ttl"} < set(PUBLIC)
    assert len(PUBLIC) > 60


# Values

NAMES = (
    *("q", "topic", "municipality", "country", "type", "audience", "town", "near", "within"),
    *("language", "spoken", "partners", "verified", "cause", "kind", "side", "level", "form"),
    *("sort", "view", "page", "columns", "texts", "separator", "bom", "format", "entry", "limit"),
    *("cursor", "updated_since", "since", "next", "p", "e", "callback", "_method", "x"),
)
QUERIES = {
    "NUL": "%00",
    "half a character": "%ff%fe%c3%zz%",
    "surrogates": "%ed%a0%80%0d%0aX:%20y",
    "many digits": "9" * 5000,
    "infinity": "inf",
    "minus": "-1",
    "list": "a,b,,|;%22%22%27(((((a*)*)*)*%5b%5c",
    "day": "0000-99-99T99:99:99%2b99:99",
}


@pytest.mark.parametrize("kind", QUERIES)
def test_no_value_is_a_mistake_of_the_portal(client, world, kind):
    query = "&".join(f"{name}={QUERIES[kind]}" for name in NAMES)
    for address in PUBLIC:
        assert client.get(f"{address}?{query}").status_code < 500, address
    # One of them alone is not hidden behind a mistake of another.
    for name in NAMES:
        for page in (".json", "/download/"):
            address = f"/en/organizations{page}?{name}={QUERIES[kind]}"
            assert client.get(address, follow=True).status_code < 500, address


@pytest.mark.parametrize("part", ["%00", "%ff", "%0d%0a", "..", "%2e%2e%2f", "a" * 4000, "%", "ё"])
def test_no_path_is_a_mistake_of_the_portal(client, world, part):
    for route in routes():
        broken = PARAMETER.sub(part, route)
        for address in {broken, f"{broken.rstrip('/')}{part}", f"{broken}{part}/"}:
            assert client.get(address).status_code < 500, address


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "POST", "DELETE"])
def test_no_method_is_a_mistake_of_the_portal(client, world, method):
    before = Organization.objects.count()
    for address in PUBLIC:
        answer = client.generic(method, address, b"\x00\xff{", "application/json")
        assert answer.status_code < 500, address
        if address != "/en/suggest/":
            assert answer.status_code in (302, 404, 405, 410), address
    assert Organization.objects.count() == before
    assert not Suggestion.objects.exists()


@pytest.mark.parametrize("number", [1, 40])
def test_very_long_queries_are_answered(client, world, number):
    query = "&".join(f"q={'a ' * (60_000 // number)}".replace(" ", "+") for _ in range(number))
    for address in ("/en/organizations/", "/en/search/", "/en/organizations.json", "/en/"):
        assert client.get(f"{address}?{query}").status_code < 500


def test_forms_that_are_too_large_are_refused_with_a_page(client):
    for address in ("/en/suggest/", LOGIN, RESET):
        for form in (
            {"message": "a" * 6_000_000},
            {f"field{number}": "a" for number in range(1001)},
        ):
            page = client.post(address, form, headers={"accept-language": "lv"})
            assert page.status_code == 400
            assert "<h1>" in page.text
        many = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{n}"; filename="a"\r\n\r\na\r\n'
            for n in range(101)
        )
        kind = "multipart/form-data; boundary=x"
        assert client.generic("POST", address, f"{many}--x--\r\n", kind).status_code == 400


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=\u0101",
                                  "application/x-www-form-urlencoded; charset=utf-7",
                                  "multipart/form-data; boundary=x", "x" * 3000])  # fmt: skip
def test_broken_forms_are_no_mistake_of_the_portal(client, kind):
    for address in ("/en/suggest/", LOGIN, RESET):
        for body in (b"", b"--x\r\n\r\n\xff", b"%ff=%00&message=%c3%28&=&&"):
            assert client.generic("POST", address, body, kind).status_code < 500


# Forms of other sites


def test_every_address_refuses_what_another_site_sends(superuser, world):
    """Neither reads it nor does it, for whoever is signed in."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(superuser)
    for address in (*PUBLIC, *every_address(admin=True)):
        for told in ({}, {"Origin": "https://evil.example"}):
            answer = browser.post(address, {"x": "y"}, headers=told)
            assert answer.status_code in (403, 404), address


# Addresses of other sites

EVIL = [
    *("https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example"),
    *("///evil.example", "javascript:alert(1)", "\t//evil.example", "https:evil.example"),
    *("http:///evil.example", "%2f%2fevil.example", "http://testserver@evil.example/"),
    *("http://testserver.evil.example/", "//testserver\\@evil.example"),
]


@pytest.mark.parametrize("evil", EVIL)
def test_no_answer_leads_to_another_site(client, editor, world, evil):
    device = set_up(editor)
    told = {"next": evil, "REDIRECT": evil, "url": evil, "return": evil, "empty": ""}
    answers = [sign_in(client, "editor", next=evil)]
    answers.append(client.post(f"{CODE}?next={evil}", {"code": code_of(device), "next": evil}))
    for address in ("/", "/en/", "/en/organizations/", "/en/suggest/", "/admin/", LOGIN, CODE,
                    "/en/suggest/thanks/", "/organizations/", f"/id/{NIL}"):  # fmt: skip
        answers.append(client.get(address, told))
        answers.append(
            client.get(address, told, headers={"Referer": evil, "X-Forwarded-Host": "evil.example"})
        )
        answers.append(client.get("/x", PATH_INFO=f"/{evil}"))
        answers.append(client.get("/x", PATH_INFO=evil.replace("https:", "") + address))
    place = make_municipality()
    sent = {"kind": "wrong", "municipality": place.pk, "message": "a", "next": evil}
    answers.append(client.post(f"/en/suggest/?next={evil}", sent))
    answers.append(client.post(f"/admin/logout/?next={evil}", {"next": evil}))
    answers.append(client.post("/admin/login/?next=" + evil, {"username": "a", "next": evil}))
    assert {answer.status_code for answer in answers} > {200, 302}
    for answer in answers:
        # As a browser reads it.
        leads = re.sub(r"[\t\r\n]", "", answer.headers.get("Location", "/")).replace("\\", "/")
        assert not re.match("/{3,}|https?:/{0,1}[^/]|https?:///", leads.strip()), leads
        assert urlsplit(urljoin("http://testserver/x/", leads))[:2] == ("http", "testserver"), leads


# What one visitor sends and another one is shown

EVIL_HOST = "evil.example"
# Without a proxy these are a stranger's word; no answer changes for them.
FORWARDED = {
    "X-Forwarded-Host": EVIL_HOST,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "192.0.2.66",
    "X-Forwarded-Port": "6666",
    "Forwarded": "host=evil.example;proto=https",
    "X-Original-URL": "/evil.example",
    "X-Rewrite-URL": "/evil.example",
    "X-HTTP-Method-Override": "DELETE",
    "User-Agent": EVIL_HOST,
    "HX-Target": EVIL_HOST,
    "HX-Current-URL": "https://evil.example/",
}
SENT = {
    "Origin": "https://evil.example",
    "Accept-Language": "lv",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Referer": "http://testserver/en/organizations/?q=evil.example",
    "HX-Request": "true",
    "Cookie": "django_language=lt; csrftoken=evil.example; x=evil.example",
}
# Each is made anew, with the moment at which it was made.
MADE_ANEW = (".xlsx", ".zip")


def body_of(answer):
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return re.sub(rb'value="\w{64}"|\d\d:\d\d:\d\d[.\dZ+:]*', b"", body)


def same(answer, usual):
    heads = ("Location", "HX-Push-Url", "Content-Type", "Content-Language")
    return (
        body_of(answer) == body_of(usual)
        and answer.status_code == usual.status_code
        and all(answer.headers.get(head) == usual.headers.get(head) for head in heads)
    )


def test_no_answer_believes_what_only_a_proxy_may_say(world):
    for address in PUBLIC:
        if not address.endswith(MADE_ANEW):
            usual, answer = Client().get(address), Client().get(address, headers=FORWARDED)
            assert same(answer, usual), address
            assert answer.headers.get("ETag") == usual.headers.get("ETag"), address
            for told in (answer.headers.values(), [body_of(answer).decode(errors="replace")]):
                assert not [text for text in told if EVIL_HOST in text], address
                assert not [text for text in told if "https://testserver" in text], address


@pytest.mark.parametrize("name", SENT)
def test_no_visitor_writes_into_the_page_of_another(world, name):
    """What depends on a header says so, or is kept for nobody else."""
    for address in PUBLIC:
        if address.endswith(MADE_ANEW):
            continue
        usual, answer = Client().get(address), Client().get(address, headers={name: SENT[name]})
        where = (name, address)
        varies = name.lower() in answer.headers.get("Vary", "").lower().split(", ")
        kept = "public" in answer.headers.get("Cache-Control", "")
        assert varies or not kept or same(answer, usual), where
        assert not (kept and answer.cookies), where
        if not varies:
            assert same(answer, usual) or "private" in answer.headers["Cache-Control"], where
            assert EVIL_HOST not in str(answer.headers), where


def test_page_for_somebody_who_is_signed_in_is_kept_by_nobody(world, portal_editor):
    browser = Client()
    browser.force_login(portal_editor)
    for address in PUBLIC:
        usual, answer = Client().get(address), browser.get(address)
        if not same(answer, usual) and not address.endswith(MADE_ANEW):
            assert "public" not in answer.headers.get("Cache-Control", ""), address
            assert "cookie" in answer.headers.get("Vary", "").lower(), address


# Sessions


def test_session_that_somebody_else_chose_is_never_used(client, editor):
    chosen = "a" * 32
    client.cookies["sessionid"] = chosen
    client.get(LOGIN)
    sign_in(client, "editor")
    assert client.cookies["sessionid"].value != chosen
    other = Client()
    other.cookies["sessionid"] = chosen
    assert other.get("/admin/").status_code == 302


def test_every_step_ends_the_session_before_it(client, settings, editor):
    """Whoever knows the key of a step comes no further with it than that step."""
    settings.REQUIRE_2FA = True
    device = set_up(editor)
    keys = []
    sign_in(client, "editor")
    keys.append(client.cookies["sessionid"].value)
    client.post(CODE, {"code": code_of(device)})
    keys.append(client.cookies["sessionid"].value)
    assert client.get("/admin/").status_code == 200
    client.post("/admin/logout/")
    assert len(set(keys)) == 2
    for key in keys:
        other = Client()
        other.cookies["sessionid"] = key
        assert other.get("/admin/", follow=True).redirect_chain[-1][0].startswith(LOGIN)


# Who has an account


def test_no_answer_tells_who_has_an_account(editor):
    make_person("gone", is_active=False)
    for name in ("editor", "gone"):
        person = type(editor).objects.get(username=name)
        type(editor).objects.filter(pk=person.pk).update(email=f"{name}@example.org")
    uids = {"editor": "MQ", "nobody": "OTk5OTk5", "nonsense": "x" * 40, "NUL": "AA"}

    def told(answer):
        heads = {name: value for name, value in answer.headers.items() if name != "ETag"}
        text = re.sub(r'value="\w{64}"| value="[^"]*"|/\w+/abc-\w+/', "", answer.text)
        return answer.status_code, sorted(heads), text

    def all_of(method, addresses_and_values):
        return {
            repr(told(getattr(Client(), method)(address, values, follow=True)))
            for address, values in addresses_and_values
        }

    names = ("editor", "nobody", "gone", "editor@example.org", "nobody@example.org")
    wrong = [(LOGIN, {"username": name, "password": "wrong"}) for name in names]
    assert len(all_of("post", wrong)) == 1
    emails = ("editor@example.org", "nobody@example.org", "gone@example.org")
    assert len(all_of("post", [(RESET, {"email": email}) for email in emails])) == 1
    for page in ("/admin/password/new", "/admin/welcome"):
        links = [(f"{page}/{uid}/abc-{'0' * 32}/", {}) for uid in uids.values()]
        assert len(all_of("get", links)) == 1
    assert PASSWORD not in repr(wrong)


# By chance

ANY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)


@ANY
@given(name=st.text(min_size=1, max_size=250))
@example(name="export")
@example(name="none")
@example(name="Download")
@example(name="ǅ" * 250)
@example(name="\u202e\u0000")
@example(name="-_-" * 80)
@example(name="İıŐ")
def test_any_name_makes_an_address_of_its_own(client, name):
    Organization.objects.all().delete()
    name = name.replace("\x00", "") or "x"
    entries = [make_organization(name_en=name) for _ in range(2)]
    slugs = [entry.slug for entry in entries]
    assert len(set(slugs)) == 2
    for entry in entries:
        assert re.fullmatch(r"[-a-z0-9_]+", entry.slug)
        assert len(entry.slug) <= MAX_LENGTH
        assert entry.slug not in RESERVED
        page = client.get(entry.get_absolute_url())
        assert page.context["entry"] == entry
