"""Make the seed content from the facts and their curation.

Reads `fixtures/facts/` (what was found, each row with its source) and `fixtures/curation/` (how
the free words became terms, and which entries belong together) and `fixtures/translations/`,
and writes `fixtures/seed/`.
The same input gives the same files, ids included.
"""

import csv
import json
import uuid
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from localympact.slugs import make_slug, numbered
from localympact.texts import ENGLISH, LANGUAGES
from organizations.origins import digest_of_texts, translation_fields

FIXTURES = settings.BASE_DIR / "fixtures"
# The day on which the facts were put together.
SEEDED = "2026-11-24T00:00:00Z"
TERM_MODELS = {
    "type": "organizations.organizationtype",
    "topic": "organizations.topic",
    "audience": "organizations.audience",
    "form": "organizations.cooperationform",
}
PROVENANCE = {"from the project": "project", "adjacent": "adjacent"}
LEVELS = {"local": "local", "national": "national", "all pilots": "all"}


def read(path):
    """Give the rows of a CSV file of `fixtures/` as dictionaries; none where there is no file."""
    if not (FIXTURES / path).exists():
        return []
    with (FIXTURES / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def words(text, separator=";"):
    """Give the words of a cell that holds several."""
    return [word.strip() for word in text.split(separator) if word.strip()]


def permanent_id(model, *names):
    """Give the id that this thing has whenever the seed is made."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, ":".join(["localympact", model, *names])))


class Seed:
    """The seed content in the making: objects as `loaddata` reads them, by file."""

    def __init__(self):
        self.files = {}
        self._slugs = {}
        self._texts = {}
        self._synonyms = {}
        for language in LANGUAGES:
            for row in read(f"translations/{language}/texts.csv"):
                key = (row["model"], row["slug"], language)
                self._texts.setdefault(key, {})[row["field"]] = row["text"]
            for row in read(f"translations/{language}/synonyms.csv"):
                lines = row["synonyms"].replace("|", "\n")
                self._synonyms[row["kind"], row["slug"], language] = lines

    def add(self, file, model, **fields):
        """Add one object without the fields that are empty."""
        kept = {name: value for name, value in fields.items() if value not in ("", None, [])}
        self.files.setdefault(file, []).append({"model": model, "fields": kept})

    def describe(self, file, model, names, **fields):
        """Add something with a permanent id, a slug from `names[-1]` and an English text."""
        key = permanent_id(model, *names)
        slug = fields.pop("slug", None) or self.slug(model, names[-1])
        english = {
            field: fields.get(f"{field}_{ENGLISH}")
            for field in translation_fields(apps.get_model(model))
        }
        states = [{"language": ENGLISH, "origin": "original"}]
        for language in LANGUAGES:
            texts = self._texts.get((model.split(".")[1], slug, language))
            if texts:
                fields |= {f"{field}_{language}": text for field, text in texts.items()}
                states.append(
                    {
                        "language": language,
                        "origin": "machine",
                        "source_language": ENGLISH,
                        "source_digest": digest_of_texts(english),
                    }
                )
        self.add(file, model, uuid=key, slug=slug, **fields)
        for state in states:
            self.add(file, "organizations.textstate", entry=key, **state)
        return key

    def synonyms(self, kind, slug):
        """Give the synonyms of a term, cause or place in six languages."""
        return {
            f"synonyms_{language}": self._synonyms.get((kind, slug, language))
            for language in LANGUAGES
        }

    def slug(self, model, name):
        """Give the slug that the model itself would make."""
        taken = self._slugs.setdefault(model, set())
        slug = next(slug for slug in numbered(make_slug(name)) if slug not in taken)
        taken.add(slug)
        return slug


def make_seed():
    """Make the whole seed from the files of facts and curation."""
    seed = Seed()
    terms = read("curation/terms.csv")
    _add_places(seed)
    _add_terms(seed, terms)
    organizations = _add_organizations(seed, terms)
    collaborations = _add_collaborations(seed, organizations)
    _add_needs(seed, collaborations)
    return seed.files


def _add_places(seed):
    curated = {row["slug"]: row for row in read("curation/municipalities.csv")}
    for row in read("facts/municipalities.csv"):
        own = curated[row["slug"]]
        seed.describe(
            "places",
            "organizations.municipality",
            [row["slug"]],
            slug=row["slug"],
            country=row["country_code"],
            kind=row["kind"],
            language=own["language"],
            **{f"name_{language}": row[f"name_{language}"] for language in LANGUAGES},
            **seed.synonyms("municipality", row["slug"]),
            notes_en=row["notes"],
            nuts3=row["nuts3_code"],
            nuts3_name=row["nuts3_name"],
            nuts3_source=row["nuts3_source"],
            lau=row["lau_code"],
            lau_source=row["lau_source"],
            wikidata=row["wikidata"],
            population=int(row["population"]),
            population_year=int(row["population_year"]),
            area=row["area_km2"],
            centre=row["centre"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            website=row["website"],
            partner=own["partner"],
            partner_website=own["partner_website"],
            source=row["source"],
        )
    for row in read("facts/towns.csv"):
        seed.add(
            "places",
            "organizations.town",
            slug=seed.slug("organizations.town", row["town"]),
            name=row["town"],
            municipality=[row["municipality"]],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            geonames_id=int(row["geonames_id"]),
        )


def _add_terms(seed, terms):
    for position, row in enumerate(terms, start=1):
        seed.add(
            "terms",
            TERM_MODELS[row["kind"]],
            slug=row["slug"],
            position=position,
            **{f"name_{language}": row[f"name_{language}"] for language in LANGUAGES},
            **seed.synonyms(row["kind"], row["slug"]),
        )


def _terms_of(terms, kind):
    """Give {free word: [slug, …]} of one kind of terms."""
    found = {}
    for row in terms:
        if row["kind"] == kind:
            for word in words(row["words"]):
                found.setdefault(word, []).append(row["slug"])
    return found


def _links(slugs):
    """Give natural keys of things named by slug, each once, in order."""
    return [[slug] for slug in dict.fromkeys(slugs)]


def _add_organizations(seed, terms):
    types, topics, audiences = (_terms_of(terms, kind) for kind in ("type", "topic", "audience"))
    name_languages = {row["name"]: row["language"] for row in read("curation/organizations.csv")}
    own = {row["slug"]: row["language"] for row in read("curation/municipalities.csv")}
    towns = {row["town"]: row for row in read("facts/towns.csv")}
    town_slugs = {
        item["fields"]["name"]: item["fields"]["slug"]
        for item in seed.files["places"]
        if item["model"] == "organizations.town"
    }
    ids = {}
    for row in read("facts/organizations.csv"):
        reach, note = row["scope"], ""
        if reach not in ("local", "regional", "national"):
            first = reach.split(",")[0]
            note = reach
            reach = "unconfirmed" if "not confirmed" in reach else first
        language = name_languages.get(row["name"], own[row["municipality"]])
        names = {"name_en": row["name_en"]} | {f"name_{language}": row["name"]}
        town = towns.get(row["town"])
        type_slugs = types.get(row["type"], [])
        ids[row["name"]] = seed.describe(
            "organizations",
            "organizations.organization",
            [row["municipality"], row["name"]],
            municipality=[row["municipality"]],
            **names,
            summary_en=row["summary_en"],
            type=[type_slugs[0]] if type_slugs else None,
            topics=_links(slug for word in words(row["fields"]) for slug in topics[word]),
            audiences=_links(
                slug for word in words(row["target_groups"]) for slug in audiences[word]
            ),
            reach=reach,
            reach_note_en=note,
            website=row["website"],
            email=row["email"],
            town=[town_slugs[row["town"]]] if town else None,
            town_name="" if town else row["town"],
            latitude=float(town["latitude"]) if town else None,
            longitude=float(town["longitude"]) if town else None,
            founded=int(row["founded"]) if row["founded"] else None,
            status="published",
            source=row["source"],
            provenance=PROVENANCE[row["provenance"]],
            created=SEEDED,
            updated=SEEDED,
        )
    return ids


def _add_collaborations(seed, organizations):
    curated = {row["title_en"]: row for row in read("curation/collaborations.csv")}
    ids = {}
    for row in read("facts/collaborations.csv"):
        own = curated[row["title_en"]]
        ids[row["title_en"]] = seed.describe(
            "collaborations",
            "collaborations.collaboration",
            [row["municipality"], row["title_en"]],
            municipality=[row["municipality"]],
            name_en=row["title_en"],
            summary_en=row["summary_en"],
            participants_en="\n".join(words(row["participants"])),
            organizations=[[organizations[name]] for name in words(own["organizations"], "|")],
            form=[own["form"]] if own["form"] else None,
            topics=_links(words(own["topics"])),
            audiences=_links(words(own["audiences"])),
            period_en=row["when"],
            started=int(own["started"]) if own["started"] else None,
            ended=int(own["ended"]) if own["ended"] else None,
            results_en=row["results_en"],
            status="published",
            source=row["source"],
            provenance=PROVENANCE[row["provenance"]],
            created=SEEDED,
            updated=SEEDED,
        )
    return ids


def _add_needs(seed, collaborations):
    for position, row in enumerate(read("curation/causes.csv"), start=1):
        seed.describe(
            "needs",
            "needs.cause",
            [row["slug"]],
            slug=row["slug"],
            name_en=row["name_en"],
            summary_en=row["summary_en"],
            **seed.synonyms("cause", row["slug"]),
            position=position,
        )
    curated = {row["title_en"]: row for row in read("curation/needs.csv")}
    for row in read("facts/needs.csv"):
        own = curated[row["title_en"]]
        level = LEVELS.get(row["level"], "several")
        seed.describe(
            "needs",
            "needs.need",
            [row["municipality"], row["title_en"]],
            cause=[row["working_cause"]],
            kind=row["kind"],
            side=row["side"],
            level=level,
            # A local need has a municipality, which has its country.
            municipality=[row["municipality"]] if level == "local" else None,
            countries="".join(f"|{code}" for code in sorted(words(own["countries"]))) + "|"
            if level in ("national", "several")
            else "",
            name_en=row["title_en"],
            summary_en=row["summary_en"],
            topics=_links(words(own["topics"])),
            collaborations=[[collaborations[title]] for title in words(own["collaborations"], "|")],
            status="published",
            source=row["source"],
            provenance=PROVENANCE[row["provenance"]],
            created=SEEDED,
            updated=SEEDED,
        )
    for position, row in enumerate(read("facts/conclusions.csv"), start=1):
        seed.describe(
            "needs",
            "needs.conclusion",
            [row["title_en"]],
            name_en=row["title_en"],
            summary_en=row["summary_en"],
            position=position,
            source=row["source"],
            provenance=PROVENANCE[row["provenance"]],
        )


class Command(BaseCommand):
    help = "Make fixtures/seed/ from fixtures/facts/ and fixtures/curation/."

    def add_arguments(self, parser):
        parser.add_argument(
            "--output", type=Path, default=FIXTURES / "seed", help="where to write the files"
        )

    def handle(self, *args, output, **options):
        try:
            files = make_seed()
        except KeyError as error:
            raise CommandError(f"The curation does not know {error}.") from error
        output.mkdir(parents=True, exist_ok=True)
        for number, (name, objects) in enumerate(files.items(), start=1):
            path = output / f"{number}-{name}.json"
            path.write_text(
                json.dumps(objects, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
            )
            self.stdout.write(f"{path.name}: {len(objects)} objects")
