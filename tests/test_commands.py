"""The commands as a person at a shell meets them."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management.utils import get_random_secret_key


def manage(*args, **environment):
    """Run manage.py in a process of its own; give its answer."""
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=settings.BASE_DIR,
        env={**os.environ, "SECRET_KEY": "a key for this test", **environment}
        | {"DJANGO_ALLOW_ASYNC_UNSAFE": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://root@localhost/test",
        "postgres://someone:secret@127.0.0.1:notaport/name",
        "postgres://someone:secret@127.0.0.1:1/name",
        "sqlite:////no/such/folder/db.sqlite3",
        f"sqlite:///{settings.BASE_DIR}/README.md",
    ],
)
def test_wrong_database_url_gives_one_sentence(url):
    answer = manage("migrate", "--check", DATABASE_URL=url)
    assert answer.returncode == 1
    assert answer.stderr.startswith("localympact: ")
    assert "DATABASE_URL" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "secret" not in answer.stderr


def test_missing_key_gives_one_sentence():
    answer = manage("check", SECRET_KEY="")
    assert answer.returncode == 1
    assert answer.stderr.strip().endswith("`make run` writes one into .env.")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "perhaps", "DEBUG must be on or off."),
        ("HTTPS", "", "HTTPS must be on or off."),
        ("LOG_REQUESTS", "2", "LOG_REQUESTS must be on or off."),
        ("PROXIES", "one", "PROXIES must be a whole number, 0 or more."),
        ("PROXIES", "-1", "PROXIES must be a whole number, 0 or more."),
        ("SESSION_HOURS", "0", "SESSION_HOURS must be a whole number, 1 or more."),
        ("LOCK_OUT_AFTER", "0", "LOCK_OUT_AFTER must be a whole number, 1 or more."),
        ("EMAIL_PORT", "99999", "EMAIL_PORT must be a number of a port, 65535 at most."),
        (
            "REPLICA_URLS",
            "nonsense",
            "REPLICA_URLS cannot be read; write sqlite:///path/to/file or "
            "postgres://user:password@host:port/name.",
        ),
        (
            "REPLICA_URLS",
            "sqlite:///one.sqlite3,postgres://portal@127.0.0.1/two",
            "REPLICA_URLS must name databases of the same kind as DATABASE_URL.",
        ),
        (
            "CACHE_URL",
            "memcached://127.0.0.1",
            "CACHE_URL must begin with redis://, rediss:// or unix://.",
        ),
        ("PAGES_KEPT", "-1", "PAGES_KEPT must be a whole number, 0 or more."),
        ("LOG_FORMAT", "xml", "LOG_FORMAT must be line or json."),
        (
            "ALLOWED_HOSTS",
            "https://portal.example.org",
            "ALLOWED_HOSTS must be names of hosts, separated by commas, without https://.",
        ),
        (
            "CSRF_TRUSTED_ORIGINS",
            "portal.example.org",
            "CSRF_TRUSTED_ORIGINS must begin with https://, separated by commas.",
        ),
        (
            "HTTPS",
            "on",
            "HTTPS is on, but ALLOWED_HOSTS names this machine only: visitors would be refused.",
        ),
    ],
)
def test_mistake_in_a_setting_gives_one_sentence(name, value, sentence):
    answer = manage("check", **{name: value})
    assert answer.returncode == 1
    assert answer.stderr.strip() == f"localympact: {sentence}"


def example_settings():
    """Give the settings that the page for operators copies, with what it says to fill in."""
    text = (settings.BASE_DIR / "deploy" / "localympact.env").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines) | {"SECRET_KEY": get_random_secret_key()}


def deployed(tmp_path, **different):
    """Check the settings of the page for operators as a portal in operation."""
    here = {f"{name}_ROOT": f"{tmp_path}/{name}" for name in ("MEDIA", "SNAPSHOTS", "LEMMAS")}
    environment = example_settings() | here | different
    return manage("check", "--deploy", "--fail-level", "WARNING", **environment)


def test_check_of_the_settings_that_operators_copy_is_clean(tmp_path):
    answer = deployed(tmp_path)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("PROXIES", "0", "localympact.W001"),
        ("REQUIRE_2FA", "off", "localympact.W002"),
        ("OPERATOR", "", "localympact.W003"),
        ("EMAIL_HOST", "", "localympact.W004"),
        ("ALLOWED_HOSTS", "*", "localympact.E001"),
        ("MEDIA_ROOT", "/etc/passwd/media", "localympact.E002"),
        ("SECRET_KEY", "short", "security.W009"),
        ("DEBUG", "on", "security.W018"),
        ("HTTPS", "off", "security.W008"),
    ],
)
def test_check_says_what_is_not_right_in_operation(tmp_path, name, value, number):
    answer = deployed(tmp_path, **{name: value})
    assert answer.returncode == 1
    assert number in answer.stderr


def test_settings_that_operators_copy_are_settings_of_the_portal():
    known = (settings.BASE_DIR / ".env.example").read_text()
    for name in example_settings():
        assert f"{name}=" in known


def test_default_check_says_nothing():
    answer = manage("check", "--fail-level", "WARNING")
    assert answer.returncode == 0, answer.stderr


def test_lock_files_pin_hashes_and_name_no_address():
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (settings.BASE_DIR / name).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert not [line for line in text.splitlines() if line.startswith("-")]
