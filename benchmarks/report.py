"""Write what was measured into docs/measured.md, between the marks of its number of organisations.

python -m benchmarks.report 100000 var/bench/100000

The folder holds what `measure` and `compare` wrote: sqlite.json, postgresql.json, datasette.json.
"""

import json
import os
import platform
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.serving import FEWEST, TIMES, Timing

DOCUMENT = Path("docs/measured.md")
COLUMNS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "datasette": "Datasette"}
# The aims are for 100,000 organisations; ten times as many may take five times as long.
LARGE, TIMES_LONGER = 100_000, 5
LIST, SEARCH, RARE, SUGGESTION = 60, 80, 40, 20
MOST_MEMORY = 200


class Case(NamedTuple):
    """One line of the table: the name of a case, what it is, the aim in milliseconds."""

    name: str
    title: str
    aim: int | None = None


CASES = (
    Case("list", "list, nothing chosen", LIST),
    Case("two", "list: country, topic", LIST),
    Case("four", "list: country, topic, type, audience", LIST),
    Case("page", "list: page 100", LIST),
    Case("newest", "list: newest first", LIST),
    Case("verified", "list: last verified first", LIST),
    Case("table", "list as a table"),
    Case("map", "list with the map"),
    Case("one-percent", "search: a word of 1 %", SEARCH),
    Case("one-percent-two", "the same, with country and topic", SEARCH),
    Case("rare", "search: a rare word", RARE),
    Case("quarter", "search: a word of 25 %"),
    Case("phrase", "search: a phrase"),
    Case("two-words", "search: two words"),
    Case("nothing", "search: a word that is none"),
    Case("typing-error", "search: a typing error"),
    Case("suggestions", "suggestions for three letters", SUGGESTION),
    Case("search", "search in all three databases"),
    Case("start", "start page"),
    Case("changed", "list, after one entry changed"),
    Case("cold", "list, first answer of a new worker"),
    Case("save", "saving one entry"),
)


def main(number, folder):
    results = {}
    for name in COLUMNS:
        if (file := folder / f"{name}.json").exists():
            results[name] = json.loads(file.read_text())
    begin, end = f"<!-- make bench N={number} -->", f"<!-- end of make bench N={number} -->"
    section = f"{begin}\n{text(number, results)}\n{end}"
    document = DOCUMENT.read_text()
    if begin in document:
        marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        document = marked.sub(lambda _match: section, document)
    else:
        document = f"{document.rstrip()}\n\n{section}\n"
    DOCUMENT.write_text(document)


def text(number, results):
    """Give the section: how it was measured, the table, the words."""
    versions = {
        key: value for result in results.values() for key, value in result["engine"].items()
    }
    engines = ", ".join(result["engine"]["database"] for result in results.values())
    loads = ", ".join(
        f"{COLUMNS[name]} {result['load'][0]:.1f}"
        for name, result in results.items()
        if "load" in result
    )
    software = ", ".join(
        f"{name} {versions[name.casefold()]}" for name in ("Python", "Django", "gunicorn")
    )
    first = next(iter(results.values()))
    words = ", ".join(f"*{word}*" for word in first["words"].values())
    return f"""\
## Lists and searches, {number:,} organisations

{time.strftime("%Y-%m-%d")}. {machine()}, {software},
{engines}; everything at its defaults. Load of the machine before: {loads}.
{first["entries"]:,} entries are published.

Whole answers over HTTP in milliseconds: the median of {TIMES} after a warm-up ({FEWEST} or more
of what takes seconds), least and most in brackets; *found* is what the list counts. Bold: over
the aim. A page of the portal counts ten facets and finds all forms of a word; one of Datasette
counts four (country, municipality, type, topic) and finds the word as it is written.

{table(number, results)}

Searched for: {words}."""


def table(number, results):
    """Give the lines of the table."""
    shown = [name for name in COLUMNS if name in results]
    lines = [
        ["what", "found", *(COLUMNS[name] for name in shown), "aim"],
        ["---", "---:", *("---:" for _name in shown), "---:"],
    ]
    for case in CASES:
        aim = case.aim and case.aim * (TIMES_LONGER if number > LARGE else 1)
        cases = {name: results[name]["cases"].get(case.name) for name in shown}
        counts = {name: cases[name]["found"] for name in shown if found_in(cases[name])}
        ours = {count for name, count in counts.items() if name != "datasette"}
        if len(ours) > 1:
            sys.exit(f"{case.name}: the engines disagree: {counts}")
        count = ours.pop() if ours else None
        # The aims are the portal's own.
        aims = {name: None if name == "datasette" else aim for name in shown}
        cells = [cell(cases[name], aims[name], count) for name in shown]
        if any(cells):
            found = "" if count is None else f"{count:,}"
            lines.append([case.title, found, *cells, f"≤ {aim}" if aim else ""])
    memory = {
        name: " / ".join(str(mine) for _resident, mine in results[name]["memory"]) for name in shown
    }
    lines.append(["MB of each process, its share", "", *memory.values(), f"< {MOST_MEMORY}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def found_in(case):
    """Say whether a case counted what it found."""
    return bool(case) and case.get("found") is not None


def cell(case, aim, count):
    """Give the cell of one measurement: bold over the aim, with the number where it is another."""
    if not case:
        return ""
    timing = Timing(*case["timing"])
    median = plain(timing.median)
    if aim and timing.median > aim:
        median = f"**{median}**"
    other = "" if case.get("found") in (None, count) else f", finds {case['found']:,}"
    return f"{median} ({plain(timing.least)}–{plain(timing.most)}){other}"


def plain(milliseconds):
    """Give milliseconds as precisely as they are worth."""
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:,.0f}"


def machine():
    """Give what the machine is."""
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    total = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
    named = f" ({processor[1]})" if processor else ""
    return f"{len(os.sched_getaffinity(0))} cores{named}, {total:.0f} GB, {system}"


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
