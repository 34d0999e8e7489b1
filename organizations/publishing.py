"""What editors do with entries beside writing: publish, archive, bring back, confirm, copy."""

from functools import partial
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from localympact.history import keep_before, kept_fields
from localympact.templatetags.portal import day
from localympact.texts import columns, pick
from organizations.entries import Status, VerifiedBy
from organizations.origins import TextState
from organizations.tools import Tool, WithTools

# How many of the refused entries a message names.
NAMED = 10

MERGED = gettext_lazy("It was merged into another entry.")
NO_SUMMARY = gettext_lazy("It has no summary in any language.")
NOTHING_TO_DO = gettext_lazy("It was so already.")
NOT_ARCHIVED = gettext_lazy("It is not archived.")
NOT_PUBLISHED = gettext_lazy("It is not published.")


def has_summary(entry):
    """Say whether there is a summary in any language."""
    return any(getattr(entry, column) for column in columns("summary"))


class Step:
    """Something that is done with one entry or with many, or refused with a reason."""

    fields = ("status",)

    def refused(self, entry):
        """Give the reason why it cannot be done with this entry, or nothing."""
        return MERGED if entry.merged_into_id else None

    def do(self, entry, person):
        """Change the entry, which is then saved."""
        raise NotImplementedError

    def said(self, count):
        """Give the sentence that says with how many it was done."""
        raise NotImplementedError


class Publish(Step):
    """What has a summary becomes public."""

    def refused(self, entry):
        if entry.is_published and not entry.merged_into_id:
            return NOTHING_TO_DO
        return super().refused(entry) or (None if has_summary(entry) else NO_SUMMARY)

    def do(self, entry, person):
        entry.status = Status.PUBLISHED

    def said(self, count):
        return ngettext(
            "%(count)s entry was published.", "%(count)s entries were published.", count
        )


class Archive(Step):
    """What no longer exists leaves the public pages, and can be brought back."""

    def refused(self, entry):
        return NOTHING_TO_DO if entry.is_archived else None

    def do(self, entry, person):
        entry.status = Status.ARCHIVED

    def said(self, count):
        return ngettext("%(count)s entry was archived.", "%(count)s entries were archived.", count)


class BringBack(Step):
    """An archived entry becomes a draft: somebody looks at it before it is public again."""

    def refused(self, entry):
        return super().refused(entry) or (None if entry.is_archived else NOT_ARCHIVED)

    def do(self, entry, person):
        entry.status = Status.DRAFT

    def said(self, count):
        return ngettext(
            "%(count)s entry was brought back as a draft.",
            "%(count)s entries were brought back as drafts.",
            count,
        )


class StillRight(Step):
    """All that is published is right today: says the municipality, or the portal."""

    fields = ("verified_on", "verified_by")

    def refused(self, entry):
        return super().refused(entry) or (None if entry.is_published else NOT_PUBLISHED)

    def do(self, entry, person):
        entry.verified_on = timezone.localdate()
        entry.verified_by = (
            VerifiedBy.PORTAL if person.edits_everything else VerifiedBy.MUNICIPALITY
        )

    def said(self, count):
        return ngettext(
            "%(count)s entry is recorded as right today.",
            "%(count)s entries are recorded as right today.",
            count,
        )


# By the last part of the address of a button.
STEPS = {
    "publish": Publish(),
    "archive": Archive(),
    "bring-back": BringBack(),
    "still-right": StillRight(),
}


def changed_fields(model, *names):
    """Give the message of the log that these fields were changed.

    It is stored in the language of the source; the log translates it for its reader.
    """
    with translation.override(None):
        labels = [str(model._meta.get_field(name).verbose_name) for name in names]
    return [{"changed": {"fields": labels}}]


def copy_of(entry):
    """Save and give a draft with the texts, links and origins of an entry.

    What belongs to one entry alone is left out: its number in the register, logo, verification.
    """
    model = type(entry)
    own = {"status", "merged_into", "verified_on", "verified_by", "registration_number"}
    own |= {"logo", *columns("logo_text")}
    links = [field.name for field in model._meta.many_to_many]
    kept = [name for name in kept_fields(model) if name not in own]
    copy = model(**{name: getattr(entry, name) for name in kept if name not in links})
    copy.save()
    for name in links:
        getattr(copy, name).set(getattr(entry, name).all())
    states = list(TextState.objects.filter(entry=entry.uuid))
    for state in states:
        state.pk, state.entry = None, copy.uuid
    TextState.objects.bulk_create(states)
    return copy


class PublishingForm(forms.ModelForm):
    """The form of an entry: what becomes public has a summary; what is public already may stay."""

    def _post_clean(self):
        super()._post_clean()
        entry = self.instance
        if "status" in self.changed_data and entry.is_published and not has_summary(entry):
            self.add_error(
                "status", _("Give a summary in at least one language before you publish.")
            )


class PublishingAdmin(WithTools):
    """Publishing, archiving, confirming and copying: buttons, actions on many, their pages."""

    actions = ["publish", "archive", "bring_back", "still_right"]

    class Media:
        css = {"all": ["organizations/merging.css"]}

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        steps = [
            path(
                f"<path:object_id>/{word}/",
                view(require_POST(partial(self.step_view, word=word))),
                name=f"{name}_{word}",
            )
            for word in STEPS
        ]
        copy = path(
            "<path:object_id>/copy/", view(require_POST(self.copy_view)), name=f"{name}_copy"
        )
        return [*steps, copy, *super().get_urls()]

    def address(self, word, pk):
        """Give the address of one of these pages."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{word}", args=[pk])

    def tools(self, request, obj):
        tools = super().tools(request, obj)
        if not self.has_change_permission(request, obj):
            return tools
        if not obj.merged_into_id and not obj.is_published:
            tools.append(Tool(_("Preview"), obj.get_absolute_url()))
        labels = {
            "still-right": _("Still right today"),
            "publish": _("Publish"),
            "bring-back": _("Bring back"),
            "archive": _("Archive"),
        }
        tools += [
            Tool(label, self.address(word, obj.pk), posts=True)
            for word, label in labels.items()
            if not STEPS[word].refused(obj)
        ]
        if self.has_add_permission(request):
            label = _("Duplicate this entry")
            tools.append(Tool(label, self.address("copy", obj.pk), posts=True))
        return tools

    def get_list_display(self, request):
        name, *others = (
            column for column in super().get_list_display(request) if column != "verified_on"
        )

        # Beside the name, where it is seen on a telephone too.
        @admin.display(description=gettext_lazy("verified on"), ordering="verified_on")
        def verification(entry):
            return self.verification(request, entry)

        return [name, verification, *others]

    def verification(self, request, entry):
        """Give the day of the last confirmation, and the button that confirms an entry today.

        The button sends the form of the list to an address of its own.
        """
        verified = day(entry.verified_on) or "–"
        if STEPS["still-right"].refused(entry) or not self.has_change_permission(request):
            return verified
        return format_html(
            '{}<br><button type="submit" class="button" formaction="{}?{}" '
            'aria-label="{}: {}">{}</button>',
            verified,
            self.address("still-right", entry.pk),
            urlencode({"next": request.get_full_path()}),
            _("Still right today"),
            pick(entry, "name"),
            _("Still right today"),
        )

    # One entry

    def own_or_404(self, request, object_id):
        """Give the entry if the person may change it; whoever may not learns nothing of it."""
        entry = self.get_object(request, object_id)
        if entry is None:
            raise Http404
        if not self.has_change_permission(request, entry):
            raise PermissionDenied
        return entry

    def step_view(self, request, object_id, word):
        entry = self.own_or_404(request, object_id)
        self.take(request, word, [entry])
        return HttpResponseRedirect(self.back(request, entry))

    def back(self, request, entry):
        """Give the page that the address names, if it is the portal's, else that of `entry`."""
        wanted = request.GET.get("next", "")
        if url_has_allowed_host_and_scheme(
            wanted, request.get_host(), require_https=request.is_secure()
        ):
            return wanted
        return self.address("change", entry.pk)

    def copy_view(self, request, object_id):
        entry = self.own_or_404(request, object_id)
        if not self.has_add_permission(request):
            raise PermissionDenied
        copy = copy_of(entry)
        self.log_addition(request, copy, [{"added": {}}])
        said = _("This is a copy of “%(entry)s”, as a draft. Change what is different in it.")
        self.message_user(request, said % {"entry": entry}, messages.SUCCESS)
        return HttpResponseRedirect(self.address("change", copy.pk))

    # Many entries

    def take(self, request, word, entries):
        """Take a step with entries; say with how many, and which were left and why."""
        step, model = STEPS[word], self.model
        left, done = {}, []
        for entry in entries:
            if reason := step.refused(entry):
                left.setdefault(reason, []).append(entry)
            else:
                done.append(entry)
        keep_before(model, [entry.pk for entry in done])
        for entry in done:
            step.do(entry, request.user)
            entry.save(update_fields=step.fields)
            self.log_change(request, entry, changed_fields(model, *step.fields))
        if done or not left:
            said = step.said(len(done)) % {"count": len(done)}
            self.message_user(request, said, messages.SUCCESS)
        for reason, refused in left.items():
            self.message_user(request, left_as_they_are(refused, reason), messages.WARNING)

    @admin.action(description=gettext_lazy("Publish the selected entries"), permissions=["change"])
    def publish(self, request, queryset):
        self.take(request, "publish", queryset)

    @admin.action(description=gettext_lazy("Archive the selected entries"), permissions=["change"])
    def archive(self, request, queryset):
        self.take(request, "archive", queryset)

    @admin.action(
        description=gettext_lazy("Bring the selected entries back as drafts"),
        permissions=["change"],
    )
    def bring_back(self, request, queryset):
        self.take(request, "bring-back", queryset)

    @admin.action(
        description=gettext_lazy("Record that the selected entries are still right today"),
        permissions=["change"],
    )
    def still_right(self, request, queryset):
        self.take(request, "still-right", queryset)


def left_as_they_are(entries, reason):
    """Give the sentence that names entries with which nothing was done, and why."""
    names = ", ".join(f"“{pick(entry, 'name')}”" for entry in entries[:NAMED])
    if len(entries) > NAMED:
        names += ", …"
    said = ngettext(
        "%(count)s entry was left as it is: %(names)s. %(reason)s",
        "%(count)s entries were left as they are: %(names)s. %(reason)s",
        len(entries),
    )
    return said % {"count": len(entries), "names": names, "reason": reason}
