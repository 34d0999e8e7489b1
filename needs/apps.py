from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class NeedsConfig(AppConfig):
    name = "needs"
    verbose_name = _("Needs and challenges")

    def ready(self):
        from localympact import editions
        from organizations.indexing import index_missing

        editions.follow(self.label)
        # The last of the three databases: all have their tables by then.
        post_migrate.connect(index_missing, sender=self)
