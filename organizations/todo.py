"""What editors have still to do for an entry, as the bits of `Entry.todo`, and its lists.

Signals follow single saves (`follow`). Whoever writes many at once, for which Django sends nothing,
sends `saved_many` or calls `refresh`; `manage.py refresh_todo` puts everything right.
"""

from collections import defaultdict
from datetime import timedelta
from itertools import islice

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.lookups import GreaterThan
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from localympact.afterwards import afterwards, saved_many
from localympact.among import locked
from localympact.cldr import language_name
from localympact.texts import LANGUAGES, columns
from organizations.entries import Entry, Status
from organizations.origins import TextState, texts_of, translation_fields
from organizations.places import Municipality

NO_TOPIC, NO_TOWN = "no-topic", "no-town"
MISSING, OUTDATED, MACHINE = "missing", "outdated", "machine"
TEXT_KINDS = {
    MISSING: _("Text missing"),
    OUTDATED: _("Out of date"),
    MACHINE: _("By machine, not checked"),
}
# A language that is added later comes last, so that every bit keeps its meaning.
NAMES = (
    NO_TOPIC,
    NO_TOWN,
    *(f"{kind}-{language}" for language in LANGUAGES for kind in TEXT_KINDS),
)
BITS = {name: 1 << position for position, name in enumerate(NAMES)}

# What is no bit, because time alone changes it, or a field that the index of the desk holds too.
DRAFT, NEVER_VERIFIED, LONG_UNVERIFIED = "draft", "never-verified", "long-unverified"
CHANGED_LATELY = "changed-lately"
LATELY = timedelta(days=7)

# Two lists of primary keys and one of values fit the 999 parameters that SQLite takes.
CHUNK = 300


def names(bits):
    """Give the names of the bits that are set."""
    return [name for name, bit in BITS.items() if bits & bit]


def label(name):
    """Give what a list of entries that have this to do is called, in the reader's language."""
    kind, _hyphen, language = name.partition("-")
    if kind in TEXT_KINDS:
        return f"{TEXT_KINDS[kind]}: {language_name(language)}"
    days = settings.VERIFY_AFTER_DAYS
    return {
        NO_TOPIC: gettext("No topic"),
        NO_TOWN: gettext("No town"),
        DRAFT: gettext("Drafts"),
        NEVER_VERIFIED: gettext("Never verified"),
        LONG_UNVERIFIED: ngettext(
            "Not verified for %(days)s day", "Not verified for %(days)s days", days
        )
        % {"days": days},
        CHANGED_LATELY: gettext("Changed in the last seven days"),
    }[name]


# Lists


IN_WORK = (Status.DRAFT, Status.PUBLISHED)


def in_work(queryset):
    """Keep what editors still work on: neither archived nor merged."""
    return queryset.filter(status__in=IN_WORK, merged_into=None)


def is_in_work(entry):
    """Say of one entry whether `in_work` keeps it."""
    return entry.status in IN_WORK and entry.merged_into_id is None


def lists_of(model):
    """Give the names of the lists that the entries of a model can be in."""
    moving = [DRAFT, NEVER_VERIFIED, LONG_UNVERIFIED, CHANGED_LATELY]
    texts = [f"{kind}-{language}" for kind in TEXT_KINDS for language in LANGUAGES]
    return [*moving, NO_TOPIC, *([NO_TOWN] if has_town(model) else []), *texts]


def conditions():
    """Give the conditions of the lists that are no bits: {name: Q}."""
    published = Q(status=Status.PUBLISHED)
    verify_before = timezone.localdate() - timedelta(days=settings.VERIFY_AFTER_DAYS)
    return {
        DRAFT: Q(status=Status.DRAFT),
        NEVER_VERIFIED: published & Q(verified_on=None),
        LONG_UNVERIFIED: published & Q(verified_on__lt=verify_before),
        CHANGED_LATELY: Q(updated__gte=timezone.now() - LATELY),
    }


def waiting(queryset, name):
    """Keep the entries in work that have this to do; KeyError where there is no such list."""
    if name in BITS:
        return in_work(queryset).filter(GreaterThan(F("todo").bitand(BITS[name]), 0))
    return in_work(queryset).filter(conditions()[name])


def texts_to_do(texts):
    """Give what is to do for the `Texts` of an entry, as names of bits."""
    for language in LANGUAGES:
        if texts.missing(language):
            yield f"{MISSING}-{language}"
        if texts.outdated(language):
            yield f"{OUTDATED}-{language}"
        if texts.by_machine(language):
            yield f"{MACHINE}-{language}"


# Keeping the bits


def entry_models():
    """Give the models of the databases."""
    return [model for model in apps.get_models() if issubclass(model, Entry)]


def has_town(model):
    """Say whether the entries of a model stand in towns."""
    return any(field.name == "town_name" for field in model._meta.fields)


def own_fields(model):
    """Give the fields of an entry itself on which its bits depend."""
    towns = ["town", "town_name"] if has_town(model) else []
    return [*columns(*translation_fields(model)), "municipality", *towns]


def refresh(model, pks):
    """Find out anew what is to do for these entries; write what changed, and not `updated`."""
    pks = iter(sorted(pks))
    while chunk := list(islice(pks, CHUNK)):
        with transaction.atomic():
            _refresh(model, chunk)


def refresh_all():
    """Refresh all entries of all databases; yield the number of each chunk when it is done."""
    for model in entry_models():
        last = 0
        everything = model._base_manager.order_by("pk").values_list("pk", flat=True)
        while chunk := list(everything.filter(pk__gt=last)[:CHUNK]):
            refresh(model, chunk)
            last = chunk[-1]
            yield len(chunk)


def _refresh(model, pks):
    """Refresh one chunk, in the same few queries whatever is in it.

    The rows are locked first: of two who change one entry, the later sees what both have done.
    """
    entries = (
        model._base_manager.filter(pk__in=pks)
        .select_related("municipality")
        .only("uuid", "todo", "municipality__language", *own_fields(model))
        .order_by("pk")
    )
    topics = model._meta.get_field("topics")
    owner = f"{topics.m2m_field_name()}_id"
    linked = topics.remote_field.through.objects.filter(**{f"{owner}__in": pks})
    locked(model, pks)
    entries = list(entries)
    with_topic = set(linked.values_list(owner, flat=True))
    texts = texts_of(entries)
    changed = defaultdict(list)
    for entry in entries:
        found = set(texts_to_do(texts[entry.uuid]))
        if entry.pk not in with_topic:
            found.add(NO_TOPIC)
        if has_town(model) and not (entry.town_id or entry.town_name):
            found.add(NO_TOWN)
        todo = sum(BITS[name] for name in found)
        if todo != entry.todo:
            changed[todo].append(entry.pk)
    if changed:
        new = Case(*[When(pk__in=same, then=Value(todo)) for todo, same in changed.items()])
        together = [pk for same in changed.values() for pk in same]
        model._base_manager.filter(pk__in=together).update(todo=new)


# Following what is saved


def follow():
    """Connect the signals after which something else may be to do."""
    for model in entry_models():
        post_save.connect(entry_saved, sender=model)
        m2m_changed.connect(topics_changed, sender=model.topics.through)
        saved_many.connect(many_saved, sender=model)
    post_save.connect(state_changed, sender=TextState)
    post_delete.connect(state_changed, sender=TextState)
    pre_save.connect(municipality_changes, sender=Municipality)
    post_save.connect(municipality_changed, sender=Municipality)


def entry_saved(sender, instance, update_fields=None, **kwargs):
    """Follow one entry; a change of nothing but its status asks for nothing."""
    if update_fields is None or not set(update_fields).isdisjoint(own_fields(sender)):
        afterwards(refresh, sender, [instance.pk])


def many_saved(sender, pks, **kwargs):
    """Follow entries that were written together."""
    afterwards(refresh, sender, pks)


def topics_changed(sender, instance, action, reverse, model, pk_set, **kwargs):
    """Follow the topics of an entry, or the entries of a topic."""
    if reverse and action == "pre_clear":
        instance.cleared = entries_of(model, instance)
    if action.startswith("post_"):
        if not reverse:
            afterwards(refresh, type(instance), [instance.pk])
        else:
            afterwards(refresh, model, instance.cleared if action == "post_clear" else pk_set)


def entries_of(model, topic):
    """Give the primary keys of the entries of a model with a topic."""
    return list(model._base_manager.filter(topics=topic).values_list("pk", flat=True))


def state_changed(instance, **kwargs):
    """Follow the state of a text."""
    afterwards(refresh_by_uuid, Entry, [instance.entry])


def refresh_by_uuid(_entry, uuids):
    """Refresh the entries with these permanent ids, of whichever database."""
    for model in entry_models():
        found = model._base_manager.filter(uuid__in=uuids).values_list("pk", flat=True)
        afterwards(refresh, model, list(found))


def municipality_changes(instance, **kwargs):
    """Note before a municipality is saved which language it had."""
    before = Municipality.objects.filter(pk=instance.pk).select_for_update(no_key=True)
    instance.language_before = before.values_list("language", flat=True).first()


def municipality_changed(instance, **kwargs):
    """Follow the entries of a municipality whose language changed: theirs may be another source."""
    if instance.language_before not in (None, instance.language):
        for model in entry_models():
            of_the_place = model._base_manager.filter(municipality=instance)
            afterwards(refresh, model, of_the_place.values_list("pk", flat=True))
