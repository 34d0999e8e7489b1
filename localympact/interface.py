"""The lists as JSON for programs: everything page by page, and afterwards what has changed.

Entries come in the order of their last change. One that is saved while somebody reads moves to the
end: it may come twice, but is never missed. The columns are those of the files (exports.py);
openapi.py describes all of it.
"""

import base64
import datetime
from binascii import Error as NotBase64
from collections import defaultdict
from operator import itemgetter
from urllib.parse import urljoin

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.http import JsonResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.generic import View

from localympact.among import Among
from localympact.downloads import kept
from localympact.filters import APPEARANCE
from localympact.models import Removed
from localympact.writers import moment

PER_PAGE, MOST = 100, 1000
# What a list knows and this does not: it has one order and no pages with numbers.
NOT_HERE = (*APPEARANCE, "page")
LARGEST_KEY = 2**63 - 1


def cursor_at(updated, pk):
    """Give the cursor of the place after an entry, which says nothing to its reader."""
    return base64.urlsafe_b64encode(f"{moment(updated)} {pk}".encode()).decode().rstrip("=")


class CursorField(forms.CharField):
    """A place in the order, as the page before gave it: (updated, primary key)."""

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            padded = text + "=" * (-len(text) % 4)
            updated, pk = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split()
            place = datetime.datetime.fromisoformat(updated), int(pk)
            known = cursor_at(*place) == text and 0 <= place[1] <= LARGEST_KEY
        except (NotBase64, ValueError, OverflowError):
            known = False
        if not known:
            raise ValidationError(
                _("This cursor comes from no answer. Take the address in “next” as it is.")
            )
        return place


class MomentField(forms.CharField):
    """A day or a moment in ISO 8601; without a time zone it is UTC."""

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            found = datetime.datetime.fromisoformat(text)
            if found.tzinfo is None:
                found = found.replace(tzinfo=datetime.UTC)
            return found.astimezone(datetime.UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError(
                _("Write a day or a moment: 2026-11-26 or 2026-11-26T09:30:00Z.")
            ) from error


class Paging(forms.Form):
    """What can be asked beside the filters."""

    limit = forms.IntegerField(min_value=1, max_value=MOST, required=False)
    cursor = CursorField(required=False)
    updated_since = MomentField(required=False)


def after(place):
    """Give the condition for what comes after a place in the order.

    Said so that the index of this order is entered at the place.
    """
    if place is None:
        return Q()
    updated, pk = place
    return Q(updated__gte=updated) & ~Q(updated=updated, pk__lte=pk)


def by_change(results, place, since, limit):
    """Give [(updated, pk)] of the first entries after a place among the Results of a question.

    Few are named to the database, which sorts them; of many the sorted index is walked.
    """
    ids = results.ids
    rows = results.model._base_manager.order_by("updated", "pk").values_list("updated", "pk")
    if since:
        rows = rows.filter(updated__gte=since)
    if results.is_named(ids):
        return list(rows.filter(after(place), pk__in=Among(ids))[:limit])
    found = []
    # As many rows as will hold the page if what is found lies evenly among all.
    window = int(limit * len(results.facets.everything) / len(ids) * 1.2) + 50
    while True:
        seen = list(rows.filter(after(place))[:window])
        found += [row for row in seen if row[1] in ids]
        if len(found) >= limit or len(seen) < window:
            return found[:limit]
        place, window = seen[-1], window * 2


def linked(model, name, pks):
    """Give {pk: [(uuid, slug)]} of the published entries that stand at a relation of entries."""
    relation = model._meta.get_field(name)
    field = relation.field if relation.auto_created else relation
    ends = field.m2m_field_name(), field.m2m_reverse_field_name()
    own, other = reversed(ends) if relation.auto_created else ends
    links = field.remote_field.through.objects.filter(
        **{f"{own}__in": pks, f"{other}__in": relation.related_model.objects.published()}
    )
    found = defaultdict(list)
    for pk, uuid, slug in links.order_by(f"{other}__slug").values_list(
        own, f"{other}__uuid", f"{other}__slug"
    ):
        found[pk].append((uuid, slug))
    return found


def removed_since(model, since):
    """Give what the public no longer sees of a database, the earliest first."""
    gone = model.objects.gone().filter(updated__gte=since).order_by("updated", "pk")
    # Where nobody may follow, no id is named.
    survivor = Case(When(merged_into__in=model.objects.known(), then=F("merged_into__uuid")))
    left = [
        (updated, uuid, what_became(status, survivor), survivor)
        for updated, uuid, status, survivor in gone.values_list(
            "updated", "uuid", "status", survivor
        )
    ]
    deleted = Removed.objects.filter(database=model._meta.app_label, moment__gte=since)
    # One that came back is there, whatever became of it before.
    deleted = deleted.exclude(Exists(model.objects.known().filter(uuid=OuterRef("uuid"))))
    left += [(when, uuid, "deleted", None) for when, uuid in deleted.values_list("moment", "uuid")]
    return [
        {
            "id": str(uuid),
            "status": status,
            "merged_into": survivor and str(survivor),
            "since": moment(when),
        }
        for when, uuid, status, survivor in sorted(left, key=itemgetter(0))
    ]


def what_became(status, survivor):
    """Give the word for what became of an entry that was public."""
    if survivor:
        return "merged"
    return "archived" if status == "archived" else "withdrawn"


def json_answer(content, *, status=200, headers=None):
    """Give an answer in JSON, which search engines leave out, with its headers."""
    answer = JsonResponse(
        content, status=status, headers=headers, json_dumps_params={"ensure_ascii": False}
    )
    described = f'<{reverse("openapi")}>; rel="service-desc"; type="application/json"'
    links = [answer.headers["Link"]] if "Link" in answer.headers else []
    answer.headers["Link"] = ", ".join([*links, described])
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


@method_decorator(gzip_page, name="dispatch")
class PublishedInterface(View):
    """The published entries that match the filters in the address, and where they lead.

    `related` names the relations to entries of the other databases.
    """

    filterset_class = None
    resource_class = None
    related = ()

    def get(self, request):
        paging = Paging(request.GET)
        filterset = self.filterset_class(
            request.GET, queryset=self.model().objects.published(), request=request
        )
        errors = self.unknown(request.GET) | {
            name: [str(message) for message in messages]
            for name, messages in [*paging.errors.items(), *filterset.form.errors.items()]
            if name not in NOT_HERE
        }
        if errors:
            return json_answer({"errors": errors}, status=400)
        return kept(request, lambda: self.answer(request, filterset, paging.cleaned_data))

    def answer(self, request, filterset, paging):
        """Give one page of the list, and where the next one is."""
        content = self.page(request, filterset, **paging)
        following = content["next"]
        headers = {"Link": f'<{following}>; rel="next"'} if following else {}
        return json_answer(content, headers=headers)

    @classmethod
    def model(cls):
        """Give the model of the entries."""
        return cls.resource_class.model

    @classmethod
    def parameters(cls):
        """Give the names of what can be asked."""
        filters = [name for name in cls.filterset_class.base_filters if name not in NOT_HERE]
        return [*filters, *Paging.base_fields]

    def unknown(self, asked):
        """Give the messages about parameters that this interface does not have."""
        errors, known = {}, set(self.parameters())
        for name in asked:
            if name in NOT_HERE:
                errors[name] = [
                    _("Not here: entries come in the order of their last change, page by page.")
                ]
            elif name not in known:
                errors[name] = [_("There is no such parameter.")]
        return errors

    def page(self, request, filterset, limit, cursor, updated_since):
        """Give one page of entries, and what leads on."""
        limit = limit or PER_PAGE
        found = by_change(filterset.found, cursor, updated_since, limit + 1)
        shown = found[:limit]
        records = self.records(
            request, self.model().objects.published().filter(pk__in=[pk for _at, pk in shown])
        )
        content = {
            "count": self.count(filterset, updated_since),
            "next": None,
            "entries": [records[pk] for _at, pk in shown if pk in records],
            "removed": [],
        }
        if updated_since and not cursor:
            content["removed"] = removed_since(self.model(), updated_since)
        if len(found) > limit:
            content["next"] = self.address_of(request, cursor_at(*shown[-1]))
        return content

    def count(self, filterset, since):
        """Give how many entries all pages have together."""
        if since is None:
            return filterset.found.total
        return filterset.qs.filter(updated__gte=since).count()

    def address_of(self, request, cursor):
        """Give the address of the page after this one."""
        asked = request.GET.copy()
        asked["cursor"] = cursor
        return request.build_absolute_uri(f"{request.path}?{asked.urlencode()}")

    @classmethod
    def records(cls, request, queryset):
        """Give {pk: what the interface says of an entry} in a fixed number of queries."""
        base, model = request.build_absolute_uri("/"), cls.model()
        resource = cls.resource_class(base=base)
        keys = {str(uuid): pk for pk, uuid in queryset.values_list("pk", "uuid")}
        links = {name: linked(model, name, list(keys.values())) for name in cls.related}
        records = {}
        for row in resource.rows(queryset):
            record = dict(zip(resource.heads, row, strict=True))
            if (pk := keys.get(record["id"])) is None:
                # Published this moment.
                continue
            record["database"] = model._meta.app_label
            record["page"] = page_of(base, model, record["slug"])
            record["related"] = {
                name: [
                    {
                        "id": str(uuid),
                        "slug": slug,
                        "url": urljoin(base, reverse("permanent", args=[uuid])),
                        "page": page_of(base, model._meta.get_field(name).related_model, slug),
                    }
                    for uuid, slug in found.get(pk, [])
                ]
                for name, found in links.items()
            }
            records[pk] = record
        return records


def page_of(base, model, slug):
    """Give the whole address of the page of an entry in the active language."""
    return urljoin(base, reverse(f"{model._meta.app_label}:detail", args=[slug]))
