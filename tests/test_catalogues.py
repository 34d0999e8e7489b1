"""Six catalogues, complete, with the plurals and placeholders of every language."""

import io
import re

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import gettext, ngettext, override
from django.utils.translation.template import templatize

from localympact.management.commands.collect_gaps import (
    DOMAINS,
    collect,
    is_translated,
    read_catalogue,
)
from localympact.texts import ENGLISH, LANGUAGES

KEYWORDS = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"]),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (1, 2)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], ((1, "c"), 2)),
}
PLURALS = {"lv": 3, "en": 2, "pt": 2, "sv": 2, "lt": 4, "el": 2}
PLACEHOLDER = re.compile(r"%\(\w+\)[srd]|%[sd]|\{\w*\}|</?\w+[^>]*>")


def catalogue(language):
    with (settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale=language)


def extracted(path):
    """Give the message ids of one file of code or of one template."""
    source = path.read_text()
    if path.suffix == ".html":
        # What is no message became letters without meaning; only their indentation disturbs.
        source = "\n".join(line.lstrip() for line in templatize(source).splitlines())
    found = set()
    file = io.BytesIO(source.encode())
    for _line, function, messages, _comments in extract_python(file, KEYWORDS, [], {}):
        given = messages if isinstance(messages, tuple) else (messages,)
        found.add(given[1] if function.startswith("pgettext") else given[0])
    return found - {None}


def test_catalogues_hold_every_message_of_the_code_and_no_other():
    base = settings.BASE_DIR
    files = [
        path
        for folder in ("localympact", "organizations", "collaborations", "needs", "templates")
        for pattern in ("**/*.py", "**/*.html")
        for path in (base / folder).glob(pattern)
        if "migrations" not in path.parts
    ]
    wanted = set().union(*(extracted(path) for path in files))
    assert len(wanted) > 300
    for language in LANGUAGES:
        kept = {
            message.id[0] if message.pluralizable else message.id
            for message in catalogue(language)
            if message.id
        }
        assert kept == wanted, language


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_is_complete(language):
    for message in catalogue(language):
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        texts = message.string if message.pluralizable else (message.string,)
        assert all(text.strip() for text in texts), message.id
        if message.pluralizable:
            assert len(texts) == PLURALS[language], message.id
        ids = message.id if message.pluralizable else (message.id,)
        # The singular may say "an" where other languages say a number.
        wanted = [set(PLACEHOLDER.findall(one)) for one in ids]
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) in wanted, text


@pytest.mark.parametrize(
    ("language", "numbers"),
    [
        ("lv", {0: "organizāciju", 1: "organizācija", 2: "organizācijas", 11: "organizācijas"}),
        ("lt", {0: "organizacijų", 1: "organizacija", 5: "organizacijos", 11: "organizacijų"}),
        ("el", {0: "οργανώσεις", 1: "οργάνωση", 2: "οργανώσεις"}),
        ("pt", {1: "organização", 2: "organizações"}),
        ("sv", {1: "organisation", 2: "organisationer"}),
        ("en", {1: "organisation", 2: "organisations"}),
    ],
)
def test_numbers_decide_the_form_of_a_word(language, numbers):
    with override(language):
        for number, word in numbers.items():
            said = ngettext("%(counter)s organisation", "%(counter)s organisations", number)
            assert said % {"counter": number} == f"{number} {word}"


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != ENGLISH])
@pytest.mark.parametrize("domain", DOMAINS)
def test_what_django_and_its_packages_leave_in_english_is_translated_here(language, domain):
    path = settings.PACKAGES_LOCALE / language / "LC_MESSAGES" / f"{domain}.po"
    kept = read_catalogue(path)
    wanted = collect(language, domain)
    assert set(kept) == {(message.id, message.context) for message in wanted if message.id}
    for message in kept.values():
        assert is_translated(message), message.id
        sources = message.id if message.pluralizable else (message.id,)
        strings = message.string if message.pluralizable else (message.string,)
        for string in strings:
            found, wanted_in_it = PLACEHOLDER.findall(string), PLACEHOLDER.findall(sources[-1])
            assert set(found) == set(wanted_in_it), message.id


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("lt", "Rodyti kiekius"),
        ("el", "Εμφάνιση αριθμών"),
        ("lv", "Rādīt skaitu"),
    ],
)
def test_admin_speaks_the_language_of_the_editor(language, text):
    with override(language):
        assert gettext("Show counts") == text
