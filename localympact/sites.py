"""The editors' pages as one site: who is let in, and that everything they change is kept."""

from functools import wraps

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _
from reversion.views import create_revision

from localympact.put_aside import put_aside


class PortalAdminSite(AdminSite):
    """The admin of the portal."""

    site_header = site_title = "LOCAL-Y-MPACT"
    index_title = _("For editors")

    def admin_view(self, view, cacheable=False):
        """Make what a request changes one revision, and let it happen as a whole or not at all.

        What was typed by somebody who is no longer signed in waits for them (put_aside.py).
        """
        view = super().admin_view(create_revision()(view), cacheable)

        @wraps(view)
        def keeping(request, *args, **kwargs):
            if not self.has_permission(request) and put_aside(request):
                messages.info(request, _("Sign in again. What you typed is kept for you."))
            return view(request, *args, **kwargs)

        return keeping
