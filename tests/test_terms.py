"""Terms: a term in use cannot vanish, but another one can take its place."""

import pytest
from django.db import transaction
from django.db.models import ProtectedError

from localympact import history
from needs.models import Cause
from organizations.models import Audience, CooperationForm, OrganizationType, Topic, Town
from tests.factories import (
    make_audience,
    make_cause,
    make_collaboration,
    make_form,
    make_need,
    make_organization,
    make_topic,
    make_town,
    make_type,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(client):
    def act(person):
        client.force_login(person)
        return client

    return act


def with_type(term):
    return make_organization(type=term)


def with_topic(term):
    return make_need(topics=[term])


def with_audience(term):
    return make_collaboration(audiences=[term])


def with_form(term):
    return make_collaboration(form=term)


def with_town(term):
    return make_organization(town=term)


def with_cause(term):
    return make_need(cause=term)


KINDS = {
    OrganizationType: (make_type, with_type),
    Topic: (make_topic, with_topic),
    Audience: (make_audience, with_audience),
    CooperationForm: (make_form, with_form),
    Town: (make_town, with_town),
    Cause: (make_cause, with_cause),
}


@pytest.fixture(params=KINDS, ids=lambda model: model.__name__)
def kind(request):
    """Each model of terms in turn, with what makes a term and what makes an entry that has it."""
    return request.param, *KINDS[request.param]


def term_url(term, *parts):
    return "/".join(["/admin", term._meta.app_label, term._meta.model_name, *map(str, parts), ""])


# Deleting


def test_term_in_use_cannot_be_deleted(kind):
    model, make, use = kind
    term = make()
    use(term)
    for things in (term, model.objects.all()):
        with pytest.raises(ProtectedError), transaction.atomic():
            things.delete()
    assert model.objects.filter(pk=term.pk).exists()


def test_term_that_nobody_has_can_be_deleted(kind):
    model, make, _use = kind
    make().delete()
    assert not model.objects.exists()


def test_pages_refuse_to_delete_a_term_in_use_and_say_how_many_have_it(act, superuser, kind):
    model, make, use = kind
    term = make()
    use(term), use(term)
    browser = act(superuser)
    for page in (
        browser.get(term_url(term, term.pk, "delete")),
        browser.post(term_url(term, term.pk, "delete"), {"post": "yes"}),
        browser.post(
            term_url(term),
            {"action": "delete_selected", "_selected_action": [term.pk], "post": "yes"},
        ),
    ):
        assert "cannot be deleted: 2 entries have it." in page.text
    assert model.objects.filter(pk=term.pk).exists()


# Merging


def test_everything_that_has_a_term_gets_the_other(act, portal_editor, kind):
    model, make, use = kind
    gone, kept = make(), make()
    entries = [use(gone), use(gone), use(kept)]
    browser = act(portal_editor)
    page = browser.get(term_url(gone, gone.pk, "merge"))
    assert [count for _name, count in page.context["usage"]] == [2]
    page = browser.post(term_url(gone, gone.pk, "merge"), {"into": kept.pk}, follow=True)
    assert "2 entries have it now." in page.text
    assert list(model.objects.all()) == [kept]
    for entry in entries:
        now = type(entry).objects.get(pk=entry.pk)
        assert kept in [
            getattr(now, name) for name in ("type", "form", "town", "cause") if hasattr(now, name)
        ] or kept in [*now.topics.all(), *getattr(now, "audiences", now.topics).all()]


def test_entry_with_both_terms_has_the_kept_one_once():
    from organizations.merging import merge_terms

    gone, kept = make_topic(), make_topic()
    entry = make_organization(topics=[gone, kept])
    assert merge_terms(kept, gone) == 1
    assert list(entry.topics.through.objects.values_list("topic", flat=True)) == [kept.pk]


def test_words_of_a_merged_term_become_synonyms_in_their_language():
    from organizations.merging import merge_terms

    kept = make_topic(name_en="Youth", name_lv="Jaunieši", synonyms_en="teens")
    gone = make_topic(name_en="Young people", name_lv="Jauniesi", synonyms_en="youth\nTeens\nkids")
    merge_terms(kept, gone)
    kept.refresh_from_db()
    assert kept.synonyms_en == "teens\nYoung people\nkids"
    assert not kept.synonyms_lv


def test_entries_of_a_merged_term_keep_their_earlier_version(act, portal_editor):
    gone, kept = make_topic(), make_topic()
    entry = make_organization(topics=[gone])
    before = entry.updated
    act(portal_editor).post(term_url(gone, gone.pk, "merge"), {"into": kept.pk})
    now, was = history.versions(entry)
    assert (now.revision.comment, now.revision.user) == (history.MERGE, portal_editor)
    assert history.state_of(now)["topics"] == [kept.pk]
    assert history.state_of(was)["topics"] == [gone.pk]
    entry.refresh_from_db()
    assert entry.updated > before


def test_merging_needs_another_term(act, portal_editor):
    term = make_topic()
    page = act(portal_editor).post(term_url(term, term.pk, "merge"), {"into": term.pk})
    assert "Choose the one that stays." in page.text
    assert Topic.objects.get() == term


def test_municipal_editor_merges_no_terms(act, editor, kind):
    model, make, use = kind
    gone, kept = make(), make()
    use(gone)
    answer = act(editor).post(term_url(gone, gone.pk, "merge"), {"into": kept.pk})
    assert answer.status_code in (302, 403)
    assert model.objects.count() == 2


# Order and synonyms


def test_order_is_changed_in_the_list(act, portal_editor):
    first, second = make_topic(position=1), make_topic(position=2)
    values = {
        "form-TOTAL_FORMS": 2,
        "form-INITIAL_FORMS": 2,
        "form-0-id": first.pk,
        "form-0-position": 3,
        "form-1-id": second.pk,
        "form-1-position": 2,
        "_save": "Save",
    }
    assert act(portal_editor).post(term_url(first), values).status_code == 302
    assert list(Topic.objects.all()) == [second, first]


@pytest.mark.parametrize("make", [make_topic, make_cause])
def test_synonyms_are_tidied_when_saved(make):
    term = make(synonyms_lv="  jauniete \r\n\nJauniete\n jauns   cilvēks\n", synonyms_en=None)
    term.refresh_from_db()
    assert (term.synonyms_lv, term.synonyms_en) == ("jauniete\njauns cilvēks", None)
