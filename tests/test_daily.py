"""The daily work: every step once, each by itself."""

from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command, get_commands
from django.utils import timezone

from localympact.locks import Taken, alone
from localympact.management.commands import daily
from localympact.models import AccessEvent

CALLED = "localympact.management.commands.daily.call_command"


def test_every_step_is_a_command():
    assert set(daily.STEPS) <= set(get_commands())


def test_daily_work_forgets_what_is_old(db, settings):
    Session.objects.create(session_key="a" * 32, expire_date=timezone.now() - timedelta(days=1))
    long_ago = timezone.now() - timedelta(days=settings.ACCESS_LOG_KEPT_DAYS + 1)
    event = AccessEvent.objects.create(event=AccessEvent.Event.SIGNED_IN, name="somebody")
    AccessEvent.objects.filter(pk=event.pk).update(moment=long_ago)
    call_command("daily")
    assert not Session.objects.exists()
    assert not AccessEvent.objects.exists()


def test_daily_work_is_safe_to_do_twice(seed):
    call_command("daily")
    call_command("daily")


def test_step_that_fails_keeps_no_other_from_being_done(db, caplog):
    done = []

    def call(step, **options):
        done.append(step)
        if step == "forget_searches":
            raise RuntimeError("broken")

    with mock.patch(CALLED, call), pytest.raises(CommandError, match="Failed: forget_searches"):
        call_command("daily")
    assert done == list(daily.STEPS)
    assert [one.exc_text for one in caplog.records if "forget_searches failed" in one.message]


def test_second_at_the_same_time_does_nothing(db, capsys):
    with mock.patch(CALLED) as called, alone("daily"):
        call_command("daily")
    called.assert_not_called()
    assert "already" in capsys.readouterr().out


def test_lock_is_free_again_after_a_failure(db):
    with pytest.raises(ZeroDivisionError), alone("something"):
        raise ZeroDivisionError
    with alone("something"):
        pass


def test_locks_of_different_work_do_not_meet(db):
    with alone("one"), alone("other"), pytest.raises(Taken), alone("one"):
        pass
