"""What became different, in the reader's words: by field and language, word by word."""

import re
from collections import defaultdict
from datetime import date
from difflib import SequenceMatcher
from pathlib import PurePath
from typing import NamedTuple

from django.db import models
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from localympact.cldr import language_name
from localympact.codes import CodesField
from localympact.history import is_gone
from localympact.templatetags.portal import day
from localympact.texts import pick
from organizations.entries import Entry

# Longer texts are compared as a whole: comparing words takes the square of their number.
MOST_WORDS = 2000


class Passage(NamedTuple):
    """A piece of one side of a difference; `mark` is `del` or `ins` where it differs."""

    text: str
    mark: str = ""
    lang: str | None = None
    picture: str = ""

    @property
    def html(self):
        """The passage as HTML, marked and with its language."""
        shown = self.text
        if self.picture:
            shown = format_html('<img src="{}" alt="{}">', self.picture, self.text)
        lang = format_html(' lang="{}"', self.lang) if self.lang else ""
        if self.mark or lang:
            tag = self.mark or "span"
            return format_html("<{0}{1}>{2}</{0}>", tag, lang, shown)
        return shown


class Difference(NamedTuple):
    """A field, its language in the reader's words, and both sides as passages."""

    label: str
    language: str
    lang: str | None
    before: list
    after: list


class Differences:
    """Says changes of one model in words. `changes` are all that will be asked for.

    The names of everything that they link are fetched at once, a query or two a kind of thing.
    """

    def __init__(self, model, changes, user):
        self.model = model
        linked = defaultdict(set)
        for change in changes:
            field = model._meta.get_field(change.field)
            if field.is_relation:
                linked[field.related_model].update(pks(change.before), pks(change.after))
        self.names = {related: names(related, keys, user) for related, keys in linked.items()}

    def of(self, changes):
        """Give the differences of some of the changes."""
        return [self.difference(change) for change in changes]

    def difference(self, change):
        """Give one difference."""
        field = self.model._meta.get_field(change.field)
        if field.is_relation:
            before, after = self.links(field, change)
        elif isinstance(field, CodesField):
            before, after = codes(field, change)
        elif isinstance(field, models.CharField | models.TextField) and not field.choices:
            before, after = words(change.before or "", change.after or "")
        else:
            before = [value(field, change.before, "del")]
            after = [value(field, change.after, "ins")]
        lang = getattr(field, "language", None)
        label = field.translated_field.verbose_name if lang else field.verbose_name
        language = language_name(lang) if lang else ""
        return Difference(capfirst(label), language, lang, before, after)

    def links(self, field, change):
        """Give both sides of links, by name."""
        known = self.names[field.related_model]
        gone = _("(deleted)")
        before = {key: known.get(key, gone) for key in pks(change.before)}
        after = {key: known.get(key, gone) for key in pks(change.after)}
        return sides(before, after)


def pks(value):
    """Give the keys that a link holds, one or several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def names(related, keys, user):
    """Give the names of linked things: {key: name}.

    What neither the public sees nor `user` may edit is not named.
    """
    things = related._base_manager.filter(pk__in=keys)
    if not issubclass(related, Entry):
        return {thing.pk: name(thing) for thing in things}
    entries = related.objects.filter(pk__in=keys)
    seen = set((entries.published() | entries.editable_by(user)).values_list("pk", flat=True))
    hidden = _("(an entry of another municipality)")
    return {
        thing.pk: name(thing) if thing.pk in seen else hidden
        for thing in things.select_related("municipality")
    }


def name(thing):
    """Give the name of a thing as the reader is shown it, with its language where that is known."""
    return pick(thing, "name") if hasattr(thing, "own_language") else str(thing)


def sides(before, after):
    """Give both sides of {key: name}, with what went and what came marked."""
    return side(before, after, "del"), side(after, before, "ins")


def side(named, other, mark):
    """Give one side of {key: name}; what the other side does not have is marked."""
    if not named:
        return [Passage(_("(empty)"), mark)]
    passages = []
    for key, text in named.items():
        if passages:
            passages.append(Passage("; "))
        marked = "" if key in other else mark
        passages.append(Passage(text, marked, getattr(text, "lang", None)))
    return passages


def codes(field, change):
    """Give both sides of a list of codes, by name."""
    named = dict(field.codes())
    before, after = (
        {code: named.get(code, code) for code in field.to_python(stored)}
        for stored in (change.before, change.after)
    )
    return sides(before, after)


def words(before, after):
    """Give both sides of a text, with the words that differ marked."""
    old, new = (re.findall(r"\S+|\s+", text) for text in (before, after))
    if not old or not new or len(old) + len(new) > MOST_WORDS:
        return [whole(before, "del")], [whole(after, "ins")]
    left, right = [], []
    for same, gone, come in runs(old, new):
        if gone:
            left.append(Passage(gone, "" if same else "del"))
        if come:
            right.append(Passage(come, "" if same else "ins"))
    return left, right


def runs(old, new):
    """Give (whether it is the same, text before, text after) in turn, as long as can be.

    Two words that differ with nothing but a space between are one difference.
    """
    found = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[i:j]), "".join(new[k:m])
        same = kind == "equal" and (bool(gone.strip()) or j == len(old) or m == len(new))
        if found and found[-1][0] == same:
            _same, before, after = found.pop()
            gone, come = before + gone, after + come
        found.append((same, gone, come))
    return found


def whole(text, mark):
    """Give a text as one marked passage."""
    return Passage(text or _("(empty)"), mark)


def value(field, stored, mark):
    """Give a choice, a yes or no, a day, a number or a picture as a passage."""
    if stored in ("", None):
        return Passage(_("(empty)"), mark)
    if isinstance(field, models.FileField):
        return picture(field, stored, mark)
    stored = field.to_python(stored)
    if field.choices:
        text = dict(field.flatchoices).get(stored, stored)
    elif isinstance(stored, bool):
        text = _("Yes") if stored else _("No")
    elif isinstance(stored, date):
        text = day(stored)
    else:
        text = stored
    return Passage(str(text), mark)


def picture(field, stored, mark):
    """Give a stored picture as a passage that shows it, as long as its file is there."""
    if is_gone(field, stored):
        return Passage(_("(the file is gone)"), mark)
    return Passage(PurePath(stored).name, mark, picture=field.storage.url(stored))
