"""The index of the search and the numbers of changes, kept with everything that is saved.

Signals say what was saved: one by one, many at once (`saved_many`), links, deletions. Nothing is
followed past the models; `manage.py rebuild_search` makes the index anew.
"""

import re

from django.apps import apps
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save

from localympact import index
from localympact.afterwards import afterwards, comes_last, in_order, saved_many, together
from localympact.alphabets import sort_key
from localympact.among import Among, locked
from localympact.cldr import country_name
from localympact.facets import facets_of, forget_counts, note_changes
from localympact.models import Alias, Change, Indexed
from localympact.texts import LANGUAGES, columns, pick
from organizations.entries import Entry
from organizations.places import Municipality, Town

CHUNK = 500
# Of a web address nobody looks for this.
SCHEME = re.compile(r"^https?://(www\.)?")


def entry_models():
    """Give the models of the three databases."""
    return [model for model in apps.get_models() if issubclass(model, Entry)]


def named_models():
    """Give the models of what entries are found by: terms and places."""
    return [model for model in apps.get_models() if isinstance(getattr(model, "facet", None), str)]


# Entries


def reindex(model, pks):
    """Write the index of entries as they are now, and at the end note that they changed."""
    pks = sorted(pks)
    with together():
        for start in range(0, len(pks), CHUNK):
            chunk = pks[start : start + CHUNK]
            # Whoever saves one of them meanwhile waits, and writes its index after this one.
            locked(model, chunk)
            write(model, chunk)
        afterwards(recount, model, pks)


@comes_last
def recount(model, pks):
    """Note that entries changed, if only in their links."""
    note_changes(model.database, pks)


@comes_last
def recount_all(model, _pks):
    """Let all entries be counted anew: another place changed what they count for."""
    forget_counts(model.database)


def write(model, pks, table=index.TABLE):
    """Write the index of entries that nobody else indexes; what is no longer there leaves it."""
    plain = model.searched_as_written
    entries = (
        model._base_manager.filter(pk__in=Among(pks))
        .select_related("municipality")
        .only("municipality__language", *columns("name", *model.searched), *plain)
    )
    texts, rows = {pk: {} for pk in pks}, []
    for entry in entries.order_by("pk"):
        parts = texts[entry.pk]
        for at, language in enumerate(LANGUAGES):
            name = getattr(entry, f"name_{language}") or ""
            told = (getattr(entry, f"{field}_{language}") for field in model.searched)
            body = "\n".join(filter(None, told))
            if name or body:
                parts[at] = (name, body)
        written = (SCHEME.sub("", getattr(entry, field)) for field in plain)
        if body := "\n".join(filter(None, written)):
            parts[index.NO_LANGUAGE] = ("", body)
        rows.append(indexed(entry))
    index.write(model.database, texts, table)
    Indexed.objects.filter(database=model.database, entry__in=Among(pks)).delete()
    Indexed.objects.bulk_create(rows)


def indexed(entry):
    """Give what else the index keeps of an entry."""
    with_text = (bool(getattr(entry, f"summary_{language}")) for language in LANGUAGES)
    seen = {language: pick(entry, "name", reader=language) for language in LANGUAGES}
    return Indexed(
        database=entry.database,
        entry=entry.pk,
        languages=sum(has << at for at, has in enumerate(with_text)),
        **{language: sort_key(language, name) for language, name in seen.items()},
    )


# Terms and places


def rename(model, pks):
    """Write by what names terms or places are searched for; what is gone loses them."""
    things = model._base_manager.in_bulk(list(pks))
    for pk in pks:
        names, synonyms = names_of(things[pk]) if pk in things else ({}, {})
        index.name_thing(model.facet, str(pk), names, synonyms)
    if model is Municipality:
        name_countries({place.country for place in things.values()})


def names_of(thing):
    """Give the names and the synonyms of a term or place, each as {language: [texts]}."""
    if isinstance(thing, Town):
        # A town has one name, that of its country.
        return {thing.municipality.language: [thing.name]}, {}
    names, synonyms = {}, {}
    for language in LANGUAGES:
        if name := getattr(thing, f"name_{language}"):
            names[language] = [name]
        if lines := getattr(thing, f"synonyms_{language}", None):
            synonyms[language] = lines.splitlines()
    return names, synonyms


def name_countries(codes):
    """Write the names of countries that have none yet."""
    named = Alias.objects.filter(facet="country", key__in=codes)
    for code in set(codes).difference(named.values_list("key", flat=True)):
        names = {language: [country_name(code, language)] for language in LANGUAGES}
        index.name_thing("country", code, {}, names)


def index_missing(**kwargs):
    """Index what was there before the index (`post_migrate`)."""
    for model in entry_models():
        known = Indexed.objects.filter(database=model.database).values("entry")
        missing = model._base_manager.exclude(pk__in=known).order_by()
        if pks := list(missing.values_list("pk", flat=True)):
            reindex(model, pks)
    if not Alias.objects.exists():
        for model in named_models():
            rename(model, list(model._base_manager.values_list("pk", flat=True)))


def rebuild(progress):
    """Make the index anew aside, and then put it in the place of the one in use.

    Searches go on in the old one; what is saved meanwhile is written again at the end, while
    those who save wait. `progress` is a function that is told how many entries were written.
    """
    new = f"{index.TABLE}_new"
    index.drop_table(new)
    index.create_table(new)
    before = {}
    for model in entry_models():
        before[model] = facets_of(model).stamp().number
        known = Indexed.objects.filter(database=model.database).values_list("entry", flat=True)
        pks = sorted({*model._base_manager.order_by().values_list("pk", flat=True), *known})
        for start in range(0, len(pks), CHUNK):
            chunk = pks[start : start + CHUNK]
            with transaction.atomic():
                locked(model, chunk)
                write(model, chunk, new)
            progress(len(chunk))
    for model in named_models():
        things = model._base_manager.values_list("pk", flat=True)
        gone = Alias.objects.filter(facet=model.facet).exclude(key__in=map(str, things))
        gone.delete()
        rename(model, list(things))
    with transaction.atomic():
        # First, as everybody who saves writes the index before they note the change.
        index.hold_table()
        for model in sorted(before, key=in_order):
            forget_counts(model.database)
        for model, number in before.items():
            changes = Change.objects.filter(database=model.database, number__gt=number)
            write(model, list(changes.values_list("entry", flat=True)), new)
        index.replace_table(new)


# Following what is saved


def follow():
    """Connect the signals after which the index is another."""
    for model in entry_models():
        for signal in (post_save, post_delete):
            signal.connect(entry_changed, sender=model)
        saved_many.connect(many_changed, sender=model)
        for name in model.facet_links.values():
            m2m_changed.connect(links_changed, sender=getattr(model, name).through)
    for model in named_models():
        for signal in (post_save, post_delete):
            signal.connect(name_changed, sender=model)
        saved_many.connect(names_changed, sender=model)
    pre_save.connect(place_changes, sender=Municipality)
    post_save.connect(place_changed, sender=Municipality)
    post_delete.connect(place_gone, sender=Municipality)
    saved_many.connect(places_changed, sender=Municipality)


def entry_changed(sender, instance, update_fields=None, **kwargs):
    """Follow one entry."""
    afterwards(reindex, sender, [instance.pk])


def many_changed(sender, pks, **kwargs):
    """Follow entries that were written together."""
    afterwards(reindex, sender, pks)


def links_changed(sender, instance, action, reverse, model, pk_set, **kwargs):
    """Follow the terms of an entry, or the entries of a term."""
    if not reverse:
        if action.startswith("post_"):
            afterwards(recount, type(instance), [instance.pk])
        return
    if action == "pre_clear":
        field = next(f for f in model._meta.many_to_many if f.remote_field.through is sender)
        linked = model._base_manager.filter(**{field.name: instance})
        instance.unlinked = list(linked.values_list("pk", flat=True))
    elif action.startswith("post_"):
        afterwards(recount, model, instance.unlinked if action == "post_clear" else pk_set)


def name_changed(sender, instance, **kwargs):
    """Follow a term or a place."""
    afterwards(rename, sender, [instance.pk])


def names_changed(sender, pks, **kwargs):
    """Follow terms or places that were written together."""
    afterwards(rename, sender, pks)


def place_changes(instance, **kwargs):
    """Note before a municipality is saved where it was, and what was spoken there."""
    # Of two who save it the second waits here, and sees what the first has made of it.
    before = Municipality.objects.filter(pk=instance.pk).select_for_update(no_key=True)
    instance.place_before = before.values_list("country", "language").first()


def place_changed(instance, **kwargs):
    """Follow the entries of a municipality that is new or moved."""
    if instance.place_before != (instance.country, instance.language):
        places_changed(pks=[instance.pk])


def place_gone(instance, **kwargs):
    """Follow what holds in whole countries after one of their municipalities is deleted."""
    places_changed(pks=[instance.pk])


def places_changed(pks, **kwargs):
    """Follow the entries of municipalities, which have other names in another language.

    All are counted anew: some hold in whole countries, and others may be saved at this moment.
    """
    with together():
        for model in entry_models():
            entries = model._base_manager.filter(municipality__in=pks).order_by()
            afterwards(reindex, model, entries.values_list("pk", flat=True))
            afterwards(recount_all, model, [0])
