"""Data in the words of DCAT-AP 3, the EU's profile for catalogues of data: catalogue.py says what.

https://semiceu.github.io/DCAT-AP/releases/3.0.0/ has the specification. A graph of this module has
no blank nodes and is written in one order: the same content gives the same file.
"""

import datetime
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

# In a process that has loaded Django and the pages, this takes 30 ms and 3 MB.
from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS, XSD, Graph, Literal, Namespace, URIRef

from localympact.cldr import country_name, three_letters
from localympact.feeds import clean
from localympact.texts import LANGUAGES
from organizations.maps import extent

DCATAP = Namespace("http://data.europa.eu/r5r/")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
GEO = Namespace("http://www.opengis.net/ont/geosparql#")
PREFIXES = {
    "dcat": str(DCAT),
    "dcatap": str(DCATAP),
    "dct": str(DCTERMS),
    "foaf": str(FOAF),
    "geo": str(GEO),
    "rdf": str(RDF),
    "rdfs": str(RDFS),
    "skos": str(SKOS),
    "spdx": str(SPDX),
    "vcard": str(VCARD),
    "xsd": str(XSD),
}

AUTHORITY = "http://publications.europa.eu/resource/authority/"
ADMS = "http://purl.org/adms/"
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
LICENSE = URIRef("https://creativecommons.org/licenses/by/4.0/")
JSON = URIRef("https://www.rfc-editor.org/rfc/rfc8259")
LANGUAGE_CODES = {"lv": "LAV", "en": "ENG", "pt": "POR", "sv": "SWE", "lt": "LIT", "el": "ELL"}
# Where a format is called otherwise in the EU's list, which has no NDJSON.
FILE_TYPES = {"ndjson": "JSON"}
# As the EU's list names them; it has the names in other languages.
THEMES = {
    "SOCI": "Population and society",
    "GOVE": "Government and public sector",
    "REGI": "Regions and cities",
}


@dataclass(frozen=True)
class File:
    """A dataset in one format (a distribution): where it is, and the page that offers it.

    `slug` tells apart several files of one format. `byte_size` and the SHA-256 are said only where
    they are known.
    """

    format: str
    label: str
    content_type: str
    address: str
    page: str
    description: str
    slug: str = ""
    availability: str = "AVAILABLE"
    byte_size: int | None = None
    sha256: str = ""


@dataclass(frozen=True)
class Dataset:
    """Data that can be taken away. Its `slug` is its place in the catalogue and never changes.

    `names` are keywords beside the names of its `topics`; `frequency` is a code of the EU's list.
    """

    slug: str
    title: str
    description: tuple
    page: str
    files: list
    themes: tuple
    names: tuple
    # The time that it is about: years, months or days in ISO 8601.
    since: str
    until: str
    topics: frozenset = frozenset()
    countries: frozenset = frozenset()
    issued: datetime.datetime | None = None
    modified: datetime.datetime | None = None
    frequency: str = "IRREG"
    # Whether it has coordinates of towns, which are GeoNames' and not the portal's own.
    geonames: bool = False


@dataclass(frozen=True)
class Service:
    """An interface for programs to some datasets, and where it is described."""

    slug: str
    title: str
    description: str
    addresses: list
    described: str
    datasets: list


# Values


def said(*sentences):
    """Give texts, joined, as one literal a language."""
    literals = []
    for language in LANGUAGES:
        with override(language):
            literals.append(words(" ".join(str(one) for one in sentences), language))
    return literals


def words(text, language=None):
    """Give a text as a literal, without the control characters that no XML can hold."""
    return Literal(clean(text), lang=language)


def moment(value):
    return value and Literal(value.astimezone(datetime.UTC).replace(microsecond=0))


def time_of(text):
    """Give a year, a month or a day as a literal of its kind."""
    kind = {4: XSD.gYear, 7: XSD.gYearMonth, 10: XSD.date}[len(text)]
    return Literal(text, datatype=kind, normalize=False)


# The graph


class Ordered(Graph):
    """A graph whose things come in the order of their addresses, also in a file."""

    def subjects(self, predicate=None, object=None, unique=False):
        return iter(sorted(set(super().subjects(predicate, object))))


@dataclass
class Description:
    """What is said of a catalogue; `base` is the address of the site.

    Every method adds to the graph what it says of a thing, and gives the thing. The shapes of
    DCAT-AP want the class of each value stated here, also of what the EU's lists define.
    """

    base: str
    graph: Graph = field(default_factory=lambda: Ordered(bind_namespaces="none"))

    def __post_init__(self):
        for prefix, namespace in PREFIXES.items():
            self.graph.bind(prefix, namespace)

    def say(self, thing, kind, *facts):
        """Say what a thing is, and facts of it: (property, a value, several, or None)."""
        self.graph.add((thing, RDF.type, kind))
        for name, values in facts:
            several = isinstance(values, Iterable) and not isinstance(values, str)
            for value in values if several else [values]:
                if value is not None:
                    self.graph.add((thing, name, value))
        return thing

    def address(self, path):
        return URIRef(urljoin(self.base, path))

    def node(self, name):
        """Give the address of a thing of the catalogue: one in all formats."""
        return URIRef(f"{self.address('/catalog.ttl')}#{name}")

    # What things have in common

    def page(self, path):
        return self.say(self.address(path), FOAF.Document)

    def listed(self, table, code, kind, *facts):
        """Say of what class a code of an authority table of the EU is."""
        return self.say(URIRef(f"{AUTHORITY}{table}/{code}"), kind, *facts)

    def concept(self, address, name):
        return self.say(URIRef(address), SKOS.Concept, (SKOS.prefLabel, Literal(name, lang="en")))

    def themes(self, codes):
        return [self.concept(f"{AUTHORITY}data-theme/{code}", THEMES[code]) for code in codes]

    def languages(self):
        codes = [LANGUAGE_CODES[language] for language in LANGUAGES]
        return [self.listed("language", code, DCTERMS.LinguisticSystem) for code in codes]

    def countries(self, codes):
        return [self.country(code) for code in sorted(codes)]

    def country(self, code):
        names = [Literal(country_name(code, language), lang=language) for language in LANGUAGES]
        facts = [(SKOS.prefLabel, names)]
        if known := extent(code):
            (west, south, east, north), (x, y) = known
            corners = (west, south), (east, south), (east, north), (west, north), (west, south)
            ring = ", ".join(f"{longitude} {latitude}" for longitude, latitude in corners)
            facts += [
                (DCAT.bbox, Literal(f"POLYGON(({ring}))", datatype=GEO.wktLiteral)),
                (DCAT.centroid, Literal(f"POINT({x} {y})", datatype=GEO.wktLiteral)),
            ]
        return self.listed("country", three_letters(code), DCTERMS.Location, *facts)

    def license(self):
        return self.say(
            LICENSE,
            DCTERMS.LicenseDocument,
            (DCTERMS.type, self.concept(f"{ADMS}licencetype/Attribution", "Attribution")),
            (SKOS.exactMatch, URIRef(f"{AUTHORITY}licence/CC_BY_4_0")),
        )

    def public(self):
        return self.listed("access-right", "PUBLIC", DCTERMS.RightsStatement)

    def file_type(self, format):
        code = FILE_TYPES.get(format, format.upper())
        return self.listed("file-type", code, DCTERMS.MediaTypeOrExtent)

    def media_type(self, content_type):
        """Give the address of a media type in its register; what begins with x- is not there."""
        name = content_type.partition(";")[0]
        return None if "/x-" in name else self.say(URIRef(MEDIA_TYPES + name), DCTERMS.MediaType)

    def operator(self):
        return words(settings.OPERATOR or "LOCAL-Y-MPACT")

    def publisher(self):
        kind = settings.OPERATOR_TYPE
        name = re.sub("(?<=[a-z])(?=[A-Z])", " ", kind)
        return self.say(
            self.node("publisher"),
            FOAF.Agent,
            (FOAF.name, self.operator()),
            (DCTERMS.type, self.concept(f"{ADMS}publishertype/{quote(kind)}", name)),
        )

    def contact(self):
        if settings.CONTACT_EMAIL:
            way = VCARD.hasEmail, URIRef(f"mailto:{quote(settings.CONTACT_EMAIL, safe='@+')}")
        else:
            way = VCARD.hasURL, self.address(reverse("suggest"))
        contact = self.node("contact")
        self.say(contact, VCARD.Organization)
        return self.say(contact, VCARD.Kind, (VCARD.fn, self.operator()), way)

    def geonames(self):
        return self.say(
            self.node("coordinates"),
            DCTERMS.ProvenanceStatement,
            (RDFS.label, said(_("Coordinates of towns: GeoNames, CC BY 4.0"))),
        )

    # What there is

    def file(self, dataset, file):
        availability = f"{AUTHORITY}planned-availability/{file.availability}"
        size = file.byte_size
        if size is not None:
            size = Literal(size, datatype=XSD.nonNegativeInteger)
        name = f"{dataset.slug}-{file.slug or file.format}"
        return self.say(
            self.node(name),
            DCAT.Distribution,
            (DCTERMS.title, said(dataset.title, f"({file.label})")),
            (DCTERMS.description, said(file.description)),
            (DCTERMS.language, self.languages()),
            (DCTERMS.license, self.license()),
            (DCTERMS.modified, moment(dataset.modified)),
            (DCTERMS.format, self.file_type(file.format)),
            (DCAT.mediaType, self.media_type(file.content_type)),
            (DCAT.accessURL, self.address(file.page)),
            (DCAT.downloadURL, self.address(file.address)),
            (DCAT.byteSize, size),
            (SPDX.checksum, self.checksum(name, file.sha256) if file.sha256 else None),
            (DCATAP.availability, self.concept(availability, file.availability.lower())),
        )

    def checksum(self, name, sha256):
        algorithm = self.say(SPDX.checksumAlgorithm_sha256, SPDX.ChecksumAlgorithm)
        return self.say(
            self.node(f"checksum-{name}"),
            SPDX.Checksum,
            (SPDX.algorithm, algorithm),
            (SPDX.checksumValue, Literal(sha256, datatype=XSD.hexBinary, normalize=False)),
        )

    def period(self, dataset):
        return self.say(
            self.node(f"period-{dataset.slug}"),
            DCTERMS.PeriodOfTime,
            (DCAT.startDate, time_of(dataset.since)),
            (DCAT.endDate, time_of(dataset.until)),
        )

    def keywords(self, dataset, topics):
        """Give the names of a dataset and of its topics, each in the languages that it has."""
        found = [literal for name in dataset.names for literal in said(name)]
        for topic in topics:
            if topic.pk in dataset.topics:
                names = [(getattr(topic, f"name_{one}"), one) for one in LANGUAGES]
                found += [words(name, one) for name, one in names if name]
        return found

    def dataset(self, dataset, topics):
        node = self.node(f"dataset-{dataset.slug}")
        return self.say(
            node,
            DCAT.Dataset,
            (DCTERMS.identifier, Literal(str(node))),
            (DCTERMS.title, said(dataset.title)),
            (DCTERMS.description, said(*dataset.description)),
            (DCTERMS.publisher, self.publisher()),
            (DCTERMS.language, self.languages()),
            (DCTERMS.accessRights, self.public()),
            (DCTERMS.spatial, self.countries(dataset.countries)),
            (DCTERMS.temporal, self.period(dataset)),
            (DCTERMS.issued, moment(dataset.issued)),
            (DCTERMS.modified, moment(dataset.modified)),
            (
                DCTERMS.accrualPeriodicity,
                self.listed("frequency", dataset.frequency, DCTERMS.Frequency),
            ),
            (DCTERMS.provenance, self.geonames() if dataset.geonames else None),
            (DCAT.keyword, self.keywords(dataset, topics)),
            (DCAT.theme, self.themes(dataset.themes)),
            (DCAT.contactPoint, self.contact()),
            (DCAT.landingPage, self.page(dataset.page)),
            (DCAT.distribution, [self.file(dataset, file) for file in dataset.files]),
        )

    def service(self, service, topics):
        served = service.datasets
        themes = sorted({code for dataset in served for code in dataset.themes})
        return self.say(
            self.node(f"service-{service.slug}"),
            DCAT.DataService,
            (DCTERMS.title, said(service.title)),
            (DCTERMS.description, said(service.description)),
            (DCTERMS.publisher, self.publisher()),
            (DCTERMS.license, self.license()),
            (DCTERMS.accessRights, self.public()),
            (DCTERMS.format, self.file_type("json")),
            (DCTERMS.conformsTo, self.say(JSON, DCTERMS.Standard)),
            (DCAT.endpointURL, [self.address(path) for path in service.addresses]),
            (DCAT.endpointDescription, self.address(service.described)),
            (DCAT.servesDataset, [self.dataset(one, topics) for one in served]),
            (DCAT.keyword, [word for one in served for word in self.keywords(one, topics)]),
            (DCAT.theme, self.themes(themes)),
            (DCAT.contactPoint, self.contact()),
        )

    def catalogue(self, title, description, datasets, services, topics, **known):
        """Say everything; `known` are the countries and when it was issued and modified."""
        taxonomy = self.say(
            URIRef(f"{AUTHORITY}data-theme"),
            SKOS.ConceptScheme,
            (DCTERMS.title, Literal("Data theme", lang="en")),
        )
        return self.say(
            self.node("catalog"),
            DCAT.Catalog,
            (DCTERMS.title, said(title)),
            (DCTERMS.description, said(description)),
            (DCTERMS.publisher, self.publisher()),
            (DCTERMS.language, self.languages()),
            (DCTERMS.license, self.license()),
            (DCTERMS.spatial, self.countries(known["countries"])),
            (DCTERMS.issued, moment(known["issued"])),
            (DCTERMS.modified, moment(known["modified"])),
            (FOAF.homepage, self.page("/")),
            (DCAT.themeTaxonomy, taxonomy),
            (DCAT.dataset, [self.dataset(dataset, topics) for dataset in datasets]),
            (DCAT.service, [self.service(service, topics) for service in services]),
        )


# The graph as a file


def turtle(graph):
    return graph.serialize(format="turtle", encoding="utf-8")


def json_ld(graph):
    made = json.loads(graph.serialize(format="json-ld", context=PREFIXES))
    things = sorted(made["@graph"], key=lambda thing: thing["@id"])
    # Several values of one property have no order; here they are given one.
    made["@graph"] = [{name: ordered(values) for name, values in one.items()} for one in things]
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True).encode()


def ordered(values):
    if not isinstance(values, list):
        return values
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True))


def rdf_xml(graph):
    return graph.serialize(format="xml", encoding="utf-8")


# What the ending of an address stands for.
WRITERS = {
    "ttl": ("text/turtle; charset=utf-8", turtle),
    "jsonld": ("application/ld+json", json_ld),
    "rdf": ("application/rdf+xml", rdf_xml),
}
