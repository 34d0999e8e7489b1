"""How editors write: a tab a language, the source beside it, two people at one entry."""

import logging

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms.boundfield import BoundField
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from localympact.cldr import language_name
from localympact.history import changes, state, state_of, versions
from localympact.put_aside import CHOOSE_AGAIN, KeepsTyping, opened_by
from localympact.texts import LANGUAGES, Text, translated_fields
from organizations.origins import (
    Texts,
    TextStatus,
    digest_of_texts,
    translation_fields,
)
from organizations.tools import WithTools

logger = logging.getLogger(__name__)

MINOR = "minor_change"
# The button of a tab that says that the text was checked: `_checked_lv`.
CHECKED = "_checked_"
# What a person may have looked at and found right.
TO_BE_CHECKED = {
    TextStatus.OUTDATED,
    TextStatus.MACHINE,
    TextStatus.HUMAN,
    TextStatus.UNRECORDED,
}
NOT_STORED = _(
    "This file cannot be stored at the moment, and nothing was saved. Try again in some minutes, "
    "or save without it."
)
# How many earlier versions are looked through for the text from which a translation was made.
VERSIONS = 50


def with_plain_lines(data):
    """Give sent values with the line ends that are stored: browsers send CR LF.

    Otherwise saving would change every longer text, and put its translations out of date.
    """
    if data is None:
        return None
    plain = data.copy()
    for name, value in plain.items():
        if isinstance(value, str) and "\r" in value:
            plain[name] = value.replace("\r\n", "\n")
    return plain


def earlier_texts(obj, language, digest):
    """Give the texts of a language as they were when they had a digest: {field: text}, or {}."""
    for version in versions(obj)[:VERSIONS]:
        kept = state_of(version)
        texts = {
            field: kept.get(f"{field}_{language}") or "" for field in translation_fields(type(obj))
        }
        if digest_of_texts(texts) == digest:
            return texts
    return {}


class FieldBesideSource(BoundField):
    """A field that shows beside it the text from which it is to be translated."""

    def as_widget(self, widget=None, attrs=None, only_initial=False):
        shown = super().as_widget(widget, attrs, only_initial)
        source = self.form.sources.get(self.name)
        if widget is None and source:
            shown += render_to_string("admin/entry/source.html", source)
        return shown


class TranslatedForm(forms.ModelForm):
    """The form of an entry. It notices what somebody else saved since it was opened.

    Every field carries its value as it was when the form was opened (`show_hidden_initial`).
    What this person did not touch takes the newer value; what both changed keeps what was
    typed, beside what is stored now. Then the person decides, by saving again.
    """

    minor_change = forms.BooleanField(
        label=_("Minor change: the translations remain valid"),
        help_text=_("Otherwise the translations of a changed text are marked as out of date."),
        required=False,
    )

    bound_field_class = FieldBesideSource

    def __init__(self, data=None, *args, **kwargs):
        super().__init__(with_plain_lines(data), *args, **kwargs)
        for name, value in self.initial.items():
            if type(value) is str:
                self.initial[name] = value.replace("\r\n", "\n")
        # As they are stored: the instance takes what was typed later.
        self.texts = Texts.stored(self.instance) if self.instance.pk else None

    @cached_property
    def sources(self):
        """The texts to translate from, as they are stored: {field: what source.html shows}."""
        texts, found = self.texts, {}
        for language in LANGUAGES if texts else ():
            source = texts.source(language)
            if source in (None, language):
                continue
            before = {}
            if texts.outdated(language):
                before = earlier_texts(self.instance, source, texts.states[language].source_digest)
            for field, text in texts.texts[source].items():
                if text:
                    found[f"{field}_{language}"] = {
                        "language": language_name(source),
                        "text": Text(text, source),
                        "before": before.get(field, text) != text and before[field],
                    }
        return found

    @cached_property
    def changed_data(self):
        """The names of the fields that this person changed."""
        return [
            name
            for name, field in self.compared()
            if value_of(field.field, self.opened(field)) != value_of(field.field, self.typed(field))
        ]

    def compared(self):
        """Yield (name, bound field) of what is stored with the entry itself."""
        for name in self.fields:
            if name != MINOR:
                yield name, self[name]

    def opened(self, field):
        """Give the value with which a field was opened, as the browser sent it."""
        if not self.was_opened or not field.field.show_hidden_initial:
            return field.initial
        return field.field.hidden_widget().value_from_datadict(
            self.data, self.files, field.html_initial_name
        )

    def typed(self, field):
        """Give the value that a field has now, as the browser sent it."""
        value = field.data
        if isinstance(field.field, forms.FileField) and value is None:
            return self.opened(field)
        return value

    @property
    def was_opened(self):
        """Whether what was sent says with which values the form was opened."""
        return any(self.add_initial_prefix(name) in self.data for name in self.fields)

    def clean(self):
        cleaned = super().clean()
        if self.instance.pk and self.was_opened:
            self.compare_with_stored()
        return cleaned

    def full_clean(self):
        super().full_clean()
        if self.is_bound and not self._errors:
            self.store_files()
        if self.is_bound and self._errors:
            for name in self.files:
                if name in self.fields and name not in self._errors:
                    self.add_error(name, CHOOSE_AGAIN)

    def store_files(self):
        """Store the files that came, once all else is right: where that fails nothing is saved."""
        for name in self.files:
            if name in self.fields:
                try:
                    self._meta.model._meta.get_field(name).pre_save(self.instance, add=False)
                except OSError as error:
                    logger.error("An uploaded file could not be stored. %s", error)
                    self.add_error(name, NOT_STORED)

    def compare_with_stored(self):
        """Stop what would overwrite the changes of somebody else, and show them."""
        taken, contested = [], []
        for name, bound in self.compared():
            field = bound.field
            opened, stored, typed = (
                value_of(field, value)
                for value in (self.opened(bound), bound.initial, self.typed(bound))
            )
            if stored == opened:
                continue
            if stored != typed:
                if typed == opened:
                    taken.append(f"{self.name_of(bound)}: {self.in_words(bound)}")
                    self.put(bound.html_name, bound)
                else:
                    contested.append(name)
            self.put(bound.html_initial_name, bound)
        if not taken and not contested:
            return
        by = self.changed_by()
        for name in contested:
            now = self.in_words(self[name], whole=True)
            self.add_error(name, (by["stored"]) % {"text": now, **by})
        said = [by["changed"] % by]
        if taken:
            said.append(gettext("Already shown here: %(fields)s.") % {"fields": "; ".join(taken)})
        if contested:
            both = ", ".join(self.name_of(self[name]) for name in contested)
            said.append(gettext("Changed by both of you: %(fields)s.") % {"fields": both})
        said.append(
            gettext("What you typed is still here, not saved yet. Save again to keep what you see.")
        )
        self.add_error(None, said)

    def put(self, name, bound):
        """Let what was sent have the stored value of a field."""
        value = bound.field.prepare_value(bound.initial)
        if isinstance(value, list | tuple):
            self.data.setlist(name, value)
        else:
            self.data[name] = value

    def changed_by(self):
        """Give the sentences that say who changed this meanwhile, and their values."""
        newest = versions(self.instance).first()
        known = newest and newest.revision.user
        if known and not changes(state_of(newest), state(self.instance)):
            moment = timezone.localtime(newest.revision.date_created)
            return {
                "person": known.get_full_name() or known.get_username(),
                "moment": date_format(moment, "SHORT_DATETIME_FORMAT"),
                "changed": gettext("%(person)s changed this at %(moment)s, while you had it open."),
                "stored": gettext("Now stored, by %(person)s at %(moment)s: %(text)s"),
            }
        return {
            "changed": gettext("This was changed while you had it open."),
            "stored": gettext("Now stored: %(text)s"),
        }

    def name_of(self, bound):
        """Give the label of a field, with its language if it has one."""
        language = bound.field.widget.attrs.get("lang")
        return f"{bound.label} ({language_name(language)})" if language else str(bound.label)

    def in_words(self, bound, *, whole=False):
        """Give the stored value of a field as people read it."""
        field, value = bound.field, bound.initial
        if isinstance(field, forms.ModelChoiceField):
            many = isinstance(field, forms.ModelMultipleChoiceField)
            keys = [getattr(key, "pk", key) for key in (value if many else [value])]
            things = field.queryset.model._base_manager.filter(pk__in=keys)
            text = ", ".join(str(thing) for thing in things)
        elif isinstance(field, forms.BooleanField):
            text = gettext("Yes") if value else gettext("No")
        elif isinstance(field, forms.ChoiceField):
            chosen = set(map(str, value if isinstance(value, list) else [value]))
            text = ", ".join(
                str(label) for key, label in field.choices if key and str(key) in chosen
            )
        else:
            text = "" if value is None else str(localize(value))
        text = text if whole else Truncator(text).chars(80)
        return text or gettext("(empty)")


def value_of(field, value):
    """Give a stored or sent value of a form field in one shape that can be compared."""
    if isinstance(field, forms.FileField):
        return str(value or "")
    value = field.prepare_value(value)
    if isinstance(field, forms.ModelMultipleChoiceField | forms.MultipleChoiceField):
        return sorted(str(one) for one in value or [])
    if isinstance(field, forms.ModelChoiceField):
        return str(value or "")
    try:
        value = field.to_python(value)
    except forms.ValidationError:
        return value
    return "" if value is None else value


def sentence_case(text):
    """Give a text with a capital letter in front."""
    return text[:1].upper() + text[1:]


class TranslatedAdmin(WithTools, KeepsTyping):
    """Fields in six languages, as tabs: one fieldset a language, which a small script folds.

    `general` holds the fieldsets of all other fields. Without JavaScript everything stands on
    one page.
    """

    form = TranslatedForm
    general = ()
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    class Media:
        css = {"all": ["organizations/editors.css"]}
        js = [
            "organizations/language-tabs.js",
            "organizations/unsaved.js",
            "organizations/autocomplete-names.js",
        ]

    # The tabs

    def get_fieldsets(self, request, obj=None):
        own = obj and obj.own_language
        languages = sorted(LANGUAGES, key=lambda language: language != own)
        texts = obj and Texts.stored(obj)
        may_change = bool(texts) and self.has_change_permission(request, obj)
        tabs = [self.language_tab(language, texts, may_change) for language in languages]
        if may_change and (source := self.translated_from(texts)):
            tabs[languages.index(source)][1]["fields"].append(MINOR)
        return [*tabs, *self.general]

    def translated_from(self, texts):
        """Give the language from which most of the translations were made, or None."""
        sources = [state.source_language for state in texts.states.values()]
        return max(filter(None, sources), key=sources.count, default=None)

    def language_tab(self, language, texts, may_change):
        """Give the fieldset of one language; how its text stands is said in its heading."""
        fields = [f"{field}_{language}" for field in translated_fields(self.model)]
        title = sentence_case(language_name(language))
        options = {"fields": fields, "classes": ["language-tab"]}
        status = texts and texts.status(language)
        if status is None or (status == TextStatus.UNRECORDED and not hasattr(texts.obj, "uuid")):
            return title, options
        source = texts.source(language)
        recorded = texts.states.get(language)
        options["description"] = render_to_string(
            "admin/entry/language.html",
            {
                "language": language,
                "source": source != language and language_name(source),
                "outdated": texts.outdated(language),
                "checked_on": recorded and recorded.checked_on,
                "button": f"{CHECKED}{language}",
                "may_check": may_change and status in TO_BE_CHECKED and source != language,
            },
        ).strip()
        mark = '{} <span class="text-status {}">{}</span>'
        return format_html(mark, title, status.value, status.label), options

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is None:
            return None
        field.show_hidden_initial = True
        if language := getattr(db_field, "language", None):
            field.widget.attrs["lang"] = language
            # The tab says the language already.
            field.label = capfirst(db_field.translated_field.verbose_name)
        return field

    # Saving

    def get_object(self, request, object_id, from_field=None):
        """Give what is to be changed; until it is saved nobody else can change it."""
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST":
            return found
        list(self.model._base_manager.select_for_update().filter(pk=found.pk))
        return super().get_object(request, object_id, from_field)

    def save_model(self, request, obj, form, change):
        stored = change and self.model._base_manager.filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if hasattr(obj, "uuid"):
            before = Texts(stored or self.model())
            minor = form.cleaned_data.get(MINOR, False)
            checked = [code for code in LANGUAGES if f"{CHECKED}{code}" in request.POST]
            Texts.stored(obj).record(before, minor=minor, checked=checked)

    def response_change(self, request, obj):
        checked = [code for code in LANGUAGES if f"{CHECKED}{code}" in request.POST]
        if checked:
            names = ", ".join(language_name(code) for code in checked)
            said = gettext("Marked as checked: %(languages)s.") % {"languages": names}
            self.message_user(request, said, messages.SUCCESS)
            request.POST = request.POST.copy()
            request.POST["_continue"] = "yes"
        return super().response_change(request, obj)

    # What is no longer there

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except PermissionDenied:
            if object_id and self.had_it_open(request):
                return self.show_typed(request, object_id)
            raise

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        if self.had_it_open(request):
            return self.show_typed(request, object_id)
        return super()._get_obj_does_not_exist_redirect(request, opts, object_id)

    def had_it_open(self, request):
        """Say whether this person sends a form of something that they could change before."""
        return opened_by(request) == request.user.pk

    def show_typed(self, request, object_id):
        """Show what was typed into the form of something that cannot be changed any more."""
        form = self.get_form(request)(request.POST)
        typed = [
            (
                form.name_of(form[name]),
                Text(form[name].data, form.fields[name].widget.attrs.get("lang")),
            )
            for name in form.changed_data
            if type(form[name].data) is str
        ]
        return render(
            request,
            "admin/entry/gone.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("This cannot be saved any more"),
                "opts": self.opts,
                "exists": self.model._base_manager.filter(pk=object_id).exists(),
                "typed": typed,
            },
            status=409,
        )
