"""Write docs/glossary.md from the glossaries of the five languages."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from localympact.cldr import language_name
from localympact.management.commands.make_seed import read
from localympact.texts import ENGLISH, LANGUAGES

HEAD = """# Glossary

The one translation that is used throughout for each word of the field, and what it follows. Made by
`manage.py make_glossary` from `fixtures/translations/<language>/glossary.csv`; `check_translations`
holds the texts of the portal against it.
"""


def make_glossary():
    """Give the text of docs/glossary.md: a table of all languages, then the reasons by language."""
    languages = [language for language in LANGUAGES if language != ENGLISH]
    entries = {code: read(f"translations/{code}/glossary.csv") for code in languages}
    lines = [HEAD, "| English | " + " | ".join(languages) + " |", "| --- " * 6 + "|"]
    for number, entry in enumerate(entries[languages[0]]):
        words = [entries[code][number]["translation"] for code in languages]
        lines.append(f"| {entry['word']} | " + " | ".join(words) + " |")
    for code in languages:
        lines += ["", f"## {language_name(code, ENGLISH)}: why", ""]
        lines += [
            f"- **{entry['word']}** – {entry['translation']}: {entry['why']}"
            for entry in entries[code]
        ]
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    help = "Write docs/glossary.md from fixtures/translations/."

    def add_arguments(self, parser):
        parser.add_argument(
            "--output", type=Path, default=settings.BASE_DIR / "docs" / "glossary.md"
        )

    def handle(self, *args, output, **options):
        output.write_text(make_glossary(), encoding="utf-8")
