"""Random content and random changes of it, and a plain Python answer to what a list must show.

The answer knows the models and nothing of filters, bitmaps or the index: it reads each entry and
says what it states.
"""

import json
import tempfile
from datetime import UTC, date, datetime
from math import acos, cos, radians, sin
from pathlib import Path

from django.core import serializers
from django.core.management import call_command
from django.db import transaction
from django.db.models import ProtectedError
from django.http import QueryDict
from django.utils import translation

from collaborations.filters import CollaborationFilter
from collaborations.models import Collaboration
from localympact import history
from localympact.afterwards import together
from localympact.texts import LANGUAGES
from needs.filters import NeedFilter
from needs.models import Cause, Need
from organizations.filters import OrganizationFilter
from organizations.merging import merge_entries, merge_terms
from organizations.models import (
    Audience,
    CooperationForm,
    Municipality,
    Organization,
    OrganizationType,
    Topic,
    Town,
)
from tests.factories import (
    MAKERS,
    make_audience,
    make_cause,
    make_form,
    make_municipality,
    make_topic,
    make_town,
    make_type,
)
from tests.test_importing import written

FILTERS = {
    Organization: OrganizationFilter,
    Collaboration: CollaborationFilter,
    Need: NeedFilter,
}
MODELS = list(FILTERS)
# In the order of no alphabet.
NAMES = [
    *(
        "Čakste",
        "Cēsis",
        "Zebra",
        "Žagata",
        "Ābele",
        "Ķekava",
        "Ärla",
        "Ångström",
        "Öberg",
        "Aalto",
    ),
    *("Ação", "Acao", "Évora", "evora", "Šiauliai", "Yla", "Įsruta", "Ūla"),
    *("Αθήνα", "Άγιος", "αγορά", "Ωμέγα", "2024 gads", "„Rasa”", "Rasa", "rasa-2", "O’Neill"),
]
# What is asked for.
WORDS = ["brumba", "kvastove", "zudikla"]
LANGUAGES_SPOKEN = ["lv", "en", "sv"]
FACET_FIELDS = {
    Organization: ["topics", "audiences"],
    Collaboration: ["topics", "audiences"],
    Need: ["topics"],
}


class World:
    """Content made by chance, and chance changes of it."""

    def __init__(self, random, entries=7):
        self.random = random
        if entries:
            with together():
                self.fill(entries)

    def fill(self, entries):
        for slug in ("talsi", "dalarna", "braga"):
            make_municipality(slug)
        # Some ten kilometres from each other, and one far away.
        for at, name in enumerate(["Sabile", "Stende", "Roja"]):
            make_town(name, latitude=57.0 + at / 8, longitude=22.5)
        make_town("Falun", municipality=make_municipality("dalarna"), latitude=60.6, longitude=15.6)
        for make in (make_topic, make_audience, make_type, make_form, make_cause):
            for number in range(3):
                make(name_en=f"Term {number}", name_lv=WORDS[0] if number == 2 else "")
        for model in MODELS:
            for _ in range(entries):
                self.make(model)

    # Choosing

    def maybe(self, chance=0.5):
        return self.random.random() < chance

    def some(self, model, most=3):
        """Give a few rows of a model."""
        rows = list(model.objects.order_by("pk"))
        return self.random.sample(rows, min(len(rows), self.random.randint(0, most)))

    def one(self, model, none=0.0):
        """Give a row of a model, or None."""
        rows = list(model.objects.order_by("pk"))
        return None if not rows or self.maybe(none) else self.random.choice(rows)

    def place(self):
        """Give a municipality that stays (see `come_and_go_as_a_municipality`)."""
        return self.random.choice(list(Municipality.objects.exclude(slug="trakai").order_by("pk")))

    def texts(self):
        """Give names and summaries in some languages."""
        languages = self.random.sample(LANGUAGES, self.random.randint(1, 3))
        named = {f"name_{code}": self.random.choice(NAMES) for code in languages}
        return named | {
            f"summary_{code}": f"About {self.random.choice(WORDS)}"
            for code in self.random.sample(LANGUAGES, self.random.randint(0, 3))
        }

    def fields(self, model):
        """Give values of the fields that are counted, and texts."""
        day = date(2026, self.random.randint(1, 3), 1) if self.maybe() else None
        fields = self.texts() | {
            "status": self.random.choice(["published"] * 6 + ["draft", "archived"]),
            "municipality": self.place(),
            "verified_on": day,
            "verified_by": "portal" if day else "",
            "created": datetime(2026, 1, self.random.randint(1, 3), tzinfo=UTC),
        }
        if model is Organization:
            placed = self.maybe(0.3)
            fields |= {
                "type": self.one(OrganizationType, none=0.3),
                "town": self.one(Town, none=0.4),
                "seeks_partners": self.maybe(),
                "languages": self.random.sample(LANGUAGES_SPOKEN, self.random.randint(0, 2)),
                "latitude": 57.0 + self.random.random() if placed else None,
                "longitude": 22.5 if placed else None,
            }
        if model is Collaboration:
            fields |= {"form": self.one(CooperationForm, none=0.3)}
        if model is Need:
            fields |= {
                "cause": self.one(Cause),
                "kind": self.random.choice(["need", "challenge"]),
                "side": self.random.choice(["municipality", "organisation", "both"]),
            } | self.where_it_holds()
        return fields

    def where_it_holds(self):
        """Give level, municipality and countries of a need, which depend on each other."""
        level = self.random.choice(["local", "local", "national", "several", "all", "all"])
        several = {"national": 1, "several": 2}.get(level, 0)
        return {
            "level": level,
            "municipality": self.place() if level == "local" else None,
            "countries": self.random.sample(["EE", "LV", "PT", "SE"], several),
        }

    def links(self, model):
        return {
            name: self.some(Topic if name == "topics" else Audience) for name in FACET_FIELDS[model]
        }

    def make(self, model):
        return MAKERS[model._meta.app_label](**self.fields(model), **self.links(model))

    def unmerged(self, model):
        """Give an entry that was not merged, or None."""
        rows = list(model.objects.filter(merged_into=None).order_by("pk"))
        return self.random.choice(rows) if rows else None

    # Changing

    def edit(self, name=None):
        """Change something; say what it was."""
        name = name or self.random.choice(EDITS)
        model = self.random.choice(MODELS)
        getattr(self, name)(model)
        return f"{name} {model.__name__}"

    def save_one(self, model):
        if entry := self.unmerged(model):
            for name, value in self.fields(model).items():
                setattr(entry, name, value)
            entry.save()

    def create_one(self, model):
        self.make(model)

    def create_many(self, model):
        made = [model(slug=None, **self.plain(model)) for _ in range(2)]
        for number, entry in enumerate(made):
            entry.slug = f"many-{self.random.getrandbits(60)}-{number}"
        model.objects.bulk_create(made)

    def plain(self, model):
        return (
            {"reach": "local"} | self.fields(model) if model is Organization else self.fields(model)
        )

    def set_links(self, model):
        if entry := self.one(model):
            for name, things in self.links(model).items():
                getattr(entry, name).set(things)

    def add_links(self, model):
        if entry := self.one(model):
            entry.topics.add(*self.some(Topic))

    def remove_links(self, model):
        if entry := self.one(model):
            entry.topics.remove(*self.some(Topic))

    def clear_links(self, model):
        if entry := self.one(model):
            entry.topics.clear()

    def set_links_of_a_term(self, model):
        if topic := self.one(Topic):
            related = getattr(topic, model._meta.app_label)
            self.random.choice([related.set, lambda found: related.add(*found)])(self.some(model))

    def remove_links_of_a_term(self, model):
        if topic := self.one(Topic):
            related = getattr(topic, model._meta.app_label)
            related.clear() if self.maybe() else related.remove(*self.some(model))

    def update_many(self, model):
        fields = {"status": self.random.choice(["published", "draft"])}
        if model is Organization:
            fields["town"] = self.one(Town, none=0.5)
        model.objects.filter(municipality=self.one(Municipality), merged_into=None).update(**fields)

    def update_many_together(self, model):
        entries = list(model.objects.filter(merged_into=None).order_by("pk")[:3])
        for entry in entries:
            entry.verified_on, entry.verified_by = None, ""
            entry.summary_lt = "" if self.maybe() else "Apie zudikla"
        model.objects.bulk_update(entries, ["verified_on", "verified_by", "summary_lt"])

    def archive_one(self, model):
        if entry := self.one(model):
            entry.status = "archived"
            entry.save(update_fields=["status"])

    @staticmethod
    def delete(thing):
        """Delete something that nothing needs; say whether it could be."""
        try:
            with transaction.atomic():
                thing.delete()
        except ProtectedError:
            return False
        return True

    def delete_one(self, model):
        if entry := self.one(model):
            self.delete(entry)

    def delete_many(self, model):
        merged = model.objects.exclude(merged_into=None).values("merged_into")
        few = model.objects.filter(pk__in=[entry.pk for entry in self.some(model, most=2)])
        few.exclude(pk__in=list(merged.values_list("merged_into", flat=True))).delete()

    def merge_two(self, model):
        stays, goes = self.unmerged(model), self.unmerged(model)
        if stays and stays != goes:
            merge_entries(stays, goes, take=set())

    def load(self, model):
        """Load an entry as `loaddata` does, with other fields than it had."""
        if entry := self.unmerged(model):
            for name, value in self.fields(model).items():
                setattr(entry, name, value)
            (item,) = json.loads(serializers.serialize("json", [entry]))
            item["fields"]["topics"] = [topic.pk for topic in self.some(Topic)]
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "entries.json")
                path.write_text(json.dumps([item]))
                call_command("loaddata", path, verbosity=0)

    def bring_file(self, model):
        """Import a changed entry and a new one."""
        entry = self.unmerged(model)
        if entry is None or (model is Need and entry.level != "local"):
            return
        given = {"municipality": "talsi", "topics": "|".join(one.slug for one in self.some(Topic))}
        if model is Organization:
            given |= {"reach": "local", "town": self.random.choice(["Roja", ""])}
            given |= {"languages": "lv|en", "latitude": "", "longitude": ""}
        if model is Need:
            given |= {"cause": self.one(Cause).slug, "kind": "need", "side": "both"}
            given |= {"level": "local"}
        rows = [
            {"id": str(entry.uuid), "name_lv": "Žagata", "status": "published"} | given,
            {"id": "", "name_lv": "Zebra", "summary_lv": "Par brumba", "status": "published"}
            | given,
        ]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "entries.csv")
            path.write_bytes(written(rows))
            call_command("import_entries", model._meta.app_label, str(path))

    def restore_one(self, model):
        if entry := self.unmerged(model):
            history.keep_before(model, [entry.pk])
            for name, value in self.fields(model).items():
                setattr(entry, name, value)
            entry.save()
            entry.topics.set(self.some(Topic))
            entry = model.objects.get(pk=entry.pk)
            history.restore(entry, history.versions(entry).first())

    def edit_term(self, model):
        if term := self.one(Topic):
            term.synonyms_lv = self.random.choice(["", *WORDS])
            term.name_pt = self.random.choice(["", *WORDS])
            term.save()

    def edit_terms_together(self, model):
        few = Topic.objects.filter(pk__in=[term.pk for term in self.some(Topic)])
        few.update(synonyms_el=self.random.choice(["", *WORDS]))

    def merge_two_terms(self, model):
        kind, make = self.random.choice([(Topic, make_topic), (Audience, make_audience)])
        kept, gone = self.one(kind), self.one(kind)
        if kept != gone:
            merge_terms(kept, gone)
            make(name_en="New", name_lv=self.random.choice(["", *WORDS]))

    def delete_a_term(self, model):
        if (term := self.one(Topic)) and self.delete(term):
            make_topic(name_en="New")

    def move_municipality(self, model):
        if place := self.one(Municipality):
            place.country = self.random.choice(["LV", "SE", "PT", "EE"])
            place.language = self.random.choice(LANGUAGES)
            place.save()

    def move_municipalities_together(self, model):
        Municipality.objects.filter(slug="talsi").update(
            country=self.random.choice(["LV", "EE"]), language=self.random.choice(LANGUAGES)
        )

    def come_and_go_as_a_municipality(self, model):
        place = Municipality.objects.filter(slug="trakai").first()
        if place is None:
            make_municipality("trakai")
        else:
            self.delete(place)

    def move_town(self, model):
        if town := self.one(Town):
            town.latitude = 57 + self.random.random()
            town.save()

    def delete_town(self, model):
        if town := self.one(Town):
            if self.delete(town):
                make_town(self.random.choice(["Talsi", "Roja", "Mora"]), latitude=57.1)
            elif self.maybe():
                town.organizations.clear()


EDITS = [
    name
    for name, method in vars(World).items()
    if callable(method)
    and not name.startswith("_")
    and name
    not in ("maybe", "some", "one", "texts", "fields", "where_it_holds", "links", "make", "fill")
    and name not in ("unmerged", "edit", "plain", "delete", "place")
]


# What a list must show


def stated(entry, municipalities):
    """Give what an entry states, as the address says it: {facet: {values}}."""
    pages = {
        "topic": {topic.slug for topic in entry.topics.all()} or {"none"},
        "language": {code for code in LANGUAGES if getattr(entry, f"summary_{code}")},
        "verified": {"yes" if entry.verified_on else "no"},
    }
    own = entry.municipality
    if not isinstance(entry, Need):
        pages["municipality"], pages["country"] = {own.slug}, {own.country}
        pages["audience"] = {one.slug for one in entry.audiences.all()} or {"none"}
    if isinstance(entry, Organization):
        pages["type"] = {entry.type.slug if entry.type else "none"}
        pages["town"] = {entry.town.slug if entry.town else "none"}
        pages["partners"] = {"yes"} if entry.seeks_partners else set()
        pages["spoken"] = set(entry.languages) or {"none"}
    if isinstance(entry, Collaboration):
        pages["form"] = {entry.form.slug if entry.form else "none"}
    if isinstance(entry, Need):
        pages["cause"], pages["kind"], pages["side"] = (
            {entry.cause.slug},
            {entry.kind},
            {entry.side},
        )
        if own:
            pages["municipality"], pages["country"] = {own.slug}, {own.country}
        else:
            holds = [
                place
                for place in municipalities
                if entry.level == "all" or place.country in entry.countries
            ]
            pages["municipality"] = {place.slug for place in holds} | {"none"}
            pages["country"] = {*entry.countries, *(place.country for place in holds)}
    return pages


def words_of(entry):
    """Give the words by which an entry is found: those of its texts, those of its topics."""
    texts = (
        getattr(entry, f"{field}_{code}") for field in ("name", "summary") for code in LANGUAGES
    )
    own = {word.casefold() for text in texts for word in (text or "").split()}
    linked = [*entry.topics.all()]
    for name in ("audiences", "type", "form", "cause"):
        thing = getattr(entry, name, None)
        linked += thing.all() if hasattr(thing, "all") else [thing] if thing else []
    names = set()
    for term in linked:
        for code in LANGUAGES:
            names.add(getattr(term, f"name_{code}") or "")
            names.update((getattr(term, f"synonyms_{code}") or "").splitlines())
    return own, own | names


def far(town, entry):
    """Give how many kilometres an organisation lies from a town, or None: the law of cosines."""
    place = entry if entry.latitude is not None else entry.town
    if place is None:
        return None
    one, other = radians(town.latitude), radians(place.latitude)
    apart = sin(one) * sin(other) + cos(one) * cos(other) * cos(
        radians(place.longitude - town.longitude)
    )
    return 6371.0088 * acos(min(1.0, apart))


class Answer:
    """What the published entries of a database say at one moment, in plain Python."""

    def __init__(self, model):
        municipalities = list(Municipality.objects.all())
        links = [*FACET_FIELDS[model]]
        entries = model.objects.filter(status="published", merged_into=None)
        self.entries = list(entries.select_related("municipality").prefetch_related(*links))
        self.stated = {entry.pk: stated(entry, municipalities) for entry in self.entries}
        self.towns = {town.slug: town for town in Town.objects.all()}
        self.words = {entry.pk: words_of(entry) for entry in self.entries}

    def found(self, asked, **other):
        """Give the keys of what is found; `other` values stand for those of `asked`."""
        asked = asked | other
        return {entry.pk for entry in self.entries if self.fits(entry, asked)}

    def fits(self, entry, asked):
        """Say whether an entry fits what is asked: {name: [values]}."""
        for name, values in asked.items():
            if name in ("sort", "view", "within", "unplaced") or not values:
                continue
            if name == "q":
                if not self.is_found(entry, values[0]):
                    return False
            elif name == "near":
                if not self.is_near(entry, asked):
                    return False
            elif not self.stated[entry.pk][name] & {value.casefold() for value in values} and not (
                self.stated[entry.pk][name] & set(values)
            ):
                return False
        return True

    def is_found(self, entry, question):
        own, all_words = self.words[entry.pk]
        return all(
            part.strip('"') in (own if part.startswith('"') else all_words)
            for part in question.split()
        )

    def is_near(self, entry, asked):
        away = far(self.towns[asked["near"][0]], entry)
        if away is None:
            return asked.get("unplaced") == ["keep"]
        return away <= int(asked.get("within", ["25"])[0])


def random_question(random, filterset_class):
    """Give what a visitor may ask, as {name: [values]}, of what the form offers."""
    form = filterset_class(QueryDict(), queryset=filterset_class._meta.model.objects.all())
    asked = {}
    for facet in form.facets:
        if facet.options and random.random() < 0.25:
            values = [option.value for option in facet.options]
            asked[facet.name] = random.sample(values, min(len(values), random.randint(1, 3)))
    if random.random() < 0.3:
        parts = random.sample(WORDS, random.randint(1, 2))
        asked["q"] = [" ".join(f'"{one}"' if random.random() < 0.3 else one for one in parts)]
    towns = list(Town.objects.values_list("slug", flat=True))
    if "near" in form.filters and towns and random.random() < 0.3:
        asked["near"] = [random.choice(towns)]
        asked["within"] = [random.choice(["10", "25", "50"])]
        if random.random() < 0.5:
            asked["unplaced"] = ["keep"]
    sorts = [value for value, _label in form.form.fields["sort"].choices if value]
    if random.random() < 0.7:
        asked["sort"] = [random.choice(sorts)]
    return asked


def ask(model, asked, language="en"):
    """Give the filter set of a question."""
    data = QueryDict(mutable=True)
    for name, values in asked.items():
        data.setlist(name, values)
    with translation.override(language):
        return FILTERS[model](data, queryset=model.objects.published())


def problems(model, asked, language, answer=None):
    """Yield what is wrong with the list that answers a question."""
    answer = answer or Answer(model)
    filterset = ask(model, asked, language)
    with translation.override(language):
        assert filterset.is_valid(), (asked, filterset.form.errors)
        wanted, found = answer.found(asked), filterset.found
        listed = [entry.pk for entry in found[:]]
        if set(listed) != wanted or len(listed) != len(wanted) or found.total != len(wanted):
            yield f"found {sorted(listed)} ({found.total}) for {sorted(wanted)}"
        queried = list(filterset.qs.values_list("pk", flat=True))
        if queried != listed:
            yield f"in SQL {queried}, on the page {listed}"
        for facet in filterset.facets:
            for option in facet.options:
                would = len(answer.found(asked, **{facet.name: [option.value]}))
                if option.count != would:
                    yield f"{facet.name}={option.value} says {option.count}, finds {would}"
        if "near" in asked:
            for radius, count, _chosen in filterset.radii():
                would = len(answer.found(asked, within=[str(radius)]))
                if count != would:
                    yield f"within={radius} says {count}, finds {would}"
            without = answer.found(asked, near=[])
            nowhere = [
                entry
                for entry in answer.entries
                if entry.pk in without and entry.latitude is None and entry.town is None
            ]
            if filterset.unplaced_count != len(nowhere):
                yield f"says {filterset.unplaced_count} without a place, {len(nowhere)} there are"


def content(state):
    """Give what a State says, to be compared: {facet: {value: [keys]}}."""
    values = {
        (facet, value): sorted(ids)
        for facet, found in state.values.items()
        for value, ids in found.items()
        if ids
    }
    return {"everything": sorted(state.everything)} | values
