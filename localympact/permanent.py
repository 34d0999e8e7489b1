"""The permanent address of whatever has an id, `/id/<uuid>`: to its page, or as JSON.

What is no more says so for ever.
"""

from urllib.parse import urljoin

from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.generic import View

from collaborations.models import Collaboration
from collaborations.views import CollaborationInterface
from localympact.downloads import kept
from localympact.interface import json_answer
from localympact.models import Removed
from localympact.texts import columns
from localympact.views import may_edit
from localympact.writers import moment
from needs.models import Cause, Conclusion, Need
from needs.views import NeedInterface
from organizations.entries import Entry, Status
from organizations.models import Municipality, Organization
from organizations.views import OrganizationInterface

INTERFACES = {
    Organization: OrganizationInterface,
    Collaboration: CollaborationInterface,
    Need: NeedInterface,
}
# What has an id beside the entries: what it is among, and where its page is.
OTHERS = {
    Municipality: ("municipalities", lambda place: place.get_absolute_url()),
    Cause: ("causes", lambda cause: f"{reverse('needs:list')}#{cause.slug}"),
    Conclusion: ("conclusions", lambda one: f"{reverse('needs:list')}#conclusion-{one.slug}"),
}
HTML, JSON = "text/html", "application/json"


def found(uuid):
    """Give what has a permanent id, or None."""
    for model in (*INTERFACES, *OTHERS):
        if thing := model._base_manager.filter(uuid=uuid).first():
            return thing
    return None


@method_decorator(gzip_page, name="dispatch")
class Permanent(View):
    """Leads to the page in the reader's language; says what it leads to where JSON is asked for.

    A merged entry leads to the one that stays, an archived or deleted one is gone (410). A draft
    is there for those who may edit it.
    """

    as_json = False

    def get(self, request, uuid):
        answer = self.answer(request, uuid)
        patch_vary_headers(answer, ["Accept", "Accept-Language", "Cookie"])
        return answer

    @property
    def asks_json(self):
        """Whether the visitor is a program that reads JSON."""
        return self.as_json or self.request.get_preferred_type([HTML, JSON]) == JSON

    def answer(self, request, uuid):
        thing = found(uuid)
        if isinstance(thing, Entry):
            if self.is_shown(thing):
                return self.entry(request, thing)
        elif thing is not None:
            return self.other(request, thing)
        if removed := Removed.objects.filter(uuid=uuid).first():
            return self.gone(request, uuid, "deleted", removed.moment)
        return self.unknown(request)

    def is_shown(self, entry):
        """Say whether this visitor may know of an entry."""
        return entry.status != Status.DRAFT or may_edit(self.request, entry)

    def entry(self, request, entry):
        survivor = entry.survivor()
        if survivor is None or not self.is_shown(survivor):
            return self.unknown(request)
        if self.asks_json and survivor != entry:
            return HttpResponseRedirect(reverse("permanent_json", args=[survivor.uuid]))
        if survivor.is_archived and not may_edit(request, survivor):
            return self.gone(request, survivor.uuid, "archived", survivor.updated)
        if not survivor.is_published:
            return self.hidden(request, survivor)
        if self.asks_json:
            return self.as_record(request, lambda: self.record(request, survivor))
        return HttpResponseRedirect(survivor.get_absolute_url())

    def hidden(self, request, entry):
        """Show its editors what nobody else sees; nobody keeps it."""
        if self.asks_json:
            answer = json_answer(self.record(request, entry))
        else:
            answer = HttpResponseRedirect(entry.get_absolute_url())
        answer.headers["Cache-Control"] = "private, no-store"
        return answer

    def record(self, request, entry):
        """Give what the list says of an entry."""
        model = type(entry)
        same = model._base_manager.filter(pk=entry.pk)
        for record in INTERFACES[model].records(request, same).values():
            return record
        # Deleted this moment.
        raise Http404

    def as_record(self, request, make):
        """Give the answer with what `make()` gives; 304 to whoever has it already."""
        return kept(request, lambda: json_answer(make()))

    def other(self, request, thing):
        database, address = OTHERS[type(thing)]
        page = address(thing)
        if not self.asks_json:
            return HttpResponseRedirect(page)
        base = request.build_absolute_uri("/")
        content = {
            "id": str(thing.uuid),
            "slug": thing.slug,
            "url": urljoin(base, reverse("permanent", args=[thing.uuid])),
            **{column: getattr(thing, column) or "" for column in columns("name", "summary")},
            "database": database,
            "page": urljoin(base, page),
        }
        return self.as_record(request, lambda: content)

    def gone(self, request, uuid, status, since):
        """Say that an entry was here, and why it is no longer."""
        if not self.asks_json:
            return render(request, "410.html", {"deleted": status == "deleted"}, status=410)
        reasons = {
            "archived": _(
                "It was in this directory and has been archived, because it no longer exists or "
                "is no longer right."
            ),
            "deleted": _("It was in this directory and has been deleted for good."),
        }
        content = {
            "id": str(uuid),
            "status": status,
            "reason": reasons[status],
            "since": moment(since),
        }
        return json_answer(content, status=410)

    def unknown(self, request):
        if not self.asks_json:
            raise Http404
        errors = {"id": [_("There is no entry with this id.")]}
        return json_answer({"errors": errors}, status=404)
