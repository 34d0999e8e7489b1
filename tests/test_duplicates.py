"""Possible duplicates: found, asked about before saving, listed, answered."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command

from collaborations.models import Collaboration
from needs.models import Need
from organizations.duplicates import DuplicatePair, note, possible, possible_many
from organizations.likeness import alike, site_key, spellings
from organizations.models import Municipality, Organization
from tests.factories import make_collaboration, make_municipality, make_need, make_organization
from tests.test_admin import admin_url, form_of, new_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(client):
    def act(person):
        client.force_login(person)
        return client

    return act


def reasons_of(entry):
    """Give {name of the other: its reasons} of the possible duplicates of an entry."""
    return {str(other): sorted(reasons) for other, reasons in possible(entry)}


def look_alike(one, other):
    return any(alike(mine, theirs) for mine in spellings(one) for theirs in spellings(other))


# What is alike


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Talsu novada fonds", "Talsu novads fonds"),
        ('Biedrība "Kalme"', "KALME"),
        ('Sabiles aprūpes biedrība "Kalme"', "Kalme, Sabiles aprupes biedriba"),
        ('Biedrība "Ziemeļkurzemes biznesa asociācija"', "Ziemelkurzemes biznessa asociacija"),
        ('VšĮ "Rykantų paštas"', "Rykantu pastas"),
        ("Dalarnas Hembygdsförbund", "Dalarnas hembygsforbund, ideell förening"),
        ("Dalahänder", "Dalahandar"),
        ("CXJV - Conexão Jovem Associação", "Associação Conexao Jovem CXJV"),
        ("Fundação Bracara Augusta", "Bracara Augusta"),
        ("Πανεπιστήμιο Κύπρου", "ΠΑΝΕΠΙΣΤΗΜΙΟ ΚΥΠΡΟΥ"),
        ("Οργανισμός Νεολαίας Κύπρου", "Οργανισμος Νεολεας Κυπρου"),
        ("Tiltų kaimo bendruomenė", "Kaimo bendruomenė Tiltu"),
        ("Talsu novada fonds", "Palsu novada fonds"),
        ("Samarkand2015 AB", "Samarkand 2015"),
    ],
)
def test_misspelt_unaccented_and_reordered_names_are_alike(stored, typed):
    assert look_alike(stored, typed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Juventude Cruz Vermelha - Delegação de Braga",
            "Cruz Vermelha Portuguesa - Delegação de Braga",
        ),
        ("SYnergia Braga", "SYnergia Portugal"),
        ("Trakų atviroji jaunimo erdvė", "Rūdiškių atvira jaunimo erdvė"),
        ("Tiltų kaimo bendruomenė", "Valų kaimo bendruomenė"),
        ("Laidzes pagasta jauniešu centrs", "Laucienes pagasta jauniešu centrs"),
        ("Partnership (IOP) in the town of Borlänge", "Partnership (IOP) in the town of Falun"),
        ("Talsu 1. vidusskola", "Talsu 2. vidusskola"),
        ("Biedrība", "Nodibinājums"),
        ("", ""),
    ],
)
def test_names_of_different_things_are_not_alike(one, other):
    assert not look_alike(one, other)


def test_no_two_different_organisations_of_the_seed_have_names_that_are_alike(seed):
    pairs = DuplicatePair.objects.filter(database="organizations")
    assert {tuple(pair.reasons) for pair in pairs} == {("domain",)}
    names = [
        {Organization.objects.get(uuid=uuid).slug for uuid in (pair.first, pair.second)}
        for pair in pairs
    ]
    # Two organisations of Braga and two of Trakai really share a website.
    assert sorted(names, key=min) == [
        {"associacao-juvenil-synergia-synergia-braga", "synergia-portugal"},
        {
            "atviras-lentvario-jaunimo-centras",
            "traku-rajono-jaunimo-turizmo-ir-laisvalaikio-centras",
        },
    ]
    assert not DuplicatePair.objects.exclude(database="organizations").exists()


def test_every_misspelt_organisation_of_the_seed_is_found(seed):
    """One letter is doubled in the middle of each name."""
    missed = []
    for stored in Organization.objects.select_related("municipality"):
        name = str(stored)
        middle = len(name) // 2
        typed = Organization(
            municipality=stored.municipality,
            name_en=name[:middle] + name[middle] + name[middle:],
        )
        if stored not in [other for other, _reasons in possible(typed)]:
            missed.append(name)
    assert not missed


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("40008000000", "LV 4000 8000-000"),
        ("LV40008000000", "40008000000"),
        ("ab-12", "AB12"),
    ],
)
def test_registration_number_is_compared_without_marks_and_country(talsi, stored, typed):
    make_organization(name_en="Choir", registration_number=stored)
    new = Organization(municipality=talsi, name_en="Other", registration_number=typed)
    assert reasons_of(new) == {"Choir": ["register"]}


def test_number_of_another_country_is_another_number(talsi, braga):
    make_organization(name_en="Choir", registration_number="500123456", municipality=braga)
    new = Organization(municipality=talsi, name_en="Other", registration_number="500123456")
    assert reasons_of(new) == {}


def test_number_without_digits_is_none(talsi):
    make_organization(registration_number="–")
    new = Organization(municipality=talsi, name_en="Other", registration_number="none")
    assert reasons_of(new) == {}


@pytest.mark.parametrize(
    ("stored", "typed", "same"),
    [
        ("https://www.choir.example/", "http://choir.example/about", True),
        ("https://choir.example", "https://music.choir.example", False),
        ("https://facebook.com/choir", "https://m.facebook.com/Choir/", True),
        ("https://facebook.com/choir", "https://facebook.com/band", False),
        ("https://facebook.com/", "https://facebook.com/", False),
        ("https://sites.google.com/view/a", "https://sites.google.com/view/b", False),
        ("https://talsi.example/choir", "https://talsi.example/band", False),
        ("https://[broken", "https://[broken", False),
    ],
)
def test_websites_are_the_same_by_host_and_on_shared_hosts_by_path(talsi, stored, typed, same):
    Municipality.objects.update(website="https://www.talsi.example/")
    make_organization(name_en="Choir", website=stored)
    new = Organization(municipality=talsi, name_en="Other", website=typed)
    assert reasons_of(new) == ({"Choir": ["domain"]} if same else {})


def test_collaborations_share_a_website_only_with_its_path(talsi):
    make_collaboration(name_en="Concerts", website="https://choir.example/concerts")
    for website, same in (("choir.example/concerts/", True), ("choir.example/camp", False)):
        new = Collaboration(municipality=talsi, name_en="O", website=f"https://{website}")
        assert bool(possible(new)) is same
    assert site_key("https://choir.example/", owned=False) is None


def test_names_are_compared_within_a_municipality_in_all_languages(make, talsi, braga):
    here = make(name_el="Χορωδία της πόλης", municipality=talsi)
    make(name_el="Χορωδία της πόλης", municipality=braga)
    new = type(here)(municipality=talsi, name_lv="Ευτυχία", name_en="χορωδια της πολησ")
    assert [other for other, _reasons in possible(new)] == [here]


def test_needs_without_municipality_are_compared_with_each_other(talsi):
    everywhere = make_need(name_en="A room to meet", level="all")
    make_need(name_en="A room to meet", municipality=talsi)
    new = Need(level="all", name_en="A room to meet.")
    assert [other for other, _reasons in possible(new)] == [everywhere]


def test_archived_entries_are_found_and_merged_ones_are_not(make, talsi):
    archived = make(name_en="Town choir", status="archived")
    make(name_en="Town choir", status="archived", merged_into=archived)
    new = type(archived)(municipality=talsi, name_en="Town choir")
    assert [other for other, _reasons in possible(new)] == [archived]


def test_saved_entry_is_not_its_own_duplicate(make):
    assert possible(make(name_en="Town choir")) == []


def test_many_are_looked_up_at_once(make, talsi, braga, django_assert_max_num_queries):
    stored = [make(name_en=f"Choir of the {word}") for word in ("sea", "mountains", "sailors")]
    model = type(stored[0])
    rows = [
        model(municipality=place, name_en=name)
        for place in (talsi, braga)
        for name in ("Choir of the mountain", "Orchestra")
    ]
    with django_assert_max_num_queries(8):
        found = possible_many(model, rows)
    assert {index: [other for other, _ in like] for index, like in found.items()} == {
        0: [stored[1]]
    }


# Pairs that are kept


def pairs():
    return [
        ({pair.first, pair.second}, pair.reasons, bool(pair.different_on))
        for pair in DuplicatePair.objects.order_by("pk")
    ]


def test_pairs_are_noted_once_and_forgotten_when_no_longer_alike(make):
    one, other = make(name_en="Town choir"), make(name_en="Town  Choir")
    model = type(one)
    for pks in ([one.pk], [other.pk], model.objects.values("pk")):
        assert note(model, pks) == 1
    assert pairs() == [({one.uuid, other.uuid}, ["name"], False)]
    other.name_en = "Orchestra of the sea"
    other.save()
    assert note(model, [other.pk]) == 0
    assert pairs() == []


def test_pair_said_to_be_different_stays_so(make, editor):
    one, other = make(name_en="Town choir"), make(name_en="Town choir")
    note(type(one), [one.pk])
    DuplicatePair.objects.update(different_on="2026-01-01", different_by=editor)
    assert note(type(one), [one.pk]) == 0
    other.name_en = "Orchestra of the sea"
    other.save()
    note(type(one), [other.pk])
    assert pairs() == [({one.uuid, other.uuid}, ["name"], True)]


def test_deleted_entry_takes_its_pairs_away(make):
    one, other = make(name_en="Town choir"), make(name_en="Town choir")
    note(type(one), [one.pk])
    other.delete()
    assert pairs() == []


def test_command_finds_all_and_may_run_again(talsi, capsys):
    for make in (make_organization, make_collaboration, make_need):
        make(name_en="Town choir"), make(name_en="Town choir")
    for _time in range(2):
        call_command("find_duplicates")
        assert capsys.readouterr().out.splitlines()[-1] == "3 possible duplicates."
    assert len(pairs()) == 3


# Asked before saving


def test_form_asks_about_a_possible_duplicate_and_keeps_what_was_typed(act, editor, app, make):
    other = make(name_lv="Jaunais koris")
    values = new_entry(app, other.municipality) | {"name_lv": "Jaunais Koris", "summary_lv": "Xyz"}
    page = act(editor).post(admin_url(app, "add"), values)
    assert page.status_code == 200
    assert f'href="{other.get_absolute_url()}" target="_blank"' in page.text
    assert "a name that is almost the same" in page.text
    assert "Xyz" in page.text
    assert type(other).objects.count() == 1


def test_confirming_saves_and_records_that_they_are_different(act, editor, app, make):
    other = make(name_lv="Jaunais koris")
    values = new_entry(app, other.municipality) | {"name_lv": "Jaunais Koris"}
    browser = act(editor)
    page = browser.post(admin_url(app, "add"), values)
    (box,) = re.findall(r'name="_confirm_duplicates" value="([^"]*)"', page.text)
    answer = browser.post(admin_url(app, "add"), values | {"_confirm_duplicates": box})
    assert answer.status_code == 302
    new = type(other).objects.exclude(pk=other.pk).get()
    pair = DuplicatePair.objects.get()
    assert {pair.first, pair.second} == {new.uuid, other.uuid}
    assert (pair.different_by, pair.reasons) == (editor, ["name"])
    # Nobody is asked the same question twice.
    values = form_of(browser.get(admin_url(app, new.pk, "change"))) | {"name_lv": "Jaunais, koris"}
    assert browser.post(admin_url(app, new.pk, "change"), values).status_code == 302


def test_confirmation_holds_only_for_what_was_shown(act, editor, app, make):
    shown, other = make(name_lv="Jaunais koris"), make(name_lv="Vecais orķestris")
    values = new_entry(app, shown.municipality) | {"_confirm_duplicates": str(shown.pk)}
    page = act(editor).post(admin_url(app, "add"), values | {"name_lv": "Vecais orķestris"})
    assert f'value="{other.pk}"' in page.text
    assert "checked" not in re.search(r"<input[^>]*_confirm_duplicates[^>]*>", page.text)[0]


def test_answer_given_stays_in_the_form_when_something_else_is_wrong(act, editor, app, make):
    other = make(name_lv="Jaunais koris")
    values = new_entry(app, other.municipality) | {
        "name_lv": "Jaunais koris",
        "source": "no address",
        "_confirm_duplicates": str(other.pk),
    }
    page = act(editor).post(admin_url(app, "add"), values)
    assert "checked" in re.search(r"<input[^>]*_confirm_duplicates[^>]*>", page.text)[0]


def test_form_asks_when_a_name_changes_and_not_otherwise(act, editor, app, make):
    make(name_lv="Jaunais koris")
    entry = make(name_lv="Orķestris")
    browser = act(editor)
    values = form_of(browser.get(admin_url(app, entry.pk, "change")))
    page = browser.post(admin_url(app, entry.pk, "change"), values | {"name_lv": "Jaunais koris"})
    assert "_confirm_duplicates" in page.text
    type(entry).objects.filter(pk=entry.pk).update(name_lv="Jaunais koris")
    values |= {"name_lv": "Jaunais koris", "summary_lv": "Dzied."}
    assert browser.post(admin_url(app, entry.pk, "change"), values).status_code == 302


def test_drafts_of_others_are_not_revealed(act, editor, talsi, braga):
    number = "40008000000"
    talsi_too = make_municipality("dalarna", country="LV")
    hidden = make_organization(
        name_en="Hidden", municipality=talsi_too, registration_number=number, status="draft"
    )
    values = new_entry("organizations", talsi) | {"registration_number": number}
    browser = act(editor)
    assert browser.post(admin_url("organizations", "add"), values).status_code == 302
    # Portal editors learn of it.
    assert hidden.uuid in {u for p in DuplicatePair.objects.all() for u in (p.first, p.second)}
    assert not DuplicatePair.objects.editable_by(editor).exists()
    hidden.status = "published"
    hidden.save()
    page = browser.post(admin_url("organizations", "add"), values | {"name_lv": "Vēl viens"})
    assert "Hidden" in page.text
    assert DuplicatePair.objects.editable_by(editor).exists()


# The list

LIST = "/admin/organizations/duplicatepair/"


def make_pair(make, **fields):
    one = make(name_en="Town choir", **fields)
    other = make(name_en="Town choir!", **fields)
    note(type(one), [one.pk])
    return one, other, DuplicatePair.objects.latest("pk")


def test_list_shows_the_pairs_of_ones_own_municipality(act, editor, braga_editor, make, talsi):
    one, other, _pair = make_pair(make)
    text = act(editor).get(LIST).text
    assert "Town choir!" in text
    assert "a name that is almost the same" in text
    assert f"/{one.pk}/merge/?with={other.pk}" in text
    assert "Town choir" not in act(braga_editor).get(LIST).text


def test_pair_with_an_entry_of_others_is_listed_without_merging(act, editor, talsi, braga):
    make_organization(name_en="Ours", website="https://choir.example", municipality=talsi)
    theirs = make_organization(
        name_en="Theirs", website="https://choir.example", municipality=braga
    )
    note(Organization, [theirs.pk])
    text = act(editor).get(LIST).text
    assert "Theirs" in text
    assert "/merge/" not in text
    assert "/different/" in text


def test_pair_is_said_to_be_different_and_asked_again(act, editor, make):
    _one, _other, pair = make_pair(make)
    browser = act(editor)
    page = browser.post(f"{LIST}{pair.pk}/different/", follow=True)
    assert "Town choir" not in page.text
    pair.refresh_from_db()
    assert pair.different_by == editor
    assert "Town choir" in browser.get(LIST, {"answer": "different"}).text
    browser.post(f"{LIST}{pair.pk}/reopen/")
    pair.refresh_from_db()
    assert (pair.different_on, pair.different_by) == (None, None)


def test_pairs_of_others_cannot_be_answered(act, braga_editor, stranger, client, make):
    _one, _other, pair = make_pair(make)
    assert client.post(f"{LIST}{pair.pk}/different/").status_code == 302
    assert act(stranger).post(f"{LIST}{pair.pk}/different/").status_code == 403
    browser = act(braga_editor)
    assert browser.post(f"{LIST}{pair.pk}/different/").status_code == 404
    assert browser.get(f"{LIST}{pair.pk}/different/").status_code == 405
    pair.refresh_from_db()
    assert pair.different_on is None


def test_pairs_are_neither_added_nor_deleted_by_hand(act, superuser, make):
    _one, _other, pair = make_pair(make)
    browser = act(superuser)
    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(f"{LIST}{pair.pk}/delete/", {"post": "yes"}).status_code == 403
    for part in ("change", "history"):
        assert browser.get(f"{LIST}{pair.pk}/{part}/").status_code == 302


def test_list_of_pairs_makes_a_fixed_number_of_queries(
    act, editor, make, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser, counts = act(editor), []
    for number in range(3):
        make_pair(make, summary_en=f"Number {number}")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get(LIST)
        counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] < 20


def test_open_pairs_are_counted_for_nobody_without_an_account(make):
    make_pair(make)
    assert DuplicatePair.objects.open().count() == 1
    assert not DuplicatePair.objects.open().editable_by(AnonymousUser()).exists()
