"""Dictionary forms of words: `jauniešiem` → `jaunietis`, `associações` → `associação`.

The dictionaries are simplemma's, as tries on the disk: a process that asks has them in 10 ms and
15 MB, where the same dictionaries in memory take 340 MB. Beside them lies one trie of all forms
that are written with accents, by what is left of them without.
"""

import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

from django.conf import settings
from marisa_trie import BytesTrie
from simplemma import Lemmatizer, __version__
from simplemma.strategies import DefaultStrategy, DictionaryLookupStrategy, RulesStrategy
from simplemma.strategies.dictionaries import TrieDictionaryFactory

from localympact.folding import fold
from localympact.texts import LANGUAGES

WITHOUT_ACCENTS = "without-accents.trie"
# Words of the field whose forms the Greek dictionary spreads over the three genders: most of
# `νέος`, but `νέων` of `νέο`.
CORRECTIONS = {
    ("νέο", "el"): "νέος",
    ("ηλικιωμένη", "el"): "ηλικιωμένος",
    ("φίλη", "el"): "φίλος",
    ("ελεύθερο", "el"): "ελεύθερος",
    ("δημόσιο", "el"): "δημόσιος",
}
# Endings of nouns and adjectives, folded, in the languages of which the dictionaries know least.
ENDINGS = re.compile(
    "(?:"
    # Latvian and Lithuanian
    "ajiem|ajam|ajai|ajas|ajos|aja|iem|ais|am|as|ai|em|es|ei|im|is|os|us|a|e|i|o|s|u|"
    "iesiems|iuosius|ieji|iuju|iams|iais|iuose|uose|yje|omis|emis|oms|ems|ims|ams|oje|eje|ose|ese|"
    "iai|iui|ius|iam|iu|io|ui|ys|y|"
    # Greek
    "ματων|ματοσ|ματα|μα|εισ|εων|ι?(?:ουσ|ου|οι|οσ|ων|ασ|εσ|ησ|α|ε|η|ο|ω)|ι"
    ")$"
)
INFLECTED = ("lv", "lt", "el")
SHORTEST_STEM = 4


def dictionaries():
    """Give the folder of the tries; made once, in some ten seconds, for each version."""
    folder = Path(settings.LEMMAS_ROOT) / __version__
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Made aside and renamed when whole: several processes may begin at once.
        aside = tempfile.mkdtemp(dir=folder.parent)
        factory = TrieDictionaryFactory(disk_cache_dir=aside)
        folded = (
            (bare, f"{language} {own}".encode())
            for language in LANGUAGES
            for form, own in factory.get_dictionary(language).items()
            if (bare := fold(form)) != form
        )
        BytesTrie(folded).save(str(Path(aside, WITHOUT_ACCENTS)))
        os.chmod(aside, 0o755)  # noqa: S103 - dictionaries are no secret
        try:
            os.rename(aside, folder)
        except OSError:
            shutil.rmtree(aside)
    return folder


@cache
def _factory():
    return TrieDictionaryFactory(disk_cache_dir=str(dictionaries()))


@cache
def _lemmatizer():
    return Lemmatizer(lemmatization_strategy=DefaultStrategy(dictionary_factory=_factory()))


@cache
def _without_guesses():
    return DictionaryLookupStrategy(_factory()), RulesStrategy()


def lemma(word, language):
    """Give the dictionary form of a word in a language; the word itself where none is known.

    Of a word that the dictionary lacks it is guessed from the ending. Accents matter: fold
    afterwards.
    """
    found = _lemmatizer().lemmatize(word, language)
    return CORRECTIONS.get((found, language), found)


@cache
def _without_accents():
    return BytesTrie().mmap(str(dictionaries() / WITHOUT_ACCENTS))


def lemmas(word):
    """Give {(dictionary form, language)} of a word that somebody typed, with accents or without.

    Only what a dictionary or a rule knows, in any of the six languages: a guess would find
    something for every typing error.
    """
    found = {
        (strategy.get_lemma(word, language), language)
        for strategy in _without_guesses()
        for language in LANGUAGES
    }
    for value in _without_accents().get(fold(word), ()):
        language, _space, own = value.decode().partition(" ")
        found.add((own, language))
    return {
        (CORRECTIONS.get((own, language), own), language)
        for own, language in found
        if own not in (None, word)
    }


def stem(form):
    """Give a folded word without its ending, or nothing where too little is left of it."""
    # The leftmost match is that of the longest ending.
    found = ENDINGS.search(form, SHORTEST_STEM)
    return form[: found.start()] if found else ""
