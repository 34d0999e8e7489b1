"""The pictures of docs/architecture.md."""

import pytest

from localympact.management.commands.draw_architecture import PICTURES, floors, inside, pictures

pytestmark = pytest.mark.any_engine


def test_pictures_show_the_code_as_it_is():
    for name, picture in pictures().items():
        drawn = (PICTURES / name).read_text(encoding="utf-8")
        assert drawn == picture, f"{name} is out of date: manage.py draw_architecture"


@pytest.mark.parametrize("stair", [floors, lambda: inside("organizations")])
def test_whoever_imports_stands_above(stair):
    steps, marks = stair()
    assert marks
    for user, used in marks:
        assert steps[user].floor > steps[used].floor
