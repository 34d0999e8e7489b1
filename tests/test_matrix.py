"""The matrix says of every text of every entry what it is, in a word."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from html5lib import parse

from localympact.texts import LANGUAGES
from organizations.models import TextState
from organizations.todo import waiting
from tests.factories import MAKERS, make_municipality, make_topic
from tests.test_admin import MODELS, act, admin_url  # noqa: F401 - a fixture
from tests.test_todo import state

pytestmark = pytest.mark.django_db

HTML = "{http://www.w3.org/1999/xhtml}"


def words(page):
    """Give what the matrix says: {name: [word of each language]}."""
    found = {}
    for row in parse(page.text).iter(f"{HTML}tr"):
        heads, cells = row.findall(f"{HTML}th"), row.findall(f"{HTML}td")
        if len(cells) == len(LANGUAGES):
            name = "".join(heads[0].find(f"{HTML}a").itertext())
            found[name] = [" ".join("".join(cell.itertext()).split()[1:]) for cell in cells]
    return found


def matrix(browser, app, **asked):
    return browser.get(admin_url(app, "languages"), asked)


def test_each_cell_says_the_gravest_thing(act, editor, app, make):  # noqa: F811
    entry = make(
        name_en="Choir",
        name_lv="Koris",
        summary_lv="Dzied.",
        summary_en="It sings.",
        summary_pt="Canta.",
        summary_sv="Sjunger.",
        summary_lt="Dainuoja.",
    )
    state(entry, "lv", "original")
    state(entry, "en", "human")
    state(entry, "pt", checked_on=timezone.localdate())
    state(entry, "sv")
    state(entry, "lt", source_digest="0" * 32)
    assert words(matrix(act(editor), app)) == {
        "Choir": [
            "Original",
            "Translated by a person",
            "Checked",
            "Translated by machine",
            "Out of date",
            "Missing",
        ]
    }


def test_text_of_unknown_origin_and_none_at_all(act, editor, app, make):  # noqa: F811
    make(name_en="Choir", summary_en="It sings.")
    # A name stays in the language in which it is used, and is nothing to translate.
    make(name_en="Band")
    assert words(matrix(act(editor), app)) == {
        "Choir": ["Missing", "Origin not recorded", "Missing", "Missing", "Missing", "Missing"],
        "Band": ["No text"] * 6,
    }


def test_cell_leads_to_the_tab_of_its_language(act, editor, app, make):  # noqa: F811
    entry = make()
    text = matrix(act(editor), app).text
    for language in LANGUAGES:
        assert f'href="{admin_url(app, entry.pk, "change")}#language-{language}"' in text


def test_matrix_shows_only_own_entries(act, editor, app, make, braga):  # noqa: F811
    make(name_en="Ours")
    make(name_en="Theirs", municipality=braga)
    browser = act(editor)
    assert set(words(matrix(browser, app))) == {"Ours"}
    assert words(matrix(browser, app, municipality__id__exact=braga.pk)) == {}


def test_matrix_is_closed_to_staff_without_a_group(act, stranger, app):  # noqa: F811
    assert matrix(act(stranger), app).status_code == 403


def test_matrix_is_closed_to_strangers(client, app):
    answer = matrix(client, app)
    assert (answer.status_code, answer.url.split("?")[0]) == (302, "/admin/login/")


def test_matrix_filters_by_language_and_state_place_status_and_words(
    act,  # noqa: F811
    portal_editor,
    app,
    make,
    braga,
):
    make(name_en="Choir", summary_en="It sings.", summary_el="Τραγουδά.")
    make(name_en="Club", summary_en="It plays.", status="draft")
    make(name_en="Coro", municipality=braga)
    make(name_en="Gone", status="archived", summary_en="It was.")
    browser = act(portal_editor)

    def shown(**asked):
        return set(words(matrix(browser, app, **asked)))

    assert shown() == {"Choir", "Club", "Coro", "Gone"}
    assert shown(todo="missing-el") == {"Club"}
    assert shown(todo="missing-lv") == {"Choir", "Club"}
    assert shown(municipality__id__exact=braga.pk) == {"Coro"}
    assert shown(status__exact="draft") == {"Club"}
    assert shown(q="CHOIR") == {"Choir"}
    assert matrix(browser, app, todo="nonsense").status_code == 302


def test_filter_and_cells_agree(act, editor, app, make, seed):  # noqa: F811
    """What the list of missing texts keeps is what the matrix calls missing."""
    model = type(make(name_en="Choir", summary_en="It sings.", municipality=make_municipality()))
    browser = act(editor)
    kept = waiting(model.objects.editable_by(editor), "missing-el").count()
    shown = words(matrix(browser, app, todo="missing-el"))
    assert len(shown) == kept > 0
    assert {cells[LANGUAGES.index("el")] for cells in shown.values()} == {"Missing"}


def test_tabs_lead_to_the_other_databases_and_keep_the_place(
    act,  # noqa: F811
    portal_editor,
    app,
    braga,
):
    text = matrix(act(portal_editor), app, municipality__id__exact=braga.pk, q="x").text
    for other in MODELS:
        assert f'href="{admin_url(other, "languages")}?municipality__id__exact={braga.pk}"' in text
    tabs = text.split('<nav class="desk-places"')[1].split("</nav>")[0]
    assert tabs.count('aria-current="page"') == 1


def test_matrix_has_pages(act, editor, app, make):  # noqa: F811
    for number in range(51):
        make(name_en=f"Choir {number}")
    browser = act(editor)
    assert len(words(matrix(browser, app))) == 50
    assert len(words(matrix(browser, app, p=2))) == 1


def test_matrix_makes_the_same_queries_for_1_and_30_entries(act, editor, app, make):  # noqa: F811
    def fill():
        state(make(summary_lv="Dzied.", topics=[make_topic()]), "el")

    browser = act(editor)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert matrix(browser, app).status_code == 200
        return len(captured)

    fill()
    queries()
    one = queries()
    for _ in range(29):
        fill()
    assert TextState.objects.count() == 30
    assert queries() == one
    assert one <= 14


def test_matrix_is_linked_from_the_desk_and_the_list(act, editor):  # noqa: F811
    browser = act(editor)
    desk = browser.get("/admin/").text
    for app in MAKERS:
        assert f'href="{admin_url(app, "languages")}"' in desk
        assert f'href="{admin_url(app, "languages")}"' in browser.get(admin_url(app)).text
