"""Where each text comes from: written, translated by a person, translated by machine."""

from hashlib import md5

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import MD5, Concat
from django.utils.translation import gettext_lazy as _

from localympact.texts import LANGUAGES, translated_fields

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
