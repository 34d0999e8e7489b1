"""The editors' pages as one site: who is let in, and that everything they change is kept."""

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _
from reversion.views import create_revision


class PortalAdminSite(AdminSite):
    """The admin of the portal."""

    site_header = site_title = "LOCAL-Y-MPACT"
    index_title = _("For editors")

    def admin_view(self, view, cacheable=False):
        """Make what a request changes one revision, and let it happen as a whole or not at all."""
        return super().admin_view(create_revision()(view), cacheable)
