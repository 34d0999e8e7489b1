"""One out of two: merging entries that are the same thing, and terms that mean the same.

Nothing that anybody linked to is lost, and the address of a merged entry leads on for ever.
"""

import reversion
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from localympact.afterwards import together
from localympact.among import locked
from localympact.history import MERGE, keep_before, kept_fields
from localympact.texts import LANGUAGES, columns
from organizations.duplicates import DuplicatePair, note
from organizations.entries import Entry, Status, WithSynonyms, tidy_lines
from organizations.models import Suggestion
from organizations.origins import TextState, translation_fields

# What merging decides by itself, or never touches.
NOT_CHOSEN = {"status", "merged_into", "verified_on", "verified_by"}


def chosen_fields(model):
    """Give the fields of an entry of which one of two values stays: all but links to many."""
    links = {field.name for field in model._meta.many_to_many}
    return [
        model._meta.get_field(name) for name in kept_fields(model) if name not in links | NOT_CHOSEN
    ]


def is_empty(value):
    """Say whether a field with this value says nothing."""
    return value in (None, "", []) or (hasattr(value, "storage") and not value)


def differing(survivor, merged):
    """Give the fields in which two entries differ, as far as both are not empty."""
    return [
        field
        for field in chosen_fields(type(survivor))
        if _value(survivor, field) != _value(merged, field)
        and not (is_empty(_value(survivor, field)) and is_empty(_value(merged, field)))
    ]


def filled_up(survivor, merged):
    """Give the names of the fields that are empty in one entry and filled in the other."""
    return {
        field.name for field in differing(survivor, merged) if is_empty(_value(survivor, field))
    }


def _value(entry, field):
    return getattr(entry, field.attname)


@together()
@reversion.create_revision()
def merge_entries(survivor, merged, take=None):
    """Merge an entry into another one of its database; give the names of the fields that changed.

    `take` names the fields in which the value of `merged` stays, those that are empty in
    `survivor` unless given. The survivor is published if either was, so that no public address
    dies. Raises ValidationError where the chosen values do not fit together.
    """
    model = type(survivor)
    # Both at once, in the order in which everybody takes several.
    locked(model, [survivor.pk, merged.pk])
    for entry in (survivor, merged):
        if entry.merged_into_id:
            raise ValidationError(_("“%(entry)s” was merged already.") % {"entry": entry})
    take = filled_up(survivor, merged) if take is None else take
    earlier = list(model._base_manager.filter(merged_into=merged))
    touched = [(model, [survivor.pk, merged.pk, *(entry.pk for entry in earlier)])]
    touched += [(other, pks) for other, _field, pks in _linking(merged)]
    for other, pks in touched:
        keep_before(other, pks)

    before = {column: getattr(survivor, column) for column in columns(*translation_fields(model))}
    changed = []
    for field in differing(survivor, merged):
        if field.name in take:
            setattr(survivor, field.attname, _value(merged, field))
            changed.append(field.name)
    if merged.is_published and not survivor.is_published:
        survivor.status = Status.PUBLISHED
        changed.append("status")
    survivor.full_clean()
    survivor.save()
    merged.merged_into, merged.status = survivor, Status.ARCHIVED
    merged.save()
    for entry in earlier:
        entry.merged_into = survivor
        entry.save()

    for field in model._meta.many_to_many:
        getattr(survivor, field.name).add(*getattr(merged, field.name).all())
    for other, field, pks in _linking(merged):
        for entry in other._base_manager.filter(pk__in=pks):
            getattr(entry, field.name).add(survivor)
            getattr(entry, field.name).remove(merged)
            entry.save(update_fields=["updated"])
    Suggestion.objects.filter(entry=merged.uuid).update(entry=survivor.uuid)
    _take_origins(survivor, merged, before)
    DuplicatePair.objects.of(merged.uuid).delete()
    note(model, [survivor.pk])
    reversion.set_comment(MERGE)
    return changed


def _linking(entry):
    """Give (model, its field, [pk]) of everything that links to an entry by a list of links."""
    return [
        (
            relation.related_model,
            relation.field,
            list(
                relation.related_model._base_manager.filter(
                    **{relation.field.name: entry}
                ).values_list("pk", flat=True)
            ),
        )
        for relation in entry._meta.related_objects
        if relation.many_to_many
    ]


def _take_origins(survivor, merged, before):
    """Take over where the texts of a language come from, if all of them come from `merged`."""
    states = {state.language: state for state in TextState.objects.filter(entry=merged.uuid)}
    fields = translation_fields(type(survivor))
    for language in LANGUAGES:
        names = [f"{field}_{language}" for field in fields]
        filled = [name for name in names if getattr(survivor, name)]
        taken = [name for name in filled if getattr(survivor, name) != (before[name] or "")]
        if taken and taken == filled:
            TextState.objects.filter(entry=survivor.uuid, language=language).delete()
            if state := states.get(language):
                state.pk, state.entry = None, survivor.uuid
                state.save(force_insert=True)


# Terms


def usage(term):
    """Give [(relation, number of entries)] of everything that has a term, without what has none."""
    counted = [(relation, _having(relation, term).count()) for relation in relations(type(term))]
    return [(relation, count) for relation, count in counted if count]


def relations(model):
    """Give the relations by which entries have a term."""
    return [
        relation
        for relation in model._meta.related_objects
        if issubclass(relation.related_model, Entry)
    ]


def _having(relation, term):
    return relation.related_model._base_manager.filter(**{relation.field.name: term})


def in_use(term):
    """Give the sentence that refuses to delete a term that entries have, or nothing."""
    count = sum(count for _relation, count in usage(term))
    if not count:
        return ""
    said = ngettext(
        "“%(term)s” cannot be deleted: %(count)s entry has it. Merge it into another one instead.",
        "“%(term)s” cannot be deleted: %(count)s entries have it. Merge it into another one "
        "instead.",
        count,
    )
    return said % {"term": term, "count": count}


def protect_term(instance, **kwargs):
    """Refuse to delete a term that entries have (`pre_delete`): their links would vanish."""
    if said := in_use(instance):
        raise ProtectedError(
            said,
            {entry for relation, _n in usage(instance) for entry in _having(relation, instance)},
        )


@together()
@reversion.create_revision()
def merge_terms(kept, gone):
    """Give everything that has `gone` the term `kept` instead, and delete `gone`.

    Its names and synonyms become synonyms of the other. Gives the number of entries.
    """
    model, count = type(kept), 0
    if getattr(model, "keeps_versions", False):
        keep_before(model, [kept.pk, gone.pk])
    for relation in relations(model):
        entries = relation.related_model
        pks = list(_having(relation, gone).values_list("pk", flat=True))
        keep_before(entries, pks)
        if relation.many_to_many:
            _replace_links(relation, kept, gone)
        else:
            entries._base_manager.filter(pk__in=pks).update(**{relation.field.name: kept})
        entries._base_manager.filter(pk__in=pks).update(updated=timezone.now())
        links = [field.name for field in entries._meta.many_to_many]
        for entry in entries._base_manager.filter(pk__in=pks).prefetch_related(*links):
            reversion.add_to_revision(entry)
        count += len(pks)
    if isinstance(kept, WithSynonyms):
        _take_words(kept, gone)
    gone.delete()
    reversion.set_comment(MERGE)
    return count


def _replace_links(relation, kept, gone):
    """Point the links to one term to another, without linking an entry to it twice."""
    through = relation.field.remote_field.through._base_manager
    term, entry = relation.field.m2m_reverse_field_name(), relation.field.m2m_field_name()
    have_both = through.filter(**{term: kept}).values(entry)
    links = through.filter(**{term: gone})
    links.filter(**{f"{entry}__in": have_both}).delete()
    links.update(**{term: kept})


def _take_words(kept, gone):
    """Make the names and synonyms of one term synonyms of another, language by language."""
    for language in LANGUAGES:
        column, name = f"synonyms_{language}", f"name_{language}"
        own = getattr(kept, name) or ""
        words = [getattr(kept, column), getattr(gone, name), getattr(gone, column)]
        lines = tidy_lines("\n".join([own, *filter(None, words)])).splitlines()
        # Its own name was put first only to leave out its repetitions.
        setattr(kept, column, "\n".join(lines[1:] if own else lines))
    kept.save()
