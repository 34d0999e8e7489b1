from django.db import migrations

from localympact.index import create_table, drop_table


class Migration(migrations.Migration):
    dependencies = [("localympact", "0004_search")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: create_table(),
            lambda apps, schema_editor: drop_table(),
        )
    ]
