"""The history of a thing in the editors' pages: what changed, and any version restored."""

from itertools import chain, pairwise
from typing import NamedTuple

import reversion
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from localympact import history
from organizations import duplicates
from organizations.differences import Differences
from organizations.entries import Entry
from organizations.origins import TextState, digest_of_texts, translation_fields
from organizations.places import Municipality
from organizations.tools import WithTools


class Line(NamedTuple):
    """One version in a history: when, who, why, and what it changed."""

    version: object
    moment: str
    person: str
    reason: str
    differences: list
    first: bool


class Plan(NamedTuple):
    """What restoring a version would do: the state that follows, and what is left out of it."""

    state: dict
    changes: list
    gone: list
    withheld: list


class VersionedAdmin(WithTools):
    """An admin in whose pages every version can be looked at and restored."""

    lines_per_page = 20

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_version"
        view = self.admin_site.admin_view(self.version_view)
        return [
            path("<path:object_id>/history/<int:version_id>/", view, name=name),
            *super().get_urls(),
        ]

    def save_model(self, request, obj, form, change):
        if change:
            history.keep_before(self.model, [obj.pk])
        super().save_model(request, obj, form, change)

    def history_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        paginator = Paginator(history.versions(obj), self.lines_per_page)
        page = paginator.get_page(request.GET.get(PAGE_VAR))
        now, lines = self.lines(request, obj, page)
        context = {
            "page": page,
            "page_range": paginator.get_elided_page_range(page.number),
            "page_var": PAGE_VAR,
            "ellipsis": Paginator.ELLIPSIS,
            "now": now,
            "lines": lines,
            "title": _("History: %s") % obj,
            **(extra_context or {}),
        }
        return self.page(request, "admin/entry/history.html", obj, **context)

    def lines(self, request, obj, page):
        """Give what is different now from the newest version, and the lines of one page."""
        start = max(page.start_index() - 1, 0)
        # With the version before the last one of the page, to compare that one with.
        shown = list(page.paginator.object_list[start : start + self.lines_per_page + 1])
        states = [history.state_of(version) for version in shown]
        steps = [history.changes(before, after) for after, before in pairwise(states)]
        with_first = len(shown) <= self.lines_per_page
        if shown and with_first:
            steps.append([])
        now = history.changes(states[0], history.state(obj)) if page.number == 1 and shown else []
        said = Differences(self.model, chain(now, *steps), request.user)
        lines = [
            Line(
                version,
                moment(version),
                person(version),
                reason(version),
                said.of(step),
                first=with_first and version is shown[-1],
            )
            for version, step in zip(shown, steps, strict=False)
        ]
        return said.of(now), lines

    def version_view(self, request, object_id, version_id):
        """Show what restoring a version would change compared with now; on POST, restore it."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        version = get_object_or_404(history.versions(obj), pk=version_id)
        plan = self.plan(request, obj, version)
        may_restore = self.has_change_permission(request, obj)
        problems = []
        if request.method == "POST":
            if not may_restore:
                raise PermissionDenied
            try:
                return self.restore(request, obj, version, plan)
            except ValidationError as error:
                problems = problems_of(self.model, error)
                # The object in memory is no longer what is stored.
                obj = self.get_object(request, unquote(object_id))
        context = {
            "version": version,
            "moment": moment(version),
            "person": person(version),
            "differences": Differences(self.model, plan.changes, request.user).of(plan.changes),
            "gone": labels(self.model, plan.gone),
            "withheld": labels(self.model, plan.withheld),
            "may_restore": may_restore and plan.changes,
            "problems": problems,
            "title": _("Version of %(moment)s: %(name)s")
            % {"moment": moment(version), "name": obj},
        }
        return self.page(request, "admin/entry/version.html", obj, **context)

    def plan(self, request, obj, version):
        """Say what restoring a version would do when this person does it.

        What the person may not change in the form stays as it is: fields that are only shown,
        a municipality of others, links to entries of others.
        """
        now = history.state(obj)
        wanted, gone = history.outcome(obj, version)
        # A merger is made on a page of its own; here the rights on both entries decide.
        fixed = set(self.get_readonly_fields(request, obj)) - {"merged_into"}
        allowed = {name: now[name] if name in fixed else value for name, value in wanted.items()}
        if not request.user.edits_everything:
            for name, value in allowed.items():
                field = self.model._meta.get_field(name)
                if field.is_relation and issubclass(field.related_model, Municipality | Entry):
                    allowed[name] = within_rights(field, now[name], value, request.user)
        withheld = [change.field for change in history.changes(allowed, wanted)]
        return Plan(allowed, history.changes(now, allowed), gone, withheld)

    def restore(self, request, obj, version, plan):
        """Restore a version as planned and lead to the change page."""
        history.prepare(obj, plan.state)
        history.keep_before(self.model, [obj.pk])
        reversion.set_comment(history.RESTORE)
        history.store(obj, plan.state)
        if isinstance(obj, Entry):
            duplicates.note(self.model, [obj.pk])
        distrust(obj, {change.field for change in plan.changes})
        changed = labels(self.model, [change.field for change in plan.changes])
        self.log_change(request, obj, [{"changed": {"fields": changed}}])
        said = _("“%(name)s” is again as it was in the version of %(moment)s.")
        said %= {"name": obj, "moment": moment(version)}
        self.message_user(request, said, messages.SUCCESS)
        name = f"{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(
            reverse(f"admin:{name}", args=[obj.pk], current_app=self.admin_site.name)
        )


def moment(version):
    """Say when a version was made."""
    return date_format(localtime(version.revision.date_created), "DATETIME_FORMAT")


def person(version):
    """Name who made a version; nobody where the portal did."""
    user = version.revision.user
    return user.get_full_name() or user.get_username() if user else ""


def reason(version):
    """Say why a version was made."""
    revision = version.revision
    if revision.comment == history.IMPORT and hasattr(revision, "importrevision"):
        return _("Imported from the file %(file)s") % {"file": revision.importrevision.file}
    return history.REASONS.get(revision.comment, history.REASONS[""])


def labels(model, fields):
    """Give the names of fields as an editor knows them, each once."""
    found = {}
    for name in fields:
        field = model._meta.get_field(name)
        field = getattr(field, "translated_field", field)
        found.setdefault(str(capfirst(field.verbose_name)))
    return list(found)


def problems_of(model, error):
    """Give the messages of a ValidationError, each with the field that it is about."""
    if not hasattr(error, "error_dict"):
        return error.messages
    return [
        message if name == NON_FIELD_ERRORS else f"{labels(model, [name])[0]}: {message}"
        for name, messages in error.message_dict.items()
        for message in messages
    ]


def within_rights(field, now, wanted, user):
    """Give a link to municipalities or entries as far as `user` may set it; the rest stays."""
    mine = field.related_model.objects.editable_by(user)
    if field.many_to_many:
        concerned = set(now) ^ set(wanted)
        allowed = set(mine.filter(pk__in=concerned).values_list("pk", flat=True))
        return sorted(set(now) ^ (concerned & allowed))
    # Nothing but a place of one's own: what belongs to none is the portal editors'.
    if wanted == now or (wanted is None and not issubclass(field.related_model, Municipality)):
        return wanted
    return wanted if mine.filter(pk=wanted).exists() else now


def distrust(obj, changed):
    """Note of the restored texts that nobody has looked at them.

    What their origin was in that version is not kept. So a translation counts as made by machine,
    not checked and out of date until somebody checks it: never as better than it is.
    """
    if not hasattr(obj, "uuid"):
        return
    fields = translation_fields(type(obj))
    for state in TextState.objects.filter(entry=obj.uuid):
        columns = [f"{field}_{state.language}" for field in fields]
        if not changed.intersection(columns):
            continue
        if not any(getattr(obj, column) for column in columns):
            state.delete()
            continue
        state.checked_on = None
        if state.origin != TextState.Origin.ORIGINAL:
            state.origin = TextState.Origin.MACHINE
            # Of no text at all, so it never agrees with its source.
            state.source_digest = digest_of_texts({})
        state.save()
