from django.apps import AppConfig
from django.db.backends.signals import connection_created


class LocalympactConfig(AppConfig):
    name = "localympact"
    verbose_name = "LOCAL-Y-MPACT"

    def ready(self):
        from localympact.alphabets import register_alphabets

        connection_created.connect(register_alphabets)
