"""Attacks, tried: what somebody writes stays a text, wherever it is shown or sent.

Each test goes red when its protection is taken out; docs/security.md says which protects what.
"""

import csv
import datetime
import io
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile

import html5lib
import openpyxl
import pytest
import rdflib
from django.contrib.admin import site
from django.urls import reverse

from localympact import snapshots
from localympact.models import MUNICIPAL_EDITOR, ImportedFile
from localympact.tables import TABLES
from localympact.writers import SEPARATORS
from tests.conftest import make_person, wait_for
from tests.factories import make_municipality, make_organization, make_topic
from tests.hostile import APPS, fill, foreign, make_world, public_models, texts_of

pytestmark = pytest.mark.django_db

# The models of the three databases.
ENTRIES = {"organizations": "organization", "collaborations": "collaboration", "needs": "need"}
DAYS = [datetime.date(2026, 11, 23), datetime.date(2026, 11, 24)]

PAYLOADS = {
    "script": '"><script>alert(1)</script><img src=x onerror=alert(1)>&lt;xss&gt;',
    "quote": "' onfocus=alert(1) autofocus xss='1",
    "end": "</title></textarea></script>]]>--><xss><!--",
    "template": "{{ 7|add:7000 }}\u202eετρα\u2067שלום\u2066<xss>",
}


@pytest.fixture(params=PAYLOADS)
def payload(request):
    return PAYLOADS[request.param]


# Markup


def public_pages(world):
    """Give an address of each kind of page that shows texts of people."""
    place = world["municipality"]
    yield from ("/en/", f"/en/?municipality={place.slug}", "/el/", "/en/about/", "/en/suggest/")
    yield from ("/en/municipalities/", place.get_absolute_url(), "/en/privacy/")
    for app in APPS:
        entry = world[ENTRIES[app]]
        yield entry.get_absolute_url()
        yield entry.get_absolute_url().replace("/en/", "/lt/")
        yield from (f"/en/{app}/{query}" for query in ("", "?view=table", "?view=map", "download/"))
        yield f"/en/{app}/?q=alert"
        yield f"/en/suggest/?entry={entry.uuid}"
    for term in ("topic", "audience", "town"):
        facet = world[term].slug
        yield f"/en/organizations/?{term}={facet}&view=table"
        yield f"/en/organizations/download/?{term}={facet}"
    yield f"/en/needs/?cause={world['cause'].slug}"
    yield from (
        "/en/data/",
        "/en/data/dictionary/",
        "/en/search/?q=alert",
        "/en/search/suggestions/?q=al",
        "/en/data/snapshots/",
    )


def whole(page):
    """Give a page as HTML with an end, also where it is only a part of one."""
    return page.text if "<html" in page.text else f"{page.text}<footer></footer>"


def test_attacks_reach_every_text_of_every_public_model():
    """Those of a model that is added later, too."""
    world = make_world("<xss>")
    # What the portal itself finds out.
    ours = {"duplicatepair", "textstate"}
    for model in public_models():
        if model._meta.auto_created or model._meta.model_name in ours:
            continue
        thing = world[model._meta.model_name]
        for field in texts_of(model):
            assert "<" in getattr(thing, field.attname) or field.max_length < 20, field


def test_no_page_lets_a_text_become_markup(client, payload):
    world = make_world(payload)
    snapshots.make(DAYS[0])
    world["organization"].name_en = f"x{payload}"
    world["organization"].save()
    shown = 0
    for address in public_pages(world):
        page = client.get(address)
        assert page.status_code == 200, address
        assert not foreign(whole(page)), address
        shown += "alert(1)" in page.text or "xss" in page.text
        assert "7007" not in page.text, address
    assert shown > 15


def test_no_page_lets_a_question_become_markup(client, payload):
    make_world("Plain")
    for address in (
        *(f"/en/{app}/{page}" for app in APPS for page in ("", "download/")),
        *("/en/search/", "/en/search/suggestions/", "/en/suggest/", "/en/", "/en/nothing/"),
    ):
        names = ("q", "topic", "municipality", "view", "sort", "columns", "entry", "kind", "format")
        page = client.get(address, dict.fromkeys(names, payload))
        assert not foreign(whole(page)), address
        assert not foreign(whole(client.get(address, {payload: payload}))), address
        came = {"Referer": f"http://testserver/en/organizations/?q={payload}"}
        assert not foreign(whole(client.get(address, headers=came))), address


def test_form_that_comes_back_shows_what_was_typed_as_text(client, payload):
    sent = dict.fromkeys(("name", "message", "email", "kind", "municipality"), payload)
    page = client.post("/en/suggest/", sent)
    assert page.status_code == 200
    assert not foreign(page.text)


def admin_pages(world):
    """Give the addresses of the admin that show texts of people."""
    yield from ("/admin/", "/admin/account/")
    for model in site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_changelist") + "?q=alert"
        thing = world.get(model._meta.model_name) or model._default_manager.first()
        if thing is not None:
            for page in ("change", "history", "delete"):
                yield reverse(f"{name}_{page}", args=[thing.pk])
    for app in APPS:
        yield f"/admin/{app}/{ENTRIES[app]}/languages/"
    entry = world["organization"]
    for page in ("merge/", f"merge/?other={world['draft'].pk}"):
        yield f"/admin/organizations/organization/{entry.pk}/{page}"
        yield f"/admin/organizations/topic/{world['topic'].pk}/{page}"
    yield world["draft"].get_absolute_url()


def test_no_page_of_the_admin_lets_a_text_become_markup(client, superuser, payload):
    world = make_world(payload, superuser)
    client.force_login(superuser)
    for address in admin_pages(world):
        page = client.get(address, follow=True)
        assert page.status_code in (200, 403, 404), address
        assert not foreign(whole(page)), address
        assert "7007" not in page.text, address
    entry = world["organization"]
    address = f"/admin/organizations/organization/{entry.pk}/change/"
    page = client.post(address, {field.name: payload for field in texts_of(type(entry))})
    assert page.status_code == 200
    assert not foreign(page.text)


def test_no_comparison_lets_a_text_become_markup(client, superuser, app, payload):
    world = make_world(payload)
    entry = world[ENTRIES[app]]
    fill(entry, f"Other {payload}")
    client.force_login(superuser)
    history = f"/admin/{app}/{ENTRIES[app]}/{entry.pk}/history/"
    versions = re.findall(rf'href="({history}\d+/)"', client.get(history).text)
    assert len(versions) == 2
    for version in versions:
        page = client.get(version)
        assert not foreign(page.text)
    assert "Other" in page.text


def test_no_page_of_a_municipal_editor_lets_a_text_become_markup(client, payload):
    world = make_world(payload)
    place = world["municipality"]
    client.force_login(make_person("ilze", MUNICIPAL_EDITOR, [place]))
    for address in (
        *("/admin/", f"/admin/organizations/municipality/{place.pk}/change/"),
        f"/admin/organizations/organization/{world['organization'].pk}/change/",
        f"/admin/organizations/suggestion/{world['suggestion'].pk}/change/",
        *("/admin/organizations/duplicatepair/", "/admin/organizations/organization/"),
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert not foreign(page.text), address


def test_structured_data_holds_a_text_as_a_text(client, payload):
    world = make_world(payload)
    for address in public_pages(world):
        page = client.get(address)
        document = html5lib.parse(page.text, namespaceHTMLElements=False)
        for block in document.findall(".//script[@type='application/ld+json']"):
            assert json.loads(block.text)["@context"] == "https://schema.org"
            assert not set("<>&") & set(block.text)


def test_machines_read_a_text_as_a_text(client, payload):
    world = make_world(payload + "\x0b\x1f\ufffe")
    atom = "{http://www.w3.org/2005/Atom}"
    for app in APPS:
        feed = ElementTree.fromstring(content_of(client, f"/en/{app}/feed.atom"))  # noqa: S314
        titles = [title.text for title in feed.iter(f"{atom}title")]
        assert payload in titles
        for element in feed.iter():
            assert element.tag.startswith(atom)
            assert "javascript:" not in element.get("href", "")
    for address in ("/sitemap.xml", "/sitemap-organizations.xml", "/opensearch/en.xml"):
        ElementTree.fromstring(content_of(client, address))  # noqa: S314
    for format, name in (("ttl", "turtle"), ("rdf", "xml")):
        graph = rdflib.Graph().parse(data=content_of(client, f"/catalog.{format}"), format=name)
        assert len(graph) > 10
    for address in (
        *(f"/en/{app}.json" for app in APPS),
        *("/en/organizations/export.geojson", "/en/organizations/export.json", "/openapi.json"),
        f"/id/{world['organization'].uuid}.json",
        *("/en/search/suggestions.json?q=al", "/catalog.jsonld"),
    ):
        answer = client.get(address)
        json.loads(content_of(client, address))
        assert "json" in answer.headers["Content-Type"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def content_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


# Formulas

# One of each kind; each sign with which a formula begins is tried in test_files.py.
FORMULAS = ['=HYPERLINK("http://evil.example";"x")', "-2+3+cmd|' /C calc'!A0", "\t=1+1"]


def calculated(raw, separator=","):
    """Give the cells of a CSV file that a spreadsheet would calculate."""
    rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=separator)
    return [
        cell
        for row in rows
        for cell in row
        if cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        and not re.fullmatch(r"[-+][\d. ]+", cell)
    ]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_file_holds_a_formula(client, superuser, formula):
    before = make_world("Plain", superuser)
    snapshots.make(DAYS[0])
    for thing in before.values():
        fill(thing, formula)
    file = ImportedFile.objects.get()
    file.report["wrong"] = [[2, formula, formula]]
    file.save()
    made = snapshots.make(DAYS[1])
    client.force_login(superuser)
    admin = [f"{app}/{model}" for app, model in ENTRIES.items()]
    for address in (
        *(f"/en/{app}/export.csv?separator={name}" for app in APPS for name in SEPARATORS),
        *(f"/en/{app}/export.csv?texts=lv" for app in APPS),
        *(f"/en/data/{table}.csv" for table in (*TABLES, "dictionary")),
        *(f"/admin/{model}/export.csv" for model in admin),
    ):
        name = address.rpartition("separator=")[2]
        assert not calculated(content_of(client, address), SEPARATORS.get(name, ",")), address
    for model in admin:
        book = openpyxl.load_workbook(io.BytesIO(content_of(client, f"/admin/{model}/export.xlsx")))
        kinds = {cell.data_type for row in book.active.iter_rows() for cell in row}
        assert kinds <= {"s", "n"}
        assert not [cell for row in book.active.iter_rows() for cell in row if cell.hyperlink]
    with zipfile.ZipFile(made.zip) as archive:
        for table in TABLES:
            assert not calculated(archive.read(f"{table}.csv"))
    changes = (made.folder / "changes.csv").read_bytes()
    assert formula[:5].encode() in changes
    assert not calculated(changes)
    problems = content_of(client, f"/admin/localympact/importedfile/{file.pk}/problems.csv")
    assert formula.strip()[:5].encode() in problems
    assert not calculated(problems)


# Lines of headers


BROKEN = "Choir\r\nSet-Cookie: stolen=1\r\n\r\n<script>\u2028"


def test_no_text_begins_a_new_header(client, superuser, app, make):
    """Django refuses a header of two lines with an error: none of these comes so far."""
    place = make_municipality()
    entry = make(municipality=place, topics=[make_topic()])
    for thing in (place, entry, *entry.topics.all()):
        fill(thing, BROKEN)
    client.force_login(superuser)
    model = type(entry)._meta.model_name
    for address in (
        entry.get_absolute_url(), f"/en/{app}/feed.atom", f"/en/{app}/export.csv",
        f"/en/{app}.json", f"/id/{entry.uuid}", f"/admin/{app}/{model}/export.csv",
        f"/en/{app}/?municipality=talsi", f"/id/{entry.uuid}.json",
    ):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code in (200, 302), address
        assert "stolen" not in str(answer.headers), address


@pytest.mark.parametrize("name", ["q", "topic", "sort", "columns", "texts", "format", "x\r\nx"])
def test_no_value_begins_a_new_header(client, app, make, name):
    make()
    for address in (
        f"/en/{app}/", f"/en/{app}/export.csv", f"/en/{app}/feed.atom", f"/en/{app}/download/",
        f"/en/{app}.json", "/en/search/", "/", "/en/suggest/", "/en/municipalities",
    ):  # fmt: skip
        for told in ({}, {"HX-Request": "true"}):
            asked = {name: BROKEN, "empty": "", "format": "csv"} | {name: BROKEN}
            answer = client.get(address, asked, headers=told)
            assert answer.status_code < 500
            lines = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            assert "Set-Cookie: stolen" not in lines
            assert "\r" not in lines
    for path in ("/en%0d%0aSet-Cookie:%20stolen=1/", "/%0d%0aSet-Cookie:stolen=1", "/id/%0d%0ax"):
        answer = client.get(path, headers={"Accept-Language": "lv\tx"})
        assert "Set-Cookie: stolen" not in str(answer.headers.get("Location", ""))
        assert not answer.cookies


def test_name_of_a_place_is_one_line_of_a_mail(client, inbox, django_capture_on_commit_callbacks):
    place = fill(make_municipality(), BROKEN)
    make_person("ilze", MUNICIPAL_EDITOR, [place], email="ilze@example.org", language="en")
    with django_capture_on_commit_callbacks(execute=True):
        sent = {"kind": "wrong", "municipality": place.pk, "message": "Wrong"}
        assert client.post("/en/suggest/", sent).status_code == 302
    (mail,) = wait_for(lambda: inbox.mails)
    head = mail.content.decode().partition("\r\n\r\n")[0]
    assert "\nSet-Cookie" not in head


# Addresses of files


ELSEWHERE = [
    "../settings.py", "..%2f..%2fmanage.py", "%2e%2e/%2e%2e/manage.py", "..\\..\\manage.py",
    "%2e%2e%5cmanage.py", "/etc/passwd", "%2fetc%2fpasswd", "//etc/passwd", "....//manage.py",
    "secret.txt%00.png", "%00", "C:\\windows\\win.ini", "..%c0%afmanage.py", "..%252fmanage.py",
    "./../secret.txt", "logos/../../secret.txt", "file:///etc/passwd", "~root", "link.txt",
]  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
def test_no_address_leads_out_of_its_folder(client, settings, tmp_path, path):
    make_organization()
    middleware = list(settings.MIDDLEWARE)
    middleware.insert(3, "whitenoise.middleware.WhiteNoiseMiddleware")
    settings.MIDDLEWARE = middleware
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    made = snapshots.make(DAYS[0])
    (settings.MEDIA_ROOT / "logos").mkdir(parents=True)
    for folder in (tmp_path, settings.MEDIA_ROOT, made.folder.parent, made.folder):
        (folder / "secret.txt").write_text("secret")
    for before in (
        "/media/logos/", "/media/", "/static/", "/static/localympact/", "/data/",
        f"/data/snapshots/{DAYS[0]}/", "/data/snapshots/", "/en/data/snapshots/", "/en/data/",
        "/opensearch/", "/catalog.", "/sitemap-", "/id/", "/en/organizations/export.", "/",
        "/en/organizations/", "/en/municipalities/", "/admin/organizations/organization/export.",
    ):  # fmt: skip
        for after in ("", "/", ".xml", ".csv"):
            answer = client.get(f"{before}{path}{after}", follow=True)
            assert answer.status_code in (200, 400, 404), (before, path)
            text = b"".join(answer.streaming_content) if answer.streaming else answer.content
            for secret in (b"secret", b"root:", b"DJANGO_SETTINGS", b"SECRET_KEY"):
                assert secret not in text.replace(path.encode(), b""), (before, path)
            if answer.status_code == 200:
                # Only a page that asks who one is.
                assert answer.redirect_chain[-1][0].startswith("/admin/login/"), (before, path)


def test_folder_lists_nothing(client, settings):
    (settings.MEDIA_ROOT / "logos" / "folder").mkdir(parents=True)
    for path in ("/media/", "/media/logos/", "/media/logos/folder/", "/media/logos/."):
        assert client.get(path).status_code == 404


def test_picture_of_another_kind_is_not_served(client, settings):
    """What somebody put there by another way than the form is never read."""
    folder = settings.MEDIA_ROOT / "logos"
    folder.mkdir(parents=True)
    (folder / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
    assert client.get("/media/logos/a.svg").status_code == 404
