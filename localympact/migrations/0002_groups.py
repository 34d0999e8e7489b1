"""The two groups of editors. A group says what its people may do, `Municipality.editors` where."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

EVERYTHING = ("add", "change", "delete", "view")
# {group: {(app, model): actions}}; people themselves are never deleted, only made inactive.
GROUPS = {
    "Municipal editor": {
        ("organizations", "organization"): ("add", "change", "view"),
        ("collaborations", "collaboration"): ("add", "change", "view"),
        ("needs", "need"): ("add", "change", "view"),
        ("organizations", "suggestion"): ("change", "view"),
    },
    "Portal editor": {
        ("organizations", "organization"): EVERYTHING,
        ("collaborations", "collaboration"): EVERYTHING,
        ("needs", "need"): EVERYTHING,
        ("needs", "cause"): EVERYTHING,
        ("needs", "conclusion"): EVERYTHING,
        ("organizations", "municipality"): EVERYTHING,
        ("organizations", "town"): EVERYTHING,
        ("organizations", "organizationtype"): EVERYTHING,
        ("organizations", "topic"): EVERYTHING,
        ("organizations", "audience"): EVERYTHING,
        ("organizations", "cooperationform"): EVERYTHING,
        ("organizations", "textstate"): EVERYTHING,
        ("organizations", "suggestion"): EVERYTHING,
        ("localympact", "user"): ("add", "change", "view"),
    },
}


def make_groups(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for label in ("localympact", "organizations", "collaborations", "needs"):
        # Permissions are otherwise made after the last migration, too late for this one.
        config = apps.get_app_config(label)
        before = getattr(config, "models_module", None)
        config.models_module = before or True
        create_permissions(config, verbosity=0, apps=apps, using=schema_editor.connection.alias)
        config.models_module = before
    for name, rights in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        for (app, model), actions in rights.items():
            group.permissions.add(
                *Permission.objects.filter(
                    content_type__app_label=app,
                    content_type__model=model,
                    codename__in=[f"{action}_{model}" for action in actions],
                )
            )


class Migration(migrations.Migration):
    dependencies = [
        ("localympact", "0001_initial"),
        ("organizations", "0001_initial"),
        ("collaborations", "0001_initial"),
        ("needs", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
