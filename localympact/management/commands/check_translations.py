"""Check the translations of the seed content against their sources.

Each language has three files in `fixtures/translations/<language>/`: `texts.csv` (what stands in
`fixtures/seed/` in English, and its translation), `glossary.csv` (the one word used for each word
of the field, and why) and `synonyms.csv` (what people type when they look for a term).
`exceptions.csv` beside them says which findings are right as they are, and why.
"""

import json
import re
import unicodedata
from collections import Counter, defaultdict

from django.core.management.base import BaseCommand, CommandError

from localympact.folding import fold
from localympact.management.commands.make_seed import FIXTURES, read
from localympact.texts import ENGLISH, LANGUAGES

# Names that are no translation: of organisations in their language, of places and terms in six.
NAMED_ELSEWHERE = {
    ("organization", "name"),
    ("municipality", "name"),
    ("organizationtype", "name"),
    ("topic", "name"),
    ("audience", "name"),
    ("cooperationform", "name"),
}
SYNONYMS = 5
ADDRESS = re.compile(r"https?://\S+|\S+@\S+\.\w+")
NUMBER = re.compile(r"\d+(?:[.,\u0020\u00a0\u202f]\d{3})+(?!\d)|\d+")
# Words of a source that a translation may keep as they are: names and abbreviations.
NAME = re.compile(r"[A-ZÀ-ŽΑ-Ω0-9][\w’'.&/!-]*")
GREEK_LETTER = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")
CYRILLIC_LETTER = re.compile(r"[\u0400-\u04ff]")


def source_texts():
    """Yield (model, slug, field, English text) of every text of the seed to be translated."""
    for path in sorted((FIXTURES / "seed").glob("*.json")):
        for item in json.loads(path.read_text(encoding="utf-8")):
            model = item["model"].split(".")[1]
            for column, text in item["fields"].items():
                field = column.removesuffix(f"_{ENGLISH}")
                named_elsewhere = (model, field) in NAMED_ELSEWHERE
                if column != field and not named_elsewhere and field != "synonyms":
                    yield model, item["fields"]["slug"], field, text


def numbers(text):
    """Give the numbers of a text outside addresses, whatever separates their thousands."""
    found = NUMBER.findall(ADDRESS.sub("", text))
    return Counter(re.sub(r"\D", "", number) for number in found)


def problems_of_text(language, source, text, glossary):
    """Yield what is wrong with one translation."""
    if not text.strip():
        yield "is empty"
        return
    words = [word for word in re.findall(r"\w+", NAME.sub("", source)) if len(word) > 2]
    if text == source and words:
        yield "is the same as its source"
    if numbers(text) != numbers(source):
        yield f"has other numbers: {numbers(source)} became {numbers(text)}"
    if sorted(ADDRESS.findall(text)) != sorted(ADDRESS.findall(source)):
        yield "has other addresses"
    if not unicodedata.is_normalized("NFC", text):
        yield "is not in normal form (NFC)"
    if CYRILLIC_LETTER.search(text):
        yield "has Cyrillic letters"
    for word in re.findall(r"\w+", text):
        greek = GREEK_LETTER.search(word)
        foreign = greek and (language != "el" or re.search("[A-Za-zÀ-ž]", word))
        # ΑΝΕΛ and the like are names of the source.
        if foreign and word not in source:
            yield f"mixes alphabets: {word}"
    if language == "el" and len(words) > 3 and not GREEK_LETTER.search(text):
        yield "has no Greek letters"
    if len(source) > 30 and not 0.5 <= len(text) / len(source) <= 2:
        yield f"is {len(text) / len(source):.1f} times as long as its source"
    if source.endswith(".") != text.rstrip("»”“").endswith("."):
        yield "ends otherwise than its source"
    folded = fold(text)
    for entry in glossary:
        stems = [fold(stem) for stem in entry["stems"].split("|")]
        asked = entry["pattern"] and re.search(rf"\b(?:{entry['pattern']})\b", source)
        if asked and not any(stem in folded for stem in stems):
            yield f"does not use the glossary’s word for “{entry['word']}”"


def check(language):
    """Yield every problem of one language as a sentence."""
    folder = f"translations/{language}"
    glossary = read(f"{folder}/glossary.csv")
    given = {(row["model"], row["slug"], row["field"]): row for row in read(f"{folder}/texts.csv")}
    excused = defaultdict(list)
    for row in read("translations/exceptions.csv"):
        if row["language"] == language:
            excused[row["model"], row["slug"], row["field"]].append(row["problem"])
    wanted = {(model, slug, field): text for model, slug, field, text in source_texts()}
    for key in given.keys() - wanted.keys():
        yield f"{language} {' '.join(key)}: is no text of the seed"
    for key, source in wanted.items():
        place = f"{language} {' '.join(key)}"
        row = given.get(key)
        if row is None:
            yield f"{place}: is missing"
        elif row["source"] != source:
            yield f"{place}: its source has changed"
        else:
            for problem in problems_of_text(language, source, row["text"], glossary):
                excuse = next((start for start in excused[key] if problem.startswith(start)), None)
                if excuse is None:
                    yield f"{place}: {problem}"
                else:
                    excused[key].remove(excuse)
    for key, starts in excused.items():
        for start in starts:
            yield f"{language} {' '.join(key)}: needs no exception any more: {start}"


def check_synonyms(language):
    """Yield every term that has too few synonyms, or one twice."""
    given = {
        (row["kind"], row["slug"]): row["synonyms"].split("|")
        for row in read(f"translations/{language}/synonyms.csv")
    }
    terms = [(row["kind"], row["slug"]) for row in read("curation/terms.csv")]
    terms += [("cause", row["slug"]) for row in read("curation/causes.csv")]
    terms += [("municipality", row["slug"]) for row in read("curation/municipalities.csv")]
    for key in terms:
        words = [word.strip() for word in given.get(key, ()) if word.strip()]
        if len(words) < SYNONYMS:
            yield f"{language} {' '.join(key)}: has {len(words)} synonyms"
        if len({word.casefold() for word in words}) < len(words):
            yield f"{language} {' '.join(key)}: names a synonym twice"


class Command(BaseCommand):
    help = "Check the translations in fixtures/translations/ against the English of the seed."

    def add_arguments(self, parser):
        parser.add_argument("--language", choices=LANGUAGES, action="append")

    def handle(self, *args, language, **options):
        problems = []
        for code in language or LANGUAGES:
            if code != ENGLISH:
                problems += check(code)
            problems += check_synonyms(code)
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} problems.")
        self.stdout.write("The translations are complete and agree with their sources.")
