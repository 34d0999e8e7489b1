"""Which answers the pages of other sites may read."""

import pytest

pytestmark = pytest.mark.django_db

OTHER = {"origin": "https://research.example"}
PREFLIGHT = OTHER | {"access-control-request-method": "GET"}
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture(params=["file", "list", "id", "id.json", "openapi", "wrong", "unlocalized", "gone"])
def readable(request, app, make):
    """An address that the pages of other sites may read."""
    entry = make(status="archived" if request.param == "gone" else "published")
    return {
        "file": f"/en/{app}/export.csv",
        "list": f"/el/{app}.json",
        "id": f"/id/{entry.uuid}",
        "id.json": f"/id/{entry.uuid}.json",
        "openapi": "/openapi.json",
        "wrong": f"/en/{app}.json?limit=x",
        "unlocalized": f"/{app}.json",
        "gone": f"/id/{entry.uuid}.json",
    }[request.param]


def test_data_may_be_read_from_other_sites(client, readable):
    answer = client.get(readable, headers=OTHER)
    assert answer.headers[ALLOW] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    exposed = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert exposed == {"Content-Disposition", "ETag", "Last-Modified", "Link"}
    preflight = client.options(readable, headers=PREFLIGHT)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "If-None-Match" in preflight.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "path",
    [
        *("/catalog.ttl", "/catalog.jsonld", "/catalog.rdf", "/data/localympact.zip"),
        *("/lv/data/municipalities.csv", "/data/snapshots/2026-11-26/needs.csv"),
        "/data/snapshots/2026-11-26/SHA256SUMS",
        *("/en/needs/feed.atom", "/en/needs/export.geojson", "/en/needs/export.csv-metadata.json"),
    ],
)
def test_addresses_of_data_are_open_to_other_sites(client, db, path):
    assert client.options(path, headers=PREFLIGHT).headers[ALLOW] == "*"


@pytest.mark.parametrize(
    "path",
    [
        *("/admin/", "/admin/login/", "/admin/organizations/organization/export.csv"),
        *("/", "/en/", "/en/organizations/", "/en/search/?q=a.json", "/en/suggest/"),
        *("/en/data/", "/en/data/dictionary/", "/en/data/snapshots/2026-11-26/"),
        *("/admin/id/x", "/admin/data/a.csv", "/xx/needs.json", "/en/needs.json/"),
        *("/en/search/suggestions.json", "/static/x.css", "/id/", "/media/logos/a.png"),
    ],
)
def test_pages_and_the_admin_are_closed_to_other_sites(client, db, path):
    for answer in (
        client.get(path, headers=OTHER),
        client.options(path, headers=PREFLIGHT),
    ):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
