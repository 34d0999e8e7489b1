"""The second factor: codes of an app on one's phone, and recovery codes for when it is lost."""

from binascii import unhexlify
from math import ceil
from time import time
from urllib.parse import urlencode

import django_otp
import segno
from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite, site
from django.contrib.auth.views import RedirectURLMixin, redirect_to_login
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key

from localympact.access import GIVE_CODE, SET_UP, Event, missing_step, note

RECOVERY_CODES = 10
# Where the session keeps the secret that is being set up, and codes until they are shown, once.
NEW_KEY, NEW_CODES = "second_factor_key", "recovery_codes"


def address_with_next(name, following):
    """Give the address of a page that leads on to `following`."""
    query = urlencode({"next": following}) if following else ""
    return f"{reverse(name)}?{query}" if query else reverse(name)


def let_in(request, device, event):
    """Take the second factor as given: from now on the session is a full one, with a new key."""
    django_otp.login(request, device)
    request.session.cycle_key()
    note(event, request.user, request=request)


def take_away(person):
    """Delete what somebody has set up, with the recovery codes."""
    TOTPDevice.objects.filter(user=person).delete()
    StaticDevice.objects.filter(user=person).delete()


def make_recovery_codes(request):
    """Give the person ten new recovery codes instead of those before, to be shown once."""
    person = request.user
    StaticDevice.objects.filter(user=person).delete()
    device = StaticDevice.objects.create(user=person, name="recovery")
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    request.session[NEW_CODES] = codes


def codes_left(person):
    """Give the number of recovery codes that are still unused."""
    return StaticToken.objects.filter(device__user=person).count()


class CodeForm(forms.Form):
    """The six digits that the app shows."""

    code = forms.CharField(
        label=gettext_lazy("Code from the app"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
        help_text=gettext_lazy("Six digits, which change every half a minute."),
    )

    def clean_code(self):
        # Apps show the digits in groups, and people copy them so.
        return "".join(self.cleaned_data["code"].split()).lower()


class RecoveryCodeForm(CodeForm):
    """One of the ten codes that were kept on paper."""

    code = forms.CharField(
        label=gettext_lazy("Recovery code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "autofocus": True}
        ),
        help_text=gettext_lazy("One of the codes that you kept. Each can be used once."),
    )


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class SecondFactorPage(RedirectURLMixin, FormView):
    """A page for somebody who has given the right password. `step` is the one that it is for."""

    step = None
    next_page = "admin:index"

    def dispatch(self, request, *args, **kwargs):
        # What the admin asks of everybody, without what this page is there to bring.
        if not AdminSite.has_permission(site, request):
            return redirect_to_login(request.get_full_path())
        missing = missing_step(request.user)
        if not self.is_for(missing):
            return HttpResponseRedirect(
                address_with_next(missing, self.get_redirect_url())
                if missing
                else self.get_success_url()
            )
        return super().dispatch(request, *args, **kwargs)

    def is_for(self, missing):
        """Say whether this page is for somebody who has `missing` still to do."""
        return missing == self.step

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            **site.each_context(self.request), next=self.get_redirect_url(), **kwargs
        )

    def refuse(self, form, sentence):
        form.add_error("code", sentence)
        return self.form_invalid(form)


class GiveCode(SecondFactorPage):
    """Ask for a code, of the app or of the recovery codes."""

    step = GIVE_CODE
    template_name = "admin/second_factor/code.html"
    form_class = CodeForm
    devices = TOTPDevice
    event = Event.SIGNED_IN
    extra_context = {"title": gettext_lazy("Second factor")}

    def form_valid(self, form):
        user = self.request.user
        device = self.devices.objects.filter(user=user, confirmed=True).first()
        if device is None:
            return self.refuse(form, _("There are no recovery codes left."))
        allowed, why = device.verify_is_allowed()
        if not allowed:
            return self.refuse(form, wait(why["locked_until"]))
        device = django_otp.verify_token(user, device.persistent_id, form.cleaned_data["code"])
        if device is None:
            note(Event.CODE_REFUSED, user, request=self.request)
            return self.refuse(form, _("This code is not right, or was used already."))
        let_in(self.request, device, self.event)
        return super().form_valid(form)


class GiveRecoveryCode(GiveCode):
    """The same for somebody whose phone is not there."""

    template_name = "admin/second_factor/recovery.html"
    form_class = RecoveryCodeForm
    devices = StaticDevice
    event = Event.RECOVERED
    extra_context = {"title": gettext_lazy("Recovery code")}

    def form_valid(self, form):
        response = super().form_valid(form)
        if self.request.user.is_verified():
            left = codes_left(self.request.user)
            said = ngettext(
                "%(count)s recovery code is left. Make new ones under “My account”.",
                "%(count)s recovery codes are left. Make new ones under “My account”.",
                left,
            )
            messages.warning(self.request, said % {"count": left})
        return response


def wait(until):
    """Say that codes are refused for a time."""
    minutes = max(1, ceil((until - timezone.now()).total_seconds() / 60))
    return ngettext(
        "Too many wrong codes. Try again in %(count)s minute.",
        "Too many wrong codes. Try again in %(count)s minutes.",
        minutes,
    ) % {"count": minutes}


class SetUp(SecondFactorPage):
    """Show a new secret, as a picture and as text, and ask for a first code made of it.

    The secret waits in the session until then, so that nothing half done is stored.
    """

    step = SET_UP
    template_name = "admin/second_factor/set_up.html"
    form_class = CodeForm
    extra_context = {"title": gettext_lazy("Set up the second factor")}

    def is_for(self, missing):
        # Also for a change, and for whoever wants one where none is required.
        return missing in (SET_UP, None)

    @property
    def key(self):
        return self.request.session.setdefault(NEW_KEY, default_key())

    def get_context_data(self, **kwargs):
        device = TOTPDevice(user=self.request.user, key=self.key)
        address = device.config_url
        secret = address.partition("secret=")[2].partition("&")[0]
        return super().get_context_data(
            picture=segno.make_qr(address).svg_inline(light="#fff", svgclass="qr", omitsize=True),
            address=address,
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            changes=self.request.user.has_second_factor,
            **kwargs,
        )

    def form_valid(self, form):
        code, user = form.cleaned_data["code"], self.request.user
        totp = TOTP(unhexlify(self.key))
        totp.time = time()
        if not (code.isdecimal() and totp.verify(int(code), tolerance=1)):
            note(Event.CODE_REFUSED, user, request=self.request)
            return self.refuse(form, _("This code is not right. Wait for the next one and try it."))
        missing = missing_step(user)
        with transaction.atomic():
            take_away(user)
            # `last_t`: the code of this moment is used up.
            device = TOTPDevice.objects.create(
                user=user, name="app", key=self.key, drift=totp.drift, last_t=totp.t()
            )
            let_in(self.request, device, Event.SET_UP)
            if missing:
                note(Event.SIGNED_IN, user, request=self.request)
            make_recovery_codes(self.request)
        del self.request.session[NEW_KEY]
        return redirect(address_with_next("admin:recovery_codes", self.get_redirect_url()))


@method_decorator(never_cache, name="dispatch")
class RecoveryCodes(RedirectURLMixin, TemplateView):
    """Show new recovery codes, once; make new ones on request."""

    template_name = "admin/second_factor/codes.html"
    next_page = "admin:index"

    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_verified():
            return redirect("admin:account")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request, *args, **kwargs):
        codes = request.session.pop(NEW_CODES, None)
        if codes is None:
            return redirect("admin:account")
        context = site.each_context(request) | {
            "title": _("Recovery codes"),
            "codes": codes,
            "next": self.get_success_url(),
        }
        return self.render_to_response(context)

    def post(self, request, *args, **kwargs):
        make_recovery_codes(request)
        return redirect(address_with_next("admin:recovery_codes", reverse("admin:account")))
