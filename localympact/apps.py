from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.contrib.admin import sites
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class LocalympactConfig(AppConfig):
    default = True
    name = "localympact"
    verbose_name = "LOCAL-Y-MPACT"

    def ready(self):
        from localympact.alphabets import register_alphabets
        from localympact.groups import give_rights
        from localympact.history import register_all

        connection_created.connect(register_alphabets)
        post_migrate.connect(give_rights)
        register_all()


class PortalAdminConfig(admin.AdminConfig):
    """The admin, as the portal's own site."""

    default = False
    default_site = "localympact.sites.PortalAdminSite"

    def ready(self):
        super().ready()
        # Pages that know all three databases stand above them; `localympact.admin` stands below.
        autodiscover_modules("import_pages", register_to=sites.site)
