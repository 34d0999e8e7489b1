"""Draw what uses what: modules, the inside of an app, models. The pictures of docs/architecture.md.

Each is a stair. Whoever uses something stands above it, and makes a mark in its row, right below
the own step. So no line crosses another, however many there are.
"""

import ast
import tomllib
from graphlib import TopologicalSorter
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import grimp
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand

from localympact.texts import translated_fields

PICTURES = settings.BASE_DIR / "docs" / "pictures"
APPS = ["needs", "collaborations", "organizations"]
FOUNDATION = "localympact"

# In pixels: the height of a row, the width of a step, what is left free around the stair.
ROW, STEP, LEFT, TOP, EDGE = 18, 10, 40, 84, 16
# The width that a letter has in the widest of the usual fonts.
NAME, TEXT, HEAD = 7.6, 6.6, 10
STYLE = """
text { font: 12px system-ui, "DejaVu Sans", Arial, sans-serif; fill: #1c2b33 }
.head { font-size: 18px; font-weight: 600 }
.name { font-weight: 600 }
.quiet { fill: #5b6870 }
.number { fill: #5b6870; font-size: 10px; text-anchor: end }
.paper { fill: #fff }
.band { fill: #f3f0e8 }
.line { stroke: #cfc8b8 }
.localympact { fill: #1d4e5f }
.needs { fill: #b4481c }
.collaborations { fill: #7d3f80 }
.organizations { fill: #2f6b3a }
.one { fill: #1c2b33 }
.several { fill: #fff; stroke: #1c2b33; stroke-width: 1.5 }
"""


class Step(NamedTuple):
    """A step of a stair: what stands there, in which app, on which floor, and what it is."""

    name: str
    app: str
    floor: int
    about: str
    more: str = ""


# What is drawn


def said(text):
    """Give the first sentence of a docstring, without its marks."""
    first = " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")
    return first.translate({ord("*"): None, ord("`"): None})


def about(*names):
    """Give the first sentence about the first of some modules that says something of itself."""
    for name in names:
        file = Path(find_spec(name).origin)
        if text := ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))):
            return said(text)
    return ""


def generations(uses):
    """Give things in rows: whatever uses something stands in a row before it."""
    sorter = TopologicalSorter(dict.fromkeys(uses, ()))
    for user, used in uses.items():
        for thing in used & uses.keys() - {user}:
            sorter.add(thing, user)
    sorter.prepare()
    while sorter.is_active():
        row = sorted(sorter.get_ready(), key=list(uses).index)
        yield row
        sorter.done(*row)


def imports(packages, modules):
    """Give {module: those of the modules that it, or what is in it, imports}."""
    graph = grimp.build_graph(*packages, cache_dir=None)
    of = {
        part: module
        for module in modules
        for part in {module, *(graph.find_descendants(module) if module in graph.modules else ())}
    }
    uses = {module: set() for module in modules}
    for part, module in of.items():
        for imported in graph.find_modules_directly_imported_by(part):
            if of.get(imported, module) != module:
                uses[module].add(of[imported])
    return uses


def floors():
    """Give the steps of all modules, as the contract of import-linter has them, and their marks."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    linter = project["tool"]["importlinter"]
    layers = [layer.split(" | ") for layer in linter["contracts"][0]["layers"]]
    uses = imports(linter["root_packages"], [module for layer in layers for module in layer])
    steps = [
        Step(
            name=module.removeprefix(f"{FOUNDATION}."),
            app=module.partition(".")[0],
            floor=len(layers) - above,
            about=about(module, f"{module}.models") if module in APPS else about(module),
        )
        for above, layer in enumerate(layers)
        for module in layer
    ]
    return steps, marks(uses)


def inside(app):
    """Give the steps of the modules of an app, and their marks."""
    names = sorted(
        module
        for module in grimp.build_graph(app, cache_dir=None).modules
        if module.count(".") == 1 and not module.endswith(".migrations")
    )
    uses = imports([app], names)
    rows = list(generations(uses))
    order = [module for row in rows for module in row]
    steps = [
        Step(module.removeprefix(f"{app}."), app, len(rows) - above, about(module))
        for above, row in enumerate(rows)
        for module in row
    ]
    return steps, marks({module: uses[module] for module in order})


def models():
    """Give the steps of all models, and the marks of their relations."""
    steps, uses, several = [], {}, set()
    for floor, label in enumerate([*APPS, FOUNDATION]):
        own = {model: set() for model in apps.get_app_config(label).get_models()}
        for model in own:
            for field in model._meta.get_fields():
                if field.is_relation and field.concrete and field.related_model:
                    own[model].add(field.related_model)
                    if field.many_to_many:
                        several.add((model, field.related_model))
        for model in (model for row in generations(own) for model in row):
            uses[model] = own[model]
            texts = ", ".join(translated_fields(model))
            more = f"In six languages: {texts}" if texts else ""
            steps.append(
                Step(model.__name__, label, len(APPS) + 1 - floor, said(model.__doc__), more)
            )
    return steps, marks(uses, several)


def marks(uses, several=frozenset()):
    """Give {(place of the user, place of what it uses): whether it has one or several}."""
    places = {thing: place for place, thing in enumerate(uses)}
    return {
        (place, places[used]): "several" if (user, used) in several else "one"
        for user, place in places.items()
        for used in uses[user]
        if used in places
    }


# How it is drawn


def draw(title, reading, steps, marks):
    """Give a stair as SVG. `reading` are the lines that say how it is read."""
    corner = [LEFT + STEP * place for place in range(len(steps) + 1)]
    row = [TOP + ROW * place for place in range(len(steps) + 1)]
    told = [
        (len(step.name) * NAME, len(step.about) * TEXT, len(step.more) * TEXT) for step in steps
    ]
    width = max(
        *(corner[place + 1] + sum(widths) + 32 for place, widths in enumerate(told)),
        *(LEFT + len(line) * TEXT for line in reading),
        LEFT + len(title) * HEAD,
    )
    width, height = round(width) + EDGE, row[-1] + EDGE
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title how">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="how">{escape(" ".join(reading))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        f'<text class="head" x="{LEFT}" y="28">{escape(title)}</text>',
        *(
            f'<text class="quiet" x="{LEFT}" y="{50 + 17 * number}">{escape(line)}</text>'
            for number, line in enumerate(reading)
        ),
    ]
    # Floors
    for floor in sorted({step.floor for step in steps}, reverse=True):
        places = [place for place, step in enumerate(steps) if step.floor == floor]
        top, tall = row[places[0]], ROW * len(places)
        if floor % 2:
            lines.append(f'<rect class="band" y="{top}" width="{width}" height="{tall}"/>')
        lines.append(f'<text class="number" x="{LEFT - 10}" y="{top + 13}">{floor}</text>')
    # From each step down to the last that it uses, from each row back to the first that uses it
    for place in range(len(steps)):
        x, y = corner[place] + STEP / 2, row[place] + ROW / 2
        last = max((used for user, used in marks if user == place), default=place)
        first = min((user for user, used in marks if used == place), default=place)
        if last > place:
            lines.append(f'<path class="line" d="M{x} {y}V{row[last] + ROW / 2}"/>')
        if first < place:
            lines.append(f'<path class="line" d="M{corner[first] + STEP / 2} {y}H{x}"/>')
    for place, step in enumerate(steps):
        x, y = corner[place + 1] + 8, row[place] + 13
        users = [steps[user].name for user, used in sorted(marks) if used == place != user]
        uses = [steps[used].name for user, used in sorted(marks) if user == place != used]
        hint = f"{step.name} uses {', '.join(uses) or 'none'}; used by {', '.join(users) or 'none'}"
        lines += [
            f"<g><title>{escape(hint)}</title>",
            f'<rect class="{step.app}" x="{corner[place]}" y="{row[place]}" '
            f'width="{STEP}" height="{ROW}"/>',
            f'<text x="{x}" y="{y}"><tspan class="name {step.app}">{escape(step.name)}</tspan>'
            f'<tspan dx="8">{escape(step.about)}</tspan>'
            + (f'<tspan class="quiet" dx="8">{escape(step.more)}</tspan>' if step.more else "")
            + "</text></g>",
        ]
    lines += [
        f'<circle class="{kind}" cx="{corner[user] + STEP / 2}" cy="{row[used] + ROW / 2}" r="3"/>'
        for (user, used), kind in sorted(marks.items())
    ]
    return "\n".join([*lines, "</svg>"]) + "\n"


READING = (
    "A dot: what stands at the end of its line upwards {uses} what stands at the end of its row."
)


def pictures():
    """Give all pictures by the names of their files."""
    imported = READING.format(uses="imports")
    return {
        "architecture.svg": draw(
            "The floors of the portal: what stands lower never imports what stands higher",
            [imported, "The numbers are the floors of pyproject.toml, which import-linter holds."],
            *floors(),
        ),
        "organizations.svg": draw(
            "Inside organizations",
            [imported, "The numbers: how many floors its modules need."],
            *inside("organizations"),
        ),
        "models.svg": draw(
            "The models and their relations",
            [
                READING.format(uses="refers to"),
                "Full: to one. Open: to several. On the stair: to another of its kind. "
                "The floors: 4 needs, 3 collaborations, 2 organizations, 1 localympact.",
            ],
            *models(),
        ),
    }


class Command(BaseCommand):
    help = "Draw docs/pictures/*.svg from the code."

    def add_arguments(self, parser):
        parser.add_argument("--output", type=Path, default=PICTURES)

    def handle(self, *args, output, **options):
        for name, picture in pictures().items():
            (output / name).write_text(picture, encoding="utf-8")
