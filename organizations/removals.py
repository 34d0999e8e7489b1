"""What was public once: whoever took it then, or kept its address, learns what became of it."""

from django.db.models.signals import post_delete, post_save

from localympact.afterwards import afterwards, saved_many
from localympact.among import Among
from localympact.models import Removed
from organizations.duplicates import databases
from organizations.entries import Status


def follow():
    """Connect the signals after which an entry may be public, or no longer there."""
    for model in databases().values():
        post_save.connect(entry_saved, sender=model)
        saved_many.connect(many_saved, sender=model)
        post_delete.connect(bury, sender=model)


def entry_saved(sender, instance, **kwargs):
    """Follow one entry; `save` has noted it already, but `loaddata` does not call that."""
    if instance.is_published and not instance.was_public:
        afterwards(remember, sender, [instance.pk])


def many_saved(sender, pks, **kwargs):
    """Follow entries that were written together."""
    afterwards(remember, sender, pks)


def remember(model, pks):
    """Note of these entries which are published, for ever."""
    entries = model._base_manager.filter(pk__in=Among(pks), status=Status.PUBLISHED)
    entries.filter(was_public=False).update(was_public=True)


def bury(instance, **kwargs):
    """Keep the permanent id of an entry that was public and is deleted."""
    if instance.was_public or instance.status != Status.DRAFT:
        Removed.objects.bulk_create(
            [Removed(uuid=instance.uuid, database=instance._meta.app_label)],
            # Deleted, brought back and deleted again.
            update_conflicts=True,
            update_fields=["database", "moment"],
            unique_fields=["uuid"],
        )
