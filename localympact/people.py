"""How people get access and lose it: invitations, forgotten passwords, withdrawal, and the mail."""

import logging
from datetime import timedelta
from smtplib import SMTPException
from threading import Thread

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import site
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.auth.views import (
    PasswordResetCompleteView,
    PasswordResetConfirmView,
    PasswordResetDoneView,
    PasswordResetView,
)
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils import timezone, translation
from django.utils.encoding import force_bytes
from django.utils.http import base36_to_int, urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import UpdateView

from localympact.access import Event, account_named, lift_lock, note
from localympact.models import AccessEvent, User
from localympact.second_factor import codes_left, take_away

# How many mails about a forgotten password one person gets within an hour.
RESETS_AN_HOUR = 3
log = logging.getLogger(__name__)


# Signing in


class SignInForm(AdminAuthenticationForm):
    """Name and password. The name may be the e-mail address, in whatever case."""

    # One sentence for a wrong name, a wrong password and an account that is not in use.
    error_messages = {
        "invalid_login": gettext_lazy("This name and password are not right together."),
        "inactive": gettext_lazy("This name and password are not right together."),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = gettext_lazy("E-mail address or user name")

    def clean_username(self):
        person = account_named(self.cleaned_data["username"])
        return person.get_username() if person else self.cleaned_data["username"]


def locked_out(request, response=None, credentials=None):
    """Say that there were too many attempts (429); the same whether the account exists or not."""
    context = site.each_context(request) | {
        "title": _("Too many attempts"),
        "minutes": int(settings.AXES_COOLOFF_TIME.total_seconds() // 60),
    }
    return render(request, "admin/locked_out.html", context, status=429)


# Mail


def sends_mail():
    """Say whether there is a mail server."""
    return settings.EMAIL_BACKEND != "django.core.mail.backends.dummy.EmailBackend"


def send(mails):
    """Send mails; say whether all of them went. What went wrong is a line in the log.

    One that the server refuses keeps no other back.
    """
    if not sends_mail():
        return False
    sent = 0
    try:
        with get_connection() as server:
            for mail in mails:
                try:
                    sent += server.send_messages([mail])
                except (SMTPException, ValueError):
                    log.exception("No mail could be sent")
    except OSError:
        log.exception("No mail could be sent")
    return sent == len(mails)


def send_beside(mails):
    """Send mails beside the answer, which waits for no mail server."""
    if mails:
        Thread(target=send, args=[mails]).start()


def written(person, subject, text, **values):
    """Give a mail to a person in their own language: lazy texts and what stands in them."""
    with translation.override(person.language or translation.get_language()):
        return EmailMessage(str(subject), str(text) % values, to=[person.email])


# Links that set a password


class Links(PasswordResetTokenGenerator):
    """Links that are good for a time and once: they die with the password that there was."""

    def __init__(self, key_salt, lifetime):
        super().__init__()
        self.key_salt, self.lifetime = key_salt, lifetime

    def check_token(self, user, token):
        if not super().check_token(user, token):
            return False
        age = self._num_seconds(self._now()) - base36_to_int(token.partition("-")[0])
        return age <= self.lifetime.total_seconds()

    def address(self, request, name, person):
        """Give the whole address of a new link for this person."""
        uid = urlsafe_base64_encode(force_bytes(person.pk))
        path = reverse(name, args=[uid, self.make_token(person)])
        return request.build_absolute_uri(path)


INVITATIONS = Links("localympact.invitation", timedelta(days=3))
RESETS = Links("localympact.reset", timedelta(hours=2))


class AdminPage:
    """A page in the frame of the admin, for whoever comes."""

    def get_context_data(self, **kwargs):
        return super().get_context_data(**(site.each_context(self.request) | kwargs))


class SetPassword(AdminPage, PasswordResetConfirmView):
    """The page that a link leads to, in the language of the person whom it was sent to."""

    def get_form(self, form_class=None):
        # A link that is not good says nothing of the person, not even their language.
        if self.validlink and self.user.language:
            translation.activate(self.user.language)
        return super().get_form(form_class)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        if not self.validlink:
            context["title"] = _("This link is no longer good")
        return context

    def form_valid(self, form):
        response = super().form_valid(form)
        lift_lock(self.user)
        note(Event.PASSWORD_SET, self.user, request=self.request, by=self.user)
        return response


class NewPassword(SetPassword):
    """Where the mail about a forgotten password leads."""

    token_generator = RESETS
    template_name = "registration/set_password.html"
    success_url = reverse_lazy("admin_password_reset_complete")


class Welcome(SetPassword):
    """Where an invitation leads."""

    token_generator = INVITATIONS
    template_name = "registration/welcome.html"
    success_url = reverse_lazy("admin_password_reset_complete")
    title = gettext_lazy("Welcome")


class PasswordSet(AdminPage, PasswordResetCompleteView):
    """Say that the new password is set, and lead to signing in."""

    title = gettext_lazy("Your password is set")


class ForgottenForm(PasswordResetForm):
    """The e-mail address of somebody who has forgotten the password."""

    def save(self, request):
        """Write to whoever has this address, each in their own language.

        Mail goes out beside the answer: how long that takes would tell whether there is an account.
        """
        mails = []
        for person in self.get_users(self.cleaned_data["email"]):
            lately = AccessEvent.objects.filter(
                person=person,
                event=Event.RESET_ASKED,
                moment__gt=timezone.now() - timedelta(hours=1),
            )
            if lately.count() < RESETS_AN_HOUR:
                note(Event.RESET_ASKED, person, request=request)
                mails.append(
                    written(
                        person,
                        gettext_lazy("Set a new password for the LOCAL-Y-MPACT portal"),
                        gettext_lazy(
                            "Somebody has asked for a new password for your account "
                            "%(name)s. If it was you, set one here within two hours:\n\n"
                            "%(address)s\n\nIf it was not you, there is nothing to do.\n"
                        ),
                        name=person.get_username(),
                        address=RESETS.address(request, "admin_password_reset_confirm", person),
                    )
                )
        send_beside(mails)


class Forgotten(AdminPage, PasswordResetView):
    """Ask for the e-mail address. Where there is no mail server, say so."""

    form_class = ForgottenForm
    success_url = reverse_lazy("admin_password_reset_done")

    def form_valid(self, form):
        if sends_mail():
            form.save(self.request)
            return super(PasswordResetView, self).form_valid(form)
        return self.form_invalid(form)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            sends_mail=sends_mail(), contact=settings.CONTACT_EMAIL, **kwargs
        )


class ForgottenDone(AdminPage, PasswordResetDoneView):
    """Say that mail comes if there is an account."""


# Giving and taking access


def invite(request, person):
    """Send somebody a link to set a password; what they had is no longer good.

    The mail goes out when everything is stored, and the answer says whether it went.
    """
    person.is_active = True
    person.set_unusable_password()
    person.save(update_fields=["is_active", "password"])
    note(Event.INVITED, person, request=request, by=request.user)
    mail = written(
        person,
        gettext_lazy("Your access to the LOCAL-Y-MPACT portal"),
        gettext_lazy(
            "%(by)s invites you to edit the LOCAL-Y-MPACT portal. Set your password here within "
            "three days:\n\n%(address)s\n\nYour user name is %(name)s. If the link no longer "
            "works, ask for a new invitation.\n"
        ),
        by=request.user.get_full_name() or request.user.get_username(),
        name=person.get_username(),
        address=INVITATIONS.address(request, "admin:welcome", person),
    )

    def send_and_say():
        if send([mail]):
            sentence = _("An invitation was sent to %(email)s. The link in it is good three days.")
            messages.success(request, sentence % {"email": person.email})
        else:
            sentence = _(
                "No mail could be sent to %(email)s. “Invite again” on the page of the person "
                "sends the invitation later."
            )
            messages.error(request, sentence % {"email": person.email})

    transaction.on_commit(send_and_say)


def withdraw(request, person):
    """End somebody's access at once: password, sessions, links and second factor."""
    person.is_active = False
    # Sessions and links are signed with the password, so they end with it and never come back.
    person.set_unusable_password()
    person.save(update_fields=["is_active", "password"])
    take_away(person)
    note(Event.WITHDRAWN, person, request=request, by=request.user)


def take_factor(request, person):
    """Take away the second factor of somebody whose phone is lost, and tell them."""
    take_away(person)
    note(Event.FACTOR_RESET, person, request=request, by=request.user)
    if person.email:
        mail = written(
            person,
            gettext_lazy("Your second factor was taken away"),
            gettext_lazy(
                "%(by)s has taken away the second factor of your account %(name)s on the "
                "LOCAL-Y-MPACT portal. You set up a new one when you next log in. If you did not "
                "ask for this, change your password and tell the portal editors.\n"
            ),
            by=request.user.get_full_name() or request.user.get_username(),
            name=person.get_username(),
        )
        transaction.on_commit(lambda: send([mail]))


def why_not_invite(by, person):
    """Say why somebody is not invited (again), or give None."""
    if person.is_superuser:
        return _("a superuser")
    if person.is_active and person.has_usable_password():
        return _("has set a password already")
    if not person.email:
        return _("no e-mail address")
    return None


def why_not_withdraw(by, person):
    """Say why somebody's access is not withdrawn, or give None."""
    if person == by:
        return _("you yourself")
    if person.is_superuser:
        return _("a superuser")
    if not person.is_active:
        return _("withdrawn already")
    return None


def why_not_take_factor(by, person):
    """Say why somebody's second factor is not taken away, or give None."""
    if person == by:
        return _("you yourself")
    if person.is_superuser and not by.is_superuser:
        return _("a superuser")
    if not person.has_second_factor:
        return _("has none")
    return None


# One's own account


class AccountForm(forms.ModelForm):
    """What people change about themselves."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "language"]


class Account(AdminPage, UpdateView):
    """One's own name and language, password and second factor."""

    form_class = AccountForm
    template_name = "admin/account.html"
    context_object_name = "person"
    success_url = reverse_lazy("admin:account")
    extra_context = {"title": gettext_lazy("My account")}

    def get_object(self, queryset=None):
        return User.objects.get(pk=self.request.user.pk)

    def get_context_data(self, **kwargs):
        device = self.request.user.totpdevice_set.filter(confirmed=True).first()
        return super().get_context_data(
            device=device, codes_left=codes_left(self.request.user), **kwargs
        )

    def form_valid(self, form):
        response = super().form_valid(form)
        with translation.override(form.instance.language or translation.get_language()):
            messages.success(self.request, _("Saved."))
        return response
