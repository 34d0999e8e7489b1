"""The documents lead where they say."""

import re

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "fixtures").rglob("*.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEAD = re.compile(r"^#+ (.+)$", re.MULTILINE)

pytestmark = pytest.mark.any_engine


def links(document):
    return LINK.findall(document.read_text(encoding="utf-8"))


def anchors(document):
    """Give the names that the heads of a document have in links, as GitHub and GitLab make them."""
    heads = HEAD.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_links_of_documents_lead_somewhere():
    for document in DOCUMENTS:
        for link in links(document):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = document.parent / path if path else document
            assert target.exists(), f"{document.name}: {link}"
            assert not anchor or anchor in anchors(target), f"{document.name}: {link}"


def test_readme_names_every_document():
    named = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md")}
    assert {file for file in DOCUMENTS if file.parent in (ROOT, ROOT / "docs")} <= {
        *named,
        ROOT / "README.md",
    }
