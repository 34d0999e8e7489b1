"""The ZIP of everything."""

import csv
import hashlib
import io
import json
import zipfile
from unittest import mock

import pytest
from django.db import DatabaseError

from localympact.exports import Resource
from localympact.tables import TABLES
from tests.factories import make_collaboration, make_need, make_organization
from tests.test_files import SIX, content

pytestmark = pytest.mark.django_db
ADDRESS = "/data/localympact.zip"


def opened(answer):
    return zipfile.ZipFile(io.BytesIO(content(answer)))


def rows_of(archive, table):
    text = archive.read(f"{table}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_archive_holds_every_table_and_what_describes_it(client):
    answer = client.get(ADDRESS)
    assert answer.headers["Content-Type"] == "application/zip"
    assert 'filename="localympact-everything-' in answer.headers["Content-Disposition"]
    assert opened(answer).namelist() == [
        "README.txt",
        *(f"{table}.csv" for table in TABLES),
        *(f"{table}.csv-metadata.json" for table in TABLES),
        "csv-metadata.json",
        "datapackage.json",
    ]


def test_table_in_the_archive_is_the_file_of_its_own_address(client):
    organization = make_organization(name_lv="Koris")
    make_organization(name_lv="Melnraksts", status="draft")
    make_need(collaborations=[make_collaboration(organizations=[organization])])
    archive = opened(client.get(ADDRESS))
    for table in TABLES:
        assert archive.read(f"{table}.csv") == content(client.get(f"/en/data/{table}.csv"))
    (row,) = rows_of(archive, "organizations")
    assert (row["name_lv"], row["url"]) == ("Koris", f"http://testserver/id/{organization.uuid}")
    assert [row["organization_id"] for row in rows_of(archive, "collaboration_organizations")] == [
        str(organization.uuid)
    ]


def test_sums_of_the_data_package_are_those_of_the_files(client):
    make_organization()
    archive = opened(client.get(ADDRESS))
    package = json.loads(archive.read("datapackage.json"))
    assert [one["path"] for one in package["resources"]] == [f"{table}.csv" for table in TABLES]
    for one in package["resources"]:
        raw = archive.read(one["path"])
        assert (one["bytes"], one["hash"]) == (
            len(raw),
            f"sha256:{hashlib.sha256(raw).hexdigest()}",
        )


def test_readme_says_licence_credits_and_where_to_read_on(client):
    readme = opened(client.get(ADDRESS)).read("README.txt").decode()
    for language in SIX:
        assert f": http://testserver/{language}/data/\n" in readme
    assert "https://creativecommons.org/licenses/by/4.0/" in readme
    assert "GeoNames" in readme
    assert "Natural Earth" in readme
    assert max(map(len, readme.splitlines())) <= 100


def test_archive_is_the_same_whatever_language_its_reader_speaks(client):
    answers = [
        client.get(ADDRESS, headers={"Accept-Language": language}) for language in ("lv", "el")
    ]
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    assert len({opened(answer).read("README.txt") for answer in answers}) == 1


def test_unchanged_archive_is_not_sent_again(client):
    make_organization()
    first = client.get(ADDRESS)
    assert "Last-Modified" in first.headers
    known = {"If-None-Match": first.headers["ETag"]}
    assert client.get(ADDRESS, headers=known).status_code == 304
    head = client.head(ADDRESS)
    assert (head.status_code, head.getvalue()) == (200, b"")
    assert head.headers["ETag"] == first.headers["ETag"]
    make_organization()
    assert client.get(ADDRESS, headers=known).status_code == 200


def test_archive_begins_before_the_database_is_asked(client, django_assert_num_queries):
    make_organization()
    answer = client.get(ADDRESS)
    with django_assert_num_queries(0):
        assert next(iter(answer.streaming_content)).startswith(b"PK")


def test_archive_that_breaks_off_is_no_zip(client):
    make_organization()
    chunks = Resource.chunks

    def broken(resource, source):
        if resource.name == "causes":
            raise DatabaseError
        return chunks(resource, source)

    answer = client.get(ADDRESS)
    received = []
    with (
        mock.patch.object(Resource, "chunks", broken),
        pytest.raises(DatabaseError),
    ):
        received.extend(answer.streaming_content)
    raw = b"".join(received)
    assert raw.startswith(b"PK")
    assert b"PK\x05\x06" not in raw
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(raw))
