"""How gunicorn serves the portal in operation: behind a proxy on the same machine."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# A mistake in the settings stops the server here with one sentence, and not each worker for ever.
from localympact.settings import LOG_FORMAT, METRICS  # noqa: E402

wsgi_app = "localympact.wsgi"
bind = os.environ.get("BIND", "127.0.0.1:8000")
# Each keeps the counts of all facets: reckon with 150 MB of memory.
workers = int(os.environ.get("WEB_CONCURRENCY", "3"))
threads = 2
# Time for a large file to go out before an upgrade ends its process.
graceful_timeout = 60
# The heartbeat of workers is no work for a disk.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a folder in memory, and gunicorn's names are random
control_socket_disable = True
# Where workers keep the numbers for Prometheus, for all of them to read (METRICS).
NUMBERS = "PROMETHEUS_MULTIPROC_DIR"


def on_starting(server):
    """Make a folder for the numbers, before there is a worker."""
    if METRICS:
        os.environ[NUMBERS] = tempfile.mkdtemp(prefix="localympact-metrics-", dir=worker_tmp_dir)


def child_exit(server, worker):
    """Let the numbers of a worker that ended count on."""
    if NUMBERS in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def on_exit(server):
    """Take the numbers away."""
    if NUMBERS in os.environ:
        shutil.rmtree(os.environ[NUMBERS], ignore_errors=True)


# What gunicorn says goes where the portal's own lines go, in their form.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "localympact.logs.Lines"},
        "json": {"()": "localympact.logs.JsonLines"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
        },
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
