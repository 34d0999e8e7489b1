"""Pictures of all kinds of pages, to be looked at: `make screenshots`. Nothing is compared."""

from pathlib import Path

import pytest

from localympact.texts import LANGUAGES
from tests.browser.test_pages import PAGES

FOLDER = Path("var") / "screenshots"


@pytest.mark.screenshots
@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_are_taken(open_page, language):
    page = open_page(f"/{language}/about/")
    for number, address in enumerate(PAGES):
        page.goto(f"/{language}{address}")
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                name = f"{number:02}-{language}-{width}-{theme}.png"
                page.screenshot(path=FOLDER / name, full_page=True)
    assert list(FOLDER.glob(f"*-{language}-*.png"))
