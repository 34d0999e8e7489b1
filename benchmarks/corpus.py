"""Fill an empty database with N organisations, always the same for the same N.

DATABASE_URL=… python -m benchmarks.corpus 100000 var/words.json

It makes the tables, loads the seed content and adds 295 municipalities with three towns each in the
five countries, and the organisations: 95 % of them published, in one to six languages, with gaps in
everything that a list can be filtered by. The second argument names the file into which it writes
words to search for (`Seen.words`).
"""

import json
import os
import random
import sys
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import accumulate, combinations, islice
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localympact.settings")
if __name__ == "__main__":
    django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import QuerySet  # noqa: E402

from benchmarks.vocabulary import LANGUAGES, Vocabulary, sentence  # noqa: E402
from localympact.afterwards import together  # noqa: E402
from localympact.slugs import make_slug  # noqa: E402
from organizations.indexing import reindex  # noqa: E402
from organizations.models import (  # noqa: E402
    Audience,
    Municipality,
    Organization,
    OrganizationType,
    Topic,
    Town,
)

MUNICIPALITIES, TOWNS_EACH = 300, 3
# Where the made-up municipalities lie: south, north, west, east.
COUNTRIES = {
    "LV": ("lv", 56.2, 57.6, 21.5, 27.5),
    "SE": ("sv", 56.5, 63.5, 12.8, 17.5),
    "PT": ("pt", 37.5, 41.8, -8.6, -7.0),
    "CY": ("el", 34.7, 35.1, 32.5, 33.6),
    "LT": ("lt", 54.3, 56.1, 21.8, 26.0),
}
TODAY = datetime(2026, 11, 26, tzinfo=UTC)
# Rows that are written and indexed in one transaction.
CHUNK = 2000
CANDIDATES = 12
REGISTER = "https://register.example/"
# The language that is searched in, and the shares of organisations that a query is to find.
READER = "lv"
ONE_PERCENT, QUARTER = 0.01, 0.25


def main(number, words_file):
    call_command("migrate", verbosity=0)
    call_command("load_seed", verbosity=0)
    there = Organization.objects.filter(source__startswith=REGISTER).count()
    if there == number:
        return say(f"{connection.vendor}: the database is filled already")
    if there:
        sys.exit(f"{there:,} organisations are in the database already: delete it.")
    start = time.perf_counter()
    seen = fill(number)
    words_file.write_text(json.dumps(seen.words(number), ensure_ascii=False, indent=1))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return say(f"{connection.vendor}: {number:,} made in {time.perf_counter() - start:.0f} s")


def fill(number):
    """Add N organisations to the seed content; give what was `Seen` of their words."""
    rng, seen = random.Random(number), Seen()
    vocabularies = {language: Vocabulary(language, number) for language in LANGUAGES}
    with transaction.atomic(), together():
        make_places(rng, vocabularies)
    maker = Maker(rng, vocabularies, seen)
    rows, start = iter(range(number)), time.perf_counter()
    while chunk := list(islice(rows, CHUNK)):
        write([maker.make(row) for row in chunk])
        seconds = time.perf_counter() - start
        say(f"{connection.vendor}: {chunk[-1] + 1:,} of {number:,}, {seconds:.0f} s")
    return seen


def write(made):
    """Save organisations with their links, and index them.

    Past what an import does for editors: versions, duplicates, and what is to do.
    """
    with transaction.atomic():
        QuerySet(Organization).bulk_create(one for one, _links in made)
        for field in (Organization.topics, Organization.audiences):
            name = field.field.name
            owner, other = field.field.m2m_field_name(), field.field.m2m_reverse_field_name()
            field.through.objects.bulk_create(
                field.through(**{f"{owner}_id": one.pk, f"{other}_id": pk})
                for one, links in made
                for pk in links[name]
            )
        reindex(Organization, [one.pk for one, _links in made])


def make_places(rng, vocabularies):
    """Make municipalities with their towns beside the seed's, as many in each country."""
    there = Counter(Municipality.objects.values_list("country", flat=True))
    for country, (language, south, north, west, east) in COUNTRIES.items():
        for _ in range(MUNICIPALITIES // len(COUNTRIES) - there[country]):
            place = Municipality.objects.create(
                country=country,
                kind="municipality",
                language=language,
                population=rng.randint(2_000, 200_000),
                latitude=rng.uniform(south, north),
                longitude=rng.uniform(west, east),
                **{f"name_{language}": rng.choice(vocabularies[language].forms).title()},
            )
            for _ in range(TOWNS_EACH):
                Town.objects.create(
                    name=rng.choice(vocabularies[language].forms).title(),
                    municipality=place,
                    latitude=place.latitude + rng.uniform(-0.2, 0.2),
                    longitude=place.longitude + rng.uniform(-0.2, 0.2),
                )


class Choice:
    """A draw among things of which the first are commoner, the `head`-th half as common."""

    def __init__(self, rng, things, head):
        self.rng, self.things = rng, list(things)
        self.weights = list(accumulate(1 / (head + at) for at in range(len(self.things))))

    def one(self):
        """Give one thing."""
        return self.rng.choices(self.things, cum_weights=self.weights)[0]

    def some(self, *numbers):
        """Give different things, as many as a draw among `numbers` says."""
        return {self.one() for _ in range(self.rng.choice(numbers))}


class Maker:
    """Makes organisations with what they are linked to, as the portal would have them."""

    def __init__(self, rng, vocabularies, seen):
        self.rng, self.vocabularies, self.seen = rng, vocabularies, seen
        places = list(Municipality.objects.order_by("pk"))
        self.towns = {place.pk: [] for place in places}
        for town in Town.objects.order_by("pk"):
            self.towns[town.municipality_id].append(town)
        # The pilot areas first, so that they are the largest; then the countries mixed.
        pilots, others = places[:5], places[5:]
        rng.shuffle(others)
        self.places = Choice(rng, pilots + others, 10)
        self.types = Choice(rng, OrganizationType.objects.values_list("pk", flat=True), 2)
        self.topics = Choice(rng, Topic.objects.values_list("pk", flat=True), 3)
        self.audiences = Choice(rng, Audience.objects.values_list("pk", flat=True), 3)

    def make(self, row):
        """Give an organisation that is not saved, and the keys of its topics and audiences."""
        rng, place = self.rng, self.places.one()
        name, texts = self.texts(place.language)
        own = name[f"name_{place.language}"]
        latin = make_slug(own)[:60]
        created = TODAY - timedelta(minutes=rng.randrange(5 * 365 * 24 * 60))
        verified = rng.random() < 0.6
        town = rng.choice(self.towns[place.pk]) if rng.random() < 0.8 else None
        links = {
            "topics": self.topics.some(0, 1, 1, 2, 2, 3, 4),
            "audiences": self.audiences.some(0, 0, 1, 1, 2, 3),
        }
        one = Organization(
            uuid=uuid.UUID(int=rng.getrandbits(128), version=4),
            slug=f"{latin}-{row}",
            municipality=place,
            status=rng.choices(("published", "draft", "archived"), (95, 3, 2))[0],
            reach=rng.choices(Organization.Reach.values, (6, 2, 1, 1))[0],
            type_id=self.types.one() if rng.random() < 0.8 else None,
            town=town,
            street=f"{own.split()[-1]} {rng.randint(1, 99)}" if rng.random() < 0.5 else "",
            postal_code=str(rng.randint(1000, 99999)) if rng.random() < 0.5 else "",
            latitude=town and town.latitude + rng.uniform(-0.02, 0.02),
            longitude=town and town.longitude + rng.uniform(-0.02, 0.02),
            website=f"https://{latin}-{row}.example/" if rng.random() < 0.6 else "",
            email=f"info@{latin}-{row}.example" if rng.random() < 0.5 else "",
            founded=rng.randint(1900, 2026) if rng.random() < 0.7 else None,
            languages=self.spoken(place.language),
            seeks_partners=rng.random() < 0.1,
            verified_on=created.date() + (TODAY - created) * rng.random() if verified else None,
            verified_by=rng.choice(("organisation", "municipality", "portal")) if verified else "",
            created=created,
            updated=created + (TODAY - created) * rng.random(),
            source=f"{REGISTER}{row}",
            **name,
            **texts,
        )
        return one, links

    def texts(self, own):
        """Give names and summaries by their columns, in the language of the place and others."""
        others = [language for language in LANGUAGES if language != own]
        filled = [own, *self.rng.sample(others, self.rng.randint(0, 5))]
        names, summaries, seen = {}, {}, {}
        for language in filled:
            vocabulary = self.vocabularies[language]
            named = []
            # It is called by the name of its own language; few translate it.
            if language == own or self.rng.random() < 0.2:
                named = vocabulary.name(self.rng)
                names[f"name_{language}"] = " ".join(named).title()
            words, pair = vocabulary.text(self.rng)
            summaries[f"summary_{language}"] = sentence(words)
            seen[language] = named + words, pair
        self.seen.note(self.vocabularies[READER], *seen.get(READER, ((), None)))
        return names, summaries

    def spoken(self, own):
        """Give the codes of the languages that its people speak; nobody stated those of some."""
        if self.rng.random() < 0.15:
            return []
        return [own, *self.rng.sample(LANGUAGES, self.rng.randint(0, 2))]


class Seen:
    """In how many organisations a word of the reader's language stands, in whatever form."""

    def __init__(self):
        self.families, self.pairs, self.vocabulary = Counter(), Counter(), None

    def note(self, vocabulary, words, pair):
        """Note the words of one organisation, and its pair."""
        self.vocabulary = vocabulary
        self.families.update({vocabulary.lemmas[word] for word in words})
        if pair is not None:
            self.pairs[pair] += 1

    def words(self, number):
        """Give queries to measure with, some of each kind, those first that come nearest to it.

        How many entries the portal finds for one is for it to say: it knows prefixes and terms.
        """
        common = {}
        for form in reversed(self.vocabulary.forms):
            if form in self.vocabulary.known:
                common[self.vocabulary.lemmas[form]] = form

        def near(counted, wanted):
            found = (key for key in counted if key in common)
            return sorted(found, key=lambda key: (abs(counted[key] - wanted), key))[:CANDIDATES]

        frequent = [common[lemma] for lemma in near(self.families, number * 0.08)]
        pairs = sorted(self.pairs, key=lambda pair: (abs(self.pairs[pair] - number / 200), pair))
        return {
            "one": [common[lemma] for lemma in near(self.families, number * ONE_PERCENT)],
            "rare": [common[lemma] for lemma in near(self.families, 5)],
            "quarter": [common[lemma] for lemma in near(self.families, number * QUARTER)],
            "two": [" ".join(two) for two in combinations(frequent, 2)][:CANDIDATES],
            "phrase": [f'"{" ".join(self.vocabulary.pairs[pair])}"' for pair in pairs[:CANDIDATES]],
        }


def say(line):
    """Write one line of progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
