"""What has synonyms by its words: what is near to something typed, and one word more."""

import re
from typing import NamedTuple

from django.apps import apps
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from localympact.folding import fold
from localympact.history import keep_before
from localympact.texts import LANGUAGES, Text
from organizations.entries import WithSynonyms
from organizations.places import Municipality

# Two words with one beginning are forms of one word more often than not: how alike they must be,
# and what it counts beside that if the whole phrases are alike. Tried on the seed content, where
# “bezdarbs” leads to “bezdarbnieks”, “velhos” to “pessoas mais velhas” and “zzzz” to nothing.
WORD, PHRASE, ENOUGH = 0.8, 0.3, 1.0
# Shorter words are of grammar.
SHORT = 3
LIKE_ONE_WORD = 40


class Near(NamedTuple):
    """A thing with synonyms, and which of its words is near."""

    thing: WithSynonyms
    word: Text


def models_with_synonyms():
    """Give the models whose things have synonyms; the places come last."""
    found = [model for model in apps.get_models() if issubclass(model, WithSynonyms)]
    return sorted(found, key=lambda model: model is Municipality)


def words_of(thing, language):
    """Give the name and the synonyms of a thing in one language, as they are written."""
    name, synonyms = (getattr(thing, f"{field}_{language}") or "" for field in ("name", "synonyms"))
    return list(filter(None, [name, *synonyms.splitlines()]))


def parts_of(text):
    """Give a folded text and those of its words that can say something by themselves."""
    return {text, *(word for word in re.findall(r"\w+", text) if len(word) > SHORT)}


def nearest(text, things, count):
    """Give at most `count` things with a name or synonym near to `text`, the nearest first."""
    places = {}
    for thing in things:
        for language in LANGUAGES:
            for word in words_of(thing, language):
                for part in parts_of(fold(word)):
                    places.setdefault(part, []).append((thing, Text(word, language)))
    parts, asked, best = list(places), fold(text), {}
    for mine in parts_of(asked):
        like = process.extract(
            mine,
            parts,
            scorer=JaroWinkler.normalized_similarity,
            score_cutoff=WORD,
            limit=LIKE_ONE_WORD,
        )
        for part, likeness, _place in like:
            for thing, word in places[part]:
                score = likeness + PHRASE * fuzz.ratio(asked, fold(word)) / 100
                if score > max(ENOUGH, best.get(thing, (0,))[0]):
                    best[thing] = score, Near(thing, word)
    found = sorted(best.values(), key=lambda scored: -scored[0])
    return [near for _score, near in found[:count]]


def add_synonym(thing, language, word):
    """Save a thing with one synonym more; say whether it was new, as a name too."""
    known = words_of(thing, language)
    if fold(" ".join(word.split())) in map(fold, known):
        return False
    keep_before(type(thing), [thing.pk])
    column = f"synonyms_{language}"
    setattr(thing, column, f"{getattr(thing, column) or ''}\n{word}")
    thing.save()
    return True
