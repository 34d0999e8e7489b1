"""The description of the JSON interface is true: of every question and of every answer."""

import pytest
from django.http import QueryDict
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from localympact.filters import APPEARANCE
from localympact.permanent import INTERFACES
from organizations.merging import merge_entries
from tests.factories import make_cause, make_municipality

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(client):
    return client.get("/openapi.json", headers={"accept-language": "lv"}).json()


def wrong(document, name, content):
    """Give what is wrong with an answer by one of the schemas of the document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    checker = Draft202012Validator(schema, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(content)]


def parameters(document, app):
    """Give {name: its description} of what a list can be asked."""
    given = document["paths"][f"/{{language}}/{app}.json"]["get"]["parameters"]
    return {one["name"]: one for one in given if "name" in one}


def test_document_is_openapi(seed, document):
    validate(document)
    assert document["info"]["license"]["url"] == "https://creativecommons.org/licenses/by/4.0/"


def test_document_is_in_english_whoever_reads(document):
    shown = parameters(document, "organizations")["topic"]["description"]
    assert shown == "Topic. `none`: not stated. Repeated: or."


def test_lists_of_the_seed_are_what_the_schemas_say(client, seed, document):
    for model in INTERFACES:
        app = model._meta.app_label
        asked = {"limit": 1000, "updated_since": "2000-01-01"}
        content = client.get(f"/lt/{app}.json", asked).json()
        assert content["count"] == len(content["entries"]) > 0
        assert wrong(document, f"{model.__name__}Page", content) == []


def test_schemas_are_not_merely_patient(client, app, make, document):
    make()
    name = f"{type(make()).__name__}Page"
    content = client.get(f"/en/{app}.json").json()
    for spoil in (
        lambda: content["entries"][0].update(updated="yesterday"),
        lambda: content["entries"][0].update(topics="music"),
        lambda: content["entries"][0].pop("id"),
        lambda: content.pop("count"),
    ):
        before = len(wrong(document, name, content))
        spoil()
        assert len(wrong(document, name, content)) > before


def test_other_answers_are_what_the_schemas_say(client, app, make, document):
    stays, goes, archived, deleted = (make() for _ in range(4))
    merge_entries(stays, goes)
    archived.status = "archived"
    archived.save()
    deleted.delete()
    content = client.get(f"/en/{app}.json", {"updated_since": "2000-01-01"}).json()
    assert len(content["removed"]) == 3
    assert wrong(document, f"{type(stays).__name__}Page", content) == []
    for entry in (archived, deleted):
        assert wrong(document, "Gone", client.get(f"/id/{entry.uuid}.json").json()) == []
    shown = client.get(f"/id/{stays.uuid}.json").json()
    assert wrong(document, type(stays).__name__, shown) == []
    for other in (make_municipality(), make_cause()):
        assert wrong(document, "Other", client.get(f"/id/{other.uuid}.json").json()) == []
    assert wrong(document, "Errors", client.get(f"/en/{app}.json?limit=x").json()) == []


def test_examples_are_what_the_schemas_say(seed, document):
    for path in document["paths"].values():
        for answer in path["get"]["responses"].values():
            content = answer.get("content", {}).get("application/json", {})
            if "example" in content:
                name = content["schema"]["$ref"].rpartition("/")[2]
                assert wrong(document, name, content["example"]) == []


def test_every_filter_is_described_and_nothing_else(document):
    for model, interface in INTERFACES.items():
        described = parameters(document, model._meta.app_label)
        filters = set(interface.filterset_class.base_filters) - set(APPEARANCE)
        assert described.keys() == filters | {"limit", "cursor", "updated_since"}
        assert all(one["description"] and one["schema"] for one in described.values())


def values(filterset, name, schema):
    """Give values that a filter has, as its form and as its description say."""
    if "enum" in schema:
        return schema["enum"]
    known = [value for _key, value, _label in filterset.values_of(name)]
    return known or {"q": ["music"], "near": ["talsi"]}[name]


def test_every_described_value_is_accepted(client, seed, document):
    for model, interface in INTERFACES.items():
        app = model._meta.app_label
        filterset = interface.filterset_class(QueryDict(), queryset=model.objects.published())
        for name, described in parameters(document, app).items():
            schema = described["schema"].get("items", described["schema"])
            if name in ("limit", "cursor", "updated_since"):
                continue
            asked = {name: values(filterset, name, schema)}
            for value in asked[name]:
                assert not list(Draft202012Validator(schema).iter_errors(value)), (name, value)
                answer = client.get(f"/en/{app}.json", {name: value, "limit": 1})
                assert answer.status_code == 200, (name, value)
            if described["schema"].get("type") == "array":
                answer = client.get(f"/en/{app}.json", asked | {"limit": 1})
                assert answer.status_code == 200, asked


def test_document_of_an_empty_portal_is_openapi(db, document):
    validate(document)


def test_document_says_whom_to_ask(client, db, settings):
    settings.CONTACT_EMAIL, settings.OPERATOR = "info@portal.example", "The portal"
    contact = client.get("/openapi.json").json()["info"]["contact"]
    assert contact == {
        "name": "The portal",
        "url": "http://testserver/en/about/",
        "email": "info@portal.example",
    }


def test_document_is_known_again(client, db):
    known = {"if-none-match": client.get("/openapi.json").headers["ETag"]}
    assert client.get("/openapi.json", headers=known).status_code == 304
