"""From which database a request reads: visitors from a replica if any, editors never.

`REPLICA_URLS` names copies that the database itself keeps (streaming replication of PostgreSQL).
All that a request reads comes from one database, so that a page does not contradict itself.
Whoever has signed in, sends a form or is in the admin reads where is written, and so sees what they
wrote. A replica that does not answer is left in peace for a while; without any the visitor reads
there too.
"""

import logging
import random
import time
from contextvars import ContextVar

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.signals import request_finished
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.dispatch import receiver

from localympact.visitors import only_reads

logger = logging.getLogger(__name__)

# Seconds until a replica that did not answer is asked again.
LEFT_IN_PEACE = 10

read_from = ContextVar("read_from", default=DEFAULT_DB_ALIAS)


class Router:
    """Reads go where the request reads, everything else to the database itself."""

    def db_for_read(self, model, **hints):
        return read_from.get()

    def db_for_write(self, model, **hints):
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one, other, **hints):
        """They are one database."""
        return True

    def allow_migrate(self, db, app_label, **hints):
        """A replica gets its tables from the database."""
        return db == DEFAULT_DB_ALIAS


class ReplicasMiddleware:
    """Choose for each request from which database it reads."""

    def __init__(self, get_response):
        if not settings.REPLICAS:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request):
        read_from.set(chosen() if only_reads(request) else DEFAULT_DB_ALIAS)
        return self.get_response(request)


def connection():
    """Give the connection from which this request reads, for questions in SQL."""
    return connections[read_from.get()]


def chosen():
    """Give the alias of a replica that answers, any of them; that of the database if none does."""
    for alias in random.sample(settings.REPLICAS, len(settings.REPLICAS)):
        if not away.get(alias, 0) > time.monotonic() and answers(alias):
            return alias
    return DEFAULT_DB_ALIAS


# For each replica that did not answer: until when nobody asks it.
away = {}


def answers(alias):
    """Say whether a database answers; if not, it is left in peace for a while."""
    try:
        # Tries an old connection, too (CONN_HEALTH_CHECKS).
        connections[alias].cursor().close()
    except Error as error:
        leave(alias, error)
        return False
    return True


def leave(alias, error):
    """Leave a database that did not answer in peace, and forget its broken connection."""
    logger.warning("The database %s does not answer: %s", alias, type(error).__name__)
    away[alias] = time.monotonic() + LEFT_IN_PEACE
    connections[alias].close()


def gone(error):
    """Note that a request failed because of its database: the next one reads from another."""
    if read_from.get() != DEFAULT_DB_ALIAS:
        leave(read_from.get(), error)


# Not at the end of the middleware: a file is still being read then.
@receiver(request_finished, dispatch_uid="localympact.replicas.forget_choice")
def forget_choice(**kwargs):
    """What is no request reads where is written."""
    read_from.set(DEFAULT_DB_ALIAS)
