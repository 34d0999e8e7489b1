"""Searches that found nothing: what people miss is counted, who missed it is not kept."""

import logging
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from html5lib import parse

from localympact import history, unanswered
from localympact.models import UnansweredSearch
from localympact.unanswered import counts, note
from needs.models import Cause
from organizations.models import Municipality, Topic
from organizations.synonyms import models_with_synonyms, nearest
from tests.factories import make_cause, make_municipality, make_topic, make_type
from tests.test_admin import act  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

LIST = "/admin/localympact/unansweredsearch/"


def rows():
    """Give what is kept: [(query, language, database, filters, count)]."""
    found = UnansweredSearch.objects.order_by("pk")
    return list(found.values_list("query", "language", "database", "filters", "count"))


def queries():
    return [query for query, *_rest in rows()]


def make_search(query="zirgkopji", count=3, **fields):
    return UnansweredSearch.objects.create(
        **{"query": query, "language": "lv", "count": count} | fields
    )


def synonym_url(search):
    return f"{LIST}{search.pk}/synonym/"


# Counting


def test_search_is_counted_in_its_folded_form_by_language_database_and_filters():
    note("Zirgkopji", "lv", "organizations", "municipality=talsi")
    note(" ZIRGKOPJI ", "lv", "organizations", "municipality=talsi")
    note("zirgkopji", "lt", "organizations", "municipality=talsi")
    note("zirgkopji", "lv", "needs", "municipality=talsi")
    note("zirgkopji", "lv", "organizations", "")
    note("Ιππείς", "el")
    assert rows() == [
        ("zirgkopji", "lv", "organizations", "municipality=talsi", 2),
        ("zirgkopji", "lt", "organizations", "municipality=talsi", 1),
        ("zirgkopji", "lv", "needs", "municipality=talsi", 1),
        ("zirgkopji", "lv", "organizations", "", 1),
        ("ιππεισ", "el", "", "", 1),
    ]


def test_same_filters_are_one_row_in_whatever_order_and_view():
    note("zirgi", "lv", "needs", "topic=sport&municipality=talsi&topic=youth-work")
    note("zirgi", "lv", "needs", "topic=youth-work&topic=sport&municipality=talsi&page=1")
    note("zirgi", "lv", "needs", "q=zirgi&municipality=talsi&view=map&topic=sport&topic=youth-work")
    note("zirgi", "lv", "needs", "municipality=talsi&topic=sport&topic=youth-work&sort=name&town=")
    filters = "municipality=talsi&topic=sport&topic=youth-work"
    assert rows() == [("zirgi", "lv", "needs", filters, 4)]


def test_day_of_the_last_time_is_kept_and_no_moment():
    search = make_search(asked=timezone.localdate() - timedelta(days=40))
    note("Zirgkopji", "lv")
    search.refresh_from_db()
    assert (search.asked, search.count) == (timezone.localdate(), 4)
    assert {field.name for field in UnansweredSearch._meta.fields} == {
        "id",
        "database",
        "query",
        "language",
        "filters",
        "count",
        "asked",
    }


# As people of six countries write them, and in the groups that they write them in.
PHONES = {
    "lv": ["+371 26 123 456", "26123456", "(+371) 2612-3456", "tālr.: 26 12 34 56"],
    "en": ["020 7946 0018", "+44 (0)20 7946 0018", "07700-900-123", "+44.7700.900.123"],
    "pt": ["253 203 150", "+351 912 345 678", "00351253203150", "912-345-678"],
    "sv": ["070-123 45 67", "+46 (0)70 123 45 67", "0243-79 50 00", "08/123 456 78"],
    "lt": ["8 612 34567", "(8-528) 58 300", "+370 612 34 567", "8~612 34567"],
    "el": ["22 123456", "+357 99 123456", "694.123.4567", "２２ １２３４５６"],
}


@pytest.mark.parametrize(
    ("language", "phone"), [(code, phone) for code, some in PHONES.items() for phone in some]
)
def test_telephone_numbers_are_taken_out(language, phone):
    note(f"Koris {phone}", language)
    note(f"{phone} koris", language)
    note(phone, language)
    assert not any(sign.isdigit() for query in queries() for sign in query)
    assert ("koris" in queries()) == ("tālr" not in phone)


@pytest.mark.parametrize(
    "address",
    [
        "anna.ozola@talsi.lv",
        "Anna.Ozola+koris@example.co.uk",
        "anna @ talsi . lv",
        "anna [at] talsi.lv",
        "anna(at)talsi.lv",
        "<anna@talsi.lv>,",
        "mailto:anna@talsi.lv",
        "@anna_ozola",
        "anna＠talsi.lv",
        "https://example.org/anna?ozola=1#x",
        "www.anna-ozola.community",
        "facebook.com/anna.ozola",
        "talsi.lv",
        "τάλσι.ελ",
    ],
)
def test_addresses_of_people_and_pages_are_taken_out(address):
    note(f"koris {address}", "lv")
    note(f"{address} koris", "lv")
    assert queries()
    left = {word for query in queries() for word in query.split()}
    assert left <= {"koris", "lv"}


@pytest.mark.parametrize(
    "number",
    ["010190-12345", "19900101-1234", "LV80BANK0000435195001", "PT50000201231234", "2024"],
)
def test_numbers_of_people_and_accounts_are_taken_out(number):
    note(number, "lv")
    note(f"koris {number}", "lv")
    assert not any(sign.isdigit() for query in queries() for sign in query)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("“Kopienu centrs”", "kopienu centrs"),
        ("e-pārvalde", "e-parvalde"),
        ("c'est l’été", "c'est l’ete"),
        ("covid19 klase", "covid19 klase"),
        ("1-9 klase", "1-9 klase"),
        ("+koris -deja (bērni)", "koris deja berni"),
        ("Sv.Jāņa draudze", "sv jana draudze"),
    ],
)
def test_words_stay(text, kept):
    note(text, "lv")
    assert queries() == [kept]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "a",
        "***",
        '"" ( ) & -',
        "\x00\x00",
        "12345678",
        "anna@talsi.lv",
        "\ufffd\ufffd",
        "mana kaimiņiene Anna no trešā stāva meklē kori, kurā dziedāt svētdienu vakaros kopā",
        "x" * 10_000,
        "ﷺ" * 80,
    ],
)
def test_noise_and_whole_sentences_are_not_kept(text):
    note(text, "lv")
    assert rows() == []


def test_filters_that_are_no_slugs_are_not_kept():
    note("koris", "lv", "needs", "topic=anna%40talsi.lv&municipality=talsi&town=a%00b")
    assert rows() == [("koris", "lv", "needs", "municipality=talsi", 1)]
    note("koris", "lv", "needs", "&".join(f"topic=topic-{number}" for number in range(100)))
    assert len(rows()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_are_two():
    times, start = 25, Barrier(2)

    def ask():
        start.wait()
        try:
            for _ in range(times):
                note("zirgkopji", "lv", "needs")
        finally:
            connection.close()

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows() == [("zirgkopji", "lv", "needs", "", 2 * times)]


@contextmanager
def read_only():
    """Make the database refuse to be written."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = on" if sqlite else "SET TRANSACTION READ ONLY")
    yield
    if sqlite:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = off")


@pytest.mark.django_db(transaction=True)
def test_database_that_cannot_be_written_costs_a_line_in_the_log_and_nothing_else(caplog):
    with caplog.at_level(logging.WARNING), transaction.atomic(), read_only():
        note("zirgkopji", "lv")
        assert Topic.objects.count() == 0
    assert rows() == []
    (line,) = caplog.records
    assert line.getMessage().startswith("A search was not counted: ")
    assert "zirgkopji" not in line.getMessage()
    assert "\n" not in line.getMessage()


@pytest.mark.django_db(transaction=True)
def test_page_does_not_wait_for_somebody_who_writes_for_long(caplog, monkeypatch):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no single writer.")
    monkeypatch.setattr(unanswered, "PATIENCE", 50)
    other = connection.copy()
    with other.cursor() as cursor, connection.cursor() as own:
        cursor.execute("BEGIN IMMEDIATE")
        began = timezone.now()
        note("zirgkopji", "lv")
        assert timezone.now() - began < timedelta(seconds=5)
        cursor.execute("ROLLBACK")
        assert "A search was not counted: OperationalError" in caplog.text
        note("zirgkopji", "lv")
        # Editors wait as long as before.
        patience = django_settings.DATABASES["default"]["OPTIONS"]["timeout"] * 1000
        assert own.execute("PRAGMA busy_timeout").fetchone()[0] == patience
    other.close()
    assert queries() == ["zirgkopji"]


def test_flood_of_new_searches_pushes_out_the_oldest_that_nobody_sees(monkeypatch):
    monkeypatch.setattr(unanswered, "RARE_KEPT", 3)
    yesterday = timezone.localdate() - timedelta(days=1)
    make_search("shown", 3, asked=yesterday)
    make_search("aged", 2, asked=yesterday)
    for word in ("one", "two", "three", "four"):
        note(word, "en")
    assert queries() == ["shown", "two", "three", "four"]


def test_flood_of_repeated_searches_pushes_out_the_least_asked(monkeypatch):
    monkeypatch.setattr(unanswered, "SHOWN_KEPT", 2)
    make_search("often", 40, asked=timezone.localdate() - timedelta(days=9))
    for word in ("one", "two", "three"):
        for _ in range(3):
            note(word, "en")
    assert queries() == ["often", "three"]


# What counts


def asked(address="/lv/needs/?q=zirgi", method="get", user=None, **headers):
    """Give a request as a browser sends it."""
    headers = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    request = getattr(RequestFactory(), method)(address, **headers)
    request.user = user
    if user:
        request.COOKIES[django_settings.SESSION_COOKIE_NAME] = "something"
    return request


HOST = "http://testserver"


@pytest.mark.parametrize(
    ("request_", "is_counted"),
    [
        (asked(), True),
        (asked("/lv/needs/?q=zirgi&page=1"), True),
        (asked("/lv/needs/?q=zirgi&page=2"), False),
        (asked("/lv/needs/?q=zirgi&page=x"), False),
        (asked(method="head"), False),
        (asked(method="post"), False),
        (asked(cache_control="max-age=0"), False),
        (asked(cache_control="No-Cache, private"), False),
        (asked(cache_control="max-stale=1"), True),
        (asked(sec_purpose="prefetch;prerender"), False),
        (asked(hx_request="true", hx_trigger_name="q"), False),
        (asked(hx_request="true"), True),
        (asked(referer=f"{HOST}/lv/"), True),
        (asked(referer=f"{HOST}/lv/needs/?q=zirgs"), True),
        (asked(referer=f"{HOST}/lv/needs/?q=zirgi&topic=sport"), True),
        (asked(referer=f"{HOST}/lv/organizations/?q=zirgi"), True),
        (asked(referer="http://elsewhere.example/lv/needs/?q=zirgi"), True),
        (asked(referer="http://[broken"), True),
        (asked(referer=f"{HOST}/lv/needs/?q=Zirgi"), False),
        (asked(referer=f"{HOST}/lv/needs/?view=map&q=zirgi&sort=name"), False),
        (asked("/lv/needs/?q=zirgi&sort=name", referer=f"{HOST}/lv/needs/?q=zirgi"), False),
    ],
)
def test_new_question_of_a_visitor_counts(request_, is_counted):
    assert counts(request_) == is_counted


def test_staff_who_try_do_not_count(editor, django_user_model):
    assert not counts(asked(user=editor))
    assert counts(asked(user=django_user_model(username="somebody")))


# Forgetting


def test_search_that_nobody_repeats_is_forgotten(settings, capsys):
    today = timezone.localdate()
    settings.SEARCHES_KEPT_DAYS = 30
    make_search("old", 40, asked=today - timedelta(days=30))
    make_search("kept", 1, asked=today - timedelta(days=29))
    for deleted in (1, 0):
        call_command("forget_searches")
        assert capsys.readouterr().out == f"Deleted: {deleted}\n"
        assert queries() == ["kept"]


def test_privacy_page_says_what_is_kept(client, settings):
    settings.SEARCHES_KEPT_DAYS = 321
    text = client.get("/en/privacy/").text
    assert "deleted after 321 days" in text
    assert "at least 3 times" in text


# The list


def test_list_shows_what_was_asked_three_times_the_most_frequent_first(act, portal_editor):  # noqa: F811
    make_municipality("talsi")
    make_topic(slug="sport", name_en="Sport")
    make_search("twice", 2)
    make_search("thrice", 3, database="needs", filters="municipality=talsi&topic=sport&topic=gone")
    make_search("ιππεισ", 1200, language="el")
    make_search("forgotten", 9, asked=timezone.localdate() - timedelta(days=365))
    page = act(portal_editor).get(LIST)
    assert [row.query for row in page.context["cl"].result_list] == ["ιππεισ", "thrice"]
    assert '<span lang="el">ιππεις</span>' in page.text
    assert "1,200 ×" in page.text
    said = "Latvian · Needs and challenges · Municipality: Talsi · Topic: Sport, gone"
    assert said in page.text
    assert "Greek · Whole portal" in page.text
    assert "twice" not in page.text
    assert "forgotten" not in page.text


@pytest.mark.parametrize(
    ("asked_for", "found"),
    [
        ("language__exact=lv", {"in needs", "in all"}),
        ("in=needs", {"in needs"}),
        ("in=all", {"in all", "other"}),
        ("q=ΌTHÉR", set()),
        ("q=ÓTHÉR", {"other"}),
    ],
)
def test_list_is_filtered_and_searched(act, portal_editor, asked_for, found):  # noqa: F811
    make_search("in needs", database="needs")
    make_search("in all")
    make_search("other", language="sv")
    page = act(portal_editor).get(f"{LIST}?{asked_for}")
    assert {row.query for row in page.context["cl"].result_list} == found


def test_list_makes_the_same_queries_whatever_there_is(act, portal_editor):  # noqa: F811
    for slug in ("talsi", "braga", "trakai"):
        make_municipality(slug)
    for number in range(20):
        make_topic(slug=f"topic-{number}")
    browser = act(portal_editor)

    def count():
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(LIST).status_code == 200
        return len(captured)

    make_search("one", filters="municipality=talsi&topic=topic-0")
    count()
    few = count()
    for number in range(20):
        place = ("talsi", "braga", "trakai")[number % 3]
        make_search(f"more {number}", filters=f"municipality={place}&topic=topic-{number}")
    assert count() == few


def test_desk_counts_the_searches_for_portal_editors(act, portal_editor, editor, talsi):  # noqa: F811
    make_search("one")
    make_search("two", 8)
    make_search("rare", 2)

    def on_the_desk(browser, address="/admin/"):
        return [
            ("".join(element.itertext()).split()[0], element.get("href"))
            for element in parse(browser.get(address).text).iter()
            if element.get("data-list") == "unanswered"
        ]

    assert on_the_desk(act(portal_editor)) == [("2", LIST)]
    # They are of no municipality.
    assert on_the_desk(act(portal_editor), "/admin/?municipality=talsi") == []
    assert on_the_desk(act(editor)) == []


def test_search_is_set_aside_and_comes_back_when_it_is_asked_again(act, portal_editor):  # noqa: F811
    search, other = make_search("nonsense"), make_search("other")
    answer = act(portal_editor).post(f"{LIST}{search.pk}/set-aside/", follow=True)
    assert "1 search was set aside." in answer.text
    assert queries() == ["other"]
    note("nonsense", "lv")
    assert rows()[-1] == ("nonsense", "lv", "", "", 1)
    assert act(portal_editor).get(f"{LIST}{other.pk}/set-aside/").status_code == 405


def test_buttons_lead_back_to_the_list_as_it_was(act, portal_editor):  # noqa: F811
    make_search(), make_search("other")
    browser = act(portal_editor)
    row = browser.get(f"{LIST}?language__exact=lv&o=1").context["cl"].result_list[0]
    back = f"{LIST}?language__exact=lv&o=1"
    assert f'href="{back.replace("&", "&amp;")}"' in browser.get(row.synonym_address).text
    assert browser.post(row.aside_address).url == back


# Making a synonym


def test_every_kind_of_term_takes_synonyms():
    assert [model.__name__ for model in models_with_synonyms()] == [
        "OrganizationType",
        "Topic",
        "Audience",
        "CooperationForm",
        "Cause",
        "Municipality",
    ]


def test_nearest_terms_come_first_in_whatever_language():
    youth = make_topic(name_en="Youth work", synonyms_lv="darbs ar jauniešiem\njaunatnes lietas")
    club = make_type(name_en="Youth centre", name_pt="Centro de juventude", synonyms_lv="klubs")
    make_cause(name_en="Trust")
    things = [*Topic.objects.all(), club, *Cause.objects.all()]
    found = nearest("jaunatne", things, 5)
    assert [(near.thing, near.word, near.word.lang) for near in found] == [
        (youth, "jaunatnes lietas", "lv")
    ]
    assert [near.thing for near in nearest("youth centres", things, 5)] == [club, youth]
    assert [near.thing for near in nearest("youth centres", things, 1)] == [club]
    assert nearest("zzzz", things, 5) == []
    assert nearest("", things, 5) == []


def test_one_click_makes_the_word_a_synonym_of_a_near_term(act, portal_editor):  # noqa: F811
    topic = make_topic(name_en="Youth work", name_lv="Darbs ar jaunatni", synonyms_lv="jaunatne")
    search = make_search("jaunatnei", database="needs")
    make_search("jaunatnei", 1, language="en")
    other = make_search("other")
    browser = act(portal_editor)
    page = browser.get(synonym_url(search))
    button = f'<button type="submit" class="button" name="near" value="topic-{topic.pk}">'
    assert button in page.text
    answer = browser.post(
        synonym_url(search),
        {"words": " Jaunatnei ", "language": "lv", "near": f"topic-{topic.pk}", "term": ""},
        follow=True,
    )
    assert "“Jaunatnei” (Latvian) is now a synonym of" in answer.text
    assert 'href="/lv/needs/?q=jaunatnei"' in answer.text
    topic.refresh_from_db()
    assert topic.synonyms_lv == "jaunatne\nJaunatnei"
    # In every language and database: a synonym counts in all of them.
    assert queries() == [other.query]
    now, before = history.versions(topic)
    assert now.revision.user == portal_editor
    assert history.state_of(now)["synonyms_lv"] == "jaunatne\nJaunatnei"
    assert history.state_of(before)["synonyms_lv"] == "jaunatne"
    assert portal_editor.logentry_set.get().get_change_message() == "Changed synonyms."


@pytest.mark.parametrize("make", [make_topic, make_type, make_cause, make_municipality])
def test_word_becomes_a_synonym_of_any_term_of_the_list(act, portal_editor, make):  # noqa: F811
    term, search = make(), make_search("οργανωσισ", language="el")
    values = {
        "words": "Οργάνωσις",
        "language": "el",
        "term": f"{term._meta.model_name}-{term.pk}",
    }
    act(portal_editor).post(synonym_url(search), values)
    term.refresh_from_db()
    assert term.synonyms_el == "Οργάνωσις"
    assert history.versions(term).count() == 2
    assert rows() == []


def test_word_that_is_there_already_is_not_added_and_settled(act, portal_editor):  # noqa: F811
    topic = make_topic(name_lv="Jaunatne", synonyms_lv="jaunieši")
    for word in ("JAUNIESI", "jaunātne"):
        search = make_search(word.lower())
        values = {"words": word, "language": "lv", "near": f"topic-{topic.pk}"}
        answer = act(portal_editor).post(synonym_url(search), values, follow=True)
        assert "was a name or synonym of" in answer.text
    topic.refresh_from_db()
    assert topic.synonyms_lv == "jaunieši"
    assert not history.versions(topic).exists()
    assert rows() == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"term": ""}, "Choose a term."),
        ({"near": "topic-0"}, "Choose a term."),
        ({"term": "user-1"}, "Select a valid choice."),
        ({"words": " "}, "This field is required."),
        ({"words": "\ufffe 12"}, "Write a word."),
        ({"words": "x" * 101}, "Ensure this value has at most 100 characters"),
        ({"language": "xx"}, "Select a valid choice."),
    ],
)
def test_refused_form_keeps_what_was_typed(act, portal_editor, values, message):  # noqa: F811
    topic, search = make_topic(), make_search()
    given = {"words": "Žirgkopji & co", "language": "lt", "term": f"topic-{topic.pk}"} | values
    page = act(portal_editor).post(synonym_url(search), given)
    assert page.status_code == 200
    assert message in page.text
    if "words" not in values:
        assert 'value="Žirgkopji &amp; co"' in page.text
    if "language" not in values:
        assert '<option value="lt" selected>' in page.text
    if not {"term", "near"} & {*values}:
        assert f'<option value="topic-{topic.pk}" selected>' in page.text
    topic.refresh_from_db()
    assert not topic.synonyms_lt
    assert queries() == [search.query]


def test_search_that_a_colleague_has_settled_is_no_mistake(act, portal_editor):  # noqa: F811
    search = make_search()
    address = synonym_url(search)
    search.delete()
    make_topic()
    answer = act(portal_editor).get(address, follow=True)
    assert "This search was answered or set aside meanwhile." in answer.text


def test_municipal_editor_can_do_nothing_with_it(act, editor):  # noqa: F811
    topic, search = make_topic(), make_search()
    values = {"words": "zirgkopji", "language": "lv", "near": f"topic-{topic.pk}"}
    browser = act(editor)
    assert browser.get(LIST).status_code == 403
    assert browser.get(synonym_url(search)).status_code == 403
    assert browser.post(synonym_url(search), values).status_code == 403
    assert browser.post(f"{LIST}{search.pk}/set-aside/").status_code == 403
    topic.refresh_from_db()
    assert not topic.synonyms_lv
    assert queries() == ["zirgkopji"]


def test_terms_that_somebody_may_not_change_are_not_offered(act, editor):  # noqa: F811
    from django.contrib.auth.models import Permission

    names = ["view_unansweredsearch", "change_unansweredsearch"]
    editor.user_permissions.set(Permission.objects.filter(codename__in=names))
    topic, search = make_topic(name_en="Zirgkopji"), make_search()
    place = Municipality.objects.get()
    browser = act(editor)
    page = browser.get(synonym_url(search))
    assert "topic-" not in page.text
    assert f"municipality-{place.pk}" in page.text
    values = {"words": "zirgkopji", "language": "lv", "near": f"topic-{topic.pk}"}
    assert "Choose a term." in browser.post(synonym_url(search), values).text
