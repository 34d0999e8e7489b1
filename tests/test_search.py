"""The search: what a question finds, in which order, and that its index follows every change."""

import json

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import translation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from localympact import history
from localympact.among import Among
from localympact.facets import facets_of
from localympact.index import forms_of, tokens
from localympact.lemmas import stem
from localympact.models import Alias, Vocabulary
from localympact.search import Search
from localympact.texts import LANGUAGES
from needs.models import Need
from organizations.indexing import entry_models
from organizations.merging import merge_entries, merge_terms
from organizations.models import Municipality, Organization, Topic
from tests.factories import (
    MAKERS,
    make_audience,
    make_cause,
    make_collaboration,
    make_form,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
    make_type,
)
from tests.test_admin import admin_url, form_of
from tests.test_importing import (
    act,  # noqa: F401 - a fixture
    bring,
    exported,
    new_row,
    press,
    written,
)

pytestmark = pytest.mark.django_db


def found(question, model=Organization, language="en"):
    """Give what a question finds, the best first."""
    groups = Search(question, language).groups(facets_of(model).now())
    entries = model.objects.in_bulk([pk for group in groups for pk in group])
    # Equals stand in the order in which they were made.
    return [entries[pk] for group in groups for pk in group]


# Words


def test_words_are_written_as_a_dictionary_writes_them():
    assert tokens("Ο ΔΉΜΟΣ, “Νέους” - l’Été 2024") == ["ο", "δήμος", "νέους", "l", "été", "2024"]


def test_words_are_folded_to_letters_and_digits():
    assert forms_of("Ο ΔΉΜΟΣ Ģimeņu! Łódź_½") == ["ο", "δημοσ", "gimenu", "lodz", "12"]


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("lv", "jaunieši jauniešu jauniešiem jaunietis"),
        ("en", "volunteers volunteer"),
        ("pt", "associação associações"),
        ("sv", "föreningar förening föreningarna"),
        ("lt", "bendruomenė bendruomenių bendruomenėms"),
        ("el", "νέοι νέων νέους νέος"),
        ("el", "ηλικιωμένοι ηλικιωμένων ηλικιωμένους"),
        ("el", "οργάνωση οργανώσεις οργανώσεων"),
    ],
)
def test_forms_of_a_word_find_each_other(language, forms):
    entries = {form: make_organization(**{f"name_{language}": form}) for form in forms.split()}
    for form in entries:
        assert set(found(form)) == set(entries.values()), form
        assert found(form)[0] == entries[form]
        assert set(found(form.upper())) == set(entries.values()), form


def test_dictionary_form_that_no_text_has_finds_its_forms():
    entry = make_organization(name_lt="Vaikų dienos centras")
    assert found("vaikas") == [entry]


@pytest.mark.parametrize(
    ("language", "there", "asked"),
    [
        ("lv", "Diabēta biedrība", "diabēts"),
        ("lv", "Invalīdu biedrība", "invalīdiem"),
        ("lt", "Trakų neįgalieji", "neigaliesiems"),
        ("el", "Χορωδία", "χορωδίες"),
    ],
)
def test_form_that_nobody_knows_is_found_by_its_stem(language, there, asked):
    entry = make_organization(**{f"name_{language}": there})
    assert not Vocabulary.objects.filter(written=asked).exists()
    assert found(asked) == [entry]


def test_stem_is_the_word_without_its_longest_ending():
    assert [stem(form) for form in ("pensionariem", "draugija", "χορωδιεσ", "koris", "kora")] == [
        "pensionar",
        "draugij",
        "χορωδ",
        "kori",
        "",
    ]


@pytest.mark.parametrize("slip", ["jaunieshi", "jauneiši", "jaunišei", "xjaunieši"])
def test_typing_error_finds_nothing_by_itself(slip):
    make_organization(name_lv="Jaunieši", summary_lv="Jauniešu centrs jauniešiem")
    assert found(slip) == []


def test_known_word_is_the_beginning_of_others_from_four_letters_on():
    short, long = make_organization(name_sv="Ung"), make_organization(name_sv="Ungdom")
    longest = make_organization(name_sv="Ungdomsgård")
    assert found("ung") == [short]
    assert found("un") == [short, long, longest]
    assert found("ungdom") == [long, longest]


# What is found


def test_name_or_text_in_any_language_is_found(make):
    entry = make(name_lv="Jauniešu centrs", summary_el="Οργάνωση νέων της Αθήνας")
    make(name_en="Choir")
    search = type(entry).objects.search
    for words in ("jauniesu", "CENTRS jauniešu", "οργανωση", "ΝΕΩΝ", "αθηνασ", "ΑΘΉΝΑΣ centr"):
        assert list(search(words)) == [entry], words
    assert not search("jauniesu choir").exists()


def test_empty_question_asks_nothing(make):
    entry = make()
    assert list(type(entry).objects.search("  \n")) == [entry]


def test_little_words_are_no_condition_unless_there_are_no_others():
    entry = make_organization(name_en="Culture and sport")
    make_organization(name_en="And nothing")
    assert found("the culture of sport") == [entry]
    assert len(found("and")) == 2


def test_word_that_is_written_in_no_language_is_found():
    entry = make_organization(
        street="Lielā iela 7", website="https://www.koris.example/par", phone="+371 2000 0001"
    )
    for words in ("liela 7", "koris.example", "20000001", "2000 0001"):
        assert (found(words) == [entry]) == (words != "20000001"), words
    assert found("https") == []


def test_percent_and_underscore_are_plain_signs(make):
    entry = make(name_en="100% wool")
    make(name_en="1000 wools")
    assert found("100%", type(entry))[0] == entry
    assert not type(entry).objects.search("1__").filter(pk=entry.pk).exists()


# Quotes


@pytest.mark.parametrize(
    "quotes", ['"%s"', "“%s”", "„%s”", "„%s“", "«%s»", "”%s”", "‟%s″", ' "%s', "“%s"]
)
def test_quotes_mean_exactly_this(quotes):
    entry = make_organization(name_lv="Jauniešu centrs “Kontakts”")
    make_organization(name_lv="Centrs jauniešiem")
    make_organization(name_lv="Jauniešu mūzikas centrs")
    make_organization(type=make_type(name_lv="Jauniešu centrs"))
    closed = sum(quotes.count(sign) for sign in '"“”„«»‟″') > 1
    assert (found(quotes % "JAUNIESU centrs") == [entry]) == closed


def test_quoted_word_is_that_form_only():
    entry = make_organization(name_lv="Jauniešu centrs")
    make_organization(name_lv="Jaunieši")
    make_organization(name_lv="Jauniešuprāt")
    make_organization(topics=[make_topic(name_lv="Jauniešu")])
    assert found('"jauniesu"') == [entry]


def test_quotes_and_words_are_joined():
    entry = make_organization(name_en="Red Cross", summary_en="Young volunteers")
    make_organization(name_en="Red Cross")
    make_organization(name_en="Cross red", summary_en="Volunteers")
    assert found('volunteer "red cross"') == [entry]


# Order


def test_nearest_comes_first():
    topic = make_topic(name_en="Festa")
    wanted = [
        make_organization(name_pt="Festa"),
        make_organization(name_lv="Festa"),
        make_organization(name_en="A", summary_pt="Uma festa"),
        make_organization(name_en="B", summary_lv="Festa"),
        make_organization(name_pt="Fésta"),
        make_organization(name_en="C", summary_pt="Fésta"),
        make_organization(name_pt="Festas"),
        make_organization(name_en="D", summary_pt="As festas"),
        make_organization(name_pt="Festança"),
        make_organization(name_en="E", topics=[topic]),
    ]
    assert found("festa", language="pt") == wanted
    assert found("FESTA", language="pt") == wanted


def test_accents_that_were_typed_count():
    plain, accented = make_organization(name_sv="Kora"), make_organization(name_sv="Köra")
    assert found("kora", language="sv") == [plain, accented]
    assert found("köra", language="sv") == [accented, plain]


# Terms and places


@pytest.mark.parametrize(
    ("app", "name", "make_term"),
    [
        ("organizations", "topics", make_topic),
        ("organizations", "audiences", make_audience),
        ("organizations", "type", make_type),
        ("collaborations", "form", make_form),
        ("collaborations", "audiences", make_audience),
        ("needs", "topics", make_topic),
        ("needs", "cause", make_cause),
    ],
)
def test_name_and_synonyms_of_a_term_lead_to_what_carries_it(app, name, make_term):
    term = make_term(name_en="Youth work", name_lt="Darbas su jaunimu", synonyms_lv="jaunieši")
    entry = MAKERS[app](**{name: [term] if name.endswith("s") else term})
    MAKERS[app](**({"cause": make_cause()} if app == "needs" else {}))
    for words in ("youth work", "JAUNIESI", "jauniešiem", "darbą su jaunimas"):
        assert found(words, type(entry)) == [entry], words
    for words in ("work", "darbas", "youth", '"youth work"'):
        assert found(words, type(entry)) == [], words


def test_part_of_the_name_of_a_term_is_enough_where_it_names_two_things():
    entry = make_organization(
        topics=[make_topic(name_en="Culture and heritage", name_pt="Cultura e património")]
    )
    for words in ("culture", "heritage", "patrimonio", "cultura", "culture heritage"):
        assert found(words) == [entry], words


def test_names_of_places_lead_to_what_lies_there(braga):
    town = make_town("Sabile")
    entry = make_organization(town=town)
    other = make_organization(municipality=braga)
    Municipality.objects.filter(slug="talsi").update(synonyms_lv="Talsen")
    for words in ("Sabile", "sabilē", "Talsen", "Talsi", "Latvija", "Λετονία", "Lettland"):
        assert found(words) == [entry], words
    for words in ("Braga", "Portugāle", "Portugal"):
        assert found(words) == [other], words


def test_needs_are_found_by_all_countries_in_which_they_hold(talsi, braga):
    cause = make_cause()
    own = make_need(cause=cause, municipality=talsi)
    country = make_need(cause=cause, level="national", countries=["LV"])
    everywhere = make_need(cause=cause, level="all")
    make_need(cause=cause, municipality=braga)
    assert found("Latvia", Need) == found("Talsi", Need) == [own, country, everywhere]


def test_each_word_may_be_found_in_its_own_way(braga):
    entry = make_organization(
        municipality=braga, name_en="Choir", topics=[make_topic(name_lv="Jaunieši")]
    )
    make_organization(municipality=braga, topics=[make_topic(name_lv="Jaunatne")])
    assert found("jaunieši Portugal choi") == [entry]


# The index follows


def ways(*functions):
    """Give functions as parameters of a test, which are called by their names."""
    return [pytest.param(one, id=one.__name__.replace("_", "-")) for one in functions]


def saved(entry, fields, **kwargs):
    for name, value in fields.items():
        setattr(entry, name, value)
    entry.save()


def saved_in_part(entry, fields, **kwargs):
    for name, value in fields.items():
        setattr(entry, name, value)
    entry.save(update_fields=list(fields))


def updated(entry, fields, **kwargs):
    type(entry).objects.filter(pk=entry.pk).update(**fields)


def updated_through_the_municipality(entry, fields, **kwargs):
    getattr(entry.municipality, f"{entry._meta.app_label}").filter(pk=entry.pk).update(**fields)


def updated_together(entry, fields, **kwargs):
    for name, value in fields.items():
        setattr(entry, name, value)
    type(entry).objects.bulk_update([entry], list(fields))


def updated_by_the_base_manager(entry, fields, **kwargs):
    type(entry)._base_manager.filter(pk=entry.pk).update(**fields)


def saved_in_the_admin(entry, fields, browser, **kwargs):
    url = admin_url(entry._meta.app_label, entry.pk, "change")
    page = browser.get(url)
    assert browser.post(url, form_of(page) | fields).status_code == 302


def loaded(entry, fields, tmp_path, **kwargs):
    path = tmp_path / "entries.json"
    with path.open("w") as file:
        # No natural keys: they would make a new entry of it.
        call_command("dumpdata", entry._meta.label, pks=str(entry.pk), stdout=file)
    (item,) = json.loads(path.read_text())
    item["fields"] |= fields
    path.write_text(json.dumps([item]))
    call_command("loaddata", path, verbosity=0)


def imported(entry, fields, tmp_path, **kwargs):
    path = tmp_path / "entries.csv"
    path.write_bytes(written([{"id": str(entry.uuid)} | fields]))
    call_command("import_entries", entry._meta.app_label, str(path))


def imported_in_the_admin(entry, fields, browser, **kwargs):
    raw = written([{"id": str(entry.uuid)} | fields])
    file = bring(browser, entry._meta.app_label, raw)
    assert press(browser, file, "import")[1].state == "imported"


WAYS = [
    saved,
    saved_in_part,
    updated,
    updated_through_the_municipality,
    updated_together,
    updated_by_the_base_manager,
    saved_in_the_admin,
    loaded,
    imported,
    imported_in_the_admin,
]


@pytest.fixture
def browser(act, portal_editor):  # noqa: F811
    return act(portal_editor)


@pytest.mark.parametrize("change", ways(*WAYS))
def test_index_follows_a_changed_text(change, make, talsi, browser, tmp_path):
    entry = make(name_lv="Koris", summary_lv="Dzied")
    other = make(name_lv="Ansamblis")
    change(entry, {"name_lv": "Žagata", "summary_lv": ""}, browser=browser, tmp_path=tmp_path)
    model = type(entry)
    assert found("zagata", model) == [entry]
    assert found("koris", model) == found("dzied", model) == []
    assert found("ansamblis", model) == [other]


def created(model, app, fields, **kwargs):
    MAKERS[app](**fields)


def created_together(model, app, fields, **kwargs):
    one = MAKERS[app](**fields)
    data = {
        field.attname: getattr(one, field.attname)
        for field in model._meta.concrete_fields
        if field.name not in ("id", "uuid", "slug")
    }
    one.delete()
    model.objects.bulk_create([model(slug="one", **data), model(slug="two", **data)])
    model.objects.get(slug="two").delete()


def created_by_loading(model, app, fields, tmp_path, **kwargs):
    one = MAKERS[app](**fields)
    path = tmp_path / "entries.json"
    with path.open("w") as file:
        call_command("dumpdata", model._meta.label, stdout=file)
    one.delete()
    call_command("loaddata", path, verbosity=0)


def created_by_import(model, app, fields, browser, **kwargs):
    file = bring(browser, app, written([new_row(app, **fields)]))
    assert press(browser, file, "import")[1].state == "imported"


@pytest.mark.parametrize(
    "make_one", ways(created, created_together, created_by_loading, created_by_import)
)
def test_index_follows_what_is_new(make_one, app, talsi, browser, tmp_path):
    model = {model._meta.app_label: model for model in entry_models()}[app]
    make_one(model, app, {"name_lv": "Žagatas"}, browser=browser, tmp_path=tmp_path)
    assert [entry.name_lv for entry in found("zagatas", model)] == ["Žagatas"]


def test_index_follows_a_deletion(make):
    entries = [make(name_lv="Koris") for _ in range(3)]
    model = type(entries[0])
    entries[0].delete()
    assert found("koris", model) == entries[1:]
    model.objects.filter(pk=entries[1].pk).delete()
    assert found("koris", model) == entries[2:]
    model.objects.all().delete()
    assert found("koris", model) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM localympact_document")
        assert cursor.fetchone() == (0,)


def test_index_knows_nothing_of_what_was_taken_back(make):
    entry = make(name_lv="Koris")
    with transaction.atomic():
        entry.name_lv = "Orķestris"
        entry.save()
        assert found("orķestris", type(entry)) == [entry]
        transaction.set_rollback(True)
    assert found("koris", type(entry)) == [entry]
    assert found("orķestris", type(entry)) == []


def test_index_follows_a_merger_and_a_version_that_comes_back(make):
    stays, goes = make(name_lv="Koris"), make(name_lv="Koris", summary_lv="Dzied skaļi")
    merge_entries(stays, goes)
    model = type(stays)
    assert set(found("dzied", model)) == {stays, goes}
    assert list(model.objects.published().search("dzied")) == [stays]
    history.restore(stays, history.versions(stays).last())
    assert found("dzied", model) == [goes]


def test_index_follows_an_import_that_is_undone(app, make, talsi, browser):
    entry = make(name_lv="Koris")
    changed = exported(browser, app)[0] | {"name_lv": "Orķestris"}
    file = bring(browser, app, written([changed, new_row(app, name_lv="Jauns")]))
    press(browser, file, "import")
    assert found("koris", type(entry)) == []
    assert len(found("jauns", type(entry))) == 1
    press(browser, file, "undo")
    assert found("koris", type(entry)) == [entry]
    assert found("jauns", type(entry)) == found("orķestris", type(entry)) == []


def saved_term_in_the_admin(term, fields, browser, **kwargs):
    url = admin_url("organizations", term.pk, "change").replace("organization/", "topic/")
    page = browser.get(url)
    assert browser.post(url, form_of(page) | fields).status_code == 302


TERM_WAYS = [
    saved,
    saved_in_part,
    updated,
    updated_together,
    saved_term_in_the_admin,
    loaded,
]


@pytest.mark.parametrize("change", ways(*TERM_WAYS))
def test_index_follows_names_and_synonyms_of_terms(change, make, browser, tmp_path):
    topic = make_topic(name_en="Music", synonyms_lv="dziesmas")
    entry = make(topics=[topic], name_en="Choir")
    fields = {"name_en": "Dance", "synonyms_lv": "dejas"}
    change(topic, fields, browser=browser, tmp_path=tmp_path)
    model = type(entry)
    assert found("dance", model) == found("dejas", model) == found("deju", model) == [entry]
    assert found("music", model) == found("dziesmas", model) == []


def test_index_follows_terms_that_come_and_go(make):
    kept, gone = make_topic(name_en="Music"), make_topic(name_en="Song")
    entry = make(topics=[gone], name_en="Choir")
    model = type(entry)
    merge_terms(kept, gone)
    assert found("song", model) == found("music", model) == [entry]
    entry.topics.clear()
    assert found("song", model) == []
    Topic.objects.all().delete()
    assert not Alias.objects.exclude(facet__in=["municipality", "country", "cause"]).exists()
    made, *_rest = Topic.objects.bulk_create([Topic(name_en="Dance", slug="dance")])
    made.refresh_from_db()
    getattr(made, model._meta.app_label).add(entry)
    assert found("dance", model) == [entry]


def test_index_follows_places(talsi, braga):
    entry = make_organization(town=make_town("Sabile"))
    entry.town.name = "Roja"
    entry.town.save()
    assert (found("roja"), found("sabile")) == ([entry], [])
    talsi.name_lv = "Kuldīga"
    talsi.country = "EE"
    talsi.save()
    assert found("Kuldīga") == found("Igaunija") == [entry]
    assert found("Latvija") == []
    Municipality.objects.filter(pk=talsi.pk).update(country="SE")
    assert (found("Zviedrija"), found("Igaunija")) == ([entry], [])


def test_index_says_of_whole_countries_where_they_lie_now(talsi):
    everywhere = make_need(level="all")
    assert found("Latvia", Need) == [everywhere]
    assert found("Portugal", Need) == []
    place = make_municipality("braga")
    assert found("Portugal", Need) == [everywhere]
    place.delete()
    assert found("Portugal", Need) == []


def test_index_that_is_made_anew_finds_the_same(make):
    entry = make(name_lv="Jauniešu centrs", topics=[make_topic(name_en="Music")])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM localympact_document")
    Vocabulary.objects.all().delete()
    Alias.objects.all().delete()
    assert found("jaunieši", type(entry)) == found("music", type(entry)) == []
    call_command("rebuild_search", verbosity=0)
    assert found("jaunieši", type(entry)) == found("music", type(entry)) == [entry]


def test_what_is_learnt_of_a_word_that_has_no_letters_is_nothing(make):
    entry = make(name_en="!!!")
    assert found("!!!", type(entry)) == []
    assert list(type(entry).objects.filter(pk__in=Among([]))) == []
    assert not Vocabulary.objects.filter(written="!!!").exists()


# No question is an error

OPERATORS = st.text(" \"*():^-+&|!<>~\\{}[],.:;%_'AND OR NOT NEAR\x00\t\nåß½ſΣς", max_size=40)
WORDS = st.lists(
    st.sampled_from(
        ["jaunieši", "“", "”", '"', "„", "«", "»", "*", "AND", "NOT", "NEAR(", ")", ":*", "name:",
         "''", "\\", "\x00", "a", "ο", "<->", "!", "&", "|", "½", "ﬁ", "İ", "ẞ", "𝔘", "👩‍👧", "́"]
    ),
    max_size=12,
).map(" ".join)  # fmt: skip


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    text=st.one_of(st.text(max_size=60), OPERATORS, WORDS, st.text(max_size=30).map('"{}"'.format)),
    language=st.sampled_from(LANGUAGES),
)
@example(text="\x00", language="lv")
@example(text="jaunieši\x00", language="lv")
@example(text='"', language="lv")
@example(text='""', language="lv")
@example(text='" "', language="lv")
@example(text='"jauniešu centrs', language="lv")
@example(text="a" * 10_000, language="lv")
@example(text="jaunieši " * 1_200, language="lv")
@example(text='"' + "jauniešu " * 1_200 + '"', language="lv")
@example(text="!?.,;:()[]{}", language="lv")
@example(text="name:jaunieši OR body:*", language="en")
@example(text="NEAR(jaunieši centrs, 5) AND NOT a* ^b", language="en")
@example(text="jaunieši' | 'x' & !'y':*A <2> 'z", language="en")
@example(text="\\'; DROP TABLE localympact_document; --", language="en")
@example(text="\ud800", language="en")
@example(text="%s %(a)s %%", language="en")
def test_any_text_is_a_question(text, language):
    with translation.override(language):
        for model in entry_models():
            entries = model.objects.search(text)
            assert len(entries) == entries.count()


def test_any_text_can_be_a_text_of_an_entry(make):
    for text in ("'", '"', "\\", "a'b\\c", "½ ﬁ İ ẞ 𝔘 👩‍👧", "NEAR(a, 5)", "ſΣς", "a" * 250, "“”"):
        entry = make(name_en=text, summary_en=text * 20)
        for asked in (text, f'"{text}"'):
            results = found(asked, type(entry))
            assert entry in results or not forms_of(text), asked
        entry.delete()


def test_long_text_is_found_to_its_end(make):
    entry = make(summary_en="word " * 40_000 + "zebra")
    assert found("zebra", type(entry)) == [entry]


def test_question_is_looked_for_by_its_first_words_only():
    entry = make_organization(name_en="one two three four five six seven eight nine ten el tw")
    assert found("one two three four five six seven eight nine ten el tw nothing") == [entry]
    assert found("nothing one two three") == []


def test_search_asks_a_few_questions_whatever_is_asked(django_assert_max_num_queries):
    make_collaboration(name_en="Youth choir", topics=[make_topic(name_en="Youth work")])
    state = facets_of(Organization).now()
    with django_assert_max_num_queries(5):
        Search("youth work choir “red cross” volunteers", "en").groups(state)
