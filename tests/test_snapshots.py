"""Dated snapshots of everything: files that never change, and what changed between two."""

import csv
import datetime
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from io import StringIO
from unittest import mock

import html5lib
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection

from localympact import locks, snapshots
from localympact.archive import Archive
from localympact.columns import Column, Words
from localympact.tables import TABLES
from organizations.exports import OrganizationResource
from organizations.models import Organization
from tests.factories import (
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
)

pytestmark = pytest.mark.django_db

MONDAY, TUESDAY, WEDNESDAY = (datetime.date(2026, 11, day) for day in (23, 24, 25))


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.SNAPSHOTS_ROOT = tmp_path / "snapshots"
    settings.SITE_ADDRESS = "https://portal.example"
    return settings.SNAPSHOTS_ROOT


def changes_in(snapshot, table=None):
    """Give the lines of `changes.csv` as lists, without the moments that every save changes."""
    with (snapshot.folder / "changes.csv").open(newline="", encoding="utf-8-sig") as file:
        heads, *lines = csv.reader(file)
    assert heads == ["table", "key", "slug", "what", "column", "before", "after"]
    return [line for line in lines if line[4] != "updated" and table in (None, line[0])]


def rows_of(snapshot, table):
    with zipfile.ZipFile(snapshot.zip) as archive:
        text = archive.read(f"{table}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def state_of(folder):
    """Give what tells whether anything in a folder was touched."""
    return {
        file.name: (file.read_bytes(), file.stat().st_mtime_ns)
        for file in [*folder.iterdir(), *folder.parent.glob(f"{folder.name}/*")]
    } | {".": folder.stat().st_mtime_ns}


# What a snapshot holds


def test_snapshot_is_the_archive_of_its_day():
    organization = make_organization(name_lv="Koris")
    make_organization(name_lv="Melnraksts", status="draft")
    made = snapshots.make(MONDAY)
    assert sorted(file.name for file in made.folder.iterdir()) == [
        "SHA256SUMS", "changes.csv", "localympact-2026-11-23.zip", "snapshot.json",
    ]  # fmt: skip
    with zipfile.ZipFile(made.zip) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 2 * len(TABLES) + 3
        readme = archive.read("README.txt").decode()
        assert json.loads(archive.read("datapackage.json"))["version"] == "2026-11-23"
    assert "LOCAL-Y-MPACT portal: all data, 2026-11-23\n" in readme
    assert "https://portal.example/en/data/snapshots/2026-11-23/" in readme
    (row,) = rows_of(made, "organizations")
    assert row["url"] == f"https://portal.example/id/{organization.uuid}"


def test_snapshot_says_of_itself_what_it_is():
    make_organization()
    snapshots.make(MONDAY)
    make_organization()
    made = snapshots.make(TUESDAY)
    about = json.loads((made.folder / "snapshot.json").read_text())
    assert (about["day"], about["previous"]) == ("2026-11-24", "2026-11-23")
    assert about["tables"]["organizations"] == {
        "rows": 2,
        "changes": {"added": 1, "removed": 0, "changed": 0},
    }
    assert about["files"]["localympact-2026-11-24.zip"]["size"] == made.zip.stat().st_size
    assert {"edition", "release", "made"} <= set(about)


def test_address_of_the_portal_is_its_first_host_where_none_is_set(settings):
    settings.SITE_ADDRESS, settings.HTTPS = "", True
    settings.ALLOWED_HOSTS = [".portal.example", "localhost"]
    assert snapshots.site_address() == "https://portal.example/"


def test_sums_are_right_as_others_check_them():
    make_organization()
    made = snapshots.make(MONDAY)
    with zipfile.ZipFile(made.zip) as archive:
        archive.extractall(made.folder)
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=made.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.count(": OK\n") == 2 * len(TABLES) + 5


def test_rows_are_in_the_order_of_their_key():
    for slug in ("z", "a-b", "ab", "a_c", "a"):
        make_topic(slug=slug)
    for _number in range(30):
        make_organization()
    made = snapshots.make(MONDAY)
    for name, table in TABLES.items():
        keys = [tuple(row[part] for part in table.key) for row in rows_of(made, name)]
        assert (name, keys) == (name, sorted(keys))


# What changed


def test_first_snapshot_has_nothing_to_be_compared_with():
    make_organization()
    made = snapshots.make(MONDAY)
    assert changes_in(made) == []
    assert made.about["previous"] is None
    assert made.about["tables"]["organizations"]["rows"] == 1


def test_changes_are_named_row_by_row_and_field_by_field():
    kept, changed, removed = (make_organization(name_en=name) for name in ("A", "B", "C"))
    snapshots.make(MONDAY)
    changed.phone, changed.summary_en, changed.latitude = "+371 2000", "=1+1", 57.5
    changed.longitude = -8.0
    changed.save()
    removed.status = "archived"
    removed.save()
    added = make_organization(name_en="D")
    made = snapshots.make(TUESDAY)
    of_changed = ["organizations", str(changed.uuid), "b", "changed"]
    assert sorted(changes_in(made, "organizations")) == sorted(
        [
            ["organizations", str(added.uuid), "d", "added", "", "", ""],
            ["organizations", str(removed.uuid), "c", "removed", "", "", ""],
            [*of_changed, "summary_en", "", "'=1+1"],
            [*of_changed, "phone", "", "+371 2000"],
            [*of_changed, "latitude", "", "57.5"],
            [*of_changed, "longitude", "", "-8"],
        ]
    )
    assert made.about["tables"]["organizations"]["changes"] == {
        "added": 1, "removed": 1, "changed": 1,
    }  # fmt: skip
    assert str(kept.uuid) not in (made.folder / "changes.csv").read_text()


def test_changes_of_links_are_named_by_both_ends():
    organization, collaboration = make_organization(), make_collaboration()
    snapshots.make(MONDAY)
    collaboration.organizations.add(organization)
    made = snapshots.make(TUESDAY)
    assert changes_in(made, "collaboration_organizations") == [
        [
            "collaboration_organizations",
            f"{collaboration.uuid}|{organization.uuid}",
            *["", "added", "", "", ""],
        ]
    ]


def test_nothing_changed_is_said_so():
    make_organization()
    snapshots.make(MONDAY)
    assert changes_in(snapshots.make(TUESDAY)) == []


def with_columns(columns):
    return mock.patch.object(OrganizationResource, "columns", columns)


def test_new_and_vanished_columns_are_named_once():
    for _number in range(3):
        make_organization()
    some = [part for part in OrganizationResource.columns if part.name not in ("phone", "email")]
    with with_columns([*some, Words("phone")]):
        snapshots.make(MONDAY)
    with with_columns([*some, Words("email")]):
        made = snapshots.make(TUESDAY)
    assert changes_in(made) == [
        ["organizations", "", "", "column removed", "phone", "", ""],
        ["organizations", "", "", "column added", "email", "", ""],
    ]
    assert made.about["tables"]["organizations"]["rows"] == 3


def test_new_and_vanished_tables_are_named_once():
    make_organization()
    make_topic()
    with mock.patch.dict(TABLES):
        del TABLES["organizations"]
        first = snapshots.make(MONDAY)
    with mock.patch.dict(TABLES):
        del TABLES["topics"]
        second = snapshots.make(TUESDAY)
    assert "organizations" not in first.about["tables"]
    assert changes_in(second) == [
        ["organizations", "", "", "table added", "", "", ""],
        ["topics", "", "", "table removed", "", "", ""],
    ]
    assert second.about["tables"]["organizations"]["rows"] == 1
    assert second.about["changes"] == 2


def test_another_key_makes_another_table():
    make_organization()
    with mock.patch.object(OrganizationResource, "key", ("slug",)), with_columns([Column("slug")]):
        snapshots.make(MONDAY)
    assert changes_in(snapshots.make(TUESDAY)) == [
        ["organizations", "", "", "table added", "", "", ""]
    ]


# What never changes


def test_second_run_on_a_day_does_nothing():
    make_organization()
    snapshots.make(MONDAY)
    before = state_of(snapshots.snapshot_of(MONDAY).folder)
    make_organization()
    assert snapshots.make(MONDAY) is None
    assert state_of(snapshots.snapshot_of(MONDAY).folder) == before


def test_old_snapshot_is_never_touched():
    make_organization()
    old = snapshots.make(MONDAY).folder
    before = state_of(old)
    make_organization()
    snapshots.make(TUESDAY)
    assert state_of(old) == before


def test_command_says_what_it_made_and_that_it_is_there(root):
    make_organization()
    told = StringIO()
    call_command("make_snapshot", stdout=told)
    assert re.fullmatch(
        rf"{re.escape(str(root))}/\d{{4}}-\d\d-\d\d: 2 rows; 0 added, 0 removed, 0 changed\.\n",
        told.getvalue(),
    )
    told = StringIO()
    call_command("make_snapshot", stdout=told)
    assert "is there" in told.getvalue()


def test_failure_leaves_nothing(root):
    make_organization()
    with mock.patch.object(snapshots, "compared", side_effect=KeyError), pytest.raises(KeyError):
        snapshots.make(MONDAY)
    assert [file.name for file in root.iterdir()] == [".lock"]
    assert snapshots.make(MONDAY)


def test_of_two_at_once_one_wins(root):
    make_organization()
    root.mkdir()
    with locks.held(root / ".lock"):
        assert snapshots.make(MONDAY) is None
    assert snapshots.make(MONDAY)


def test_leftovers_of_who_was_killed_are_removed(root):
    leftover = root / ".making-2026-11-22"
    leftover.mkdir(parents=True)
    (leftover / "localympact-2026-11-22.zip").write_bytes(b"PK half")
    assert snapshots.snapshots() == []
    snapshots.make(MONDAY)
    assert sorted(file.name for file in root.iterdir()) == [".lock", "2026-11-23"]


# Makes a snapshot in a process of its own, which waits in the middle to be killed.
KILLED = """
import sys, time
import django
django.setup()
from django.db import connection
from localympact import locks, snapshots
from localympact.archive import Archive
from django.conf import settings
from pathlib import Path
import datetime
connection.settings_dict["NAME"] = sys.argv[1]
settings.SNAPSHOTS_ROOT = Path(sys.argv[2])
step = sys.argv[3]
def wait(*args, **kwargs):
    print("now", flush=True)
    time.sleep(60)
if step == "zip":
    Archive.package = lambda self: iter([wait()])
elif step == "changes":
    snapshots.compared = wait
else:
    Path.rename = wait
snapshots.make(datetime.date(2026, 11, 24))
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["zip", "changes", "rename"])
def test_kill_in_the_middle_leaves_the_old_state_and_the_next_run_works(root, step):
    make_organization()
    snapshots.make(MONDAY)
    before = state_of(root / "2026-11-23")
    command = [sys.executable, "-c", KILLED, str(connection.settings_dict["NAME"]), str(root), step]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "localympact.settings"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=django_settings.BASE_DIR
    ) as process:
        assert process.stdout.readline() == "now\n"
        assert snapshots.make(WEDNESDAY) is None
        process.send_signal(signal.SIGKILL)
    assert (root / ".making-2026-11-24").is_dir()
    assert [one.day for one in snapshots.snapshots()] == [MONDAY]
    assert state_of(root / "2026-11-23") == before
    assert snapshots.make(TUESDAY).about["previous"] == "2026-11-23"
    assert sorted(file.name for file in root.iterdir()) == [".lock", "2026-11-23", "2026-11-24"]


@pytest.mark.django_db(transaction=True)
def test_snapshot_is_of_one_moment_while_others_write():
    first, second = make_collaboration(), make_need()
    seen = []

    def write():
        # Another connection, as another process has it.
        try:
            organization = make_organization(name_en="Too late")
            first.organizations.add(organization)
            second.collaborations.add(first)
            seen.append(Organization.objects.count())
        finally:
            connection.close()

    files = Archive.files

    def files_with_a_writer(archive):
        for name, pieces in files(archive):
            yield name, pieces if name != "towns.csv" else meanwhile(pieces)

    def meanwhile(pieces):
        # The entries are written by now, the links are not.
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(timeout=10)
        assert not thread.is_alive()
        yield from pieces

    with mock.patch.object(Archive, "files", files_with_a_writer):
        made = snapshots.make(MONDAY)
    assert seen == [1]
    for name in ("organizations", "collaboration_organizations", "need_collaborations"):
        assert (name, rows_of(made, name)) == (name, [])
    # Whoever writes afterwards writes as before.
    make_organization()
    later = snapshots.make(TUESDAY)
    assert len(rows_of(later, "organizations")) == 2
    assert len(rows_of(later, "collaboration_organizations")) == 1


# The pages


@pytest.fixture
def two(db):
    """Two snapshots, and what changed between them."""
    organization = make_organization(name_lv="Koris", summary_lv="Dzied.")
    snapshots.make(MONDAY)
    organization.summary_lv = "Dzied <b>daudz</b>."
    organization.save()
    return snapshots.make(TUESDAY)


@pytest.mark.parametrize("language", ["lv", "el", "en"])
def test_pages_are_there_in_every_language(client, two, language):
    page = client.get(f"/{language}/data/snapshots/")
    assert [one["one"].day for one in page.context["snapshots"]] == [TUESDAY, MONDAY]
    assert f'href="/{language}/data/snapshots/2026-11-24/"' in page.content.decode()
    page = client.get(f"/{language}/data/snapshots/2026-11-24/")
    text = page.content.decode()
    assert '<td class="long" lang="lv">Dzied &lt;b&gt;daudz&lt;/b&gt;.</td>' in text
    assert page.context["zip"]["sha256"] in text
    html5lib.HTMLParser(strict=True).parse(text)
    assert "/data/snapshots/2026-11-24/localympact-2026-11-24.zip" in text


def test_page_says_in_the_words_of_schema_org_what_it_shows(client, two):
    page = client.get(f"/lv/data/snapshots/{two.day}/")
    document = html5lib.parse(page.text, namespaceHTMLElements=False)
    (script,) = (one for one in document.iter("script") if one.get("type") == "application/ld+json")
    nodes = {node["@type"]: node for node in json.loads(script.text)["@graph"]}
    data = nodes["Dataset"]
    shown = "".join(document.find("body").itertext())
    assert data["name"] in shown
    assert data["description"] in shown
    assert data["datePublished"] == str(two.day)
    address = data["distribution"][0]["contentUrl"].removeprefix("http://testserver")
    assert client.get(address).status_code == 200
    steps = [step["item"] for step in nodes["BreadcrumbList"]["itemListElement"]]
    assert [step.removeprefix("http://testserver") for step in steps] == [
        "/lv/", "/lv/data/", "/lv/data/snapshots/", f"/lv/data/snapshots/{two.day}/",
    ]  # fmt: skip


def test_list_without_snapshots_says_so(client):
    assert "There is none yet." in client.get("/en/data/snapshots/").content.decode()


def test_pages_of_changes_hold_two_hundred_each(client):
    snapshots.make(MONDAY)
    municipality = make_municipality()
    for _number in range(205):
        make_organization(municipality=municipality)
    snapshots.make(TUESDAY)
    page = client.get("/en/data/snapshots/2026-11-24/")
    assert len(page.context["changes"]) == 200
    page = client.get("/en/data/snapshots/2026-11-24/", {"page": "2"})
    assert [change["slug"] for change in page.context["changes"]][-1] == "talsi"
    assert len(page.context["changes"]) == 6
    for wrong in ("3", "0", "x", "-1"):
        assert client.get("/en/data/snapshots/2026-11-24/", {"page": wrong}).status_code == 404


def test_pages_never_answer_that_nothing_has_changed(client, two):
    """A new or withdrawn snapshot is no new edition of the content."""
    for address in ("/en/data/snapshots/", "/en/data/snapshots/2026-11-24/"):
        answer = client.get(address)
        assert "ETag" not in answer.headers
        assert answer.headers["Cache-Control"] == "public, no-cache"


def test_pages_ask_the_database_for_its_edition_only(client, two, django_assert_num_queries):
    with django_assert_num_queries(2):
        client.get("/lv/data/snapshots/")
        client.get("/lv/data/snapshots/2026-11-24/")


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("localympact-2026-11-24.zip", "application/zip"),
        ("SHA256SUMS", "text/plain; charset=utf-8"),
        ("changes.csv", "text/csv; charset=utf-8; header=present"),
        ("snapshot.json", "application/json"),
    ],
)
def test_file_is_given_to_be_kept_for_ever(client, two, name, content_type):
    answer = client.get(f"/data/snapshots/2026-11-24/{name}")
    assert b"".join(answer.streaming_content) == (two.folder / name).read_bytes()
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


NO_FILES = [
    "/en/data/snapshots/2026-11-22/",
    "/en/data/snapshots/2026-13-45/",
    "/en/data/snapshots/0000-00-00/",
    "/en/data/snapshots/latest/",
    "/data/snapshots/2026-11-22/snapshot.json",
    "/data/snapshots/2026-11-24/localympact-2026-11-23.zip",
    "/data/snapshots/2026-11-24/withdrawn.json",
    "/data/snapshots/2026-11-24/../2026-11-23/snapshot.json",
    "/data/snapshots/2026-11-24/..%2f2026-11-23%2fsnapshot.json",
    "/data/snapshots/2026-11-24/%2e%2e/.lock",
    "/data/snapshots/2026-11-24/..%5c.lock",
    "/data/snapshots/../snapshots/.lock",
    "/data/snapshots/2026-11-24//etc/passwd",
    "/data/snapshots/2026-11-24/%2fetc%2fpasswd",
    "/data/snapshots/2026-11-24/snapshot.json%00.zip",
]


def test_what_is_no_file_of_a_snapshot_is_not_found(client, two):
    answered = {address: client.get(address).status_code for address in NO_FILES}
    assert answered == dict.fromkeys(NO_FILES, 404)


def test_folder_that_says_nothing_of_itself_is_no_snapshot(client, root, two):
    (root / "2026-11-22").mkdir()
    (root / "2026-11-2x").mkdir()
    assert client.get("/en/data/snapshots/2026-11-22/").status_code == 404
    assert [one.day for one in snapshots.snapshots()] == [TUESDAY, MONDAY]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('{"day": "2026-12-01", "why": "A person asked for it."}', 'lang="en">A person asked'),
        ('{"why": {"lv": "Kāds lūdza.", "en": "Asked."}}', 'lang="lv">Kāds lūdza.'),
        ('{"why": ', ""),
        ("[]", ""),
    ],
)
def test_withdrawn_snapshot_is_gone_and_says_why(client, two, written, shown):
    shutil.rmtree(two.folder)
    two.folder.mkdir()
    (two.folder / "withdrawn.json").write_text(written)
    for address in (
        "/lv/data/snapshots/2026-11-24/",
        "/data/snapshots/2026-11-24/localympact-2026-11-24.zip",
        "/data/snapshots/2026-11-24/citation.bib",
    ):
        answer = client.get(address, headers={"Accept-Language": "lv"})
        assert (address, answer.status_code) == (address, 410)
        assert shown in answer.content.decode()
        assert answer.headers["Cache-Control"] == "public, no-cache"
    page = client.get("/lv/data/snapshots/")
    assert [one.get("withdrawn") for one in page.context["snapshots"]] == [True, None]
    # The next one is compared with the one before it, and it is never made again.
    assert snapshots.make(TUESDAY) is None
    assert snapshots.make(WEDNESDAY).about["previous"] == "2026-11-23"


# How to cite


def test_citation_is_in_the_language_of_the_reader(client, two):
    page = client.get("/en/data/snapshots/2026-11-24/")
    assert page.context["citation"] == (
        "LOCAL-Y-MPACT (2026). Data of the LOCAL-Y-MPACT portal, as of 24 November 2026. "
        "http://testserver/en/data/snapshots/2026-11-24/. CC BY 4.0."
    )
    page = client.get("/el/data/snapshots/2026-11-24/")
    assert "24 Νοεμβρίου 2026" in page.context["citation"]


def bibtex_fields(text):
    """Read a BibTeX entry as its programs do: a kind, a key, fields in braces that balance."""
    head = re.match(r"@misc\{([a-z0-9-]+),\n", text)
    fields = dict(re.findall(r"^  (\w+) = (.*),$", text, re.MULTILINE))
    for value in fields.values():
        bare = re.sub(r"\\[&%$#_{}]|\\text\w+\{\}", "", value)
        assert bare.count("{") == bare.count("}")
        assert not re.search(r"[&%$#_~^\\]", bare)
    assert text.endswith("}\n")
    return head[1], fields


def test_bibtex_survives_the_signs_of_tex(client, two, settings):
    settings.OPERATOR = r"Talsi & Co_100% {a} \x ~^#$"
    answer = client.get("/data/snapshots/2026-11-24/citation.bib")
    assert answer.headers["Content-Type"].startswith("application/x-bibtex")
    key, fields = bibtex_fields(answer.content.decode())
    assert key == "localympact-snapshot-2026-11-24"
    assert fields["author"] == (
        r"{{Talsi \& Co\_100\% \{a\} \textbackslash{}x "
        r"\textasciitilde{}\textasciicircum{}\#\$}}"
    )
    assert (fields["month"], fields["year"]) == ("nov", "{2026}")
    assert fields["url"] == "{http://testserver/en/data/snapshots/2026-11-24/}"
    assert hashlib.sha256(two.zip.read_bytes()).hexdigest() in fields["note"]
