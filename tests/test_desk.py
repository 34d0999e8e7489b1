"""The first page of the admin says what waits, and each number leads to exactly that list."""

from datetime import timedelta
from uuid import uuid4

import pytest
import reversion
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from html5lib import parse
from reversion.models import Revision

from localympact.models import MUNICIPAL_EDITOR
from organizations.models import DuplicatePair, Organization, Status, Suggestion
from organizations.todo import BITS, CHANGED_LATELY, entry_models, lists_of
from tests.conftest import make_person
from tests.factories import MAKERS, make_cause, make_municipality, make_organization
from tests.test_admin import act, admin_url  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

LISTS = lists_of(Organization)
LONG_AGO = timezone.now() - timedelta(days=1000)


def numbers(page):
    """Give what the desk counts: {list: [(number, address or None), …]}, one a database."""
    found = {}
    for element in parse(page.text).iter():
        if name := element.get("data-list"):
            address = element.get("href")
            text = "".join(element.itertext()).split()[0].replace(",", "")
            found.setdefault(name, []).append((int(text), address))
    return found


def model_of(app):
    return next(model for model in entry_models() if model._meta.app_label == app)


def rows(app, municipality, number, **fields):
    """Make many entries of which nothing is to do but what `fields` say."""
    model = model_of(app)
    given = {"status": "published", "verified_on": timezone.localdate(), "updated": LONG_AGO}
    given |= {"verified_by": "portal"} | fields
    if not given["verified_on"]:
        given["verified_by"] = ""
    if app == "organizations":
        given["reach"] = "local"
    if app == "needs":
        given |= {"kind": "need", "side": "both", "level": "local"}
        given["cause"] = type(make_cause()).objects.first()
    todo = given.pop("todo", 0)
    made = model.objects.bulk_create(
        model(name_en="Some", slug=str(uuid4()), municipality=municipality, **given)
        for _ in range(number)
    )
    # What is really to do was found out meanwhile.
    model.objects.filter(pk__in=[entry.pk for entry in made]).update(todo=todo)
    return made


FIELDS = {
    "draft": {"status": "draft"},
    "never-verified": {"verified_on": None},
    "long-unverified": {"verified_on": timezone.localdate() - timedelta(days=366)},
    "changed-lately": {"updated": timezone.now() - timedelta(days=6)},
    **{name: {"todo": bit} for name, bit in BITS.items()},
}


def fill(app, municipality, more=0):
    """Put another number of entries into each list: 1 + more, 2 + more, …"""
    for position, name in enumerate(LISTS):
        rows(app, municipality, position + 1 + more, **FIELDS[name])
    # What is archived or merged waits for nobody.
    everything = {"todo": sum(BITS.values()), "verified_on": None, "updated": timezone.now()}
    rows(app, municipality, 1, status="archived", **everything)
    (here, *_rest) = rows(app, municipality, 1)
    rows(app, municipality, 1, merged_into=here, **everything)
    rows(app, municipality, 1, status="draft", merged_into=here, updated=LONG_AGO)
    # At the edge: verified in time, changed too long ago.
    rows(app, municipality, 1, verified_on=timezone.localdate() - timedelta(days=365))
    rows(app, municipality, 1, updated=timezone.now() - timedelta(days=7, minutes=1))


def lead_to(browser, page, app):
    """Give {list: (number, length of the list that it leads to)} of one database."""
    found = {}
    for name, of_all in numbers(page).items():
        for number, address in of_all:
            if address and address.startswith(admin_url(app)):
                assert name not in found
                found[name] = number, browser.get(address).context["cl"].result_count
    return found


def test_every_number_leads_to_exactly_its_list(act, editor, app, talsi, braga):  # noqa: F811
    fill(app, talsi)
    fill(app, braga, more=50)
    browser = act(editor)
    lists = lists_of(model_of(app))
    expected = {name: number for number, name in enumerate(LISTS, start=1) if name in lists}
    assert lead_to(browser, browser.get("/admin/"), app) == {
        name: (number, number) for name, number in expected.items()
    }


def test_every_number_of_the_chosen_municipality_leads_to_its_list_there(
    act,  # noqa: F811
    portal_editor,
    app,
    talsi,
    braga,
):
    fill(app, talsi)
    fill(app, braga, more=9)
    browser = act(portal_editor)
    lists = lists_of(model_of(app))
    for asked, factor, more in (
        ("?municipality=talsi", 1, 0),
        ("?municipality=braga", 1, 9),
        ("", 2, 9),
    ):
        expected = {
            name: factor * number + more
            for number, name in enumerate(LISTS, start=1)
            if name in lists
        }
        assert lead_to(browser, browser.get(f"/admin/{asked}"), app) == {
            name: (number, number) for name, number in expected.items()
        }


def test_suggestions_that_wait_are_counted(act, editor, talsi, braga, settings):  # noqa: F811
    for state in ("new", "new", "done", "drafted", "declined"):
        Suggestion.objects.create(municipality=talsi, message="Wrong", state=state)
    Suggestion.objects.create(municipality=braga, message="Wrong")
    Suggestion.objects.create(message="Wrong")
    old = Suggestion.objects.create(municipality=talsi, message="Wrong")
    kept = timedelta(days=settings.SUGGESTIONS_KEPT_DAYS)
    Suggestion.objects.filter(pk=old.pk).update(created=timezone.now() - kept)
    browser = act(editor)
    ((number, address),) = numbers(browser.get("/admin/"))["suggestions"]
    assert number == 2
    assert browser.get(address).context["cl"].result_count == 2


def test_portal_editor_counts_suggestions_of_one_place_and_of_none(
    act,  # noqa: F811
    portal_editor,
    talsi,
    braga,
):
    Suggestion.objects.create(municipality=talsi, message="Wrong")
    Suggestion.objects.create(municipality=braga, message="Wrong")
    Suggestion.objects.create(message="Wrong")
    browser = act(portal_editor)
    for asked, wanted_number in (("", 3), ("?municipality=braga", 1)):
        ((number, address),) = numbers(browser.get(f"/admin/{asked}"))["suggestions"]
        assert number == wanted_number
        assert browser.get(address).context["cl"].result_count == wanted_number


def pair(one, other, **fields):
    first, second = sorted([one.uuid, other.uuid])
    return DuplicatePair.objects.create(
        database=one._meta.app_label, first=first, second=second, reasons=["name"], **fields
    )


def test_open_pairs_of_own_entries_are_counted(
    act,  # noqa: F811
    editor,
    app,
    make,
    talsi,
    braga,
):
    one, other, third = (make(municipality=talsi) for _ in range(3))
    theirs, more = make(municipality=braga), make(municipality=braga)
    pair(one, other)
    pair(one, third)
    pair(other, third, different_on=timezone.localdate())
    pair(one, theirs)
    pair(theirs, more)
    browser = act(editor)
    ((number, address),) = numbers(browser.get("/admin/"))["duplicates"]
    assert number == DuplicatePair.objects.editable_by(editor).open().count() > 0
    assert browser.get(address).context["cl"].result_count == number


def test_editor_of_two_municipalities_sees_both_and_chooses_one(
    act,  # noqa: F811
    editor,
    app,
    talsi,
    braga,
):
    editor.municipalities.add(braga)
    rows(app, talsi, 2, status="draft")
    rows(app, braga, 3, status="draft")
    rows(app, make_municipality("trakai"), 4, status="draft")
    browser = act(editor)
    for asked, number in (("", 5), ("?municipality=braga", 3), ("?municipality=trakai", 5)):
        assert number in dict(numbers(browser.get(f"/admin/{asked}"))["draft"])


def test_desk_of_one_municipality_offers_no_choice(act, editor):  # noqa: F811
    text = act(editor).get("/admin/").text
    assert "?municipality=" not in text
    assert 'href="/en/municipalities/talsi/"' in text
    assert (
        f'href="/admin/organizations/municipality/{editor.municipalities.get().pk}/change/' in text
    )


def test_needs_without_a_municipality_are_the_portal_editors(
    act,  # noqa: F811
    editor,
    portal_editor,
):
    need = MAKERS["needs"](level="all", municipality=None, status="draft")
    assert need.municipality is None
    assert (1, admin_url("needs") + "?todo=draft") in numbers(act(portal_editor).get("/admin/"))[
        "draft"
    ]
    assert 1 not in dict(numbers(act(editor).get("/admin/"))["draft"])


def test_zero_is_no_link_and_nothing_waits_is_said(act, editor, talsi):  # noqa: F811
    page = act(editor).get("/admin/")
    assert {address for found in numbers(page).values() for _, address in found} == {None}
    assert "Nothing waits for you." in page.text
    rows("needs", talsi, 1, todo=BITS["machine-el"])
    assert "Nothing waits for you." not in act(editor).get("/admin/").text


def test_what_was_changed_lately_alone_does_not_wait(act, editor, talsi):  # noqa: F811
    rows("needs", talsi, 1, updated=timezone.now())
    assert "Nothing waits for you." in act(editor).get("/admin/").text


def test_staff_without_a_group_read_what_to_do(act, stranger):  # noqa: F811
    page = act(stranger).get("/admin/")
    assert page.status_code == 200
    assert "Nothing is open to you here yet." in page.text
    assert not numbers(page)


def test_editor_without_a_municipality_reads_what_to_do(act, db):  # noqa: F811
    make_organization()
    page = act(make_person("new", MUNICIPAL_EDITOR)).get("/admin/")
    assert "You have no municipality yet." in page.text
    assert not numbers(page)


def test_desk_is_for_staff_alone(client, db):
    answer = client.get("/admin/")
    assert (answer.status_code, answer.url) == (302, "/admin/login/?next=/admin/")


def test_portal_editor_finds_everything_else_below(act, portal_editor):  # noqa: F811
    text = act(portal_editor).get("/admin/").text
    for address in ("organizations/topic", "needs/cause", "localympact/user"):
        assert f'href="/admin/{address}/"' in text


def test_latest_changes_say_who_and_when(act, editor, portal_editor, app, make, talsi):  # noqa: F811
    editor.first_name, editor.last_name = "Ilze", "Liepa"
    editor.save()
    entry = make(name_lv="Koris")
    with reversion.create_revision():
        entry.save()
        reversion.set_user(editor)
    text = act(editor).get("/admin/").text
    assert "Koris" in text
    assert "Ilze Liepa" in text


def test_change_without_a_revision_is_nobodys(act, editor, portal_editor, make):  # noqa: F811
    portal_editor.first_name, portal_editor.last_name = "Anna", "Kalna"
    portal_editor.save()
    entry = make(name_lv="Koris")
    with reversion.create_revision():
        entry.save()
        reversion.set_user(portal_editor)
    Revision.objects.update(date_created=timezone.now() - timedelta(hours=1))
    text = act(editor).get("/admin/").text
    assert "Koris" in text
    assert "Anna Kalna" not in text


def test_ten_latest_changes_of_all_databases_stand_in_their_order(act, editor, talsi):  # noqa: F811
    now = timezone.now()
    for number in range(12):
        app = list(MAKERS)[number % 3]
        (row,) = rows(app, talsi, 1, updated=now - timedelta(hours=number))
        type(row).objects.filter(pk=row.pk).update(name_en=f"Numurs {number}.")
    text = act(editor).get("/admin/").text
    places = [text.find(f"Numurs {number}.") for number in range(10)]
    assert places == sorted(places)
    assert places[0] > 0
    assert "Numurs 10." not in text


def test_changes_of_other_municipalities_are_not_told(act, editor, app, make, braga):  # noqa: F811
    entry = make(name_en="Theirs", municipality=braga)
    with reversion.create_revision():
        entry.save()
        reversion.set_user(editor)
    text = act(editor).get("/admin/").text
    assert "Theirs" not in text
    assert "Nothing was changed." in text


@pytest.mark.parametrize("who", ["editor", "portal_editor", "superuser"])
def test_desk_makes_the_same_queries_whatever_there_is(act, request, who, talsi, braga):  # noqa: F811
    person = request.getfixturevalue(who)
    browser = act(person)

    def more(number):
        for app, make in MAKERS.items():
            for place in (talsi, braga):
                with reversion.create_revision():
                    entries = [make(municipality=place, summary_lv="…") for _ in range(number)]
                    reversion.set_user(person)
                rows(app, place, number, todo=number % 1000)
                pair(*entries[:2])
        Suggestion.objects.create(municipality=talsi, message="Wrong")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/admin/").status_code == 200
        return len(captured)

    more(2)
    queries()
    few = queries()
    more(15)
    assert queries() == few
    assert few <= 20


def test_unknown_list_shows_everything(act, editor, app, make):  # noqa: F811
    make()
    answer = act(editor).get(admin_url(app), {"todo": "nonsense"}, follow=True)
    assert answer.redirect_chain
    assert answer.context["cl"].result_count == 1


def test_list_says_what_is_to_do_in_words(act, editor, app, talsi):  # noqa: F811
    bits = ["no-topic", "missing-lv", "missing-el", "machine-pt"]
    rows(app, talsi, 1, todo=sum(BITS[name] for name in bits))
    text = act(editor).get(admin_url(app)).text
    for line in ("No topic", "Text missing: LV, EL", "By machine, not checked: PT"):
        assert f'<div class="to-do">{line}</div>' in text
    archived = rows(app, talsi, 1, todo=BITS["missing-sv"], status=Status.ARCHIVED)
    assert archived
    assert "Text missing: SV" not in act(editor).get(admin_url(app)).text


def test_filter_offers_only_own_municipalities(act, editor, app, make, talsi, braga):  # noqa: F811
    editor.municipalities.add(make_municipality("trakai"))
    make(municipality=talsi)
    make(municipality=braga)
    text = act(editor).get(admin_url(app)).text
    assert f"municipality__id__exact={talsi.pk}" in text
    assert "Trakai" in text
    assert "Braga" not in text
    answer = act(editor).get(admin_url(app), {"municipality__id__exact": braga.pk})
    assert answer.context["cl"].result_count == 0


def test_changed_lately_is_a_list_of_its_own(act, editor, app, talsi):  # noqa: F811
    rows(app, talsi, 2, updated=timezone.now())
    page = act(editor).get(admin_url(app), {"todo": CHANGED_LATELY})
    assert page.context["cl"].result_count == 2
