from django.apps import AppConfig, apps
from django.db.models.signals import post_delete, pre_delete
from django.utils.translation import gettext_lazy as _


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = _("Organisations, places and terms")

    def ready(self):
        from localympact import editions
        from organizations.duplicates import databases, forget_pairs
        from organizations.indexing import follow as index_what_is_saved
        from organizations.merging import protect_term
        from organizations.models import Described
        from organizations.origins import forget_origins
        from organizations.removals import follow as remember_what_was_public
        from organizations.todo import follow

        for model in apps.get_models():
            if issubclass(model, Described):
                post_delete.connect(forget_origins, sender=model)
            if getattr(model, "is_term", False):
                pre_delete.connect(protect_term, sender=model)
        for model in databases().values():
            post_delete.connect(forget_pairs, sender=model)
        follow()
        index_what_is_saved()
        editions.follow(self.label)
        remember_what_was_public()
