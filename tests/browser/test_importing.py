"""A file as an editor brings it: three errors, corrected, imported, undone."""

import csv
import io

import pytest
from axe_playwright_python.sync_playwright import Axe

from localympact.models import MUNICIPAL_EDITOR, ImportedFile
from organizations.models import Municipality, Organization
from tests.browser.test_pages import STANDARDS, violations
from tests.conftest import make_person


@pytest.fixture
def sign_in(open_page, client, live_server):
    """Open a page as an editor of Talsi."""

    def sign_in(address, **options):
        talsi = Municipality.objects.get(slug="talsi")
        client.force_login(make_person("editor", MUNICIPAL_EDITOR, [talsi], language="en"))
        page = open_page("/en/about/", **options)
        cookie = client.cookies["sessionid"]
        page.context.add_cookies(
            [{"name": "sessionid", "value": cookie.value, "url": live_server.url}]
        )
        page.goto(address)
        return page

    return sign_in


@pytest.fixture
def assert_accessible(open_page):
    """Hold a page to the standards, wide and narrow, light and dark."""

    def assert_accessible(page):
        complaints = len(open_page.complaints)
        hold(page)
        # The checker itself tries inline styles when it reads the style sheets of the admin.
        del open_page.complaints[complaints:]

    return assert_accessible


def hold(page):
    page.evaluate(Axe().axe_script)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert not violations(page, STANDARDS), width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.emulate_media(color_scheme="dark")
    # Links of the admin change their colour slowly.
    page.wait_for_timeout(400)
    assert not violations(page, ["color-contrast"])
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def written(rows):
    buffer = io.StringIO(newline="")
    table = csv.DictWriter(buffer, list(rows[0]), delimiter=";")
    table.writeheader()
    table.writerows(rows)
    return buffer.getvalue()


def bring(page, text):
    page.set_input_files(
        "#id_file",
        {"name": "organizations.csv", "mimeType": "text/csv", "buffer": text.encode("cp1257")},
    )
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_url("**/change/")


@pytest.mark.parametrize("javascript", [True, False])
def test_editor_brings_a_file_with_three_errors_corrects_it_and_undoes_it(
    sign_in, assert_accessible, javascript
):
    page = sign_in("/admin/organizations/organization/", javascript=javascript)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    # What this computer writes into a CSV file has no Greek letters.
    rows = [{name: row[name] for name in row if not name.endswith(("_el", "_pt"))} for row in rows]
    ours = Organization.objects.filter(municipality__slug="talsi").count()
    assert len(rows) == ours
    new = dict.fromkeys(rows[0], "") | {"municipality": "talsi", "reach": "local"}
    rows[0]["summary_lv"] = "Žagatu kora jaunais apraksts."
    wrong = [
        new
        | {"name_lv": "Pirmais koris", "verified_on": "26.11.2026", "verified_by": "municipality"},
        new | {"name_lv": "Otrais koris", "municipality": "braga"},
        new | {"name_lv": "Trešais koris", "topics": "none-such"},
    ]
    right = [
        new
        | {"name_lv": "Pirmais koris", "verified_on": "2026-11-26", "verified_by": "municipality"},
        new | {"name_lv": "Otrais koris"},
        new | {"name_lv": "Trešais koris", "topics": "youth-work"},
    ]

    page.get_by_role("link", name="Import a file").click()
    assert page.locator("#id_database").input_value() == "organizations"
    if javascript:
        assert_accessible(page)
    bring_as_latvian(page, written([*rows, *wrong]))

    problems = page.locator(".wide tbody tr")
    assert problems.count() == 3
    said = problems.all_inner_texts()
    assert "verified_on" in said[0]
    assert "2026-11-26" in said[0]
    assert "“Otrais koris” belongs to Municipality of Braga" in said[1]
    assert "none-such" in said[2]
    assert page.get_by_role("button", name="Import now").count() == 0
    if javascript:
        assert_accessible(page)

    page.get_by_role("link", name="Bring the corrected file").click()
    bring_as_latvian(page, written([*rows, *right]))
    assert "Žagatu" in page.locator(".facts").inner_text()
    assert page.locator("ins").all_inner_texts() == ["Žagatu kora jaunais apraksts."]
    if javascript:
        assert_accessible(page)
    page.get_by_role("button", name="Import now").click()
    page.wait_for_url("**/change/")
    assert "Imported on" in page.locator(".calm").inner_text()
    mine = Organization.objects.filter(municipality__slug="talsi")
    assert mine.count() == ours + 3

    page.get_by_role("link", name="Undo this import").click()
    assert "3 entries that the import created are deleted." in page.locator("#content").inner_text()
    if javascript:
        assert_accessible(page)
    page.get_by_role("button", name="Undo this import").click()
    page.wait_for_url("**/change/")
    assert "Undone on" in page.locator(".calm").inner_text()
    assert mine.count() == ours
    assert not mine.filter(summary_lv__contains="Žagatu").exists()
    assert ImportedFile.objects.filter(state="checked").count() == 1


def bring_as_latvian(page, text):
    bring(page, text)
    page.locator("#id_encoding").select_option("cp1257")
    page.get_by_role("button", name="Check again").click()
    page.wait_for_url("**/change/")


def test_progress_is_seen_while_a_large_file_is_checked(sign_in):
    page = sign_in("/admin/localympact/importedfile/add/?database=organizations")
    head = "id,name_lv,municipality,reach\n"
    rows = "".join(f",Koris {number},talsi,local\n" for number in range(3000))
    page.set_input_files(
        "#id_file",
        {"name": "large.csv", "mimeType": "text/csv", "buffer": (head + rows).encode()},
    )
    page.get_by_role("button", name="Check the file").click(no_wait_after=True)
    page.locator("progress").first.wait_for()
    assert page.locator("progress").first.get_attribute("max") == "3000"
    assert page.get_by_role("status").count() == 1
    page.wait_for_url("**/change/", timeout=120_000)
    assert "3000 new" in " ".join(page.locator(".counts").inner_text().split())
