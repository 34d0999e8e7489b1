"""Every number beside a choice is the number of results after choosing it, whatever changed."""

from random import Random

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from localympact import facets as counting
from localympact import results
from localympact.alphabets import alphabet_key
from localympact.facets import Facets, State, facets_of
from localympact.models import Content
from localympact.texts import LANGUAGES, pick
from needs.models import Need
from organizations.models import Municipality, Organization
from tests.factories import (
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
    make_type,
)
from tests.worlds import (
    EDITS,
    FILTERS,
    MODELS,
    Answer,
    World,
    ask,
    content,
    problems,
    random_question,
)

# Shrinking an example takes longer than it helps: the changes that were made are named anyway.
by_chance = settings(
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def counts(filterset, name):
    """Give {value: count} of a facet, as the page shows it."""
    (facet,) = (facet for facet in filterset.facets if facet.name == name)
    return {option.value: option.count for option in facet.options}


# By chance


@pytest.fixture
def world(db):
    return World(Random(6))


@settings(by_chance, max_examples=30)
@given(random=st.randoms(use_true_random=False))
def test_counts_are_what_choosing_finds(world, random):
    for model, filterset_class in FILTERS.items():
        asked = random_question(random, filterset_class)
        wrong = list(problems(model, asked, random.choice(LANGUAGES)))
        assert not wrong, (asked, wrong)


@settings(by_chance, max_examples=20)
@given(random=st.randoms(use_true_random=False))
def test_counts_are_right_after_any_change(world, random):
    world.random = random
    with transaction.atomic():
        done = [world.edit() for _ in range(random.randint(1, 4))]
        for model, filterset_class in FILTERS.items():
            asked = random_question(random, filterset_class)
            wrong = list(problems(model, asked, random.choice(LANGUAGES)))
            assert not wrong, (done, asked, wrong)
        transaction.set_rollback(True)


# In order


def in_plain_python(model, sort, language, towns):
    """Give the keys of all published entries in an order, without the database."""
    entries = model.objects.published().select_related("municipality")
    keys = {
        "newest": lambda entry: (-entry.created.timestamp(), -entry.pk),
        "verified": lambda entry: -entry.verified_on.toordinal() if entry.verified_on else 0,
        "municipality": lambda entry: towns.index(entry.municipality_id),
    }
    ordered = sorted(
        entries,
        key=lambda one: (alphabet_key(language, pick(one, "name", reader=language)), one.pk),
    )
    return [one.pk for one in sorted(ordered, key=keys.get(sort, lambda one: 0))]


@pytest.mark.parametrize("walked", [False, True])
def test_order_is_the_same_on_the_page_and_in_files(world, walked, monkeypatch):
    if walked:
        # As if there were many: the sorted index is walked until a page is full.
        monkeypatch.setattr(results, "NAMED", 0)
        monkeypatch.setattr(results, "AT_LEAST_NAMED", 0)
    for model, filterset_class in FILTERS.items():
        sorts = [value for value, _label in filterset_class.base_filters["sort"].extra["choices"]]
        for language in LANGUAGES:
            with translation.override(language):
                places = [place.pk for place in Municipality.objects.by_name(language)]
            for sort in sorts:
                asked = {"sort": [sort]} | ({"q": ["zudikla"]} if sort == "relevance" else {})
                asked |= {"near": ["roja"], "unplaced": ["keep"]} if sort == "nearest" else {}
                filterset = ask(model, asked, language)
                with translation.override(language):
                    listed = [entry.pk for entry in filterset.found[:]]
                    assert listed == list(filterset.qs.values_list("pk", flat=True)), asked
                    if sort in ("name", "newest", "verified", "municipality"):
                        assert listed == in_plain_python(model, sort, language, places), asked
                    parts = [
                        entry.pk for at in range(0, 30, 4) for entry in filterset.found[at : at + 4]
                    ]
                    assert parts == listed


def test_nearest_comes_first_and_what_has_no_place_last(talsi):
    near, middle = make_town("Roja", latitude=57.5), make_town("Stende", latitude=57.4)
    nowhere = make_organization(name_en="Nowhere")
    far = make_organization(town=make_town("Mora", latitude=57.2))
    second, first = make_organization(town=middle), make_organization(town=near)
    own = make_organization(town=far.town, latitude=57.49, longitude=near.longitude)
    asked = {"near": ["roja"], "unplaced": ["keep"]}
    assert ask(Organization, asked).found[:] == [first, own, second, nowhere]
    assert ask(Organization, asked | {"within": ["50"]}).found[:] == [
        first,
        own,
        second,
        far,
        nowhere,
    ]
    assert ask(Organization, {"near": ["roja"], "within": ["10"]}).found[:] == [first, own]
    filterset = ask(Organization, asked)
    assert filterset.radii() == [(10, 3, False), (25, 4, True), (50, 5, False)]
    assert filterset.unplaced_count == 1


# What is asked for and is not there


def test_what_states_nothing_is_counted_and_found(db):
    topic, kind = make_topic(slug="music"), make_type(slug="club")
    make_organization(topics=[topic], languages=["lv"])
    make_organization(type=kind)
    nothing = make_organization()
    make_organization(status="draft")
    filterset = ask(Organization, {})
    for name, value in (("topic", "music"), ("type", "club"), ("spoken", "lv")):
        shown = counts(filterset, name)
        assert (shown[value], shown["none"]) == (1, 2)
    assert counts(filterset, "town") == {"none": 3}
    asked = {"topic": ["none"], "type": ["none"], "spoken": ["none"]}
    assert ask(Organization, asked).found[:] == [nothing]


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        (model, asked)
        for model in MODELS
        for asked in (
            {"topic": ["nonsense"]},
            {"topic": ["term-0", "nonsense"]},
            {"country": ["XX"]},
            {"municipality": ["riga"]},
            {"verified": ["maybe"]},
            {"language": ["de"]},
            {"sort": ["up"]},
            {"view": ["sound"]},
            {"q": ["\ufffd"]},
        )
    ]
    + [
        (Organization, {"near": ["atlantis"]}),
        (Organization, {"near": ["roja"], "within": ["11"]}),
        (Organization, {"within": ["11"]}),
        (Organization, {"unplaced": ["drop"]}),
        (Organization, {"partners": ["no"]}),
    ],
)
def test_value_that_does_not_exist_finds_nothing_and_leaves_the_other_facets(world, model, asked):
    filterset = ask(model, asked)
    assert not filterset.is_valid()
    assert filterset.found.total == 0
    assert filterset.found[:] == list(filterset.qs) == []
    (name,) = filterset.form.errors
    for facet in filterset.facets:
        if facet.name != name:
            assert not any(option.count for option in facet.options)
    if name not in ("sort", "view", "q", "near", "within", "unplaced"):
        # Of a facet that is asked for the own choice is left out, also a wrong one.
        answer = Answer(model)
        for value, count in counts(filterset, name).items():
            assert count == len(answer.found({name: [value]})), (name, value)


# As a process sees it that reads only what has changed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seed", "many"), [(1, 5000), (2, 6)])
def test_counts_follow_what_is_committed(seed, many, monkeypatch):
    """Here nothing is taken back: bitmaps are kept, and only changed entries read anew."""
    monkeypatch.setattr(counting, "MANY", many)
    random = Random(seed)
    world = World(random, entries=4)
    sleepy = {model: Facets(model) for model in MODELS}
    done = []
    for edit in random.sample(EDITS * 2, len(EDITS) * 2):
        done.append(world.edit(edit))
        for model in MODELS:
            now, fresh = facets_of(model).now(), Facets(model).now()
            assert content(now) == content(fresh), (model, done)
            assert facets_of(model).now() is now
            if random.random() < 0.1:
                assert content(sleepy[model].now()) == content(fresh), (model, done)
        model = random.choice(MODELS)
        asked = random_question(random, FILTERS[model])
        wrong = list(problems(model, asked, random.choice(LANGUAGES)))
        assert not wrong, (done, asked, wrong)
    call_command("rebuild_search", verbosity=0)
    for model in MODELS:
        fresh = content(Facets(model).now())
        assert content(facets_of(model).now()) == content(sleepy[model].now()) == fresh


@pytest.mark.django_db(transaction=True)
def test_needs_of_all_pilot_areas_leave_one_that_is_no_more(talsi):
    make_need(level="all")
    place = make_municipality("braga")
    make_need(level="national", countries=["PT"])
    assert counts(ask(Need, {}), "municipality") == {"talsi": 1, "braga": 2, "none": 2}
    place.delete()
    assert content(facets_of(Need).now()) == content(Facets(Need).now())
    assert counts(ask(Need, {}), "country") == {"LV": 1, "PT": 1}
    assert counts(ask(Need, {}), "municipality") == {"talsi": 1, "none": 2}


@pytest.mark.django_db(transaction=True)
def test_counts_are_read_anew_where_the_database_is_another_one():
    """As after a copy of earlier days was put back: its numbers say nothing of ours."""
    entries = [make_organization(), make_organization()]
    stamp = facets_of(Organization).now().stamp
    QuerySet(Organization).filter(pk=entries[0].pk).update(status="draft")
    assert facets_of(Organization).now().stamp == stamp
    Content.objects.all().delete()
    Content.objects.create(pk=Organization.database, number=stamp.number + 9)
    assert content(facets_of(Organization).now()) == content(Facets(Organization).now())
    assert ask(Organization, {}).found.total == 1


# What has most in common


@settings(by_chance, max_examples=50)
@given(
    topics=st.lists(st.sets(st.integers(0, 40)), max_size=5),
    within=st.sets(st.integers(0, 40)),
)
def test_entries_with_most_of_some_values_come_first(topics, within):
    values = {"topic": {at: BitMap(ids) for at, ids in enumerate(topics)}}
    state = State(0, None, BitMap(range(41)), values)
    found = [list(ids) for ids in state.with_most("topic", range(len(topics)), BitMap(within))]
    shared = {one: sum(one in ids for ids in topics) for one in sorted(within)}
    for number, ids in zip(range(len(topics), 0, -1), found, strict=True):
        assert ids == [one for one, count in shared.items() if count == number]
