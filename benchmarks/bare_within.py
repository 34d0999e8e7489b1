"""The settings of the portal around the bare view: what its middleware takes of each request."""

from localympact.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.bare"
