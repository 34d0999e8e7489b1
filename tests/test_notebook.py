"""The notebook for strangers: from files alone it answers what the database says."""

import copy
import datetime
from collections import Counter

import nbclient
import nbformat
import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from localympact import editions, snapshots
from localympact.archive import Archive
from localympact.tables import TABLES
from needs.models import Need
from organizations.models import Municipality, Organization, Topic
from tests.factories import make_need, make_organization, make_topic

pytestmark = pytest.mark.django_db

NOTEBOOK = django_settings.BASE_DIR / "docs" / "three-questions.ipynb"
MONDAY, TUESDAY = (datetime.date(2026, 11, day) for day in (23, 24))


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def write_archive(folder):
    """Put the ZIP of everything where the portal has it."""
    archive = Archive(base="https://portal.example/", moment=timezone.now(), edition=editions.now())
    (folder / "data" / "localympact.zip").write_bytes(b"".join(archive))


@pytest.fixture
def folder(settings, tmp_path):
    """A folder with files where the portal has them."""
    settings.SNAPSHOTS_ROOT = tmp_path / "data" / "snapshots"
    settings.SITE_ADDRESS = "https://portal.example"
    return tmp_path


def answers(notebook, folder, monkeypatch):
    """Run the notebook on the files in a folder; give what each of its programs prints."""
    monkeypatch.setenv("PORTAL", str(folder))
    monkeypatch.setenv("BEFORE", str(MONDAY))
    monkeypatch.setenv("AFTER", str(TUESDAY))
    run = copy.deepcopy(notebook)
    nbclient.NotebookClient(run, timeout=120, kernel_name="python3").execute()
    printed = [
        "".join(output["text"] for output in cell.outputs if output["output_type"] == "stream")
        for cell in run.cells
        if cell.cell_type == "code"
    ]
    return [text.splitlines() for text in printed]


def per_residents():
    for place in Municipality.objects.order_by("slug"):
        count = Organization.objects.published().filter(municipality=place).count()
        if place.population is None:
            yield f"{place.slug}: {count} organisations, residents not known"
        else:
            yield (
                f"{place.slug}: {count} organisations, {place.population} residents "
                f"({place.population_year}), {count / place.population * 10_000:.2f} per 10,000"
            )


def topics_without_an_example():
    needs = Counter(topic for need in Need.objects.published() for topic in need.topics.all())
    for topic in Topic.objects.order_by("slug"):
        if needs[topic] and not topic.collaborations.published().exists():
            yield f"{topic.slug} ({topic.name_en}): in {needs[topic]} of the needs"


def test_notebook_answers_as_the_database_does(seed, notebook, folder, monkeypatch):
    gone, renamed, kept = Organization.objects.published().order_by("slug")[:3]
    snapshots.make(MONDAY)
    quiet = make_topic(name_en="Quiet places")
    new = make_organization(name_en="A new choir")
    make_organization(name_en="A draft", status="draft")
    make_need(name_en="A bench", topics=[quiet])
    Municipality.objects.filter(slug="braga").update(population=None, population_year=None)
    gone.status = "archived"
    gone.save()
    renamed.summary_en = "It sings, =1+1, and\nnothing | else."
    renamed.founded = 1998
    renamed.save()
    kept.save()
    snapshots.make(TUESDAY)
    write_archive(folder)

    tables, residents, topics, changes = answers(notebook, folder, monkeypatch)
    assert tables == [
        f"{name}: {table.everything().count()} rows, {len(table().heads)} columns"
        for name, table in TABLES.items()
    ]
    assert residents == list(per_residents())
    assert topics == list(topics_without_an_example())
    assert f"{quiet.slug} (Quiet places): in 1 of the needs" in topics
    start = changes.index("organizations: 1 added, 1 removed")
    end = next(at for at, line in enumerate(changes) if line.startswith("collaborations:"))
    organizations = changes[start + 1 : end]
    assert organizations[:2] == [f"  added: {new.slug}", f"  removed: {gone.slug}"]
    assert f"  changed: {renamed.slug}, founded" in organizations
    assert f"  changed: {renamed.slug}, summary_en" in organizations
    assert not any(kept.slug in line for line in organizations)
    assert changes[-2] == "needs: 1 added, 0 removed"


def test_notebook_says_where_there_is_nothing(seed, notebook, folder, monkeypatch):
    Need.objects.all().delete()
    for day in (MONDAY, TUESDAY):
        snapshots.make(day)
    write_archive(folder)
    _tables, _residents, topics, changes = answers(notebook, folder, monkeypatch)
    assert topics == ["None: each topic of a need occurs in an example, too."]
    assert changes == [
        f"{name}: 0 added, 0 removed" for name in ("organizations", "collaborations", "needs")
    ]


def test_notebook_is_kept_without_outputs_and_without_places_of_a_machine(notebook):
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert not any(place in cell.source for place in ("/home/", "/tmp/", "C:\\"))  # noqa: S108
