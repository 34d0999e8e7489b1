"""The editors' pages as one site: who is let in, and that everything they change is kept."""

from contextlib import nullcontext
from functools import wraps

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpResponseRedirect
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from reversion.views import create_revision

from localympact import people, second_factor
from localympact.access import Event, missing_step, note
from localympact.afterwards import together
from localympact.put_aside import put_aside


def at_once(view):
    """Let a view do once, at its end, what follows from everything that a request saves."""

    @wraps(view)
    def together_view(request, *args, **kwargs):
        with together() if request.method == "POST" else nullcontext():
            return view(request, *args, **kwargs)

    return together_view


class PortalAdminSite(AdminSite):
    """The admin of the portal."""

    site_header = site_title = "LOCAL-Y-MPACT"
    index_title = _("For editors")
    login_form = people.SignInForm

    def has_permission(self, request):
        """Say whether this person may work here: staff, active, with the second factor given."""
        return super().has_permission(request) and not missing_step(request.user)

    def admin_view(self, view, cacheable=False):
        """Make what a request changes one revision, and let it happen as a whole or not at all.

        What follows from its saves is done once, at its end. What was typed by somebody who is no
        longer signed in waits for them (put_aside.py).
        """
        view = super().admin_view(create_revision()(at_once(view)), cacheable)

        @wraps(view)
        def keeping(request, *args, **kwargs):
            if not self.has_permission(request) and put_aside(request):
                messages.info(request, _("Sign in again. What you typed is kept for you."))
            return view(request, *args, **kwargs)

        return keeping

    def get_urls(self):
        return [
            # Whoever cannot go on to the second factor can still leave.
            path("logout/", self.logout, name="logout"),
            path("account/", self.admin_view(people.Account.as_view()), name="account"),
            path("welcome/<uidb64>/<token>/", people.Welcome.as_view(), name="welcome"),
            path("second-factor/", second_factor.GiveCode.as_view(), name="second_factor"),
            path(
                "second-factor/recovery/",
                second_factor.GiveRecoveryCode.as_view(),
                name="second_factor_recovery",
            ),
            path(
                "second-factor/set-up/",
                second_factor.SetUp.as_view(),
                name="second_factor_set_up",
            ),
            path(
                "second-factor/codes/",
                self.admin_view(second_factor.RecoveryCodes.as_view()),
                name="recovery_codes",
            ),
            *super().get_urls(),
        ]

    def get_app_list(self, request, app_label=None):
        # Also the frame of a page before the second factor is drawn with this list.
        return super().get_app_list(request, app_label) if self.has_permission(request) else []

    @method_decorator(never_cache)
    def login(self, request, extra_context=None):
        """Ask for name and password, or lead on to the second factor."""
        if request.method == "GET" and super().has_permission(request):
            missing = missing_step(request.user)
            if missing:
                following = request.GET.get("next", "")
                return HttpResponseRedirect(second_factor.address_with_next(missing, following))
        return super().login(request, extra_context)

    def password_change(self, request, extra_context=None):
        """Let somebody change their own password, and note it."""
        response = super().password_change(request, extra_context)
        if response.status_code == 302:
            note(Event.PASSWORD_SET, request.user, request=request, by=request.user)
        return response
