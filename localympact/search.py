"""Full-text search in six languages.

A word is looked for in four ways, the nearest first: as typed, folded, in another form, as the
beginning of a word; then as the name or synonym of a term that an entry carries. Each way gives
bitmaps of entries, which are joined here; the order is decided here too, and not by an engine.
"""

import re
from collections import defaultdict
from functools import cached_property

from django.db.models import Q
from pyroaring import BitMap
from rapidfuzz.distance import OSA

from localympact import lemmas as dictionary
from localympact.among import Among
from localympact.folding import fold
from localympact.index import (
    DATABASE_BITS,
    LANGUAGE_BITS,
    LONGEST_WORD,
    STOP_WORDS,
    TABLE,
    WORD,
    Probe,
    engine,
    form_of,
    tokens,
)
from localympact.models import Alias, Vocabulary
from localympact.replicas import connection
from localympact.texts import LANGUAGES

QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"'))
PHRASE = re.compile('"([^"]*)"')
# Words of one question that are looked for: who pastes a page asks for its beginning.
MOST_WORDS = 12
# Forms of one word that are looked for.
MOST_FORMS = 40
# Names that are looked at while a word is still being typed: two letters may begin a third of all.
MOST_NAMES = 1000
# Other questions that are tried, and offered, where nothing is found.
MOST_SLIPS, NEAR = 8, 3
# From how many letters on a word that stands in no text is the beginning of one; a known word too.
BEGINNING, BEGINNING_OF_KNOWN = 2, 4

# The ways in which a word is found, the best first, and the places where; see `Unit.tiers`.
TYPED, FOLDED, FORM, BEGINS, BY_TERM = range(5)


class Unit:
    """One word or phrase of a question, with what it stands for.

    `phrase` says that it was quoted: exactly this, in this form.
    """

    def __init__(self, written, phrase=False):
        self.written = written
        self.forms = [form for form in map(form_of, written) if form]
        self.phrase = phrase
        self.form = self.forms[0] if self.forms else ""
        # As written in other ways; other forms of the same dictionary words.
        self.variants, self.others = set(), set()
        self.known = False
        # (facet, key) of the terms whose name it is, or a part of.
        self.terms = set()

    @property
    def accented(self):
        """Whether it was typed with accents."""
        return self.written[0] != self.form

    @property
    def begins(self):
        """Whether it may be the beginning of a word."""
        shortest = BEGINNING_OF_KNOWN if self.known else BEGINNING
        return not self.phrase and len(self.form) >= shortest

    def probes(self):
        """Give {name: Probe}: what the index must be asked for this unit."""
        probes = {}
        for column in ("name", "body"):
            if self.phrase:
                how = "phrase" if len(self.forms) > 1 else "words"
                probes[FOLDED, column] = Probe(column, tuple(self.forms), how)
                continue
            probes[FOLDED, column] = Probe(column, (self.form,))
            if self.others:
                probes[FORM, column] = Probe(column, tuple(sorted(self.others)))
            if self.begins:
                probes[BEGINS, column] = Probe(column, (self.form,), "beginning")
        if not self.phrase:
            other = (self.written[0],) if self.accented else tuple(sorted(self.variants))
            if other:
                probes[TYPED, "accented"] = Probe("accented", other)
        return probes

    def tiers(self, found, by_term):
        """Give [BitMap], the best first, each entry in one only.

        `found` is {(way, column): {whether in the reader's language: BitMap}}, `by_term` the
        bitmap of what carries a term of that name. The way counts first, then the place (name,
        text), then the language.
        """
        marked = BitMap.union(BitMap(), *found.get((TYPED, "accented"), {}).values())
        tiers, seen = [], BitMap()
        for way in (TYPED, FOLDED, FORM, BEGINS):
            for column in ("name", "body"):
                for readers in (True, False):
                    asked = FOLDED if way == TYPED else way
                    ids = found.get((asked, column), {}).get(readers, BitMap())
                    if way == TYPED and not self.phrase:
                        # Without accents typed: unless the word stands there with some.
                        ids = ids & marked if self.accented else ids - marked
                    tiers.append(ids - seen)
                    seen |= ids
        tiers.append(by_term - seen)
        return tiers


class Search:
    """A question in words, as a reader of one language asks it.

    Everything is a question: what is no word is left out. Words are joined by *and*; a part in
    quotation marks is looked for exactly so.
    """

    def __init__(self, text, reader):
        self.text, self.reader = text, reader
        self.units = self.parse(text)

    @staticmethod
    def parse(text):
        """Give the units of a question."""
        quoted = text.translate(QUOTES)
        units = []
        for number, part in enumerate(PHRASE.split(quoted)):
            words = [word for word in tokens(part) if form_of(word)]
            if number % 2 and words:
                units.append(Unit(words, phrase=True))
            elif not number % 2:
                units += [Unit([word]) for word in words]
        units = units[:MOST_WORDS]
        telling = [unit for unit in units if unit.phrase or unit.form not in STOP_WORDS]
        return telling or units

    def __bool__(self):
        return bool(self.units)

    @cached_property
    def words(self):
        """The units that are single words, after the vocabulary and the terms were asked."""
        words = [unit for unit in self.units if not unit.phrase]
        self.look_up(words)
        self.find_terms(words)
        return words

    # Words

    def look_up(self, words):
        """Give each word its other spellings and its other forms, in a few queries for all."""
        known = Vocabulary.objects.filter(form__in={word.form for word in words})
        lemmas = defaultdict(set)
        for form, written, own, language in known.values_list(
            "form", "written", "lemma", "language"
        ):
            lemmas[form].add((own, language))
            for word in words:
                if word.form == form:
                    word.known = True
                    if written != form:
                        word.variants.add(written)
        unknown = [word for word in words if not word.known]
        by_stem = self.by_stem(dictionary.stem(word.form) for word in unknown)
        for word in words:
            # It may be a dictionary form that stands in no text, only others of its forms do.
            lemmas[word.form].update((word.form, language) for language in LANGUAGES)
        for word in unknown:
            # In no text so far; its dictionary may still lead to one, or its stem.
            own = dictionary.lemmas(word.written[0])
            lemmas[word.form].update((form_of(lemma), language) for lemma, language in own)
            lemmas[word.form].update(by_stem.get(dictionary.stem(word.form), ()))
        self.add_forms(words, lemmas)

    @staticmethod
    def by_stem(stems):
        """Give {stem: {(lemma, language)}} of the known words that are a stem with an ending."""
        begun, found = Q(), defaultdict(set)
        for stem in set(stems) - {""}:
            begun |= engine().beginning("form", stem)
        if begun:
            words = Vocabulary.objects.filter(begun, language__in=dictionary.INFLECTED)
            for form, lemma, language in words.values_list("form", "lemma", "language"):
                found[dictionary.stem(form)].add((lemma, language))
        return found

    def add_forms(self, words, lemmas):
        """Give words the forms of their lemmas: {form: {(lemma, language)}}."""
        wanted = {pair for pairs in lemmas.values() for pair in pairs}
        if not wanted:
            return
        forms = defaultdict(set)
        found = Vocabulary.objects.filter(lemma__in={own for own, _language in wanted})
        for own, language, form in found.values_list("lemma", "language", "form"):
            forms[own, language].add(form)
        for word in words:
            others = set().union(*(forms[pair] for pair in lemmas.get(word.form, ())))
            others.discard(word.form)
            if len(word.form) > 2:
                word.others.update(sorted(others)[:MOST_FORMS])

    # Terms

    def find_terms(self, words):
        """Note with each word the terms whose whole name it is, alone or with its neighbours."""
        forms = [{word.form, *word.others} for word in words]
        first = set().union(*forms) if forms else ()
        named = Alias.objects.filter(first__in=Among(first, of="text"))
        for facet, key, alias in named.values_list("facet", "key", "words"):
            parts = alias.split()
            for at in range(len(words) - len(parts) + 1):
                if all(part in forms[at + n] for n, part in enumerate(parts)):
                    for word in words[at : at + len(parts)]:
                        word.terms.add((facet, int(key) if key.isdecimal() else key))

    # Texts

    @cached_property
    def by_form(self):
        """Which units a folded word stands for: {form: {numbers of units}}."""
        found = defaultdict(set)
        self.words  # noqa: B018 - the units know their forms from here on
        for number, unit in enumerate(self.units):
            for form in {*unit.forms, *unit.others}:
                found[form].add(number)
        return found

    def units_of(self, form):
        """Give the numbers of the units that a folded word of a text stands for."""
        begun = {
            number
            for number, unit in enumerate(self.units)
            if unit.begins and form.startswith(unit.form)
        }
        return begun | self.by_form[form] if form in self.by_form else begun

    def matches(self, text):
        """Give where the words of the question stand in a text: [(start, end, {units})]."""
        found = []
        for match in WORD.finditer(text):
            form = form_of(match[0].casefold()[:LONGEST_WORD])
            if units := self.units_of(form):
                found.append((*match.span(), units))
        return found

    def may_stand_in(self, text):
        """Say whether a text holds the letters of a word of the question: quick, for many texts."""
        folded = fold(text)
        return any(form in folded for form in self.by_form)

    # Entries

    def groups(self, facets):
        """Give what is found among the entries of one database: [BitMap], the nearest first.

        `facets` is the state of that database (facets.py).
        """
        if not self.units:
            return []
        self.words  # noqa: B018 - the units know their forms from here on
        found = self.ask(facets.database)
        groups = None
        for number, unit in enumerate(self.units):
            by_term = BitMap()
            for facet, key in unit.terms:
                by_term |= facets.having(facet, key)
            tiers = unit.tiers(found[number], by_term)
            groups = self.joined(groups, tiers)
        return [groups[score] for score in sorted(groups)]

    @staticmethod
    def joined(groups, tiers):
        """Join what was found of the words so far, {score: BitMap}, with the tiers of the next."""
        if groups is None:
            return {score: tier for score, tier in enumerate(tiers) if tier}
        both = defaultdict(BitMap)
        for score, group in groups.items():
            for more, tier in enumerate(tiers):
                if tier and (common := group & tier):
                    both[score + more] |= common
        return both

    # While it is typed

    @cached_property
    def begun(self):
        """The folded words of the question, of which the last one is still being typed."""
        forms = [form for unit in self.units for form in unit.forms]
        # One letter says nothing yet.
        while forms and len(forms[-1]) < BEGINNING:
            forms.pop()
        return tuple(forms)

    def names(self, *databases):
        """Give what is published under a name with these words: for each database [BitMap].

        The last word may be the beginning of one. Whole words come before beginnings, names in
        the reader's language before others. `databases` are the states of facets.
        """
        found = self.ask_names() if self.begun else {}
        return [
            [
                found.get((facets.database, whole, readers), BitMap())
                & facets.having("public", True)
                for whole in (True, False)
                for readers in (True, False)
            ]
            for facets in databases
        ]

    def ask_names(self):
        """Ask the index for names: {(database, in whole words, in the reader's language): BitMap}.

        Of very many names those that the index gives first.
        """
        index, key, found = engine(), engine().key, {}
        database = f"{key} & {2**DATABASE_BITS - 1}"
        language = f"({key} >> {DATABASE_BITS}) & {2**LANGUAGE_BITS - 1}"
        entry = index.gathered.format(column=f"{key} >> {LANGUAGE_BITS + DATABASE_BITS}")
        asked, parameters = [], []
        for way, how in enumerate(("begun", "together")):
            condition, parameter = index.ask(Probe("name", self.begun, how))
            asked.append(
                f"SELECT {way}, {database}, ({language}) = %s, {entry} FROM "  # noqa: S608
                f"(SELECT {key} FROM {TABLE} WHERE {condition} LIMIT {MOST_NAMES}) named "
                "GROUP BY 2, 3"
            )
            parameters += [LANGUAGES.index(self.reader), parameter]
        with connection().cursor() as cursor:
            cursor.execute(" UNION ALL ".join(asked), parameters)
            for whole, place, readers, ids in cursor.fetchall():
                found[place, bool(whole), bool(readers)] = BitMap(index.ids(ids))
        return found

    # Where nothing is found

    def misses(self, facets):
        """Give the numbers of the units that stand nowhere in one database, by themselves."""
        self.words  # noqa: B018 - the units know their forms from here on
        found = self.ask(facets.database)
        public = facets.having("public", True)
        missing = set()
        for number, unit in enumerate(self.units):
            ids = (ids for parts in found[number].values() for ids in parts.values())
            terms = (facets.having(facet, key) for facet, key in unit.terms)
            if public.isdisjoint(BitMap.union(BitMap(), *ids, *terms)):
                missing.add(number)
        return missing

    def near(self, *searched):
        """Give other questions that may be meant: [(text, number of entries)], the likeliest first.

        `searched` are (state of the facets, BitMap of the entries that count) of each database.
        Only words that stand nowhere are replaced, by those that differ by a slip of the hand or
        two.
        """
        missing = set.intersection(*(self.misses(facets) for facets, _within in searched))
        choices = {}
        for number in missing:
            unit = self.units[number]
            choices[number] = [] if unit.phrase else self.slips(unit)
            if not choices[number]:
                return []
        questions = []
        if len(choices) == 1:
            ((number, words),) = choices.items()
            questions = [{number: word} for word in words]
        elif choices:
            questions = [{number: words[0] for number, words in choices.items()}]
        found, known = [], []
        for question in questions[:MOST_SLIPS]:
            text = self.text_with(question)
            other = Search(text, self.reader)
            results = [other.found(facets) & within for facets, within in searched]
            # One word of two languages, or two forms of one word, lead to the same.
            if any(results) and results not in known:
                known.append(results)
                found.append((text, sum(map(len, results))))
        return found[:NEAR]

    def text_with(self, words):
        """Give the question with other words: {number of a unit: word}."""
        parts = []
        for number, unit in enumerate(self.units):
            text = words.get(number) or " ".join(unit.written)
            parts.append(f'"{text}"' if unit.phrase else text)
        return " ".join(parts)

    def found(self, facets):
        """Give the bitmap of all entries of a database that are found."""
        return BitMap.union(BitMap(), *self.groups(facets))

    def without_one(self, facets, within):
        """Give what is found without one of the words: [(text, word left out, number)]."""
        found = []
        for left_out, unit in enumerate(self.units):
            rest = [one for number, one in enumerate(self.units) if number != left_out]
            if rest:
                parts = (" ".join(one.written) for one in rest)
                quoted = (
                    f'"{text}"' if one.phrase else text
                    for text, one in zip(parts, rest, strict=True)
                )
                text = " ".join(quoted)
                if number := len(Search(text, self.reader).found(facets) & within):
                    found.append((text, " ".join(unit.written), number))
        return sorted(found, key=lambda one: -one[2])

    def slips(self, unit):
        """Give known words that a mistyped one may be, the nearest first.

        A slip leaves the beginning or the end of a word as it is: two ranges of an index hold all
        words that differ by one letter, or by two letters that changed places.
        """
        half = (len(unit.form) - 1) // 2
        if half < 1:
            return []
        beginning = engine().beginning
        near = beginning("form", unit.form[:half]) | beginning(
            "backwards", unit.form[: -half - 1 : -1]
        )
        most = 1 if len(unit.form) < 6 else 2
        found = {}
        for form, written, language in Vocabulary.objects.filter(near).values_list(
            "form", "written", "language"
        ):
            if abs(len(form) - len(unit.form)) <= most:
                away = OSA.distance(unit.form, form, score_cutoff=most)
                if away <= most:
                    rank = (away, language != self.reader, written)
                    found[form] = min(found.get(form, rank), rank)
        return [written for _away, _other, written in sorted(found.values())]

    def ask(self, database):
        """Ask the index once for all units: [{(way, column): {whether the reader's: BitMap}}]."""
        index, found = engine(), [{} for _unit in self.units]
        reader = LANGUAGES.index(self.reader)
        entry = f"{index.key} >> {LANGUAGE_BITS + DATABASE_BITS}"
        language = f"(({index.key} >> {DATABASE_BITS}) & {2**LANGUAGE_BITS - 1}) = {reader}"
        asked, parameters, names = [], [], []
        for number, unit in enumerate(self.units):
            for name, probe in unit.probes().items():
                condition, parameter = index.ask(probe)
                asked.append(
                    f"SELECT {len(names)}, {language}, {index.gathered.format(column=entry)} "  # noqa: S608
                    f"FROM {TABLE} WHERE {condition} "
                    f"AND {index.key} & {2**DATABASE_BITS - 1} = {int(database)} GROUP BY 2"
                )
                parameters.append(parameter)
                names.append((number, name))
        if not asked:
            return found
        with connection().cursor() as cursor:
            cursor.execute(" UNION ALL ".join(asked), parameters)
            for at, readers, ids in cursor.fetchall():
                number, name = names[at]
                found[number].setdefault(name, {})[bool(readers)] = BitMap(index.ids(ids))
        return found
