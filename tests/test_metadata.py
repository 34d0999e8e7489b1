"""What is said of the files to programs agrees with the files, as validators of others find."""

import io
import json
import warnings
import zipfile

import csvw
import pytest
from frictionless import validate

from localympact.tables import TABLES
from tests.factories import MAKERS, make_organization, make_topic, make_town
from tests.test_files import SIX, content

pytestmark = pytest.mark.django_db

VARIATIONS = [
    {},
    {"columns": "id,name,topics,verified_on,source"},
    {"columns": "name,municipality"},
    {"texts": "lv"},
    {"texts": "el", "separator": "semicolon", "bom": "no"},
    {"separator": "tab"},
]


def fetched(client, address, asked=(), folder=None):
    """Give the CSV file and its metadata from the portal, written beside each other."""
    answer = client.get(address, asked)
    assert answer.status_code == 200
    metadata = client.get(f"{address}-metadata.json", asked)
    assert metadata.headers["Content-Type"] == "application/csvm+json"
    name = address.rpartition("/")[2]
    (folder / name).write_bytes(content(answer))
    described = json.loads(metadata.content)
    # The files lie in a folder here; on the portal this is the address of the file.
    described["url"] = name
    (folder / f"{name}-metadata.json").write_text(json.dumps(described))
    return folder / name, described


def problems(file):
    """Give what CLLD's reader of CSVW has to say of a file and the metadata beside it."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = csvw.CSVW(str(file), validate=True, strict=True)
        assert not found.no_metadata
        found.is_valid  # noqa: B018 - it collects the warnings
    return [str(one) for one in [*found.warnings, *(one.message for one in told)]]


def test_metadata_are_those_of_their_files(client, seed, tmp_path):
    asked = [(f"/en/{app}/export.csv", choice) for app in MAKERS for choice in VARIATIONS]
    asked += [(f"/lv/data/{table}.csv", {}) for table in TABLES]
    for address, choice in asked:
        file, _described = fetched(client, address, choice, tmp_path)
        assert file.read_bytes().count(b"\n") > 1
        assert (address, choice, problems(file)) == (address, choice, [])


def test_metadata_of_files_without_rows_are_valid(client, tmp_path):
    asked = [f"/en/{app}/export.csv" for app in MAKERS]
    for address in asked + [f"/lv/data/{table}.csv" for table in TABLES]:
        file, _described = fetched(client, address, {}, tmp_path)
        assert (address, problems(file)) == (address, [])


def test_validator_finds_what_is_not_as_described(client, tmp_path):
    make_organization(name_en="Choir")
    file, _described = fetched(client, "/en/organizations/export.csv", {}, tmp_path)
    file.write_bytes(file.read_bytes().replace(b",local,", b",galactic,"))
    assert problems(file) != []


def unpacked(client, folder):
    with zipfile.ZipFile(io.BytesIO(content(client.get("/data/localympact.zip")))) as archive:
        archive.extractall(folder)
    return folder


def test_data_package_of_an_empty_portal_is_valid(client, tmp_path):
    report = validate(str(unpacked(client, tmp_path) / "datapackage.json"))
    assert report.flatten(["type", "message"]) == []


def test_archive_is_as_its_descriptions_say(client, seed, tmp_path):
    folder = unpacked(client, tmp_path)
    report = validate(str(folder / "datapackage.json"))
    assert report.flatten(["type", "message"]) == []
    assert len(report.tasks) == len(TABLES)
    group = csvw.TableGroup.from_file(folder / "csv-metadata.json")
    assert sum(len(table.tableSchema.foreignKeys) for table in group.tables) == 11
    # Not strict: then no reference may be empty, and a type need not be stated.
    assert group.check_referential_integrity()
    for name in TABLES:
        assert (name, problems(folder / f"{name}.csv")) == (name, [])


def test_both_descriptions_of_the_archive_say_the_same(client, tmp_path):
    folder = unpacked(client, tmp_path)
    package = json.loads((folder / "datapackage.json").read_text())
    group = json.loads((folder / "csv-metadata.json").read_text())
    needed = {}
    for one, other in zip(package["resources"], group["tables"], strict=True):
        schema, described = one["schema"], other["tableSchema"]
        needed[one["name"]] = [
            field["name"]
            for field in schema["fields"]
            if field.get("constraints", {}).get("required")
        ]
        assert needed[one["name"]] == [
            column["name"] for column in described["columns"] if column["required"]
        ]
        assert schema["primaryKey"] == described["primaryKey"]
        assert [key["fields"] for key in schema["foreignKeys"]] == [
            key["columnReference"] for key in described.get("foreignKeys", [])
        ]
    assert {"id", "slug", "municipality", "reach"} <= {*needed["organizations"]}


def test_validators_find_a_row_that_is_missing(client, tmp_path):
    make_organization()
    folder = unpacked(client, tmp_path)
    file = folder / "municipalities.csv"
    file.write_bytes(file.read_bytes().partition(b"\r\n")[0] + b"\r\n")
    report = validate(str(folder / "datapackage.json"))
    assert "foreign-key" in {kind for (kind,) in report.flatten(["type"])}
    assert {"hash-count", "byte-count"} <= {kind for (kind,) in report.flatten(["type"])}
    group = csvw.TableGroup.from_file(folder / "csv-metadata.json")
    with pytest.raises(ValueError, match="not found in table municipalities.csv"):
        group.check_referential_integrity()


def column_of(document, name):
    return next(one for one in document["tableSchema"]["columns"] if one["name"] == name)


def test_columns_are_described_in_six_languages(client, tmp_path):
    document = client.get("/el/organizations/export.csv-metadata.json").json()
    assert document["@context"] == ["http://www.w3.org/ns/csvw", {"@language": "en"}]
    assert [one["@language"] for one in document["dc:title"]] == SIX
    assert document["dc:license"] == {"@id": "https://creativecommons.org/licenses/by/4.0/"}
    assert document["tableSchema"]["primaryKey"] == ["id"]
    assert document["tableSchema"]["aboutUrl"] == "http://testserver/id/{id}"
    name = column_of(document, "name_lv")
    assert list(name["titles"]) == ["und", *SIX]
    assert (name["titles"]["und"], name["lang"], name["propertyUrl"], name["required"]) == (
        "name_lv", "lv", "schema:name", False,
    )  # fmt: skip
    assert len(set(name["titles"].values())) == 7
    assert column_of(document, "reach")["datatype"] == {
        "base": "string",
        "format": "local|regional|national|unconfirmed",
    }
    assert column_of(document, "topics")["separator"] == "|"
    assert column_of(document, "country")["datatype"] == {"base": "string", "format": "[A-Z]{2}"}
    assert column_of(document, "id")["required"]


def test_file_names_its_metadata_and_they_name_it(client, app):
    asked = "columns=id,name&q=caf%C3%A9+%22x%22&separator=semicolon"
    answer = client.get(f"/en/{app}/export.csv?{asked}")
    here = f"http://testserver/en/{app}/export.csv"
    link = f'<{here}-metadata.json?{asked}>; rel="describedby"; type="application/csvm+json"'
    assert link in answer.headers["Link"]
    document = client.get(f"/en/{app}/export.csv-metadata.json?{asked}").json()
    assert document["url"] == f"{here}?{asked}"
    assert document["dialect"] == {"delimiter": ";"}


def test_file_of_a_table_names_its_metadata(client):
    answer = client.get("/en/data/topics.csv?texts=lv")
    assert "/en/data/topics.csv-metadata.json?texts=lv>" in answer.headers["Link"]
    assert content(answer).decode("utf-8-sig") == (
        "slug,name,name_language,synonyms,synonyms_language,position\r\n"
    )


def test_metadata_are_not_sent_again_until_something_changes(client, app, make):
    address = f"/en/{app}/export.csv-metadata.json"
    tag = client.get(address).headers["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    make()
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/en/organizations/export.csv-metadata.json?columns=nothing", 400),
        ("/en/organizations/export.csv-metadata.json?type=nothing", 400),
        ("/en/data/topics.csv-metadata.json?texts=xx", 400),
        ("/en/data/topics.csv?columns=nothing", 400),
        ("/en/data/nothing.csv", 404),
        ("/en/data/nothing.csv-metadata.json", 404),
        ("/en/data/topics.exe", 404),
        ("/en/data/topics.geojson", 404),
        ("/en/data/users.csv", 404),
    ],
)
def test_what_does_not_exist_is_refused(client, address, status):
    assert client.get(address).status_code == status


def test_table_has_every_format_of_its_resource(client):
    make_town("Sabile")
    for name, table in TABLES.items():
        for format in table.formats:
            answer = client.get(f"/en/data/{name}.{format}")
            assert (name, format, answer.status_code) == (name, format, 200)
            content(answer)


def test_table_has_the_same_number_of_queries_whatever_its_length(
    client, django_assert_max_num_queries
):
    for _number in range(30):
        make_topic()
    with django_assert_max_num_queries(4):
        assert content(client.get("/en/data/topics.csv")).count(b"\r\n") == 31
