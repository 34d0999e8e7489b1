"""What somebody typed is kept when they were signed out meanwhile.

Every form of an admin that `KeepsTyping` says whose it is and of which page, signed. When it is
sent by somebody who is no longer signed in, or with the token of an earlier sign-in, its values are
put aside in the session; whoever had it open finds them in the form again after signing in, and
nobody else does. Nothing is saved without a new click.

Only a form that the portal itself gave to a person is put aside, so that strangers cannot fill the
table of sessions.
"""

from django.contrib import admin, messages
from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

# The field of a form that says whose it is; where the values wait in a session.
FIELD = "_opened"
WAITING = "put_aside"
# For how long a form may stand open, and how many forms of one person are kept.
SECONDS_OPEN = 7 * 24 * 60 * 60
FORMS = 10

NOT_SAVED = _("This is what you typed before you were signed out. It has not been saved yet.")
CHOOSE_AGAIN = _("A file cannot be kept: choose it again.")


def sign(request):
    """Give the value that says who has the form of a page open."""
    return signing.dumps([request.user.pk, request.path], salt=FIELD)


def opened_by(request):
    """Give the key of the person to whom this portal gave the form that was sent here, or None."""
    try:
        person, path = signing.loads(request.POST.get(FIELD, ""), salt=FIELD, max_age=SECONDS_OPEN)
    except signing.BadSignature:
        return None
    return person if path == request.path else None


def put_aside(request):
    """Keep what was typed in the form that was sent here; say whether there was one to keep."""
    if request.method != "POST":
        return False
    person = opened_by(request)
    if person is None or (request.user.is_authenticated and request.user.pk != person):
        return False
    typed = request.POST.copy()
    typed.pop("csrfmiddlewaretoken", None)
    form = {
        "person": person,
        "path": request.path,
        "typed": typed.urlencode(),
        "files": sorted(request.FILES),
    }
    others = [other for other in request.session.get(WAITING, []) if other != form]
    request.session[WAITING] = [*others, form][-FORMS:]
    return True


def take_back(request):
    """Take what this person put aside on this page out of the session, or give None."""
    forms = request.session.get(WAITING, [])
    for form in forms:
        if (form["person"], form["path"]) == (request.user.pk, request.path):
            request.session[WAITING] = [other for other in forms if other is not form]
            return form
    return None


def drop_of_others(sender, request, user, **kwargs):
    """Drop what another person put aside, when somebody signs in (`user_logged_in`)."""
    if forms := request.session.get(WAITING):
        request.session[WAITING] = [form for form in forms if form["person"] == user.pk]


class Returned:
    """A form that shows what was put aside: like one that was sent, but it never saves."""

    # The names of the fields in which a file had been chosen.
    chosen_files = ()

    def is_valid(self):
        # All of it is looked at, so that mistakes show at once.
        super().is_valid()
        for name in self.chosen_files:
            if name in self.fields:
                self.add_error(name, CHOOSE_AGAIN)
        return False


class KeepsTyping(admin.ModelAdmin):
    """An admin whose forms outlive the session of the person who fills them in."""

    change_form_template = "admin/entry/change_form.html"

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        form = take_back(request) if request.method == "GET" else None
        if form is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        messages.warning(request, NOT_SAVED)
        request.returned_files = form["files"]
        # None was sent now; reading them later would undo the next line.
        request.FILES.clear()
        request.method, request.POST = "POST", QueryDict(form["typed"])
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        finally:
            request.method = "GET"

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        if (files := getattr(request, "returned_files", None)) is not None:
            form = type(form.__name__, (Returned, form), {"chosen_files": files})
        return form

    def render_change_form(self, request, context, *args, **kwargs):
        context["opened"] = sign(request)
        return super().render_change_form(request, context, *args, **kwargs)
