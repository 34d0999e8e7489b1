"""A list as an Atom feed: what changed last, with the list's filters."""

import datetime

import feedparser
import html5lib
import pytest
from defusedxml import ElementTree
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_municipality, make_topic

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
HOST = "http://testserver"


def get(client, address, **asked):
    answer = client.get(address, asked)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return answer


def read(client, address, **asked):
    feed = feedparser.parse(get(client, address, **asked).content)
    assert feed.bozo == 0
    assert feed.version == "atom10"
    return feed


def changed(entry, day):
    """Put the last change of an entry on a day, as saving would not."""
    moment = datetime.datetime(2026, 3, day, 12, tzinfo=datetime.UTC)
    type(entry).objects.filter(pk=entry.pk).update(updated=moment)
    return moment


def test_feed_has_what_changed_last_first(client, app, make):
    old, new = make(name_en="Old"), make(name_en="New")
    changed(new, 1)
    changed(old, 2)
    make(status="draft")
    feed = read(client, f"/en/{app}/feed.atom")
    assert [entry.title for entry in feed.entries] == ["Old", "New"]
    assert feed.feed.updated == "2026-03-02T12:00:00+00:00"
    assert feed.entries[1].updated == "2026-03-01T12:00:00+00:00"


def test_entry_of_a_feed_has_what_a_reader_needs(client, app, make):
    entry = make(
        name_en="Choir",
        summary_en="It sings & plays <loudly>.",
        topics=[make_topic(slug="music", name_en="Music & song")],
    )
    (shown,) = read(client, f"/en/{app}/feed.atom").entries
    assert shown.id == f"urn:uuid:{entry.uuid}"
    assert shown.link == f"{HOST}/en/{app}/choir/"
    assert shown.summary_detail.value == "It sings & plays <loudly>."
    assert shown.summary_detail.type == "text/plain"
    assert shown.published == entry.created.isoformat()
    assert [(tag.term, tag.label) for tag in shown.tags] == [("music", "Music & song")]


def test_feed_names_its_list_and_filters_in_the_readers_language(client, app, make):
    make(
        name_lv="Koris",
        topics=[make_topic(slug="music", name_lv="Mūzika")],
        municipality=make_municipality("talsi", name_lv="Talsu novads"),
    )
    asked = {"topic": "music", "municipality": "talsi"}
    feed = read(client, f"/lv/{app}/feed.atom", **asked, sort="newest", view="table").feed
    title = {
        "organizations": "Organizācijas",
        "collaborations": "Sadarbības piemēri",
        "needs": "Vajadzības un izaicinājumi",
    }[app]
    assert feed.title.startswith(f"LOCAL-Y-MPACT – {title} – ")
    assert "Mūzika" in feed.title
    assert "Talsu novads" in feed.title
    assert feed.language == "lv"
    links = {link.rel: link.href for link in feed.links}
    query = "municipality=talsi&topic=music"
    assert links == {
        "alternate": f"{HOST}/lv/{app}/?{query}",
        "self": f"{HOST}/lv/{app}/feed.atom?{query}",
    }
    assert feed.id == links["self"]
    assert feed.author == "LOCAL-Y-MPACT"


def test_feed_holds_what_the_list_finds(client, app, make):
    music = make_topic(slug="music")
    make(name_en="Choir", topics=[music])
    make(name_en="Club")
    feed = read(client, f"/en/{app}/feed.atom", topic="music")
    assert [entry.title for entry in feed.entries] == ["Choir"]
    assert [entry.title for entry in read(client, f"/en/{app}/feed.atom", q="club").entries] == [
        "Club"
    ]


def test_text_in_another_language_says_so(client, app, make):
    make(name_lv="Koris", summary_en="It sings.", topics=[make_topic(name_en="Music")])
    root = ElementTree.fromstring(get(client, f"/sv/{app}/feed.atom").content)
    entry = root.find(f"{ATOM}entry")
    assert root.get(LANG) == "sv"
    assert [entry.find(f"{ATOM}{name}").get(LANG) for name in ("title", "summary", "category")] == [
        "lv",
        "en",
        "en",
    ]
    entry = ElementTree.fromstring(get(client, f"/lv/{app}/feed.atom").content).find(f"{ATOM}entry")
    assert entry.find(f"{ATOM}title").get(LANG) is None


def test_feed_ends_after_fifty(client, app, make):
    place = make_municipality()
    for _ in range(55):
        make(municipality=place)
    assert len(read(client, f"/en/{app}/feed.atom").entries) == 50


def test_empty_feed_is_valid(client, app):
    feed = read(client, f"/en/{app}/feed.atom")
    assert feed.entries == []
    assert feed.feed.updated_parsed
    again = client.get(f"/en/{app}/feed.atom")
    assert (
        client.get(
            f"/en/{app}/feed.atom", headers={"if-none-match": again.headers["ETag"]}
        ).status_code
        == 304
    )


@pytest.mark.parametrize("text", ["a\x0bb", "a\x00b", "]]>&<b>", "a\x1fb", "a\ufffeb", "🎺"])
def test_text_that_xml_cannot_hold_breaks_no_feed(client, app, make, text):
    if "\x00" in text and connection.vendor == "postgresql":
        pytest.skip("PostgreSQL stores no such text.")
    make(name_en=text, summary_en=text, topics=[make_topic(name_en=text, slug="music")])
    feed = read(client, f"/en/{app}/feed.atom", topic="music")
    shown = "".join(letter for letter in text if letter not in "\x00\x0b\x1f\ufffe")
    assert feed.entries[0].title_detail.value == shown
    assert feed.entries[0].tags[0].label == shown


def test_wrong_filter_is_answered_with_a_message(client, app, make):
    make()
    answer = client.get(f"/en/{app}/feed.atom", {"topic": "nonsense"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("topic: ")
    assert client.post(f"/en/{app}/feed.atom").status_code == 405


def test_unchanged_feed_is_not_sent_again(client, app, make):
    entry = make(name_en="Choir")
    address = f"/en/{app}/feed.atom"
    first = client.get(address)
    for headers in (
        {"if-none-match": first.headers["ETag"]},
        {"if-modified-since": first.headers["Last-Modified"]},
    ):
        answer = client.get(address, headers=headers)
        assert answer.status_code == 304
        assert not answer.content
    entry.topics.add(make_topic())
    known = {"if-none-match": first.headers["ETag"]}
    assert client.get(address, headers=known).status_code == 200


def test_feed_makes_the_same_queries_for_1_and_50_entries(client, app, make):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/en/{app}/feed.atom").status_code == 200
        return len(captured)

    place = make_municipality()
    make(municipality=place, topics=[make_topic()])
    queries()
    one = queries()
    for _ in range(49):
        make(municipality=place, topics=[make_topic()])
    queries()
    assert queries() == one


def test_list_leads_to_its_feed_with_its_filters(client, app, make):
    make(topics=[make_topic(slug="music")])
    asked = {"topic": "music", "page": "1", "sort": "newest"}
    document = html5lib.parse(client.get(f"/en/{app}/", asked).text, namespaceHTMLElements=False)
    (link,) = document.findall(".//head/link[@type='application/atom+xml']")
    assert link.get("href") == f"/en/{app}/feed.atom?topic=music"
    assert link.get("rel") == "alternate"
    shown = document.find(".//main//a[@href='feed.atom?topic=music']")
    assert shown.text == link.get("title")
    wrong = client.get(f"/en/{app}/", {"topic": "nonsense"}).text
    assert "feed.atom" not in wrong
