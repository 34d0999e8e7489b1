"""Which code and settings are at work: an answer made by others may be another."""

import hashlib
from functools import cache

from django.conf import settings

# What an answer is made of; what tests and tools hold changes none.
SETTINGS = (
    *("CONTACT_EMAIL", "OPERATOR", "FUNDING_NUMBER", "ENFORCEMENT_BODY", "ENFORCEMENT_URL"),
    *("SUGGESTIONS_KEPT_DAYS", "ACCESS_LOG_KEPT_DAYS", "SEARCHES_KEPT_DAYS"),
)
FOLDERS = ("localympact", "organizations", "collaborations", "needs", "templates", "locale")
KINDS = {".py", ".html", ".mo", ".css", ".js", ".svg", ".json"}


@cache
def release():
    """Give a text that changes with them, alike on every machine that runs the same."""
    digest = hashlib.sha256(repr([getattr(settings, name) for name in SETTINGS]).encode())
    for folder in FOLDERS:
        for file in sorted((settings.BASE_DIR / folder).rglob("*")):
            if file.suffix in KINDS:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
