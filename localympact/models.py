"""People who work in the portal, when they came in, files they brought; what visitors miss.

And what is no more: the permanent ids of deleted entries.
"""

import re
import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

MUNICIPAL_EDITOR = "Municipal editor"
PORTAL_EDITOR = "Portal editor"
# What the two groups are called on the pages.
ROLES = {MUNICIPAL_EDITOR: _("Municipal editor"), PORTAL_EDITOR: _("Portal editor")}


class User(AbstractUser):
    """A person who signs in. A group says what they may do, `Municipality.editors` where."""

    language = models.CharField(
        _("language"),
        max_length=2,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Language of these pages for this person. Empty: that of the browser."),
    )

    @cached_property
    def edits_everything(self):
        """Whether this person edits the entries of every municipality and of none."""
        return self.is_superuser or self.groups.filter(name=PORTAL_EDITOR).exists()

    @cached_property
    def has_second_factor(self):
        """Whether this person has set up codes of an app, and is asked for one at each sign-in."""
        return self.totpdevice_set.filter(confirmed=True).exists()


class AccessEventQuerySet(models.QuerySet):
    def forget_old(self):
        """Delete lines that have been kept long enough; give their number."""
        limit = timezone.now() - timedelta(days=settings.ACCESS_LOG_KEPT_DAYS)
        return self.filter(moment__lte=limit).delete()[0]


class AccessEvent(models.Model):
    """One line of the log of sign-ins, which only grows."""

    class Event(models.TextChoices):
        SIGNED_IN = "signed-in", _("Signed in")
        CODE_ASKED = "code-asked", _("Right password, second factor asked for")
        REFUSED = "refused", _("Wrong name or password")
        LOCKED = "locked", _("Locked out after too many attempts")
        CODE_REFUSED = "code-refused", _("Wrong code of the second factor")
        RECOVERED = "recovered", _("Signed in with a recovery code")
        SIGNED_OUT = "signed-out", _("Signed out")
        SET_UP = "set-up", _("Second factor set up")
        FACTOR_RESET = "factor-reset", _("Second factor taken away")
        INVITED = "invited", _("Invited")
        RESET_ASKED = "reset-asked", _("New password asked for")
        PASSWORD_SET = "password-set", _("Password set")
        WITHDRAWN = "withdrawn", _("Access withdrawn")

    moment = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    event = models.CharField(_("what happened"), max_length=12, choices=Event.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("person"),
        related_name="access_events",
        null=True,
    )
    # Kept when the person is gone. Empty where no account has the name that was typed: people type
    # a password there by mistake.
    name = models.CharField(_("user name"), max_length=254, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("done by"),
        related_name="+",
        null=True,
    )
    address = models.GenericIPAddressField(_("network address"), null=True)

    objects = AccessEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of the log of sign-ins")
        verbose_name_plural = _("log of sign-ins")
        ordering = ["-moment", "-pk"]

    def __str__(self):
        return f"{self.moment:%Y-%m-%d %H:%M} {self.get_event_display()}"


class ImportedFile(models.Model):
    """A file of entries that somebody brought: what it would do, then what it did."""

    class State(models.TextChoices):
        CHECKED = "checked", _("Checked, not imported")
        IMPORTED = "imported", _("Imported")
        UNDONE = "undone", _("Undone")

    database = models.CharField(_("database"), max_length=20)
    name = models.CharField(_("file"), max_length=250)
    # The file itself; taken away when it was imported.
    content = models.BinaryField(null=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("brought by"),
        related_name="imported_files",
        null=True,
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.CHECKED)
    report = models.JSONField(default=dict, editable=False)
    uploaded = models.DateTimeField(_("brought"), default=timezone.now)
    imported = models.DateTimeField(_("imported"), null=True)
    undone = models.DateTimeField(_("undone"), null=True)

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        ordering = ["-uploaded", "-pk"]

    def __str__(self):
        return self.name


class ImportRevision(models.Model):
    """Says of a revision that it is a part of an import."""

    revision = models.OneToOneField("reversion.Revision", models.CASCADE)
    file = models.ForeignKey(ImportedFile, models.CASCADE, related_name="revisions")

    def __str__(self):
        return f"{self.file}: {self.revision_id}"


class Content(models.Model):
    """How often the entries of a database have changed, by its number in the index.

    Whoever changes an entry adds one in the same transaction. `epoch` changes when the table is
    made anew: a number alone could come again.
    """

    database = models.PositiveSmallIntegerField(primary_key=True)
    epoch = models.UUIDField(default=uuid.uuid4)
    number = models.PositiveBigIntegerField(default=0)

    def __str__(self):
        return f"{self.database}: {self.number}"


class Change(models.Model):
    """The number that an entry's latest change has, also when that was its deletion."""

    database = models.PositiveSmallIntegerField()
    entry = models.PositiveBigIntegerField()
    number = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["database", "entry"], name="change_of_an_entry")
        ]
        indexes = [models.Index(fields=["database", "number"], name="change_since")]

    def __str__(self):
        return f"{self.database}/{self.entry}: {self.number}"


class Edition(models.Model):
    """One change of what the public sees: see editions.py."""

    moment = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.pk}: {self.moment:%Y-%m-%d %H:%M}"


class Indexed(models.Model):
    """What the index keeps of an entry: its place in six alphabets, the languages of its texts."""

    database = models.PositiveSmallIntegerField()
    entry = models.PositiveBigIntegerField()
    # One bit a language, in the order of texts.LANGUAGES.
    languages = models.PositiveSmallIntegerField(default=0)
    # Sort keys (alphabets.py) of the name that a reader of each language sees.
    lv = models.BinaryField()
    en = models.BinaryField()
    pt = models.BinaryField()
    sv = models.BinaryField()
    lt = models.BinaryField()
    el = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["database", "entry"], name="indexed_entry")]
        indexes = [
            models.Index(fields=["database", code, "entry"], name=f"indexed_{code}")
            for code in ("lv", "en", "pt", "sv", "lt", "el")
        ]

    def __str__(self):
        return f"{self.database}/{self.entry}"


class Vocabulary(models.Model):
    """A word of the texts as it is written, its folded form, and the form of the dictionary."""

    written = models.CharField(max_length=64)
    language = models.CharField(max_length=2)
    form = models.CharField(max_length=64, db_index=True)
    # The form from its end: a mistyped word keeps its beginning or its end.
    backwards = models.CharField(max_length=64, db_index=True)
    lemma = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["written", "language"], name="word_of_a_language")
        ]
        indexes = [models.Index(fields=["lemma", "language"], name="words_of_a_lemma")]

    def __str__(self):
        return f"{self.written} ({self.language})"


class Alias(models.Model):
    """A name or synonym of a term or place, by which a search finds what carries it.

    `facet` and `key` say which bitmap that is (facets.py).
    """

    facet = models.CharField(max_length=20)
    key = models.CharField(max_length=20)
    language = models.CharField(max_length=2)
    # Folded words, without those that every text has; the first of them by itself.
    words = models.CharField(max_length=250)
    first = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["facet", "key", "language", "words"], name="alias_of_a_thing"
            )
        ]

    def __str__(self):
        return f"{self.words} → {self.facet} {self.key}"


class UnansweredSearchQuerySet(models.QuerySet):
    def rare(self):
        """Keep what was asked so seldom that it may tell of one person: nobody sees it."""
        return self.filter(count__lt=self.model.SHOWN_FROM)

    def shown(self):
        """Keep what was asked often enough to be shown to editors, and is not yet forgotten."""
        return self.filter(count__gte=self.model.SHOWN_FROM, asked__gt=oldest_search())

    def forget_old(self):
        """Delete what has not been asked for long enough; give how many."""
        return self.filter(asked__lte=oldest_search()).delete()[0]


def oldest_search():
    """Give the day up to which searches are forgotten."""
    return timezone.localdate() - timedelta(days=settings.SEARCHES_KEPT_DAYS)


class UnansweredSearch(models.Model):
    """A search that found nothing, counted: what was asked, and nothing of who asked it.

    Counted by localympact/unanswered.py and by nothing else.
    """

    SHOWN_FROM = 3

    # The app of the database; empty for the search over all three.
    database = models.CharField(_("database"), max_length=20, blank=True)
    query = models.CharField(_("what was asked"), max_length=80)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    # The other choices, as an address writes them.
    filters = models.CharField(_("filters"), max_length=300, blank=True)
    count = models.PositiveIntegerField(_("how often"), default=1)
    # A day: the moment would say more about somebody than is needed.
    asked = models.DateField(_("last asked"), default=timezone.localdate)

    objects = UnansweredSearchQuerySet.as_manager()

    class Meta:
        verbose_name = _("search that found nothing")
        verbose_name_plural = _("searches that found nothing")
        ordering = ["-count", "-asked", "pk"]
        constraints = [
            # `unanswered.count_once_more` names these columns.
            models.UniqueConstraint(
                fields=["query", "language", "database", "filters"],
                name="localympact_unansweredsearch_once",
            ),
        ]

    def __str__(self):
        return self.words

    @property
    def words(self):
        """What was asked as it may be read: Greek writes a sigma at the end otherwise."""
        return re.sub(r"σ\b", "ς", self.query)


class Removed(models.Model):
    """An entry that was public and was deleted for good: its permanent id still says so."""

    uuid = models.UUIDField(_("permanent id"), unique=True)
    # The app of the database in which it was.
    database = models.CharField(_("database"), max_length=20)
    moment = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("deleted entry")
        verbose_name_plural = _("deleted entries")
        ordering = ["-moment", "-pk"]
        indexes = [models.Index(fields=["database", "moment"], name="removed_since")]

    def __str__(self):
        return f"{self.database}/{self.uuid}"
