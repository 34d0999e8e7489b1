"""The catalogue of the data: what the EU's shapes say of it, and what harvesters find there."""

import datetime
import os
import subprocess
import sys
from functools import cache

import html5lib
import pyshacl
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve
from rdflib import DCAT, DCTERMS, FOAF, RDF, SH, SKOS, XSD, BNode, Graph, Literal, URIRef
from rdflib.compare import isomorphic

from localympact import catalogue, snapshots
from localympact.cldr import country_codes, three_letters
from localympact.dcat import DCATAP, SPDX, VCARD
from localympact.texts import LANGUAGES
from localympact.writers import FORMATS, Format
from organizations.exports import OrganizationResource
from tests.factories import (
    MAKERS,
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
)

# What rdflib says of itself when it reads JSON-LD.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")

HERE = "http://testserver/"
NODE = f"{HERE}catalog.ttl#"
EU = "http://publications.europa.eu/resource/authority/"
FILES = {
    "ttl": ("text/turtle; charset=utf-8", "turtle"),
    "jsonld": ("application/ld+json", "json-ld"),
    "rdf": ("application/rdf+xml", "xml"),
}


def graph_of(client, ending="ttl"):
    answer = client.get(f"/catalog.{ending}")
    content_type, format = FILES[ending]
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    return Graph().parse(data=answer.content, format=format)


def node(name):
    return URIRef(NODE + name)


def codes(graph, subject, name):
    """Give the ends of the addresses of several values."""
    return sorted(str(value).rpartition("/")[2] for value in graph.objects(subject, name))


@cache
def shapes(path):
    """Give the shapes of a file, without two that it names and does not describe."""
    found = Graph().parse(path)
    for shape in set(found.objects(None, SH.property)):
        if found.value(shape, SH.path) is None:
            found.remove((None, SH.property, shape))
    return found


def problems(graph, path):
    """Give what shapes find in a graph, each in one line."""
    _conforms, report, _text = pyshacl.validate(graph, shacl_graph=shapes(path))
    return [
        " ".join(
            str(report.value(result, name))
            for name in (SH.focusNode, SH.resultPath, SH.resultMessage)
        )
        for result in report.subjects(RDF.type, SH.ValidationResult)
    ]


# What the shapes say


SHAPES = ("dcat-ap-SHACL.ttl", "shapes_recommended.ttl")


@pytest.mark.parametrize("content", ["seed", "db"])
def test_catalogue_has_all_that_the_profile_asks_for(client, request, standards, content):
    """With the seed content, and with none at all: neither a violation nor a warning."""
    request.getfixturevalue(content)
    graph = graph_of(client)
    assert {
        file: problems(graph, standards / "dcat-ap" / file) for file in SHAPES
    } == dict.fromkeys(SHAPES, [])


def test_snapshots_have_all_that_the_profile_asks_for(db, client, standards):
    for day in (datetime.date(2026, 11, 23), datetime.date(2026, 11, 24)):
        snapshots.make(day)
    graph = graph_of(client)
    assert {
        file: problems(graph, standards / "dcat-ap" / file) for file in SHAPES
    } == dict.fromkeys(SHAPES, [])


@pytest.mark.parametrize("file", SHAPES)
def test_shapes_find_what_is_missing(db, client, standards, file):
    graph = graph_of(client)
    graph.remove((None, DCTERMS.publisher, None))
    assert problems(graph, standards / "dcat-ap" / file)


# What is in it


def test_snapshot_is_named_with_its_size_and_sum(db, client):
    assert (node("dataset-snapshots"), RDF.type, DCAT.Dataset) not in graph_of(client)
    made = snapshots.make(datetime.date(2026, 11, 24))
    file, graph = node("snapshots-zip-2026-11-24"), graph_of(client)
    address = f"{HERE}data/snapshots/2026-11-24/localympact-2026-11-24.zip"
    assert graph.value(file, DCAT.downloadURL) == URIRef(address)
    assert int(graph.value(file, DCAT.byteSize)) == made.zip.stat().st_size
    checksum = graph.value(file, SPDX.checksum)
    assert graph.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_sha256
    assert str(graph.value(checksum, SPDX.checksumValue)) == snapshots.sum_of(made.zip).sha256
    (made.folder / "withdrawn.json").write_text('{"why": "Asked."}')
    assert (node("dataset-snapshots"), RDF.type, DCAT.Dataset) not in graph_of(client)


def test_three_formats_say_the_same_and_leave_nothing_nameless(seed, client):
    turtle, json_ld, xml = (graph_of(client, ending) for ending in FILES)
    assert len(turtle) > 500
    assert isomorphic(turtle, json_ld)
    assert isomorphic(turtle, xml)
    assert not [one for triple in turtle for one in triple if isinstance(one, BNode)]


def test_our_titles_and_descriptions_are_in_six_languages(db, client):
    graph = graph_of(client)
    named = {thing for thing in graph.subjects(DCTERMS.title) if thing.startswith(HERE)}
    for name in (DCTERMS.title, DCTERMS.description):
        for thing in named:
            found = list(graph.objects(thing, name))
            assert sorted(one.language for one in found) == sorted(LANGUAGES), thing
            assert all(found)
    kinds = [DCAT.Catalog, DCAT.DataService, DCAT.Dataset, DCAT.Distribution]
    assert named == {thing for kind in kinds for thing in graph.subjects(RDF.type, kind)}


def test_catalogue_says_whose_it_is(db, client, settings):
    settings.OPERATOR, settings.OPERATOR_TYPE = "Talsu novads", "LocalAuthority"
    settings.CONTACT_EMAIL = "data+portal@example.org"
    graph = graph_of(client)
    assert graph.value(node("publisher"), FOAF.name) == Literal("Talsu novads")
    kind = graph.value(node("publisher"), DCTERMS.type)
    assert kind == URIRef("http://purl.org/adms/publishertype/LocalAuthority")
    assert graph.value(kind, SKOS.prefLabel) == Literal("Local Authority", lang="en")
    assert graph.value(node("contact"), VCARD.hasEmail) == URIRef("mailto:data+portal@example.org")


def test_without_an_address_the_form_is_the_contact(db, client):
    contact = graph_of(client).value(node("contact"), VCARD.hasURL)
    assert contact == URIRef(f"{HERE}en/suggest/")
    assert client.get(contact).status_code == 200


def test_each_format_of_a_list_is_a_distribution(db, client):
    graph = graph_of(client)
    found = {
        file.rpartition("-")[2]: file
        for file in graph.objects(node("dataset-organizations"), DCAT.distribution)
    }
    assert set(found) == set(OrganizationResource.formats)
    assert codes(graph, found["geojson"], DCTERMS["format"]) == ["GEOJSON"]
    assert graph.value(found["csv"], DCAT.mediaType) == URIRef(
        "https://www.iana.org/assignments/media-types/text/csv"
    )
    address = URIRef(f"{HERE}en/organizations/export.csv")
    assert graph.value(found["csv"], DCAT.downloadURL) == address


def test_a_new_format_appears_by_itself(db, client, monkeypatch):
    monkeypatch.setattr(OrganizationResource, "formats", ("csv", "lines"))
    monkeypatch.setitem(FORMATS, "lines", Format("Lines", "application/x-lines", None))
    graph, file = graph_of(client), node("organizations-lines")
    assert graph.value(file, DCAT.downloadURL) == URIRef(f"{HERE}en/organizations/export.lines")
    assert codes(graph, file, DCTERMS["format"]) == ["LINES"]
    # It is in no register of media types.
    assert graph.value(file, DCAT.mediaType) is None


def test_dataset_tells_what_its_published_entries_are_about(client, talsi, braga):
    music, sport, unused = (
        make_topic(name_en=name, name_lv=other)
        for name, other in [("Music", "Mūzika"), ("Sport", ""), ("Unused", "")]
    )
    make_organization(municipality=talsi, topics=[music])
    make_organization(municipality=braga, topics=[sport], status="draft")
    make_collaboration(municipality=braga, topics=[sport], started=1998)
    graph = graph_of(client)

    def keywords(name):
        found = graph.objects(node(f"dataset-{name}"), DCAT.keyword)
        return {str(one) for one in found if one.language in ("en", "lv")}

    assert keywords("organizations") == {"Organisations", "Organizācijas", "Music", "Mūzika"}
    assert {"Sport"} == keywords("collaborations") - {"Collaborations", "Sadarbības piemēri"}
    assert {"Music", "Sport"} < keywords("everything")
    assert not any("Unused" in keywords(name) for name in [*MAKERS, "everything"])
    spatial = {name: codes(graph, node(name), DCTERMS.spatial) for name in graph_names(graph)}
    assert spatial["dataset-organizations"] == ["LVA"]
    assert spatial["dataset-collaborations"] == ["PRT"]
    assert spatial["dataset-everything"] == spatial["catalog"]
    assert spatial["catalog"] == ["LVA", "PRT"]


def graph_names(graph):
    things = graph.subjects(DCTERMS.spatial)
    return [str(thing).removeprefix(NODE) for thing in set(things)]


def test_dataset_tells_since_when_and_until_when(client, talsi):
    make_collaboration(municipality=talsi, started=1998)
    one = make_collaboration(municipality=talsi)
    make_collaboration(municipality=talsi, status="draft", started=1900)
    graph, dataset = graph_of(client), node("dataset-collaborations")
    changed = graph.value(dataset, DCTERMS.modified)
    assert changed == Literal(one.updated.replace(microsecond=0))
    period = graph.value(dataset, DCTERMS.temporal)
    assert graph.value(period, DCAT.startDate) == Literal("1998", datatype=XSD.gYear)
    day = Literal(f"{one.updated:%Y-%m-%d}", datatype=XSD.date)
    assert graph.value(period, DCAT.endDate) == day
    # Where nothing is published yet: the mapping itself, and no day of a change.
    period = graph.value(node("dataset-needs"), DCTERMS.temporal)
    assert str(graph.value(period, DCAT.startDate)) == "2022-09"
    assert str(graph.value(period, DCAT.endDate)) == "2022-11"
    assert graph.value(node("dataset-needs"), DCTERMS.modified) is None


def test_countries_have_a_box_and_a_centre(db, client):
    graph = graph_of(client)
    assert codes(graph, node("catalog"), DCTERMS.spatial) == ["CYP", "LTU", "LVA", "PRT", "SWE"]
    latvia = URIRef(f"{EU}country/LVA")
    box = "POLYGON((21.01 55.67, 28.2 55.67, 28.2 58.06, 21.01 58.06, 21.01 55.67))"
    assert str(graph.value(latvia, DCAT.bbox)) == box
    assert str(graph.value(latvia, DCAT.centroid)).startswith("POINT(24.")
    assert Literal("Latvija", lang="lv") in set(graph.objects(latvia, SKOS.prefLabel))


def test_a_country_without_an_outline_is_named_all_the_same(db, client):
    make_municipality("talsi", country="EE")
    graph = graph_of(client)
    assert codes(graph, node("catalog"), DCTERMS.spatial) == ["EST"]
    assert graph.value(URIRef(f"{EU}country/EST"), DCAT.bbox) is None


def test_every_country_has_three_letters():
    found = {code: three_letters(code) for code in country_codes()}
    assert len(set(found.values())) == len(found)
    given = {code: found[code] for code in ("CD", "CY", "DE", "FR", "LT", "RS", "YE")}
    assert list(given.values()) == ["COD", "CYP", "DEU", "FRA", "LTU", "SRB", "YEM"]


def test_addresses_of_the_catalogue_answer(seed, client):
    graph = graph_of(client)
    names = [DCAT.accessURL, DCAT.downloadURL, DCAT.landingPage, DCAT.endpointURL]
    found = {
        value for name in [*names, DCAT.endpointDescription] for value in graph.objects(None, name)
    }
    answered = []
    for address in sorted(found):
        assert address.startswith(HERE)
        path = address.removeprefix(HERE.rstrip("/"))
        try:
            resolve(path)
        except Resolver404:
            continue
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.getvalue()
        answered.append(path)
    assert {f"/en/{app}/export.csv" for app in MAKERS} < set(answered)


@pytest.mark.parametrize("ending", FILES)
@pytest.mark.parametrize(
    "hostile",
    [
        'He said "hello" \\ and left',
        'one line\nand """ another\r\n',
        "<script>alert(1)</script> & ]]> <!--",
        "control \x01\x0b\x1f characters \ufffe",
        "{{ 7 }} {% x %} @en . <http://example.org/>",
    ],
)
def test_hostile_text_stays_text(client, settings, talsi, ending, hostile):
    settings.OPERATOR = hostile
    make_organization(municipality=talsi, topics=[make_topic(name_en=hostile, name_el=hostile)])
    graph = graph_of(client, ending)
    readable = "".join(one for one in hostile if one not in "\x01\x0b\x1f\ufffe")
    keywords = set(graph.objects(node("dataset-organizations"), DCAT.keyword))
    for language in ("en", "el"):
        assert Literal(readable, lang=language) in keywords
    assert str(graph.value(node("publisher"), FOAF.name)) == readable


def test_a_snapshot_can_say_what_it_is(db, client, monkeypatch):
    """What is frozen has a size, stays, and is never changed."""
    made = catalogue.datasets

    def with_snapshot(countries):
        one = made(countries)[0]
        file = catalogue.replace(one.files[0], slug="all", availability="STABLE", byte_size=12)
        return [
            *made(countries),
            catalogue.replace(one, slug="2026-11-26", frequency="NEVER", files=[file]),
        ]

    monkeypatch.setattr(catalogue, "datasets", with_snapshot)
    graph, dataset, file = graph_of(client), node("dataset-2026-11-26"), node("2026-11-26-all")
    assert (node("catalog"), DCAT.dataset, dataset) in graph
    assert codes(graph, dataset, DCTERMS.accrualPeriodicity) == ["NEVER"]
    assert codes(graph, file, DCATAP.availability) == ["STABLE"]
    assert graph.value(file, DCAT.byteSize) == Literal(12, datatype=XSD.nonNegativeInteger)


# How it is answered


@pytest.mark.parametrize("path", ["/catalog.xml", "/catalog.TTL", "/catalog.", "/en/catalog.ttl"])
def test_there_are_no_other_formats(db, client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("ending", FILES)
def test_catalogue_is_only_read(db, client, ending):
    assert client.post(f"/catalog.{ending}").status_code == 405
    head = client.head(f"/catalog.{ending}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == client.get(f"/catalog.{ending}").headers["ETag"]


@pytest.mark.parametrize("ending", FILES)
def test_catalogue_is_sent_again_only_when_it_changed(client, talsi, ending):
    address = f"/catalog.{ending}"
    etag = client.get(address).headers["ETag"]
    unchanged = client.get(address, headers={"if-none-match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    make_need(municipality=talsi)
    assert client.get(address, headers={"if-none-match": etag}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_catalogue_is_made_anew_only_when_content_changed(client, talsi, monkeypatch):
    """Here things are committed, and what was made is kept."""
    topic = make_topic(name_en="Music")
    entry = make_organization(municipality=talsi, topics=[topic])
    catalogue.kept.cache_clear()
    made = []
    describe = catalogue.describe
    monkeypatch.setattr(catalogue, "describe", lambda base: made.append(base) or describe(base))

    def keywords():
        graph = graph_of(client)
        return {str(one) for one in graph.objects(node("dataset-organizations"), DCAT.keyword)}

    assert "Music" in keywords()
    assert "Music" in keywords()
    assert len(made) == 1
    topic.name_en = "Song"
    topic.save()
    assert "Song" in keywords()
    entry.status = "archived"
    entry.save()
    assert "Song" not in keywords()
    make_municipality("braga")
    assert codes(graph_of(client), node("catalog"), DCTERMS.spatial) == ["LVA", "PRT"]
    assert len(made) == 4
    with CaptureQueriesContext(connection) as captured:
        keywords()
    assert len(captured) == 1
    catalogue.kept.cache_clear()


def test_number_of_queries_is_fixed(client, talsi, braga):
    def counted():
        with CaptureQueriesContext(connection) as captured:
            client.get("/catalog.ttl")
        return len(captured)

    for make in MAKERS.values():
        make(municipality=talsi, topics=[make_topic()])
    few = counted()
    for make in MAKERS.values():
        for _number in range(10):
            make(municipality=braga, topics=[make_topic(), make_topic()])
    assert counted() == few


def test_same_content_gives_the_same_file():
    """In whatever order a process happens to keep things."""
    code = (
        "import django; django.setup()\n"
        "from localympact.catalogue import *\n"
        "parts = [organizations(), collaborations(), needs()]\n"
        "said = Description('http://localhost/')\n"
        "said.catalogue(TITLE, DESCRIPTION, [*parts, everything(parts)], [interface(parts)], [],\n"
        "    countries=PROJECT_COUNTRIES, issued=ISSUED, modified=ISSUED)\n"
        "for _content_type, write in WRITERS.values():\n"
        "    sys.stdout.write(sha256(write(said.graph)).hexdigest() + ' ')"
    )
    given = os.environ | {"DJANGO_SETTINGS_MODULE": "localympact.settings"}
    printed = [
        subprocess.run(
            [sys.executable, "-c", f"import sys; {code}"],
            env=given | {"PYTHONHASHSEED": number},
            cwd=django_settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for number in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert len(printed[0]) == len(FILES)


@pytest.mark.parametrize("address", ["/lv/", *(f"/lv/{app}/" for app in MAKERS)])
def test_start_and_lists_name_the_catalogue(db, client, address):
    page = html5lib.parse(client.get(address).text, namespaceHTMLElements=False)
    (link,) = page.findall(".//head/link[@type='text/turtle']")
    assert (link.get("rel"), link.get("href")) == ("alternate", "/catalog.ttl")
