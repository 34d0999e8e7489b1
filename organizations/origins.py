"""Where each text comes from: written, translated by a person, translated by machine."""

from hashlib import md5

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import MD5, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from localympact.afterwards import FollowedQuerySet
from localympact.texts import ENGLISH, LANGUAGES, reading_order, translated_fields

SEPARATOR = "\x1f"
# What people type is thought of in each language, not translated.
OWN_TO_EACH_LANGUAGE = {"synonyms"}


class TextState(models.Model):
    """Where the text of one entry in one language comes from, and whether it was checked."""

    class Origin(models.TextChoices):
        ORIGINAL = "original", _("Original")
        MACHINE = "machine", _("Translated by machine")
        HUMAN = "human", _("Translated by a person")

    entry = models.UUIDField(_("permanent id of the entry"))
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    origin = models.CharField(_("origin"), max_length=8, choices=Origin.choices)
    source_language = models.CharField(
        _("translated from"), max_length=2, choices=settings.LANGUAGES, blank=True, default=""
    )
    source_digest = models.CharField(
        _("digest of the source text"), max_length=32, blank=True, default=""
    )
    checked_on = models.DateField(_("checked on"), null=True, blank=True)

    objects = FollowedQuerySet.as_manager()

    class Meta:
        verbose_name = _("origin of a text")
        verbose_name_plural = _("origins of texts")
        ordering = ["entry", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "language"],
                name="organizations_textstate_one_a_language",
                violation_error_message=_("The origin of this text is recorded already."),
            ),
            models.CheckConstraint(
                condition=Q(origin="original", source_language="", source_digest="")
                | ~(Q(origin="original") | Q(source_language="") | Q(source_digest="")),
                name="organizations_textstate_source_of_a_translation",
                violation_error_message=_(
                    "A translation names the language and the digest of its source text, "
                    "an original text neither."
                ),
            ),
        ]

    def __str__(self):
        return f"{self.get_language_display()}: {self.get_origin_display()}"


def translation_fields(model):
    """Give the fields of a model that are translations of each other, sorted."""
    return sorted(set(translated_fields(model)) - OWN_TO_EACH_LANGUAGE)


def digest_of_texts(texts):
    """Give the MD5 (hex) of the texts of an entry in one language: {field: text}."""
    parts = (f"{field}={text}{SEPARATOR}" for field, text in sorted(texts.items()) if text)
    return md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def digest(obj, language):
    """Give the digest of all texts that `obj` has in a language, as `digest_of` does in SQL."""
    fields = translation_fields(type(obj))
    return digest_of_texts({field: getattr(obj, f"{field}_{language}") for field in fields})


def digest_of(model, language):
    """Give the SQL expression of that digest.

    An empty field leaves nothing in it, so a new translated field makes no text out of date.
    """
    parts = [
        Case(
            When(
                **{f"{field}_{language}__gt": ""},
                then=Concat(
                    Value(f"{field}="),
                    F(f"{field}_{language}"),
                    Value(SEPARATOR),
                    output_field=models.TextField(),
                ),
            ),
            default=Value(""),
            output_field=models.TextField(),
        )
        for field in translation_fields(model)
    ]
    return MD5(Concat(*parts, output_field=models.TextField()))


class TextStatus(models.TextChoices):
    """How the text of one thing stands in one language: what its editors have to know of it."""

    MISSING = "missing", _("Missing")
    OUTDATED = "outdated", _("Out of date")
    MACHINE = "machine", _("Translated by machine")
    UNRECORDED = "unrecorded", _("Origin not recorded")
    CHECKED = "checked", _("Checked")
    HUMAN = "human", _("Translated by a person")
    ORIGINAL = "original", _("Original")


class Texts:
    """The texts that something has at one moment, in all languages, and where they are from.

    An entry's name stays in the language in which it is really written: nobody misses it in
    another, and nothing has to be translated anew when it changes.
    """

    def __init__(self, obj, states=()):
        model = type(obj)
        self.obj = obj
        self.states = {state.language: state for state in states}
        self.texts = {
            language: {
                field: getattr(obj, f"{field}_{language}") or ""
                for field in translation_fields(model)
            }
            for language in LANGUAGES
        }
        self.left = set() if model.name_is_translated else {"name"}

    @classmethod
    def stored(cls, obj):
        """Give the texts of one thing with their recorded states; a term has none."""
        if obj.pk is None or not hasattr(obj, "uuid"):
            return cls(obj)
        return cls(obj, TextState.objects.filter(entry=obj.uuid))

    def translated(self, language):
        """Give the texts of a language that are translations or their source: {field: text}."""
        texts = self.texts[language].items()
        return {field: text for field, text in texts if text and field not in self.left}

    def digest(self, language):
        """Give the digest of all texts of a language."""
        return digest_of_texts(self.texts[language])

    def source(self, language):
        """Give the language from which one is translated, itself if it is the source, or None."""
        state = self.states.get(language)
        recorded = [state.source_language or language] if state else []
        own = self.obj.own_language
        order = reading_order(own, reader=own or ENGLISH)
        originals = [
            code
            for code in order
            if code in self.states and self.states[code].origin == TextState.Origin.ORIGINAL
        ]
        offers = [*recorded, *originals, *order]
        return next((code for code in offers if self.translated(code)), None)

    def outdated(self, language):
        """Say whether the source of a translation has changed since it was made."""
        state = self.states.get(language)
        return bool(
            state
            and state.source_language
            and state.source_digest != self.digest(state.source_language)
        )

    def missing(self, language):
        """Say whether a language lacks a text that its source has."""
        source = self.source(language)
        return bool(source and self.translated(source).keys() - self.translated(language).keys())

    def by_machine(self, language):
        """Say whether a text was translated by machine and nobody has checked it."""
        state = self.states.get(language)
        return bool(state and state.origin == TextState.Origin.MACHINE and state.checked_on is None)

    def status(self, language):
        """Give the TextStatus of one language; None where there is nothing to say or to miss."""
        if self.missing(language):
            return TextStatus.MISSING
        if not self.translated(language):
            return None
        state = self.states.get(language)
        if state is None:
            return TextStatus.UNRECORDED
        if self.outdated(language):
            return TextStatus.OUTDATED
        if state.checked_on and state.origin != TextState.Origin.ORIGINAL:
            return TextStatus.CHECKED
        return TextStatus(state.origin)

    def record(self, before, *, minor=False, checked=()):
        """Record where each text is from, after a person turned the texts `before` into these.

        `checked` names languages whose text that person found right. A translation of a text
        that changed is out of date from now on, unless the change was `minor`.
        """
        written = {
            language
            for language in LANGUAGES
            if self.translated(language) != before.translated(language)
        }
        for language in written & self.states.keys():
            if not self.translated(language):
                self.states.pop(language).delete()
        for language in LANGUAGES:
            if language in {*written, *checked} and self.translated(language):
                self._stamp(language, by_hand=language in written)
            elif self.outdated(language):
                state = self.states[language]
                was_current = state.source_digest == before.digest(state.source_language)
                if was_current and (minor or state.source_language not in written):
                    state.source_digest = self.digest(state.source_language)
                    state.save(update_fields=["source_digest"])

    def _stamp(self, language, *, by_hand):
        """Record that somebody wrote or checked one text just now."""
        source = self.source(language)
        state = self.states.get(language)
        if state is None:
            state = TextState(entry=self.obj.uuid, language=language)
        if source == language:
            state.origin = TextState.Origin.ORIGINAL
            state.source_language = state.source_digest = ""
        else:
            if by_hand or not state.origin:
                state.origin = TextState.Origin.HUMAN
            state.source_language, state.source_digest = source, self.digest(source)
            state.checked_on = timezone.localdate()
        state.save()
        self.states[language] = state


def texts_of(objects):
    """Give the Texts of many things of one model by permanent id, in one query for all states."""
    objects = list(objects)
    states = {obj.uuid: [] for obj in objects}
    for state in TextState.objects.filter(entry__in=states):
        states[state.entry].append(state)
    return {obj.uuid: Texts(obj, states[obj.uuid]) for obj in objects}


def statuses(objects):
    """Give the TextStatus of many things of one model: {uuid: {language: TextStatus}}.

    A language in which there is nothing to say or to miss is left out.
    """
    objects = list(objects)
    if objects and "__" in (objects[0].own_language_lookup or ""):
        place, _lookup = objects[0].own_language_lookup.split("__")
        models.prefetch_related_objects(objects, place)
    return {
        uuid: {
            language: status
            for language in LANGUAGES
            if (status := texts.status(language)) is not None
        }
        for uuid, texts in texts_of(objects).items()
    }


def translated_by_machine(language):
    """Give the condition that an outer row's text in a language is a machine's, and unchecked."""
    return Exists(
        TextState.objects.filter(
            entry=OuterRef("uuid"),
            language=language,
            origin=TextState.Origin.MACHINE,
            checked_on=None,
        )
    )


def with_outdated_texts(queryset):
    """Keep what has a translation whose source text has changed since it was made."""
    digests = {f"digest_{language}": digest_of(queryset.model, language) for language in LANGUAGES}
    now = Case(
        *[
            When(source_language=language, then=OuterRef(f"digest_{language}"))
            for language in LANGUAGES
        ],
        output_field=models.CharField(),
    )
    outdated = TextState.objects.filter(
        ~Q(source_digest=now), ~Q(source_language=""), entry=OuterRef("uuid")
    )
    return queryset.alias(**digests).filter(Exists(outdated))


def forget_origins(instance, **kwargs):
    """Delete the states of a deleted entry's texts (`post_delete`)."""
    TextState.objects.filter(entry=instance.uuid).delete()
