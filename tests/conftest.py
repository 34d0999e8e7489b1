"""The settings of the tests and the cast of people."""

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import translation

from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, User
from tests.factories import MAKERS, make_municipality


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


@pytest.fixture(autouse=True)
def english():
    """Tests begin in English, whatever the test before spoke."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


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
    call_command("load_seed", verbosity=0)
