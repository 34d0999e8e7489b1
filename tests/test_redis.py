"""A cache that several servers share, and what goes on while it is away."""

import shutil
import subprocess
import time
from socket import create_connection, socket

import pytest
from django.core.cache import cache
from django.urls import reverse

from localympact.settings import redis
from organizations.models import Organization
from tests.factories import make_organization

pytestmark = pytest.mark.django_db


class Redis:
    """A Redis of our own, which can be killed and started again."""

    def __init__(self, folder):
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.start()

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", self.folder]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        for _ in range(200):
            try:
                return create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                time.sleep(0.05)
        return pytest.fail("Redis does not answer.")

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(settings, tmp_path):
    """A Redis that the portal uses."""
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server")
    server = Redis(tmp_path)
    settings.CACHES = {"default": redis(f"redis://127.0.0.1:{server.port}/0")}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    settings.PAGES_KEPT = 600
    yield server
    server.kill()


def test_page_that_another_server_made_is_shown(client, server, django_assert_num_queries):
    make_organization(name_en="Choir")
    page = client.get("/lv/organizations/")
    with django_assert_num_queries(1):
        again = client.get("/lv/organizations/")
    assert again.content == page.content
    assert dict(again.headers) | {"X-Request-ID": ""} == dict(page.headers) | {"X-Request-ID": ""}
    Organization.objects.update(name_en="Orchestra")
    assert "Orchestra" in client.get("/lv/organizations/").text


def test_session_is_read_from_redis_and_kept_in_the_database(client, server, portal_editor):
    client.force_login(portal_editor)
    assert cache.get(f"django.contrib.sessions.cached_db{client.session.session_key}")
    server.kill()
    server.start()
    assert client.get(reverse("admin:index")).status_code == 200


def test_without_redis_visitors_read_and_editors_work(client, server, superuser, talsi):
    client.force_login(superuser)
    server.kill()
    assert client.get(reverse("admin:index")).status_code == 200
    kind = {"kind": "group", "slug": "new-kind", "name_en": "New kind"}
    assert client.post(reverse("admin:organizations_topic_add"), kind).status_code in (200, 302)
    client.post(reverse("admin:logout"))
    assert client.get(reverse("admin:index")).status_code == 302
    login = {"username": "superuser", "password": "a long password"}
    assert client.post(reverse("admin:login"), login).status_code == 302
    assert client.get(reverse("admin:index")).status_code == 200
    client.cookies.clear()
    assert client.get("/lv/organizations/").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["away"]) == (200, ["cache default"])
    server.start()
    assert client.get("/readyz").json()["away"] == []
