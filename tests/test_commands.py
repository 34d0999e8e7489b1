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


def test_deployment_check_is_clean_behind_https():
    answer = manage(
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        HTTPS="on",
        SECRET_KEY=get_random_secret_key(),
    )
    assert answer.returncode == 0, answer.stderr


def test_lock_files_pin_hashes_and_name_no_address():
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (settings.BASE_DIR / name).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert not [line for line in text.splitlines() if line.startswith("-")]
