"""Whether the portal lives, and whether it can answer: for whoever watches it, not for visitors.

`/healthz` says that a process answers; if it does not, it must be started anew. `/readyz` asks what
the process needs; while it says no, another start would not help.
"""

import logging
from uuid import uuid4

from django.conf import settings
from django.core.cache import caches
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, HttpResponseNotAllowed, JsonResponse

logger = logging.getLogger(__name__)

# They keep nothing outside the process: there is nothing to ask.
CACHES_IN_THE_PROCESS = (
    "django.core.cache.backends.locmem.LocMemCache",
    "django.core.cache.backends.dummy.DummyCache",
)


class HealthMiddleware:
    """Answer both addresses before anything else is asked.

    So they have no language and no session, lead nowhere else, and are reached by any name: a probe
    on this machine calls the portal `127.0.0.1`, which need not be in `ALLOWED_HOSTS`.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.answers = {"/healthz": alive, "/readyz": ready}

    def __call__(self, request):
        answer = self.answers.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            response = HttpResponseNotAllowed(["GET", "HEAD"])
        else:
            response = answer()
        response.headers["Cache-Control"] = "no-store"
        return response


def alive():
    """Say that this process answers. The database is not asked."""
    return HttpResponse("alive\n", content_type="text/plain; charset=utf-8")


def ready():
    """Say whether visitors can be answered: 200, or 503 with the names of what is missing.

    `away` names what is missing, too, but can be done without: a replica, the cache, the database
    itself while a replica answers.
    """
    away = [f"cache {name}" for name in shared_caches() if not keeps(name)]
    away += [name for name in settings.REPLICAS if not answers(name)]
    missing = []
    if answers(DEFAULT_DB_ALIAS):
        missing = ["migrations"] if migrations_missing() else []
    elif set(settings.REPLICAS) - set(away):
        away.append("database")
    else:
        missing = ["database"]
    if missing or away:
        logger.error("Not ready: %s; away: %s", ", ".join(missing), ", ".join(away))
    return JsonResponse(
        {"ready": not missing, "not_ready": missing, "away": away}, status=503 if missing else 200
    )


def answers(alias):
    """Say whether a database answers. Why it does not stands in the log."""
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # whatever a database that is not there raises
        logger.exception("The database %s does not answer", alias)
        connections[alias].close()
        return False
    return True


def shared_caches():
    """Give the names of the caches that are not in this process."""
    return [
        name
        for name, configured in settings.CACHES.items()
        if configured["BACKEND"] not in CACHES_IN_THE_PROCESS
    ]


def migrations_missing():
    """Say whether the tables are older than the code."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def keeps(name):
    """Say whether a cache gives back what it is given."""
    key, value = f"readyz-{uuid4()}", uuid4().hex
    try:
        caches[name].set(key, value, 10)
        kept = caches[name].get(key) == value
        caches[name].delete(key)
    except Exception:  # each kind of cache has failures of its own
        logger.exception("The cache %s does not answer", name)
        return False
    return kept
