"""A week of an editor of Talsi, in Latvian, from the invitation to an old version restored.

Each step leaves a picture in var/screenshots/walk/, to be looked at.
"""

import csv
import io
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation import gettext

from localympact.models import PORTAL_EDITOR
from organizations.models import Organization, Suggestion, Topic
from tests.browser.test_signing_in import NEW, code_of, sign_in
from tests.conftest import make_person
from tests.test_people import link_in
from tests.test_signing_in import PASSWORD

FOLDER = Path("var") / "screenshots" / "walk"


def say(text):
    """Give a text as the pages of the Latvian editor have it."""
    with translation.override("lv"):
        return gettext(text)


@pytest.fixture
def picture():
    """Take a picture of the whole page, wide and narrow, under the next number."""
    taken = []

    def picture(page, name):
        taken.append(name)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=FOLDER / f"{len(taken):02}-{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})

    return picture


def written(rows):
    buffer = io.StringIO(newline="")
    table = csv.DictWriter(buffer, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return buffer.getvalue().encode()


def bring(page, rows):
    file = {"name": "kori.csv", "mimeType": "text/csv", "buffer": written(rows)}
    page.set_input_files("#id_file", file)
    page.get_by_role("button", name=say("Check the file")).click()
    page.wait_for_url("**/change/")


def press(page, label):
    page.locator(".object-tools").get_by_role("button", name=say(label)).click()


def test_editor_of_talsi_walks_through_a_week(open_page, settings, inbox, picture):
    make_person("portal_editor", PORTAL_EDITOR)
    page = open_page("/lv/suggest/?kind=new")
    page.fill("#id_name", "Sabiles jauniešu koris")
    page.select_option("#id_municipality", label="Talsu novads")
    page.fill("#id_message", "Dzied katru trešdienu. Redzēju novada avīzē.")
    page.locator("main form button").click()
    assert Suggestion.objects.get().municipality.slug == "talsi"

    # Invited
    page = open_page("/admin/")
    sign_in(page, "portal_editor", PASSWORD)
    page.goto("/admin/localympact/user/add/")
    page.fill("#id_email", "ilze@example.org")
    page.fill("#id_first_name", "Ilze")
    page.fill("#id_last_name", "Kalniņa")
    page.select_option("#id_language", "lv")
    page.get_by_label("Talsi").check()
    picture(page, "invitation")
    page.locator("input[name=_save]").click()
    page.wait_for_load_state("networkidle")

    # Password and second factor
    settings.REQUIRE_2FA = True
    page = open_page(link_in(inbox.mails[0]))
    assert page.evaluate("document.documentElement.lang") == "lv"
    picture(page, "welcome")
    page.fill("#id_new_password1", NEW)
    page.fill("#id_new_password2", NEW)
    page.locator("input[type=submit]").click()
    page.goto("/admin/")
    sign_in(page, "ilze@example.org", NEW)
    page.locator("svg.qr").wait_for()
    picture(page, "second-factor")
    page.locator("summary").click()
    page.fill("#id_code", code_of(page.locator("#secret").inner_text()))
    page.locator("input[type=submit]").click()
    page.locator(".recovery-codes li").nth(9).wait_for()
    picture(page, "recovery-codes")
    page.get_by_role("link", name=say("I have kept the codes")).click()

    # The desk, and the suggestion accepted
    picture(page, "desk")
    page.get_by_role("link", name=say("Suggestions of visitors")).click()
    page.locator("#result_list tbody tr").wait_for()
    page.locator("#action-toggle").check()
    page.select_option("select[name=action]", "make_drafts")
    picture(page, "suggestion")
    page.locator("button[name=index]").click()
    page.locator(".messagelist a").click()
    draft = Organization.objects.get(name_lv="Sabiles jauniešu koris")
    assert page.url.endswith(f"/organization/{draft.pk}/change/")

    # Written in two languages, previewed, published
    page.fill("#id_summary_lv", "Jauniešu koris Sabilē. Dzied katru trešdienu.")
    page.locator("#language-panel-1").wait_for(state="attached")
    page.get_by_role("tab", name="Angļu").click()
    page.fill("#id_summary_en", "A youth choir in Sabile. It sings every Wednesday.")
    page.select_option("#id_reach", "local")
    page.get_by_label(say_topic("youth-work")).first.check()
    picture(page, "writing")
    page.locator("input[name=_continue]").click()
    draft.refresh_from_db()
    assert draft.summary_en == "A youth choir in Sabile. It sings every Wednesday."
    picture(page, "written")
    page.get_by_role("link", name=say("Preview")).click()
    assert page.locator("h1").inner_text() == "Sabiles jauniešu koris"
    assert say("Draft: only editors see this page") in page.locator("main").inner_text()
    picture(page, "preview")
    page.go_back()
    press(page, "Publish")
    assert open_page(draft.get_absolute_url()).locator("h1").inner_text() == draft.name_lv

    # A file with three errors, corrected, imported, undone
    page.goto("/admin/localympact/importedfile/add/?database=organizations")
    ours = Organization.objects.filter(municipality__slug="talsi").count()
    change = {"id": str(draft.uuid), "municipality": "talsi", "name_lv": "Sabiles jauktais koris"}
    new = {"id": "", "municipality": "talsi", "name_lv": "Kandavas koris"}
    extra = {"reach": "local", "founded": "", "topics": ""}
    wrong = [
        change | extra | {"founded": "simts"},
        new | extra | {"municipality": "braga"},
        new | extra | {"name_lv": "Rojas koris", "topics": "nav-tādas"},
    ]
    bring(page, wrong)
    page.locator(".wide tbody tr").nth(2).wait_for()
    picture(page, "three-errors")
    page.get_by_role("link", name=say("Bring the corrected file")).click()
    bring(page, [change | extra, new | extra, new | extra | {"name_lv": "Rojas pūtēju orķestris"}])
    picture(page, "corrected")
    page.get_by_role("button", name=say("Import now")).click()
    page.wait_for_url("**/change/")
    draft.refresh_from_db()
    assert draft.name_lv == "Sabiles jauktais koris"
    picture(page, "imported")
    page.get_by_role("link", name=say("Undo this import")).click()
    picture(page, "undoing")
    page.get_by_role("button", name=say("Undo this import")).click()
    page.wait_for_url("**/change/")
    assert Organization.objects.filter(municipality__slug="talsi").count() == ours
    draft.refresh_from_db()
    assert draft.name_lv == "Sabiles jauniešu koris"

    # An old version restored: the visitor's own words
    page.goto(f"/admin/organizations/organization/{draft.pk}/history/")
    picture(page, "history")
    page.locator("a[href*='/history/']").last.click()
    picture(page, "version")
    page.locator("#content form button, #content form input[type=submit]").last.click()
    draft.refresh_from_db()
    assert draft.summary_lv == "Dzied katru trešdienu. Redzēju novada avīzē."
    picture(page, "restored")

    # From the matrix straight to a language
    page.goto("/admin/organizations/organization/languages/?q=sabiles+jauniesu")
    picture(page, "matrix")
    page.locator("td a[href$='#language-en']").click()
    page.locator("#id_summary_en").wait_for()
    assert not page.locator("#id_summary_lv").is_visible()


def say_topic(slug):
    """Give the Latvian name of a topic."""
    return Topic.objects.get(slug=slug).name_lv
