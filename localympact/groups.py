"""The rights of the two groups of editors, in one table that every `migrate` puts right.

A group says what its people may do, `Municipality.editors` where.
"""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions

from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR

EVERYTHING = ("add", "change", "delete", "view")
ENTRY = ("add", "change", "view")
# {group: {app: {model: actions}}}. People are never deleted, only lose access; logs only grow.
GROUPS = {
    MUNICIPAL_EDITOR: {
        "organizations": {
            "organization": ENTRY,
            "municipality": ("change", "view"),
            "suggestion": ("change", "view"),
            "duplicatepair": ("change", "view"),
        },
        "collaborations": {"collaboration": ENTRY},
        "needs": {"need": ENTRY},
        "localympact": {"importedfile": ENTRY},
    },
    PORTAL_EDITOR: {
        "organizations": {
            "organization": EVERYTHING,
            "municipality": EVERYTHING,
            "town": EVERYTHING,
            "organizationtype": EVERYTHING,
            "topic": EVERYTHING,
            "audience": EVERYTHING,
            "cooperationform": EVERYTHING,
            "suggestion": EVERYTHING,
            "duplicatepair": ("change", "view"),
            "textstate": ("view",),
        },
        "collaborations": {"collaboration": EVERYTHING},
        "needs": {"need": EVERYTHING, "cause": EVERYTHING, "conclusion": EVERYTHING},
        "localympact": {
            "user": ("add", "change", "view"),
            "importedfile": ENTRY,
            "accessevent": ("view",),
            "unansweredsearch": ("change", "view"),
        },
        "admin": {"logentry": ("view",)},
    },
}


def give_rights(app_config, *, using, apps=installed, **kwargs):
    """Give both groups exactly their rights in one app (`post_migrate`; `flush` names no apps)."""
    try:
        Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:
        # Nobody has rights before there are people.
        return
    create_permissions(app_config, verbosity=0, using=using, apps=apps)
    label = app_config.label
    for name, rights in GROUPS.items():
        group, _created = Group.objects.using(using).get_or_create(name=name)
        codenames = [
            f"{action}_{model}"
            for model, actions in rights.get(label, {}).items()
            for action in actions
        ]
        wanted = Permission.objects.using(using).filter(
            content_type__app_label=label, codename__in=codenames
        )
        had = group.permissions.filter(content_type__app_label=label)
        group.permissions.remove(*had.exclude(pk__in=wanted))
        group.permissions.add(*wanted)
