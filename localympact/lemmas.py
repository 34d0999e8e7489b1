"""Dictionary forms of words: `jauniešiem` → `jaunietis`, `associações` → `associação`.

The dictionaries are simplemma's, as tries on the disk: a process that asks has them in 10 ms and
15 MB, where the same dictionaries in memory take 340 MB. Beside them lies one trie of all forms
that are written with accents, by what is left of them without.
"""

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from django.conf import settings
from marisa_trie import BytesTrie
from simplemma import Lemmatizer, __version__
from simplemma.strategies import DefaultStrategy
from simplemma.strategies.dictionaries import TrieDictionaryFactory

from localympact.folding import fold
from localympact.texts import LANGUAGES

WITHOUT_ACCENTS = "without-accents.trie"


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
def _lemmatizer():
    factory = TrieDictionaryFactory(disk_cache_dir=str(dictionaries()))
    return Lemmatizer(lemmatization_strategy=DefaultStrategy(dictionary_factory=factory))


def lemma(word, language):
    """Give the dictionary form of a word in a language; the word itself where none is known.

    Accents matter: fold afterwards.
    """
    return _lemmatizer().lemmatize(word, language)


@cache
def _without_accents():
    return BytesTrie().mmap(str(dictionaries() / WITHOUT_ACCENTS))


def lemmas(word):
    """Give {(dictionary form, language)} of a word that somebody typed, with accents or without.

    Only what a dictionary knows, in any of the six languages.
    """
    found = {(lemma(word, language), language) for language in LANGUAGES}
    known = {(own, language) for own, language in found if own != word}
    for value in _without_accents().get(fold(word), ()):
        language, _space, own = value.decode().partition(" ")
        known.add((own, language))
    return known
