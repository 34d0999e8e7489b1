"""Collect what Django and the packages leave in English, to be translated here."""

import re
from io import BytesIO
from pathlib import Path

import django
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po, write_po
from django.apps import apps
from django.conf import settings
from django.conf.locale import LANG_INFO
from django.core.management.base import BaseCommand

from localympact.cldr import language_name
from localympact.texts import ENGLISH, LANGUAGES

DOMAINS = ["django", "djangojs"]
# Packages of which nobody sees a word: the portal has pages of its own in place of theirs.
SILENT = {"axes", "reversion"}
# No page shows Django's own list of languages: localympact.cldr has their names.
NOT_SHOWN = {info["name"] for info in LANG_INFO.values() if "name" in info}


def read_catalogue(path):
    """Give the messages of a .po file, {(id, context): message}: none where there is no file."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, ignore_obsolete=True)
    return {(message.id, message.context): message for message in catalogue if message.id}


def is_translated(message):
    strings = message.string if isinstance(message.string, tuple | list) else [message.string]
    return all(strings) and not message.fuzzy


def translated(path):
    """Give the (id, context) of what a .mo file translates."""
    if not path.exists():
        return set()
    with path.open("rb") as file:
        messages = [message for message in read_mo(file) if message.id]
    # The reader gives a message with plurals as a list, and a context as bytes.
    return {
        (
            tuple(message.id) if message.pluralizable else message.id,
            message.context,
        )
        for message in messages
    }


def folders():
    """Yield the folder locale/ of Django and of each installed package that has one."""
    yield Path(django.__file__).parent / "conf" / "locale"
    for app in apps.get_app_configs():
        folder = Path(app.path) / "locale"
        if folder.is_dir() and app.label not in SILENT:
            yield folder


def gaps(language, domain):
    """Yield the messages that no package translates: English ones that this language lacks."""
    for folder in folders():
        # Not every package has English; what any language has is a message too.
        sources = [folder / ENGLISH / "LC_MESSAGES", *sorted(folder.glob("*/LC_MESSAGES"))]
        source = next((path for path in sources if (path / f"{domain}.po").exists()), None)
        if source is None:
            continue
        wanted = read_catalogue(source / f"{domain}.po")
        given = translated(folder / language / "LC_MESSAGES" / f"{domain}.mo")
        for key, message in wanted.items():
            if message.id not in NOT_SHOWN and key not in given:
                yield message


def collect(language, domain):
    """Give the catalogue of all gaps, with the translations that we have."""
    path = settings.PACKAGES_LOCALE / language / "LC_MESSAGES" / f"{domain}.po"
    ours = read_catalogue(path)
    catalogue = Catalog(
        locale=language,
        project="localympact",
        fuzzy=False,
        header_comment=f"# {language_name(language, ENGLISH)} texts that the packages lack.",
    )
    # Plurals as in our own catalogue, which follows CLDR more closely than Babel does.
    with (settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        headers = dict(read_po(file, locale=language).mime_headers)
    catalogue.mime_headers = [("Plural-Forms", headers["Plural-Forms"])]
    for message in gaps(language, domain):
        known = ours.get((message.id, message.context))
        catalogue.add(
            message.id,
            known.string if known else None,
            context=message.context,
            flags=message.flags - {"fuzzy"},
        )
    return catalogue


def as_text(catalogue):
    """Give the text of a .po file without the headers that change or say nothing."""
    file = BytesIO()
    write_po(file, catalogue, width=0, sort_output=True)
    kept = ("Project-Id-Version", "Language:", "MIME", "Content", "Plural-Forms")
    lines = file.getvalue().decode().splitlines()
    return (
        "\n".join(
            line
            for line in lines
            if not re.match(r'"[A-Z][A-Za-z-]+: ', line) or line.startswith(kept, 1)
        ).strip()
        + "\n"
    )


class Command(BaseCommand):
    help = "Collect the strings of Django and its packages that lack a translation."

    def handle(self, *args, **options):
        for language in LANGUAGES:
            if language == ENGLISH:
                continue
            for domain in DOMAINS:
                catalogue = collect(language, domain)
                path = settings.PACKAGES_LOCALE / language / "LC_MESSAGES" / f"{domain}.po"
                path.unlink(missing_ok=True)
                if len(catalogue):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(as_text(catalogue), encoding="utf-8")
                empty = sum(not is_translated(message) for message in catalogue if message.id)
                self.stdout.write(f"{language} {domain}: {len(catalogue)}, {empty} untranslated")
