"""The settings of the tests and the cast of people."""

import os
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from time import sleep
from uuid import uuid4

import psycopg
import pytest
from aiosmtpd.controller import Controller
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import translation

from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, User
from tests import seeding
from tests.factories import MAKERS, make_municipality

BESIDE = django_settings.BASE_DIR.parent / "shared" / "standards"


# Each of these takes minutes; `make test` runs them, continuous integration has no time for them.
ATTACKS = {"test_attacks", "test_hostile_files", "test_hostile_requests"}
# What is looked at in each language, and takes long: continuous integration looks in Greek, whose
# words are long and whose letters are its own.
IN_EACH_LANGUAGE = {
    *("test_pages_are_accessible", "test_pages_are_never_wider_than_the_window"),
    *("test_letters_four_times_as_large_fit_the_window", "test_desk_and_matrix_are_accessible"),
    *("test_list_and_page_are_accessible_and_fit_the_window", "test_form_is_accessible"),
    *("test_open_facets_and_views_are_accessible",),
    *("test_no_page_shows_an_english_sentence_as_its_own",),
}
AT_LENGTH = {
    *("test_colours_have_contrast_in_the_dark", "test_every_described_value_is_accepted"),
    "test_what_was_destroyed_comes_back_into_a_bucket",
}
# All three databases have the same pages of editors: continuous integration tries one.
IN_EACH_DATABASE = {
    "test_entries_are_open_to_those_of_the_table_alone",
    "test_hostile_value_in_a_list_is_answered",
}
# What these test is made before or after the database answers: once, on SQLite, says it all.
ANY_ENGINE = {
    *ATTACKS,
    *("test_catalogues", "test_translations", "test_languages", "test_pages", "test_maps"),
    *("test_catalogue", "test_structured", "test_feeds", "test_metadata", "test_openapi"),
    *("test_examples", "test_notebook", "test_logs", "test_other_sites", "test_opensearch"),
    *("test_headers", "test_pictures", "test_spreadsheets", "test_rights", "test_signing_in"),
    *("test_people", "test_preview", "test_put_aside", "test_asking", "test_details"),
    *("test_commands", "test_texts", "test_suggestions", "test_sitemaps", "test_views"),
    *("test_publishing", "test_writing", "test_admin", "test_buckets", "test_metrics"),
    *("test_permanent", "test_versions", "test_data_page", "test_tables", "test_matrix"),
    *("test_own_municipality", "test_archive"),
}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in ANY_ENGINE:
            item.add_marker(pytest.mark.any_engine)
        if item.path.stem in ATTACKS:
            item.add_marker(pytest.mark.attack)
        if item.originalname in IN_EACH_LANGUAGE and item.callspec.params["language"] != "el":
            item.add_marker(pytest.mark.at_length)
        if item.originalname in IN_EACH_DATABASE and item.callspec.params["app"] != "organizations":
            item.add_marker(pytest.mark.at_length)
        if item.originalname in AT_LENGTH:
            item.add_marker(pytest.mark.at_length)


def pytest_configure():
    django_settings.STORAGES = {
        **django_settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    django_settings.MIDDLEWARE = [
        name for name in django_settings.MIDDLEWARE if "whitenoise" not in name
    ]
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django_settings.DEBUG = False
    # On in the tests about them: test_signing_in.py.
    django_settings.REQUIRE_2FA = False
    django_settings.AXES_ENABLED = False
    # On in the tests about it: what a page says is asked of the code, not of an earlier test.
    django_settings.PAGES_KEPT = 0


@pytest.fixture(autouse=True)
def english():
    """Tests begin in English, whatever the test before spoke."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SNAPSHOTS_ROOT = tmp_path / "snapshots"


@pytest.fixture(scope="session")
def s3():
    """The address of a server that speaks S3."""
    from moto.server import ThreadedMotoServer  # seconds, which few tests need

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(s3, settings):
    """A bucket of that server, where the portal keeps what is uploaded."""
    settings.MEDIA_S3_BUCKET = f"portal-{uuid4().hex[:12]}"
    options = {
        "bucket_name": settings.MEDIA_S3_BUCKET,
        "endpoint_url": s3,
        "region_name": "us-east-1",
        "access_key": "key",
        "secret_key": "secret",
        "addressing_style": "path",
    }
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "localympact.buckets.Bucket", "OPTIONS": options},
    }
    default_storage.bucket.create()
    return default_storage.bucket


@pytest.fixture(params=MAKERS)
def app(request):
    """Each of the three databases in turn, by the name of its app."""
    return request.param


@pytest.fixture
def make(app):
    """The function that makes an entry of that database."""
    return MAKERS[app]


@pytest.fixture
def talsi(db):
    return make_municipality("talsi")


@pytest.fixture
def braga(db):
    return make_municipality("braga")


def make_person(name, group=None, municipalities=(), **fields):
    person = User.objects.create_user(name, password="a long password", is_staff=True, **fields)
    if group:
        person.groups.add(Group.objects.get(name=group))
    person.municipalities.set(municipalities)
    return person


@pytest.fixture
def editor(talsi):
    """An editor of Talsi."""
    return make_person("editor", MUNICIPAL_EDITOR, [talsi])


@pytest.fixture
def braga_editor(braga):
    return make_person("braga_editor", MUNICIPAL_EDITOR, [braga])


@pytest.fixture
def portal_editor(db):
    return make_person("portal_editor", PORTAL_EDITOR)


@pytest.fixture
def stranger(db):
    """Staff without a group."""
    return make_person("stranger")


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("superuser", password="a long password")


@pytest.fixture
def seed(db):
    """The seed content."""
    seeding.load()


@pytest.fixture(scope="session")
def standards():
    """The folder of schemas and shapes that others published, which are not ours to copy.

    `STANDARDS` names it; else it is looked for beside the project. tests/run says what is skipped.
    """
    folder = Path(os.environ.get("STANDARDS") or BESIDE)
    if not folder.is_dir():
        pytest.skip(f"the standards are not at {folder}: set STANDARDS")
    return folder


def wait_for(what):
    """Give what `what()` gives as soon as that is anything."""
    for _ in range(500):
        if found := what():
            return found
        sleep(0.01)
    raise AssertionError("nothing came")


@contextmanager
def beside():
    """Give a second connection to the database."""
    given = connection.settings_dict
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER"}
    told = {name: given[key] or None for name, key in names.items()}
    with psycopg.connect(**told, password=given["PASSWORD"] or None) as opened:
        yield opened


class Inbox:
    """Keeps what a mail server receives; `refused` are addresses that it does not know.

    A `rude` one hangs up in the middle of a mail.
    """

    rude = False

    def __init__(self):
        self.mails, self.refused = [], set()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.rude:
            server.transport.close()
        if address in self.refused:
            return "550 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - named by aiosmtpd
        self.mails.append(envelope)
        return "250 Message accepted"


@pytest.fixture
def inbox(settings):
    """A mail server, and the settings that lead to it."""
    inbox = Inbox()
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = False
    yield inbox
    controller.stop()
