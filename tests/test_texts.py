"""The fallback rule and the order of names: what a page shows and what SQL sorts by agree."""

from functools import partial
from itertools import product

import pytest
from django.utils import translation

from collaborations.models import Collaboration
from localympact.alphabets import alphabet_key, by_alphabet
from localympact.texts import LANGUAGES, pick, reading_order, seen
from needs.models import Need
from organizations.models import Municipality, Organization, Town
from tests.factories import make_municipality, make_need, make_organization

MODELS = [Organization, Collaboration, Need, Municipality]


def test_a_text_is_read_in_english_before_the_language_of_the_place():
    assert reading_order("pt", reader="lv")[:3] == ["lv", "en", "pt"]


def test_a_name_is_read_in_the_language_of_the_place_before_english():
    assert reading_order("pt", name=True, reader="lv")[:3] == ["lv", "pt", "en"]


def test_every_language_is_tried_once():
    assert sorted(reading_order("lv", reader="lv")) == sorted(LANGUAGES)


@pytest.mark.django_db
def test_what_is_shown_says_its_language():
    entry = make_organization(
        municipality=make_municipality("braga"), name_pt="Coro", summary_en="They sing."
    )
    with translation.override("el"):
        assert (pick(entry, "name"), pick(entry, "name").lang) == ("Coro", "pt")
        assert (pick(entry, "summary"), pick(entry, "summary").lang) == ("They sing.", "en")
        assert (pick(entry, "seeks"), pick(entry, "seeks").lang) == ("", None)


@pytest.mark.django_db
def test_python_and_sql_show_the_same_text(seed):
    make_need(level="all", name_lt="Patalpos", name_sv="Lokaler", summary_el="Χώροι")
    for model, field, reader in product(MODELS, ["name", "summary"], LANGUAGES):
        shown = seen(field, model.own_language_lookup, reader=reader)
        rows = model.objects.annotate(shown=shown)
        assert [row.shown for row in rows] == [pick(row, field, reader=reader) for row in rows]


ALPHABETS = {
    "lv": "a ā b c č d e ē f g ģ h i ī y j k ķ l ļ m n ņ o p r s š t u ū v z ž",
    "lt": "a ą b c č d e ę ė f g h i į y j k l m n o p r s š t u ų ū v z ž",
    "sv": "a b c d e f g h i j k l m n o p q r s t u v w x y z å ä ö",
    "pt": "a á à â ã b c ç d e é ê f g h i í j k l m n o ó ô õ p q r s t u ú v w x y z",
    "en": "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "el": "α ά β γ δ ε έ ζ η ή θ ι ί κ λ μ ν ξ ο ό π ρ σ τ υ ύ φ χ ψ ω ώ",
}


@pytest.mark.parametrize(("language", "letters"), ALPHABETS.items())
def test_letters_stand_in_the_order_of_their_alphabet(language, letters):
    letters = letters.split()
    assert sorted(letters, key=lambda letter: alphabet_key(language, letter)) == letters


def test_greek_comes_first_for_a_greek_reader():
    names = ["Zebra", "Άγιος", "Alpha"]
    assert sorted(names, key=lambda name: alphabet_key("el", name))[0] == "Άγιος"
    assert sorted(names, key=lambda name: alphabet_key("lv", name))[-1] == "Άγιος"


@pytest.mark.django_db
def test_names_are_sorted_by_the_database_as_by_our_alphabets(seed):
    """On PostgreSQL this holds our alphabets against ICU's; on SQLite it runs them."""
    for reader in LANGUAGES:
        towns = Town.objects.order_by(by_alphabet("name", reader))
        names = [town.name for town in towns]
        assert names == sorted(names, key=partial(alphabet_key, reader))
        for model in MODELS:
            shown = [pick(entry, "name", reader=reader) for entry in model.objects.by_name(reader)]
            assert shown == sorted(shown, key=partial(alphabet_key, reader))


@pytest.mark.django_db
def test_a_list_is_sorted_by_the_name_that_the_reader_sees(talsi):
    first = make_organization(name_lv="Ābols", name_en="Zebra")
    second = make_organization(name_lv="Bumbieris", name_en="Apple")
    assert list(Organization.objects.by_name("lv")) == [first, second]
    assert list(Organization.objects.by_name("en")) == [second, first]
