"""The settings and the address of a Django view that does nothing: all others are beside it."""

from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "of a site that keeps nothing"  # noqa: S105 - and it signs nothing
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "benchmarks.bare"

urlpatterns = [path("lv/", lambda _request: HttpResponse("Labdien!"))]
