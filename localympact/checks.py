"""What `manage.py check --deploy` says of the portal's own settings, beside what Django says."""

import os
from pathlib import Path

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.core.files.storage import default_storage


@register(Tags.security, deploy=True)
def proxies(app_configs, **kwargs):
    """A proxy that nobody counts makes all visitors one, and a lock-out then meets all."""
    if settings.HTTPS and not settings.PROXIES:
        yield Warning(
            "HTTPS is on, so a proxy stands in front, but PROXIES is 0.",
            hint="Set PROXIES=1: else every visitor has the address of the proxy.",
            id="localympact.W001",
        )


@register(Tags.security, deploy=True)
def hosts(app_configs, **kwargs):
    """Whoever may name the host writes the links in our mails."""
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS lets the portal answer to any name.",
            hint="Name the hosts by which the portal is reached.",
            id="localympact.E001",
        )


@register(Tags.security, deploy=True)
def second_factor(app_configs, **kwargs):
    """A password alone does not protect what the public reads."""
    if not settings.REQUIRE_2FA:
        yield Warning(
            "REQUIRE_2FA is off: a password alone lets editors in.", id="localympact.W002"
        )


@register(deploy=True)
def named(app_configs, **kwargs):
    """Who answers for the portal must be told (GDPR, Article 13), and so must how to reach them."""
    for name in ("OPERATOR", "CONTACT_EMAIL"):
        if not getattr(settings, name):
            yield Warning(
                f"{name} is empty: the privacy page does not say who answers for the portal.",
                id="localympact.W003",
            )


@register(deploy=True)
def mail(app_configs, **kwargs):
    """Without mail nobody is invited, and nobody helps themselves to a new password."""
    if not settings.EMAIL_HOST:
        yield Warning("EMAIL_HOST is empty: no mail is sent.", id="localympact.W004")


@register(Tags.files, deploy=True)
def folders(app_configs, **kwargs):
    """What is uploaded, snapshots and the dictionaries of the search need a place."""
    media = () if settings.MEDIA_S3_BUCKET else ("MEDIA_ROOT",)
    for name in (*media, "SNAPSHOTS_ROOT", "LEMMAS_ROOT"):
        folder = Path(getattr(settings, name))
        there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            yield Error(f"{name} cannot be written: {folder}", id="localympact.E002")


@register(Tags.files, deploy=True)
def bucket(app_configs, **kwargs):
    """What is uploaded may need a bucket, which must let the portal in."""
    if settings.MEDIA_S3_BUCKET:
        try:
            next(default_storage.names(), None)
        except OSError as error:
            yield Error(f"MEDIA_S3_BUCKET cannot be read: {error}", id="localympact.E003")
