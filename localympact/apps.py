from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class LocalympactConfig(AppConfig):
    default = True
    name = "localympact"
    verbose_name = "LOCAL-Y-MPACT"

    def ready(self):
        from django.contrib.auth.signals import user_logged_in

        import localympact.access  # noqa: F401 - listens to who signs in
        import localympact.checks  # noqa: F401 - registers what `check --deploy` says
        from localympact.alphabets import register_alphabets
        from localympact.groups import give_rights
        from localympact.history import register_all
        from localympact.put_aside import drop_of_others

        connection_created.connect(register_alphabets)
        post_migrate.connect(give_rights)
        user_logged_in.connect(drop_of_others)
        register_all()


class PortalAdminConfig(admin.AdminConfig):
    """The admin, as the portal's own site."""

    default = False
    default_site = "localympact.sites.PortalAdminSite"

    def ready(self):
        super().ready()
        from django.contrib.admin import site
        from django_otp.plugins.otp_static.models import StaticDevice
        from django_otp.plugins.otp_totp.models import TOTPDevice

        # Their pages show secrets. People keep their own second factor under "My account".
        site.unregister([TOTPDevice, StaticDevice])
