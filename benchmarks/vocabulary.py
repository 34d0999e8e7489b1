"""Text in six languages as large as real text is: 30,000 forms a language, a few of them common.

Most are forms that simplemma's dictionaries know, several of one word, so that a search for a form
has others to find; the rest is invented, as names and abbreviations are. What is common follows
Zipf's law. The same seed gives the same text, as long as the locked simplemma stays.
"""

import random
from collections import defaultdict
from itertools import accumulate

from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

LANGUAGES = ("lv", "en", "pt", "sv", "lt", "el")
FORMS, KNOWN = 30_000, 24_000
# At most so many forms of one word: more than that is rarely written.
MOST_FORMS = 6
PAIRS = 300
LETTERS = {
    "lv": "aābcčdeēfgģhiījkķlļmnņoprsštuūvzž",
    "en": "abcdefghijklmnopqrstuvwxyz",
    "pt": "aáâãbcçdeéêfghiíjlmnoóôõpqrstuúvxz",
    "sv": "aåäbcdefghijklmnoöprstuvxyz",
    "lt": "aąbcčdeęėfghiįyjklmnoprsštuųūvzž",
    "el": "αάβγδεέζηήθιίκλμνξοόπρστυύφχψωώ",
}


def families(language):
    """Give the words of a language as lists of their forms: lower case, 3 to 16 letters."""
    found = defaultdict(list)
    for form, lemma in DefaultDictionaryFactory().get_dictionary(language).items():
        if form.isalpha() and form.islower() and 3 <= len(form) <= 16:
            found[lemma].append(form)
    return [(lemma, sorted(found[lemma])) for lemma in sorted(found)]


def zipf(number):
    """Give the cumulative weights of `number` things, the first as common as all of a kind."""
    return list(accumulate(1 / rank for rank in range(1, number + 1)))


class Vocabulary:
    """The forms of one language, the commonest first, and text made of them.

    `lemmas` says of every form which word it is of; an invented one is its own. `pairs` are two
    forms that often stand together.
    """

    def __init__(self, language, seed):
        rng = random.Random(f"{language} {seed}")
        self.lemmas = {}
        words = families(language)
        rng.shuffle(words)
        for lemma, forms in words:
            for form in rng.sample(forms, min(len(forms), rng.randint(1, MOST_FORMS))):
                self.lemmas[form] = lemma
            if len(self.lemmas) >= KNOWN:
                break
        self.known = frozenset(self.lemmas)
        while len(self.lemmas) < FORMS:
            form = "".join(rng.choices(LETTERS[language], k=rng.randint(4, 11)))
            self.lemmas.setdefault(form, form)
        self.forms = sorted(self.lemmas)
        rng.shuffle(self.forms)
        self.weights = zipf(len(self.forms))
        self.pairs = [tuple(rng.sample(self.forms, 2)) for _ in range(PAIRS)]
        self.pair_weights = zipf(PAIRS)

    def words(self, rng, number):
        """Give some forms, common ones more often."""
        return rng.choices(self.forms, cum_weights=self.weights, k=number)

    def name(self, rng):
        """Give the words of a name: two to five, more of them rare than in text."""
        return rng.choices(self.forms, k=rng.randint(1, 3)) + self.words(rng, rng.randint(1, 2))

    def text(self, rng):
        """Give the words of a summary, and the number of the pair in it, or None."""
        words, pair = self.words(rng, rng.randint(15, 35)), None
        if rng.random() < 0.3:
            (pair,) = rng.choices(range(PAIRS), cum_weights=self.pair_weights)
            at = rng.randrange(len(words))
            words[at:at] = self.pairs[pair]
        return words, pair


def sentence(words):
    """Give words as a sentence."""
    return f"{' '.join(words).capitalize()}."
