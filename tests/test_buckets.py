"""Uploaded files in a bucket, on a server that speaks S3; and where that server is away."""

import os
import subprocess
import sys
import time
from socket import socket

import pytest
from botocore.config import Config
from django.conf import settings as django_settings
from django.core.files.storage import default_storage

from localympact import history
from localympact.checks import bucket as checked
from organizations.models import Organization
from tests.factories import make_organization
from tests.test_admin import admin_url, form_of, new_entry
from tests.test_history import fresh, save
from tests.test_pictures import drawn, problem, upload

NAME = "logos/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f-30-20.png"
S3 = {
    "MEDIA_S3_BUCKET": "portal",
    "MEDIA_S3_ENDPOINT": "https://s3.example.org",
    "MEDIA_S3_KEY": "key",
    "MEDIA_S3_SECRET": "secret",
}


@pytest.fixture
def away(bucket, settings):
    """Let the server of the bucket be gone; whoever asks it is refused at once."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    change_options(settings, endpoint_url=f"http://127.0.0.1:{port}")


def change_options(settings, **changed):
    default = settings.STORAGES["default"]
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**default, "OPTIONS": default["OPTIONS"] | changed},
    }


@pytest.fixture
def post(client, editor, talsi):
    """Send the form of an organisation, a new one or one that is there, as the browser does."""
    client.force_login(editor)

    def post(entry=None, **values):
        if entry is None:
            url = admin_url("organizations", "add")
            opened = new_entry("organizations", talsi) | {"logo_text_lv": "Koris"}
        else:
            url = admin_url("organizations", entry.pk, "change")
            opened = form_of(client.get(url))
        return client.post(url, opened | values)

    return post


def keys(bucket):
    return sorted(one.key for one in bucket.objects.all())


# Of what it is made


@pytest.mark.django_db
def test_picture_goes_into_the_bucket_and_comes_from_the_portal(post, client, bucket, settings):
    assert post(logo=upload(drawn(size=(30, 20)))).status_code == 302
    entry = Organization.objects.get()
    assert keys(bucket) == [entry.logo.name]
    assert not settings.MEDIA_ROOT.exists()
    page = client.get(admin_url("organizations", entry.pk, "change"))
    assert f'<img class="stored-picture" src="/media/{entry.logo.name}"' in page.text
    client.logout()
    Organization.objects.update(status="published")
    shown = f'src="/media/{entry.logo.name}" alt="Koris" lang="lv" width="30" height="20"'
    assert shown in client.get(entry.get_absolute_url()).text
    answer = client.get(f"/media/{entry.logo.name}")
    assert answer.content == bucket.Object(entry.logo.name).get()["Body"].read()
    assert {
        "Content-Type": "image/png",
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }.items() <= dict(answer.headers.items()).items()
    assert client.head(f"/media/{entry.logo.name}").content == b""


@pytest.mark.django_db
def test_picture_that_was_replaced_or_taken_away_stays_for_the_history(post, client, bucket):
    post(logo=upload(drawn()))
    entry = Organization.objects.get()
    first = entry.logo.name
    assert post(entry, logo=upload(drawn("JPEG"))).status_code == 302
    second = fresh(entry).logo.name
    assert second.endswith(".jpg")
    assert post(entry, **{"logo-clear": "on"}).status_code == 302
    assert not fresh(entry).logo
    assert keys(bucket) == sorted([first, second])
    assert client.get(f"/media/{second}").headers["Content-Type"] == "image/jpeg"
    first_version = history.versions(entry).last()
    history.restore(fresh(entry), first_version)
    assert fresh(entry).logo.name == first
    default_storage.delete(first)
    assert history.outcome(fresh(entry), first_version).gone == ["logo"]


@pytest.mark.django_db
def test_what_the_bucket_does_not_have_is_no_page(client, bucket):
    for name in (NAME, "logos/a.svg", "logos/../a.png", "other/a.png", "logos/", f"{NAME}%0a"):
        assert client.get(f"/media/{name}").status_code == 404


def test_file_of_a_bucket_is_read_piece_by_piece(bucket):
    """A backup holds no more of it than that in memory."""
    bucket.put_object(Key="large", Body=b"abcd" * 500_000)
    with default_storage.open("large") as file:
        assert file.size == 2_000_000
        assert file.read(1_000_001) == b"abcd" * 250_000 + b"a"
        assert len(file.read()) == 999_999
        assert file.read() == b""


# Where the server is away


@pytest.mark.django_db
def test_page_of_an_entry_does_not_ask_the_bucket(client, away):
    entry = make_organization(logo=NAME, logo_text_lv="Koris")
    page = client.get(entry.get_absolute_url())
    assert page.status_code == 200
    assert f'src="/media/{NAME}" alt="Koris" lang="lv" width="30" height="20"' in page.text
    assert not default_storage.rests_until


@pytest.mark.django_db
def test_picture_that_cannot_be_read_is_said_and_not_kept(client, away, caplog):
    answer = client.get(f"/media/{NAME}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert answer.text == "This picture cannot be read now.\n"
    assert "does not answer" in caplog.text
    # The next one does not wait for it.
    client.get(f"/media/{NAME}")
    assert "not asked so soon again" in caplog.text


@pytest.mark.django_db
def test_server_that_is_back_is_asked_again(client, bucket):
    bucket.put_object(Key=NAME, Body=drawn())
    default_storage.rests_until = time.monotonic() + 0.2
    assert client.get(f"/media/{NAME}").status_code == 503
    time.sleep(0.3)
    assert client.get(f"/media/{NAME}").status_code == 200


def test_server_that_says_nothing_is_not_waited_for(bucket, settings):
    """Whoever takes connections and never answers keeps a visitor's place for seconds only."""
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        change_options(settings, endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        config = default_storage.client_config
        assert (config.connect_timeout, config.read_timeout) == (2, 10)
        default_storage.client_config = config.merge(Config(read_timeout=0.1))
        begun = time.monotonic()
        with pytest.raises(OSError, match="does not answer"):
            default_storage.open(NAME)
        assert time.monotonic() - begun < 5


@pytest.mark.django_db
def test_upload_that_cannot_be_stored_is_said_at_the_field_and_saves_nothing(post, away):
    answer = post(logo=upload(drawn()), name_lv="Zilais koris")
    assert answer.status_code == 200
    assert problem(answer).startswith("This file cannot be stored at the moment")
    assert not Organization.objects.exists()
    # What was typed is still there, and is saved without the picture.
    assert 'value="Zilais koris"' in answer.text
    assert post(name_lv="Zilais koris").status_code == 302
    assert not Organization.objects.get().logo


@pytest.mark.django_db
def test_upload_that_cannot_be_stored_leaves_the_entry_and_its_picture(post, away, talsi):
    entry = make_organization(municipality=talsi, logo=NAME, logo_text_lv="Koris", name_lv="A")
    answer = post(entry, logo=upload(drawn()), name_lv="B")
    assert problem(answer).startswith("This file cannot be stored at the moment")
    assert (fresh(entry).logo.name, fresh(entry).name_lv) == (NAME, "A")
    assert f'src="/media/{NAME}"' in answer.text


@pytest.mark.django_db
def test_disk_that_is_full_is_said_at_the_field_too(post, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file"
    assert problem(post(logo=upload(drawn()))).startswith("This file cannot be stored")
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_file_counts_as_there_while_nobody_can_say(away, talsi):
    """Otherwise a restore would take the picture away."""
    entry = make_organization(municipality=talsi, logo=NAME, logo_text_lv="Koris")
    version = save(entry)
    save(entry, name_lv="Koris")
    assert history.outcome(fresh(entry), version).gone == []
    history.restore(fresh(entry), version)
    assert fresh(entry).logo.name == NAME


def test_check_of_the_settings_says_that_the_bucket_is_closed(bucket, settings):
    assert list(checked(None)) == []
    change_options(settings, bucket_name="nobodys-bucket")
    [error] = checked(None)
    assert error.id == "localympact.E003"
    assert "nobodys-bucket" in error.msg


# The settings


def with_settings(code, **environment):
    """Run some code in a process of its own; give (status, what it wrote)."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "SECRET_KEY": "a key for this test", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"MEDIA_S3_BUCKET": ""}, "MEDIA_S3_… is set, but MEDIA_S3_BUCKET names no bucket."),
        ({"MEDIA_S3_BUCKET": "https://s3/portal"}, "must be the name of a bucket"),
        ({"MEDIA_S3_SECRET": ""}, "MEDIA_S3_KEY and MEDIA_S3_SECRET do not both open it."),
        ({"MEDIA_S3_ENDPOINT": "s3.example.org"}, "must begin with https:// or http://."),
        ({"MEDIA_S3_ENDPOINT": ""}, "or MEDIA_S3_REGION that of Amazon."),
    ],
)
def test_mistake_in_the_settings_of_the_bucket_gives_one_sentence(changed, sentence):
    status, told = with_settings("import localympact.settings", **S3 | changed)
    assert status == 1
    assert told.startswith("localympact: ")
    assert sentence in told
    assert len(told.splitlines()) == 1


def test_portal_without_a_bucket_loads_nothing_of_it():
    store = (
        "from django.core.files.storage import default_storage; default_storage.url('a'); "
        "import sys; print('boto3' in sys.modules, 'storages' in sys.modules)"
    )
    portal = "import django; django.setup(); import localympact.urls, localympact.backup; "
    module = {"DJANGO_SETTINGS_MODULE": "localympact.settings"}
    assert with_settings(portal + store, **module) == (0, "False False")
    assert with_settings(store, **module, **S3) == (0, "True True")
