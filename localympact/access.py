"""Who is let in, and the log of it: who came, who was refused, who gave or took access.

Lines of the log are written here and by nothing else; the admin only shows them (admin.py).
"""

from ipaddress import ip_address

from axes.handlers.proxy import AxesProxyHandler
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone
from django.utils.crypto import salted_hmac

from localympact.models import AccessEvent, User
from localympact.visitors import client_address

Event = AccessEvent.Event

# Names of the addresses of what somebody still has to do who has given the right password.
GIVE_CODE, SET_UP = "admin:second_factor", "admin:second_factor_set_up"


def missing_step(user):
    """Give the name of the page that this signed-in person must pass before any other, or None."""
    if user.is_verified():
        return None
    if user.has_second_factor:
        return GIVE_CODE
    return SET_UP if settings.REQUIRE_2FA else None


def address_of(request):
    """Give the network address of a request; None where a proxy's header names none."""
    try:
        return str(ip_address(client_address(request)))
    except ValueError:
        return None


def account_named(typed):
    """Give the one person whose user name or e-mail address was typed, or None. Case is no matter.

    A user name goes before an e-mail address, and one in the same case before all others.
    """
    alike = User.objects.filter(Q(username__iexact=typed) | Q(email__iexact=typed))
    found = sorted(
        alike, key=lambda user: (user.username != typed, user.username.lower() != typed.lower())
    )
    return found[0] if found else None


def counted_name(request, credentials=None):
    """Give what failures of an account are counted by: never the name, which may be a password."""
    name = credentials.get("username") if credentials else request.POST.get("username")
    return salted_hmac("lock-out", (name or "").lower(), algorithm="sha256").hexdigest()


def lift_lock(person):
    """Forget the failures of an account, from wherever they came; those of an address stay."""
    AxesProxyHandler.reset_attempts(
        username=counted_name(None, {"username": person.get_username()})
    )


def note(event, person, *, request, by=None):
    """Write a line into the log of sign-ins."""
    AccessEvent.objects.create(
        event=event,
        person=person,
        name=person.get_username() if person else "",
        by=by,
        address=address_of(request) if request else None,
    )


@receiver(user_logged_in)
def password_was_right(sender, request, user, **kwargs):
    """Note it; somebody with a second factor is in only when that was given too."""
    AccessEvent.objects.forget_old()
    lift_lock(user)
    half = user.has_second_factor or settings.REQUIRE_2FA
    note(Event.CODE_ASKED if half else Event.SIGNED_IN, user, request=request)


@receiver(user_login_failed)
def password_was_wrong(sender, credentials, request=None, **kwargs):
    """Note it, but not each attempt of somebody who is locked out already."""
    if not getattr(request, "axes_locked_out", False):
        person = User.objects.filter(username=credentials.get("username") or "").first()
        note(Event.REFUSED, person, request=request)


@receiver(user_locked_out)
def lock_out_began(sender, request, **kwargs):
    """Note a lock-out once, however often it is tried meanwhile."""
    name = (request.axes_credentials or {}).get("username") or ""
    person = User.objects.filter(username=name).first()
    noted = AccessEvent.objects.filter(
        event=Event.LOCKED,
        person=person,
        address=address_of(request),
        moment__gt=timezone.now() - settings.AXES_COOLOFF_TIME,
    )
    if not noted.exists():
        note(Event.LOCKED, person, request=request)


@receiver(user_logged_out)
def signed_out(sender, request, user, **kwargs):
    """Note it; a session that had ended already is no one's."""
    if user:
        note(Event.SIGNED_OUT, user, request=request)
