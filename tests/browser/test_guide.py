"""The pictures of docs/editors.md, taken from the real pages: `make guide`. Nothing is compared."""

from pathlib import Path

import pytest
import reversion

from localympact import history
from localympact.models import MUNICIPAL_EDITOR
from organizations.models import Municipality, Organization, Suggestion
from tests.browser.test_versions import sign_in
from tests.conftest import make_person

FOLDER = Path("docs") / "pictures"
ORGANIZATIONS = "/admin/organizations/organization/"
# Name of the picture: the page, where {entry}, {version} and {place} are those of the tale below.
PICTURES = {
    "desk": "/admin/",
    "second-factor": "/admin/second-factor/set-up/",
    "matrix": f"{ORGANIZATIONS}languages/",
    "entry": f"{ORGANIZATIONS}{{entry}}/change/",
    "history": f"{ORGANIZATIONS}{{entry}}/history/",
    "version": f"{ORGANIZATIONS}{{entry}}/history/{{version}}/",
    "merge": f"{ORGANIZATIONS}{{entry}}/merge/",
    "suggestions": "/admin/organizations/suggestion/",
    "municipality": "/admin/organizations/municipality/{place}/change/",
}
FILE = "id,name_lv,municipality,reach\n,Talsu koris,talsi,local\n,Talsu teātris,talsos,local\n"


@pytest.fixture
def tale(seed):
    """An editor of Talsi has changed an entry twice, and a visitor has written."""
    talsi = Municipality.objects.get(slug="talsi")
    editor = make_person(
        "anna", MUNICIPAL_EDITOR, [talsi], language="en", first_name="Anna", last_name="Ozola"
    )
    entry = Organization.objects.get(slug="talsu-novada-fonds")
    history.keep_before(Organization, [entry.pk])
    for values in (
        {
            "languages": ["en", "lv"],
            "email": "fonds@talsi.example",
        },
        {"summary_lv": f"{entry.summary_lv} Birojs ir atvērts katru dienu.", "founded": 2013},
    ):
        with reversion.create_revision():
            for name, value in values.items():
                setattr(entry, name, value)
            entry.save()
            reversion.set_user(editor)
    Suggestion.objects.create(
        kind=Suggestion.Kind.NEW,
        municipality=talsi,
        name="Sabiles jauniešu klubs",
        message="Klubs darbojas kopš 2019. gada, tikšanās katru otrdienu.",
        language="lv",
    )
    oldest = history.versions(entry).last()
    return editor, {"entry": entry.pk, "version": oldest.pk, "place": talsi.pk}


@pytest.fixture
def page(open_page, tale):
    """The browser of that editor, in a window in which the text can be read on paper."""
    editor, _things = tale
    page = open_page("/en/about/", width=1100)
    sign_in(page, editor)
    return page


def take(page, name):
    page.set_viewport_size({"width": 1100, "height": 820})
    page.screenshot(path=FOLDER / f"{name}.png")


@pytest.mark.guide
@pytest.mark.parametrize("name", PICTURES)
def test_picture_of_a_page_is_taken(page, tale, name):
    _editor, things = tale
    answer = page.goto(PICTURES[name].format(**things))
    assert answer.status == 200, PICTURES[name]
    take(page, name)


@pytest.mark.guide
def test_picture_of_a_checked_file_is_taken(page):
    page.goto("/admin/localympact/importedfile/add/")
    upload = {"name": "talsi.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    page.locator("input[type=file]").set_input_files(upload)
    page.locator("#content-main [type=submit], #content [type=submit]").first.click()
    page.get_by_text("talsos").first.wait_for()
    take(page, "import")
