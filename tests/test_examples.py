"""The worked examples of the data page run as they stand, and give what stands beside them."""

import fnmatch
import io
import os
import re
import shutil
import subprocess
import sys

import openpyxl
import pytest

from localympact.examples import ADDRESS, EXAMPLES, FOLDER
from organizations.models import Organization

BY_NAME = {example.name: example for example in EXAMPLES}
PROGRAMS = {".sh": shutil.which("bash"), ".py": sys.executable}
FORMULA = re.compile(r"^ +(=.+)$", re.MULTILINE)
FILE = re.compile(r"https?://\S+\.xlsx\S*")


def test_every_example_is_shown():
    files = {file.name for file in FOLDER.iterdir() if file.suffix != ".out"}
    assert files == set(BY_NAME)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [name for name in BY_NAME if not name.endswith(".md")])
def test_example_gives_what_stands_beside_it(live_server, seed, tmp_path, name):
    example = BY_NAME[name].at(live_server.url)
    assert ADDRESS not in example.code
    file = tmp_path / name
    file.write_text(example.code)
    done = subprocess.run(  # noqa: S603 - our own examples
        [PROGRAMS[file.suffix], file],
        capture_output=True,
        timeout=60,
        text=True,
        # No proxy stands between a test and its own server.
        env=os.environ | {"no_proxy": "*", "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == example.output.splitlines()


@pytest.mark.django_db
def test_formulas_give_what_stands_beside_them(client, seed, tmp_path):
    """With LibreOffice, if it is there; else counted here as COUNTIFS is described.

    Without it nobody has checked that a spreadsheet counts so, too.
    """
    example = BY_NAME["spreadsheet.md"].at("http://testserver/")
    (address,) = FILE.findall(example.code)
    book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(address).streaming_content)))
    formulas = FORMULA.findall(example.code)
    evaluate = by_libreoffice if shutil.which("soffice") else by_hand
    assert len(formulas) == 2
    answers = list(map(int, evaluate(book, formulas, tmp_path)))
    assert answers == list(map(int, example.output.split()))
    trakai = Organization.objects.published().filter(municipality__slug="trakai")
    assert answers == [
        trakai.filter(topics__slug="culture-and-heritage").count(),
        trakai.filter(town=None, town_name="").count(),
    ]


def by_libreoffice(book, formulas, folder):
    """Let LibreOffice calculate formulas in a column beside the table."""
    places = [f"J{row}" for row, _formula in enumerate(formulas, 2)]
    for place, formula in zip(places, formulas, strict=True):
        book.active[place] = formula
    book.save(folder / "asked.xlsx")
    command = ["soffice", "--headless", "--convert-to", "xlsx", "--outdir", "calculated"]
    subprocess.run([*command, "asked.xlsx"], cwd=folder, check=True, timeout=120)
    done = openpyxl.load_workbook(folder / "calculated" / "asked.xlsx", data_only=True).active
    return [done[place].value for place in places]


def by_hand(book, formulas, folder):
    """Count the rows that all conditions of a COUNTIFS match; * stands for anything."""
    rows = [[cell or "" for cell in row] for row in book.active.values]
    for formula in formulas:
        inside = re.fullmatch(r"=COUNTIFS\((.+)\)", formula)[1]
        conditions = re.findall(r'([A-Z]):\1,"([^"]*)"', inside)
        assert ",".join(f'{letter}:{letter},"{wanted}"' for letter, wanted in conditions) == inside
        yield sum(
            all(
                fnmatch.fnmatchcase(row[ord(letter) - ord("A")], wanted)
                for letter, wanted in conditions
            )
            for row in rows
        )
