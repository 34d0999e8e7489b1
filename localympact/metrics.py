"""Numbers for Prometheus (https://prometheus.io) at `/metrics`, where METRICS is on (settings.py).

They say how much is asked, how fast it is answered and what fails. Labels are names of the code:
never a path, an address or what was asked for. Where several workers serve, each keeps its numbers
in files that all of them read (deploy/gunicorn.conf.py), so that any of them answers for all.
"""

import logging
import os
import sys
import time

from django.core.signals import got_request_exception
from django.db import Error
from django.db.models import Max
from django.http import HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from collaborations.models import Collaboration
from localympact.models import Edition
from needs.models import Need
from organizations.models import Organization

logger = logging.getLogger(__name__)

METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
# Up to here an answer is fast, and so on; in seconds.
STEPS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

counted = CollectorRegistry()
requests = Counter(
    "localympact_requests", "Requests answered.", ["method", "view", "status"], registry=counted
)
seconds = Histogram(
    "localympact_seconds",
    "Seconds until an answer began.",
    ["view"],
    buckets=STEPS,
    registry=counted,
)
failures = Counter(
    "localympact_failures", "Exceptions that nothing caught.", ["kind"], registry=counted
)


class MetricsMiddleware:
    """Count every request, and answer whoever asks for the numbers as HealthMiddleware does."""

    def __init__(self, get_response):
        self.get_response = get_response
        got_request_exception.connect(count_failure, dispatch_uid="localympact.metrics")

    def __call__(self, request):
        if request.path_info == "/metrics":
            return numbers(request)
        begun = time.perf_counter()
        response = self.get_response(request)
        count(request, response, time.perf_counter() - begun)
        return response


def count(request, response, took):
    """Count a request. What has no view is a static file, a redirect, or nothing at all."""
    view = request.resolver_match.view_name if request.resolver_match else "none"
    method = request.method if request.method in METHODS else "other"
    requests.labels(method, view, response.status_code).inc()
    seconds.labels(view).observe(took)


def count_failure(sender, **kwargs):
    """Count the exception that Django is just handling."""
    failures.labels(type(sys.exception()).__name__).inc()


@require_safe
def numbers(request):
    """Give all numbers, in the format of Prometheus."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(counted)
    registry.register(Content())
    return HttpResponse(
        generate_latest(registry),
        content_type=CONTENT_TYPE_PLAIN_0_0_4,
        headers={"Cache-Control": "no-store"},
    )


class Content:
    """What the database holds, asked when somebody wants to know."""

    def collect(self):
        up = GaugeMetricFamily("localympact_database_up", "Whether the database answers.")
        edition = GaugeMetricFamily(
            "localympact_edition", "Number of the last change of what the public sees."
        )
        entries = GaugeMetricFamily(
            "localympact_entries", "Published entries.", labels=["database"]
        )
        try:
            edition.add_metric([], Edition.objects.aggregate(last=Max("pk"))["last"] or 0)
            for model in (Organization, Collaboration, Need):
                entries.add_metric([model._meta.app_label], model.objects.published().count())
        except Error as error:
            logger.error("The database does not answer: %s", error)
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, edition, entries]
