"""What stands in the log, and what must not."""

import io
import json
import logging
from unittest import mock

import pytest
from django.test import Client

from localympact import logs


@pytest.fixture(params=["line", "json"])
def kind(request):
    return request.param


@pytest.fixture
def log(kind):
    """What is written while a test runs, in one of the two formats."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.FORMATTERS[kind]())
    loggers = [logging.getLogger(name) for name in ("", "django", "django.request")]
    for logger in loggers:
        logger.addHandler(handler)
    yield written
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.fixture
def json_log():
    """The lines of the log of requests, read from JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.JsonLines())
    logs.access.addHandler(handler)
    level = logs.access.level
    logs.access.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logs.access.removeHandler(handler)
    logs.access.setLevel(level)


def test_answer_names_the_number_of_its_request(client, db):
    one, other = client.get("/en/about/"), client.get("/en/about/")
    assert logs.WELL_FORMED.fullmatch(one.headers["X-Request-ID"])
    assert one.headers["X-Request-ID"] != other.headers["X-Request-ID"]


def test_number_of_a_stranger_is_not_taken(client, db):
    given = {"x-request-id": "a-number-of-mine"}
    assert client.get("/en/about/", headers=given).headers["X-Request-ID"] != "a-number-of-mine"


def test_number_of_a_proxy_is_taken(client, db, settings):
    settings.PROXIES = 1
    given = {"x-request-id": "3f2a6c1e9b7d4e5f"}
    assert client.get("/en/about/", headers=given).headers["X-Request-ID"] == "3f2a6c1e9b7d4e5f"


@pytest.mark.parametrize(
    "number", ["short", "a" * 65, "with space", 'quote"quote', "line\nline", "ä" * 10, ""]
)
def test_number_of_a_wrong_form_is_not_taken(client, db, settings, number):
    settings.PROXIES = 1
    answer = client.get("/en/about/", headers={"x-request-id": number})
    assert answer.headers["X-Request-ID"] != number
    assert logs.WELL_FORMED.fullmatch(answer.headers["X-Request-ID"])


def test_requests_write_no_line_unless_asked_to(client, db, json_log):
    client.get("/en/about/")
    assert json_log() == []


def test_line_of_a_request_says_what_was_asked_and_not_who_asked(
    client, editor, settings, json_log
):
    settings.LOG_REQUESTS = True
    client.force_login(editor)
    answer = client.get(
        "/en/search/?q=Anna+Ozola",
        REMOTE_ADDR="192.0.2.77",
        headers={"user-agent": "Netscape", "referer": "https://elsewhere.example/me"},
    )
    [line] = json_log()
    assert {name: line[name] for name in ("method", "path", "status", "bytes", "request")} == {
        "method": "GET",
        "path": "/en/search/",
        "status": 200,
        "bytes": len(answer.content),
        "request": answer.headers["X-Request-ID"],
    }
    assert isinstance(line["ms"], int)
    told = json.dumps(line)
    for secret in ("Anna", "192.0.2.77", "Netscape", "elsewhere", editor.username):
        assert secret not in told


def test_file_has_a_line_too(client, db, settings, json_log):
    settings.LOG_REQUESTS = True
    list(client.get("/en/organizations/export.csv"))
    [line] = json_log()
    assert line["path"] == "/en/organizations/export.csv"
    assert "bytes" not in line


def test_key_of_a_link_stands_in_no_line(client, db, settings, json_log):
    settings.LOG_REQUESTS = True
    client.get("/admin/password/new/MQ/c7x-0123456789abcdef/")
    [line] = json_log()
    assert "0123456789abcdef" not in json.dumps(line)
    assert line["path"].startswith("/admin/password/new/")


def test_query_of_another_page_stands_in_no_line(log):
    client = Client(enforce_csrf_checks=True)
    answer = client.post(
        "/admin/login/",
        secure=True,
        headers={"referer": "https://elsewhere.example/a?q=Anna#Ozola"},
    )
    assert answer.status_code == 403
    assert "https://elsewhere.example/a?" in log.getvalue()
    assert "Anna" not in log.getvalue()
    assert "Ozola" not in log.getvalue()


def test_probe_writes_no_line(client, db, settings, json_log):
    settings.LOG_REQUESTS = True
    client.get("/healthz")
    client.get("/readyz")
    assert json_log() == []


def test_failure_shows_the_number_by_which_its_lines_are_found(client, db, log):
    client.raise_request_exception = False
    with mock.patch("localympact.pages.About.get_context_data", side_effect=RuntimeError("broken")):
        page = client.get("/en/about/")
    number = page.headers["X-Request-ID"]
    assert page.status_code == 500
    assert f"Number of this error: {number}" in " ".join(page.text.split())
    first = log.getvalue().splitlines()[0]
    assert number in first
    assert "RuntimeError" in log.getvalue()


def test_line_after_a_request_does_not_carry_its_number(client, db, log):
    number = client.get("/en/about/").headers["X-Request-ID"]
    logging.getLogger("tests").error("later")
    assert "later" in log.getvalue()
    assert number not in log.getvalue()


def test_line_while_a_file_is_written_carries_its_number(client, db, log):
    def write(*args, **kwargs):
        logging.getLogger("tests").error("in the midst of it")
        yield b"x"

    with mock.patch("localympact.downloads.until_failure", write):
        answer = client.get("/en/organizations/export.csv")
        list(answer)
    assert answer.headers["X-Request-ID"] in log.getvalue()


def test_foreign_host_is_the_mistake_of_a_visitor_and_writes_nothing(client, db, capsys):
    assert client.get("/en/", headers={"host": "evil.example"}).status_code == 400
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "sign", ["\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2J", "\0"]
)
def test_nothing_that_is_sent_begins_a_line(kind, log, sign):
    try:
        raise ValueError(f"wrong{sign}ERROR django: invented")
    except ValueError:
        logging.getLogger("tests").exception("wrong: %s", f"x{sign}ERROR django: invented")
    lines = log.getvalue().splitlines()
    assert not [line for line in lines if line.startswith("ERROR django")]
    if kind == "json":
        assert json.loads(log.getvalue())["message"] == f"wrong: x{sign}ERROR django: invented"
    else:
        assert sign not in log.getvalue() or sign == "\n"
        assert all(line.startswith("    ") for line in lines[1:])


def test_path_of_an_unknown_page_is_one_word(client, db, settings, json_log):
    settings.LOG_REQUESTS = True
    client.get("/en/no%20page%0Astatus=200%E2%80%A8x/")
    [line] = json_log()
    assert line["status"] == 404
    assert line["path"] == "/en/no%20page%0Astatus%3D200%E2%80%A8x/"


def test_line_of_json_is_one_object_with_a_time(kind, log):
    if kind == "json":
        logging.getLogger("tests").error("Ā %s", {"a": 1})
        line = json.loads(log.getvalue())
        assert (line["level"], line["logger"], line["request"]) == ("ERROR", "tests", "-")
        assert line["time"].endswith("+00:00")
        assert line["message"] == "Ā {'a': 1}"
