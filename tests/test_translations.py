"""The content in six languages: complete, true to its source, and honest about where it is from."""

import html5lib
import pytest
from django.conf import settings
from django.core.management import call_command

from collaborations.models import Collaboration
from localympact.management.commands.check_translations import (
    check,
    check_synonyms,
    problems_of_text,
    source_texts,
)
from localympact.management.commands.make_glossary import make_glossary
from localympact.management.commands.make_seed import read
from localympact.texts import ENGLISH, LANGUAGES
from needs.models import Cause, Conclusion, Need
from organizations.models import Municipality, Organization, TextState, Topic
from organizations.origins import digest, with_outdated_texts
from tests.factories import make_collaboration
from tests.test_catalogues import catalogue
from tests.test_files import read_csv

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
DESCRIBED = [Municipality, Organization, Collaboration, Need, Cause, Conclusion]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_agrees_with_its_source(language):
    assert list(check(language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_has_synonyms(language):
    assert list(check_synonyms(language)) == []


@pytest.mark.parametrize(
    ("language", "source", "text", "problem"),
    [
        ("lv", "Ten rooms.", "", "is empty"),
        ("lv", "They sing together.", "They sing together.", "is the same as its source"),
        ("lv", "In 2022 they won EUR 4,800.", "2022. gadā ieguva 4 300 eiro.", "has other numbers"),
        ("sv", "See https://a.example/.", "Se https://b.example/.", "has other addresses"),
        ("lt", "Their choir", "Jų сhoras", "has Cyrillic letters"),
        ("el", "Their band", "Η μπάνta τους", "mixes alphabets"),
        ("el", "Their very own old band", "They own an old band", "has no Greek letters"),
        ("pt", "A short sentence about nothing at all.", "Curto.", "times as long"),
        ("pt", "They sing.", "Cantam", "ends otherwise"),
        ("pt", "A municipality", "Uma câmara", "the glossary’s word for “municipality”"),
    ],
)
def test_check_finds_what_is_wrong(language, source, text, problem):
    glossary = [{"word": "municipality", "pattern": "municipality", "stems": "município|municip"}]
    assert any(problem in found for found in problems_of_text(language, source, text, glossary))


def test_check_accepts_numbers_as_a_language_writes_them():
    source, text = (
        "It won EUR 4,268,993 of 30.5 million.",
        "Det fick 4 268 993 euro av 30,5 miljoner.",
    )
    assert list(problems_of_text("sv", source, text, [])) == []


def test_glossary_page_is_what_the_glossaries_say():
    assert (settings.BASE_DIR / "docs" / "glossary.md").read_text() == make_glossary()
    words = {
        code: [row["word"] for row in read(f"translations/{code}/glossary.csv")] for code in OTHERS
    }
    assert all(words[code] == words["lv"] for code in OTHERS)
    assert len(words["lv"]) >= 60


@pytest.mark.django_db
def test_every_translation_is_a_machines_unchecked_and_up_to_date(seed):
    for model in DESCRIBED:
        assert not with_outdated_texts(model.objects.all()).exists()
        for thing in model.objects.all():
            states = {state.language: state for state in TextState.objects.filter(entry=thing.uuid)}
            assert set(states) == set(LANGUAGES)
            for language in OTHERS:
                state = states[language]
                assert (state.origin, state.source_language, state.checked_on) == (
                    "machine",
                    "en",
                    None,
                )
                assert state.source_digest == digest(thing, "en")


@pytest.mark.django_db
def test_names_of_organizations_are_not_translated(seed):
    own = {row["name"] for row in read("facts/organizations.csv")}
    own |= {row["name_en"] for row in read("facts/organizations.csv")} | {""}
    for organization in Organization.objects.all():
        for language in LANGUAGES:
            assert (getattr(organization, f"name_{language}") or "") in own


@pytest.mark.django_db
def test_terms_have_names_and_synonyms_in_every_language(seed):
    topic = Topic.objects.get(slug="youth-work")
    for language in LANGUAGES:
        assert getattr(topic, f"name_{language}")
        assert len(getattr(topic, f"synonyms_{language}").splitlines()) >= 5


@pytest.mark.django_db
def test_page_says_once_that_a_machine_translated_it(client):
    entry = make_collaboration(name_en="Choir", summary_en="They sing.", summary_lt="Jie dainuoja.")
    TextState.objects.create(
        entry=entry.uuid,
        language="lt",
        origin="machine",
        source_language="en",
        source_digest=digest(entry, "en"),
    )
    for path in ("", f"{entry.slug}/"):
        text = client.get(f"/lt/collaborations/{path}").text
        assert text.count('id="machine-translations"') == 1
        assert "machine-translations" not in client.get(f"/en/collaborations/{path}").text
    TextState.objects.update(checked_on="2026-01-01")
    assert "machine-translations" not in client.get(f"/lt/collaborations/{entry.slug}/").text


@pytest.mark.django_db
def test_files_say_where_each_text_is_from(client):
    entry = make_collaboration(name_en="Choir", summary_en="They sing.")
    TextState.objects.create(entry=entry.uuid, language="en", origin="original")
    for language, checked in (("lt", None), ("lv", "2026-01-01")):
        TextState.objects.create(
            entry=entry.uuid,
            language=language,
            origin="machine",
            checked_on=checked,
            source_language="en",
            source_digest=digest(entry, "en"),
        )

    def states():
        (row,) = read_csv(client.get("/en/collaborations/export.csv"))
        return {code: row[f"text_state_{code}"] for code in ("en", "lt", "lv", "pt")}

    assert states() == {"en": "original", "lt": "machine", "lv": "machine|checked", "pt": ""}
    Collaboration.objects.update(summary_en="They sang.")
    assert states()["lt"] == "machine|outdated"
    assert states()["lv"] == "machine|checked|outdated"


def sentences():
    """Give the English texts that no page in another language shows as its own."""
    interface = {
        text
        for message in catalogue("en")
        if message.id
        for text in (message.id if message.pluralizable else (message.id,))
    }
    content = {line for *_place, text in source_texts() for line in text.splitlines()}
    return {text for text in interface | content if len(text.split()) > 2 and "%" not in text}


def in_the_language_of_the_page(document, language):
    """Yield the texts of a page outside the parts marked as being in another language."""
    for child in document:
        if child.get("lang") in (None, language) and isinstance(child.tag, str):
            yield (child.text or "").strip()
            yield from in_the_language_of_the_page(child, language)
        yield (child.tail or "").strip()


@pytest.mark.django_db
@pytest.mark.parametrize("language", OTHERS)
def test_no_page_shows_an_english_sentence_as_its_own(client, seed, language):
    # Names of organisations stay as they are; so do lines that consist of them.
    same = {str(organization) for organization in Organization.objects.all()}
    for row in read(f"translations/{language}/texts.csv"):
        same |= set(row["source"].splitlines()) & set(row["text"].splitlines())
    english = sentences() - same
    addresses = ["/", "/municipalities/", "/search/?q=a", "/about/", "/needs/", "/no-such-page/"]
    addresses += [
        f"/{app}/?page={page}" for app in ("organizations", "collaborations") for page in (1, 2)
    ]
    addresses += ["/organizations/?topic=nonsense", "/needs/?q=zzzz", "/?municipality=trakai"]
    addresses += ["/suggest/", "/suggest/thanks/", "/privacy/", "/accessibility/", "/data/"]
    addresses += ["/data/dictionary/"]
    addresses += ["/organizations/?municipality=aglantzia&type=cooperative&q=choir"]
    addresses += [f"/municipalities/{place.slug}/" for place in Municipality.objects.all()]
    for model in (Organization, Collaboration, Need):
        app = model._meta.app_label
        addresses += [f"/{app}/{slug}/" for slug in model.objects.values_list("slug", flat=True)]
    assert len(addresses) > 230
    for address in addresses:
        page = client.get(f"/{language}{address}")
        document = html5lib.parse(page.text, namespaceHTMLElements=False)
        shown = set(in_the_language_of_the_page(document, language))
        found = shown & english
        assert not found, address


def test_check_command_names_every_problem(capsys):
    call_command("check_translations")
    assert "agree with their sources" in capsys.readouterr().out
