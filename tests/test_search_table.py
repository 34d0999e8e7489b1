"""What visitors type in six languages finds what it should: the table tests/queries.toml."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from django.utils import translation

from localympact.facets import facets_of
from localympact.search import Search
from localympact.texts import LANGUAGES
from organizations.indexing import entry_models, named_models

TABLE = tomllib.loads(Path(__file__).with_name("queries.toml").read_text(encoding="utf-8"))


@pytest.fixture
def entries(seed):
    """The entries of the seed: {model: {primary key: database/slug}}."""
    return {
        model: {
            pk: f"{model._meta.app_label}/{slug}"
            for pk, slug in model.objects.values_list("pk", "slug")
        }
        for model in entry_models()
    }


def results(entries, language, question):
    """Give what a question finds, as [[database/slug, …] of each database], the best first."""
    search = Search(question, language)
    return [
        [names[pk] for group in search.groups(facets_of(model).now()) for pk in group]
        for model, names in entries.items()
    ]


def carrying(entries, term):
    """Give all entries that carry a term, asked of the models themselves."""
    kind, slug = term.split("/")
    (thing,) = (
        found
        for model in named_models()
        if model.facet == kind
        for found in model.objects.filter(slug=slug)
    )
    found = set()
    for model, names in entries.items():
        column = model.facet_links.get(kind) or model.facet_columns.get(kind)
        if column:
            of_it = model.objects.filter(**{column: thing})
            found |= {names[pk] for pk in of_it.values_list("pk", flat=True)}
    assert found, f"Nothing carries {term}"
    return found


def problems(entries, language, line):
    """Yield what is wrong with the results of one line of the table."""
    lists = results(entries, language, line["q"])
    found = {entry for one in lists for entry in one}
    wanted = {*line.get("found", ()), *line.get("first", ())}
    for term in line.get("carrying", ()):
        wanted |= carrying(entries, term)
    for entry in sorted(wanted - found):
        yield f"does not find {entry}"
    for entry in sorted(found.intersection(line.get("missing", ()))):
        yield f"finds {entry}"
    if line.get("nothing") and found:
        yield f"finds {len(found)} entries"
    firsts = line.get("first", ())
    for one in lists:
        of_it = [entry for entry in firsts if entry in one]
        if one[: len(of_it)] != of_it:
            yield f"has {one[: len(of_it)]} before {of_it}"


def test_queries_find_what_they_should(entries):
    known = {slug for names in entries.values() for slug in names.values()}
    wrong = []
    for language, lines in TABLE.items():
        for line in lines:
            with translation.override(language):
                found = list(problems(entries, language, line))
            named = {*line.get("found", ()), *line.get("first", ()), *line.get("missing", ())}
            found += [f"names {entry}, which is not there" for entry in sorted(named - known)]
            wrong += [f"{language} {line['q']} ({line['shows']}): {what}" for what in found]
    assert not wrong, "\n" + "\n".join(wrong)


def test_table_has_queries_enough_in_every_language():
    assert set(TABLE) == set(LANGUAGES)
    assert min(Counter({language: len(lines) for language, lines in TABLE.items()}).values()) >= 11
    for line in (line for lines in TABLE.values() for line in lines):
        must = line.get("found") or line.get("first")
        assert line.get("nothing") or (must and line["missing"]), line["q"]
