"""Write what was measured into docs/measured.md, between the marks of its number of organisations.

python -m benchmarks.report 100000 var/bench/100000

The folder holds what `measure`, `compare` and `speed` wrote: sqlite.json, postgresql.json,
datasette.json, speed.json.
"""

import json
import os
import platform
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.serving import CONNECTIONS, FEWEST, ROUNDS, SECONDS, TIMES, Timing

DOCUMENT = Path("docs/measured.md")
COLUMNS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "datasette": "Datasette"}
# The aims are for 100,000 organisations; ten times as many may take five times as long.
LARGE, TIMES_LONGER = 100_000, 5
LIST, SEARCH, RARE, SUGGESTION = 60, 80, 40, 20
MOST_MEMORY = 200
# The aims of `speed`: shares of the bare view's requests a second; times that COPY may take, and
# that Datasette must take, beside our file; MB of two workers; seconds.
COMPUTED, KEPT, UNCHANGED = 0.25, 0.6, 0.7
TIMES_COPY, TIMES_DATASETTE, BOTH_WORKERS, COLD = 4, 3, 400, 2


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


class Rate(NamedTuple):
    """One line of the requests a second: its name in `speed`, what it is, its share at least."""

    name: str
    title: str
    aim: float | None = None


RATES = (
    Rate("bare", "a bare Django view, without middleware"),
    Rate("within", "the same behind the portal's middleware"),
    Rate("start", "start page", COMPUTED),
    Rate("detail", "pages of organisations", COMPUTED),
    Rate("list", "list, nothing chosen"),
    Rate("start-kept", "start page, kept", KEPT),
    Rate("detail-kept", "page of an organisation, kept", KEPT),
    Rate("list-kept", "list, kept", KEPT),
    Rate("unchanged", "304 to whoever has the page", UNCHANGED),
)


def main(number, folder):
    results = {}
    for name in COLUMNS:
        if (file := folder / f"{name}.json").exists():
            results[name] = json.loads(file.read_text())
    begin, end = f"<!-- make bench N={number} -->", f"<!-- end of make bench N={number} -->"
    section = text(number, results)
    if (file := folder / "speed.json").exists():
        section += f"\n\n{speed(number, json.loads(file.read_text()), results.get('datasette'))}"
    section = f"{begin}\n{section}\n{end}"
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
    return rows_of(lines)


def speed(number, measured, datasette):
    """Give what `speed` measured: requests a second, the file, memory, cold start."""
    bare = Timing(*measured["rates"]["bare"]).median
    lines = [["what", "kB", "requests a second", "of the bare view", "aim"]]
    lines.append(["---", "---:", "---:", "---:", "---:"])
    for rate in RATES:
        found = Timing(*measured["rates"][rate.name])
        share, aim = found.median / bare, rate.aim or 0
        told = f"{found.median:,.0f} ({found.least:,.0f}–{found.most:,.0f})"
        told = [f"{found.size / 1000:,.1f}", told, bold(f"{share:.2g}", share >= aim)]
        lines.append([rate.title, *told, f"≥ {aim}" if aim else ""])
    return f"""\
### Requests a second, {number:,} organisations

PostgreSQL, gunicorn as in operation with two workers and no proxy, `wrk` on the same machine,
{CONNECTIONS} connections; load before {measured["load"][0]:.1f}. The median of {ROUNDS} rounds
of {SECONDS} seconds in turn, least and most in brackets. Bold: short of the aim. What is not called
*kept* is computed for each request (`PAGES_KEPT=0`); {measured["details"]} organisations are
asked for one after another.

{rows_of(lines)}

{rows_of(others(measured, datasette))}"""


def others(measured, datasette):
    """Give the lines of what is no rate: the file, memory, cold start."""
    file, copy = Timing(*measured["file"]), Timing(*measured["copy"])
    lines = [["what", "measured", "aim"], ["---", "---:", "---:"]]
    times = file.median / copy.median
    told = f", {times:.1f} times COPY"
    lines.append(
        [
            "CSV of everything",
            bold(amount(file) + told, times <= TIMES_COPY),
            f"≤ {TIMES_COPY} times",
        ]
    )
    lines.append(["`COPY (SELECT …) TO STDOUT` of the same rows", amount(copy), ""])
    if datasette and "file" in datasette:
        theirs = Timing(*datasette["file"])
        times = theirs.median / file.median
        told = f", {times:.1f} times ours"
        met = times >= TIMES_DATASETTE
        lines.append(
            [
                "Datasette's streamed CSV",
                bold(amount(theirs) + told, met),
                f"≥ {TIMES_DATASETTE} times",
            ]
        )
    memory = sum(mine for _resident, mine in measured["memory"])
    lines.append(
        [
            "two workers after all this",
            bold(f"{memory} MB", memory < BOTH_WORKERS),
            f"< {BOTH_WORKERS} MB",
        ]
    )
    for name, title in {
        "alive": "until `/healthz` answers",
        "start": "until the start page",
    }.items():
        cold = Timing(*measured["cold"][name])
        told = f"{cold.median:.1f} s ({cold.least:.1f}–{cold.most:.1f})"
        lines.append([f"cold start {title}", bold(told, cold.median < COLD), f"< {COLD} s"])
    return lines


def amount(file):
    """Give how long a file took and how much of it came in a second."""
    return (
        f"{file.median:.1f} s ({file.size / 1e6:,.0f} MB, {file.size / 1e6 / file.median:.0f} MB/s)"
    )


def bold(told, met):
    """Give what was measured, bold where it misses its aim."""
    return told if met else f"**{told}**"


def rows_of(lines):
    """Give the lines of a table."""
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
