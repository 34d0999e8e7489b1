"""*Something is wrong? Add your organisation*: what visitors tell the editors."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.urls import reverse, reverse_lazy
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, TemplateView

from localympact.filters import UNREADABLE
from localympact.pages import ENTRIES, Titled
from localympact.people import send_beside
from localympact.visitors import client_address
from organizations.models import Municipality, Suggestion

LONGEST = 4000


def sender_of(request):
    """Give a name of the visitor that is the same for a day and says nothing about them."""
    said = f"{client_address(request)} {timezone.now():%Y-%m-%d}"
    return salted_hmac("suggestion", said, algorithm="sha256").hexdigest()


class SuggestionForm(forms.ModelForm):
    """What, about which place, and an e-mail address if the visitor wants an answer."""

    # No person sees this field; programs that fill in everything do.
    homepage = forms.CharField(
        required=False,
        label=gettext_lazy("Leave this field empty"),
        widget=forms.TextInput(attrs={"tabindex": -1, "autocomplete": "off"}),
    )

    class Meta:
        model = Suggestion
        fields = ["kind", "name", "municipality", "message", "email"]
        widgets = {"kind": forms.RadioSelect, "message": forms.Textarea(attrs={"rows": 8})}
        labels = {
            "kind": gettext_lazy("What is it about?"),
            "name": gettext_lazy("Name of the organisation"),
            "municipality": gettext_lazy("Which pilot area is it in?"),
            "message": gettext_lazy("What should the editors know?"),
            "email": gettext_lazy("Your e-mail address, if you want an answer"),
        }
        help_texts = {
            "message": gettext_lazy(
                "What is wrong and what is right, or what the organisation does, for whom, and "
                "where you know it from. Please name no private persons."
            ),
        }
        error_messages = {
            "municipality": {"required": gettext_lazy("Choose a pilot area.")},
            "message": {"required": gettext_lazy("Write what the editors should know.")},
        }

    def __init__(self, *args, entry=None, sender="", **kwargs):
        super().__init__(*args, **kwargs)
        self.entry, self.sender = entry, sender
        self.fields["message"].widget.attrs["maxlength"] = LONGEST
        self.fields["message"].validators.append(MaxLengthValidator(LONGEST))
        self.fields["email"].widget.attrs["autocomplete"] = "email"
        if entry:
            for name in ("kind", "name", "municipality"):
                del self.fields[name]
        else:
            self.fields["kind"].choices = Suggestion.Kind.choices
            self.fields["municipality"].required = True
            self.fields["municipality"].queryset = Municipality.objects.by_name(
                translation.get_language()
            )

    def clean_homepage(self):
        if self.cleaned_data["homepage"]:
            raise forms.ValidationError(_("Please leave this field empty and send the form again."))
        return ""

    def clean_name(self):
        return UNREADABLE.sub("", self.cleaned_data["name"])

    def clean_message(self):
        return UNREADABLE.sub("", self.cleaned_data["message"])

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("kind") == Suggestion.Kind.NEW and not cleaned.get("name"):
            self.add_error("name", _("Give the name of the organisation."))
        if not self.errors and Suggestion.objects.too_many_from(self.sender):
            raise forms.ValidationError(
                _("Too many messages were sent within an hour. Please send this one later.")
            )
        return cleaned

    def save(self, commit=True):
        suggestion = self.instance
        suggestion.language = translation.get_language()
        suggestion.sender = self.sender
        if self.entry:
            suggestion.entry = self.entry.uuid
            suggestion.municipality = self.entry.municipality
        return super().save(commit)


def tell_editors(suggestion, address):
    """Write to the editors of its place that a suggestion waits, each in their own language.

    `address` leads to it in the admin. The message itself stays in the portal. The visitor does not
    wait for the mail, and one that cannot be sent is a line in the log: what they wrote is stored.
    """
    place = suggestion.municipality
    editors = place.editors.filter(is_active=True).exclude(email="") if place else []
    mails = []
    for editor in editors:
        with translation.override(editor.language or place.language):
            mails.append(
                EmailMessage(
                    # A header is one line.
                    " ".join((_("A suggestion for %(place)s") % {"place": place}).split()),
                    _(
                        "Somebody has sent a suggestion through the LOCAL-Y-MPACT portal. "
                        "Please look at it here:\n\n%(address)s\n"
                    )
                    % {"address": address},
                    to=[editor.email],
                )
            )
    send_beside(mails)


class Suggest(Titled, FormView):
    """The form. `?entry=<uuid>` makes it one about that entry, `?kind=new` one for a new one."""

    title = gettext_lazy("Something is wrong, or missing?")
    schema_type = "ContactPage"
    form_class = SuggestionForm
    template_name = "suggest.html"
    success_url = reverse_lazy("suggested")

    @cached_property
    def entry(self):
        """The published entry that the address names, if any."""
        try:
            uuid = UUID(self.request.GET.get("entry", ""))
        except ValueError:
            return None
        found = (model.objects.published().filter(uuid=uuid).first() for model in ENTRIES)
        return next(filter(None, found), None)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {
            "entry": self.entry,
            "sender": sender_of(self.request),
        }

    def get_initial(self):
        place = Municipality.objects.filter(slug=self.request.GET.get("municipality", "")).first()
        new = self.request.GET.get("kind") == Suggestion.Kind.NEW
        return {
            "kind": Suggestion.Kind.NEW if new else Suggestion.Kind.WRONG,
            "municipality": place,
        }

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            entry=self.entry, kept_days=settings.SUGGESTIONS_KEPT_DAYS, **kwargs
        )

    def form_valid(self, form):
        Suggestion.objects.forget_old()
        suggestion = form.save()
        path = reverse("admin:organizations_suggestion_change", args=[suggestion.pk])
        address = self.request.build_absolute_uri(path)
        transaction.on_commit(lambda: tell_editors(suggestion, address))
        return super().form_valid(form)


class Suggested(TemplateView):
    """Thanks, and what happens next."""

    template_name = "suggested.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(kept_days=settings.SUGGESTIONS_KEPT_DAYS, **kwargs)
