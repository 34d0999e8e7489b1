"""The index of the search, alike on SQLite (FTS5) and PostgreSQL (tsvector).

It has a row for each entry and language, in folded words: its name, the rest of its text, and those
words of both that were written with accents. Neither engine splits a text or ranks what it finds:
both are given words and give back numbers of rows. Beside it stand the vocabulary, which leads from
each word to its other forms, and the names of terms and places. What is asked: see search.py.
"""

import re
import unicodedata
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from localympact import lemmas as dictionary
from localympact.afterwards import afterwards, comes_last
from localympact.among import Among
from localympact.folding import fold
from localympact.models import Alias, Vocabulary
from localympact.texts import LANGUAGES

# A letter may carry marks that no composed letter has.
WORD = re.compile("(?:[^\\W_][\u0300-\u036f]*)+")
LONGEST_WORD = 64

# Words that every text has: left out of a question unless it holds nothing else. Folded.
STOP_WORDS = frozenset(
    word
    for words in (
        "and or of the in for to at on with by from a an",
        "un vai ar par no uz pie kas ir",
        "e ou de do da dos das em para com por ao os as um uma no na",
        "och eller i for av pa med till en ett som vid",
        "ir arba su apie is prie kaip del",
        "και η ο οι τα το του τησ των την τον στο στη στην για με σε απο",
    )
    for word in words.split()
)
# Where the name of a term names two things: “Culture and heritage”.
PARTS = re.compile(r"\s*[,;/&]\s*|\s+(?:and|or|un|vai|e|ou|och|eller|ir|arba|και|ή)\s+")

# The rows of the index are numbered by entry, language and database: these many bits for the last
# two. The language after the six is that of what has none: a street, a register number.
LANGUAGE_BITS, DATABASE_BITS = 3, 2
NO_LANGUAGE = len(LANGUAGES)


def row_number(entry, language, database):
    """Give the number of a row of the index; `language` is an index of LANGUAGES."""
    return ((entry << LANGUAGE_BITS | language) << DATABASE_BITS) | database


def tokens(text):
    """Give the words of a text as they are written, in small letters."""
    composed = unicodedata.normalize("NFC", text)
    # `casefold` would write a final sigma as no dictionary does.
    return [word.lower()[:LONGEST_WORD] for word in WORD.findall(composed)]


def form_of(word):
    """Give the folded form of a word in small letters, in letters and digits only."""
    if word.isascii():
        return word.lower()
    return "".join(WORD.findall(fold(word)))[:LONGEST_WORD]


def forms_of(text):
    """Give the folded words of a text."""
    return [form for form in map(form_of, tokens(text)) if form]


# Engines


class Probe(NamedTuple):
    """One question to the index: any of `forms` in a column.

    As whole words, as one phrase, or as beginnings of words; *together* asks for all of them, and
    *begun* for all, the last as the beginning of a word.
    """

    column: str
    forms: tuple
    how: str = "words"


class Row(NamedTuple):
    """One row of the index: its number and its words."""

    number: int
    name: list
    body: list
    accented: list


class SqliteIndex:
    """The index as a table of FTS5, which is given words and not texts."""

    create = (
        "CREATE VIRTUAL TABLE {table} USING fts5(name, body, accented, "
        "tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3 4')",
    )
    rename = ("ALTER TABLE {new} RENAME TO {table}",)
    # It has one writer.
    hold = ()
    key = "rowid"

    def write(self, cursor, table, rows):
        cursor.executemany(
            f"INSERT INTO {table} (rowid, name, body, accented) VALUES (%s, %s, %s, %s)",  # noqa: S608
            [(row.number, *(" ".join(words) for words in row[1:])) for row in rows],
        )

    def ask(self, probe):
        """Give the condition of a probe and its parameter."""
        match probe.how:
            case "words":
                asked = " OR ".join(f'"{form}"' for form in probe.forms)
            case "phrase":
                asked = f'"{" ".join(probe.forms)}"'
            case "beginning":
                asked = " OR ".join(f'"{form}"*' for form in probe.forms)
            case "together" | "begun":
                asked = " AND ".join(f'"{form}"' for form in probe.forms)
                asked += "*" if probe.how == "begun" else ""
        return "localympact_document MATCH %s", f"{probe.column} : ({asked})"

    gathered = "group_concat({column})"

    @staticmethod
    def ids(gathered):
        return map(int, gathered.split(","))

    @staticmethod
    def beginning(column, text):
        """Give the condition that a column begins with a text, in the form that has an index."""
        return Q(**{f"{column}__gte": text, f"{column}__lt": text + "\U0010ffff"})


class PostgresqlIndex:
    """The index as three columns of words, each with its own index."""

    create = (
        "CREATE TABLE {table} (id bigint PRIMARY KEY, name tsvector NOT NULL, "
        "body tsvector NOT NULL, accented tsvector NOT NULL)",
        "CREATE INDEX {table}_name ON {table} USING gin (name)",
        "CREATE INDEX {table}_body ON {table} USING gin (body)",
        "CREATE INDEX {table}_accented ON {table} USING gin (accented)",
    )
    rename = (
        "ALTER TABLE {new} RENAME TO {table}",
        "ALTER INDEX {new}_pkey RENAME TO {table}_pkey",
        "ALTER INDEX {new}_name RENAME TO {table}_name",
        "ALTER INDEX {new}_body RENAME TO {table}_body",
        "ALTER INDEX {new}_accented RENAME TO {table}_accented",
    )
    hold = ("LOCK TABLE {table} IN EXCLUSIVE MODE",)
    key = "id"

    def write(self, cursor, table, rows):
        cursor.executemany(
            f"INSERT INTO {table} (id, name, body, accented) VALUES "  # noqa: S608
            "(%s, %s::tsvector, %s::tsvector, %s::tsvector)",
            [(row.number, *map(self.vector, row[1:])) for row in rows],
        )

    @staticmethod
    def vector(words):
        """Give words with their places, as PostgreSQL writes them: it need not split a text."""
        # It keeps no place after the 16,383rd.
        return " ".join(f"'{word}':{min(at, 16_383)}" for at, word in enumerate(words, 1))

    def ask(self, probe):
        """Give the condition of a probe and its parameter."""
        quoted = [f"'{form}'" for form in probe.forms]
        match probe.how:
            case "words":
                asked = " | ".join(quoted)
            case "phrase":
                asked = " <-> ".join(quoted)
            case "beginning":
                asked = " | ".join(f"{form}:*" for form in quoted)
            case "together" | "begun":
                asked = " & ".join(quoted) + (":*" if probe.how == "begun" else "")
        return f"{probe.column} @@ %s::tsquery", asked

    gathered = "array_agg(({column})::int)"

    @staticmethod
    def ids(gathered):
        return gathered

    @staticmethod
    def beginning(column, text):
        """Give the condition that a column begins with a text, in the form that has an index."""
        return Q(**{f"{column}__startswith": text})


TABLE = "localympact_document"


def engine():
    """Give the engine of the database that is in use."""
    return PostgresqlIndex() if connection.vendor == "postgresql" else SqliteIndex()


def create_table(table=TABLE):
    """Make an empty index."""
    with connection.cursor() as cursor:
        for statement in engine().create:
            cursor.execute(statement.format(table=table))


def drop_table(table=TABLE):
    """Take an index away."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")


def hold_table():
    """Wait for whoever is writing the index; nobody else does until the transaction ends."""
    with connection.cursor() as cursor:
        for statement in engine().hold:
            cursor.execute(statement.format(table=TABLE))


def replace_table(new):
    """Put an index that was made aside in the place of the one in use."""
    drop_table()
    with connection.cursor() as cursor:
        for statement in engine().rename:
            cursor.execute(statement.format(new=new, table=TABLE))


# Writing


def write(database, texts, table=TABLE):
    """Write the rows of entries: `texts` is {entry: {language: (name, body)}}; {} forgets one.

    A language is an index of LANGUAGES, or NO_LANGUAGE. Into another table than the one in use
    everything is written anew, the dictionary forms too.
    """
    rows, words = [], set()
    for entry, parts in texts.items():
        for language, (name, body) in parts.items():
            named, told = tokens(name), tokens(body)
            row = Row(row_number(entry, language, database), [], [], [])
            for found, forms in ((named, row.name), (told, row.body)):
                for word in found:
                    if form := form_of(word):
                        forms.append(form)
                        if word != form:
                            row.accented.append(word)
                if language != NO_LANGUAGE:
                    words.update((word, LANGUAGES[language]) for word in found)
            rows.append(row)
    numbers = ",".join(
        str(row_number(entry, language, database))
        for entry in texts
        for language in range(NO_LANGUAGE + 1)
    )
    index = engine()
    with connection.cursor() as cursor:
        if numbers:
            cursor.execute(f"DELETE FROM {table} WHERE {index.key} IN ({numbers})")  # noqa: S608
        if rows:
            index.write(cursor, table, rows)
    if table == TABLE:
        afterwards(learn, Vocabulary, unknown(words))
    else:
        learn(Vocabulary, words, again=True)


def unknown(words):
    """Give those of some words, each (as written, language), that the vocabulary has not."""
    written = Among({word for word, _language in words}, of="text")
    known = Vocabulary.objects.filter(written__in=written)
    return words.difference(known.values_list("written", "language"))


@comes_last
def learn(model, words, again=False):
    """Note words, each (as written, language), with their dictionary forms.

    `again` writes those that are known, too: the dictionaries may have changed. In one order, and
    as late as may be: two who learn the same words must not wait for each other in a circle.
    """
    new = [
        model(
            written=word,
            language=language,
            form=form,
            backwards=form[::-1],
            lemma=form_of(dictionary.lemma(word, language)) or form,
        )
        for word, language in sorted(words)
        if (form := form_of(word))
    ]
    if again:
        model.objects.bulk_create(
            new,
            1000,
            update_conflicts=True,
            unique_fields=["written", "language"],
            update_fields=["form", "backwards", "lemma"],
        )
    else:
        model.objects.bulk_create(new, 1000, ignore_conflicts=True)


def name_thing(facet, key, names, synonyms):
    """Note by what names a term or place is searched for; empty ones forget it.

    Both are {language: [texts]}. What two things are joined in a name by an *and* can each be
    asked for alone.
    """
    aliases, words = set(), set()
    for language, texts in names.items():
        for text in texts:
            parts = PARTS.split(text)
            aliases.update((language, bare(part)) for part in (text, *parts))
            words.update((word, language) for word in tokens(text))
    for language, texts in synonyms.items():
        for text in texts:
            aliases.add((language, bare(text)))
            words.update((word, language) for word in tokens(text))
    Alias.objects.filter(facet=facet, key=key).delete()
    # Two may name one new country at once.
    Alias.objects.bulk_create(
        (
            Alias(
                facet=facet,
                key=key,
                language=language,
                words=" ".join(forms)[:250],
                first=forms[0],
            )
            for language, forms in sorted(aliases)
            if forms
        ),
        ignore_conflicts=True,
    )
    afterwards(learn, Vocabulary, unknown(words))


def bare(text):
    """Give the folded words of a text without those that every text has, as a tuple."""
    forms = tuple(forms_of(text))
    return tuple(form for form in forms if form not in STOP_WORDS) or forms
