"""How alike two entries are: by the number in the register, by the website, by the name."""

import re
from collections import defaultdict
from functools import lru_cache
from math import ceil, floor
from urllib.parse import urlsplit

from rapidfuzz import fuzz, process

from localympact.folding import fold

# How alike names must be as a whole, and how alike the words that only one of them has. Measured
# on the seed content: names with one letter wrong stay above; below stay “Juventude Cruz Vermelha”
# and “Cruz Vermelha Portuguesa” (whole: 84.7, words: 32), the partnerships in “Borlänge” and in
# “Falun” (whole: 93, words: 31), the centres of “Laidzes” and “Laucienes pagasts” (words: 62).
WHOLE, WORDS = 84, 66
# One wrong first letter may put a sorted word elsewhere: so alike at least is what is looked at.
SORTED = 60

# Legal forms, as words of names: some write them, some do not.
FORMS = frozenset(
    fold(
        "biedrība nodibinājums SIA AS PSIA "
        "association foundation society ltd limited llc ngo inc "
        "associação fundação cooperativa lda ONG IPSS CRL "
        "förening föreningen ideell ekonomisk stiftelse stiftelsen AB svb "
        "asociacija draugija fondas VšĮ viešoji įstaiga MB UAB NVO "
        "σύλλογος σωματείο ίδρυμα εταιρεία ΜΚΟ ΜΚΕ"
    ).split()
)

# Hosts on which everybody has only a page.
SHARED_HOSTS = frozenset(
    {
        "facebook.com",
        "fb.com",
        "instagram.com",
        "linkedin.com",
        "linktr.ee",
        "sites.google.com",
        "docs.google.com",
        "tiktok.com",
        "twitter.com",
        "x.com",
        "youtube.com",
        "youtu.be",
        "t.me",
    }
)


def register_key(number, country):
    """Give a registration number without spaces, marks and the code of its country."""
    bare = "".join(sign for sign in number.upper() if sign.isalnum())
    bare = bare.removeprefix(country)
    return (country, bare) if any(sign.isdigit() for sign in bare) else None


def host_of(address):
    """Give the host of a website without `www.`, or an empty text."""
    try:
        return (urlsplit(address.strip()).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def site_key(address, *, owned=True, shared=frozenset()):
    """Give what tells one website from another: its host, and where many share the host its path.

    `owned` is whether such a website usually belongs to one entry alone, `shared` names hosts on
    which none does beside the known ones.
    """
    host = host_of(address)
    known = next((known for known in SHARED_HOSTS if f".{host}".endswith(f".{known}")), None)
    if host and owned and not known and host not in shared:
        return host
    parts = urlsplit(address.strip()) if host else urlsplit("")
    path = parts.path.rstrip("/").lower() + (f"?{parts.query}" if parts.query else "")
    return (known or host) + path if path else None


@lru_cache(maxsize=100_000)
def spellings(name):
    """Give the folded words of a name, sorted: all of them, and without legal forms if any is left.

    Each is a tuple; a set of one or two.
    """
    words = sorted(re.findall(r"\w+", fold(name)))
    proper = tuple(word for word in words if word not in FORMS)
    return frozenset(filter(None, (tuple(words), proper)))


def alike(one, other):
    """Say whether two names, each a tuple of words, are so alike that somebody should look."""
    # “School 1” and “School 2” are two schools.
    if digits(one) != digits(other):
        return False
    shared, left, right = [], [], list(other)
    for word in one:
        if word in right:
            right.remove(word)
            shared.append(word)
        else:
            left.append(word)
    partners = []
    for word in left:
        if right:
            partner = max(right, key=lambda offered: fuzz.ratio(word, offered))
            right.remove(partner)
            partners.append(partner)
    mine, theirs = " ".join(left), " ".join([*partners, *right])
    if mine and theirs and fuzz.ratio(mine, theirs) < WORDS:
        return False
    whole = " ".join([*shared, *left]), " ".join([*shared, *partners, *right])
    return fuzz.ratio(*whole) >= WHOLE


def digits(words):
    """Give the numbers in words, sorted."""
    return sorted(re.findall(r"\d+", " ".join(words)))


class Names:
    """The names of many entries, arranged by length: only those about as long are compared."""

    def __init__(self):
        # Of each length the texts, and beside each text the owners.
        self.texts = defaultdict(list)
        self.owners = {}

    def add(self, owner, name):
        """Note that `owner` has a name."""
        for words in spellings(name):
            text = " ".join(words)
            if text not in self.owners:
                self.texts[len(text)].append(text)
            self.owners.setdefault(text, set()).add(owner)

    def like(self, name):
        """Give the owners of all names that are like this one."""
        found = set()
        for words in spellings(name):
            for text in self.near(" ".join(words)):
                if alike(words, text.split()):
                    found |= self.owners[text]
        return found

    def near(self, text):
        """Give the texts that are worth a closer look."""
        # Lengths that differ more leave too little in common.
        share = WHOLE / (200 - WHOLE)
        lengths = range(ceil(len(text) * share), floor(len(text) / share) + 1)
        for texts in filter(None, map(self.texts.get, lengths)):
            scored = process.extract(
                text, texts, scorer=fuzz.ratio, score_cutoff=SORTED, limit=None
            )
            yield from (other for other, _score, _place in scored)
