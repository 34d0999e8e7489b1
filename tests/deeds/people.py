"""Deeds on people, their groups and the logs."""

from django.contrib.auth.models import Group
from django_otp.plugins.otp_totp.models import TOTPDevice

from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, User
from tests.deeds.trying import address, choose, deed, exists, fresh, press, text_of, values_of


def change_to(browser, person, **values):
    """Send the form of a person with other values; give the person as stored then."""
    browser.post(address(person, person.pk, "change"), values_of(person, **values))
    return fresh(person)


@deed("People", "see in the list")
def see_person(browser, person):
    return f"/{person.pk}/change/" in text_of(browser.get(address(person)))


@deed("People", "open")
def open_person(browser, person):
    return person.username in text_of(browser.get(address(person, person.pk, "change")))


@deed("People", "invite")
def invite(browser, person):
    values = {
        "email": "new@example.org",
        "first_name": "Anna",
        "last_name": "Liepa",
        "language": "lv",
        "role": MUNICIPAL_EDITOR,
        "municipalities": [place.pk for place in person.municipalities.all()],
    }
    browser.post(address(person, "add"), values)
    return User.objects.filter(username="new@example.org").exists()


@deed("People", "change the name")
def change_name(browser, person):
    return change_to(browser, person, last_name="Changed").last_name == "Changed"


@deed("People", "make a portal editor")
def promote(browser, person):
    group = Group.objects.get(name=PORTAL_EDITOR)
    return group in change_to(browser, person, groups=[group.pk]).groups.all()


@deed("People", "make a superuser or give single rights")
def make_superuser(browser, person):
    stored = change_to(browser, person, is_superuser="on", user_permissions=["1"])
    return stored.is_superuser or stored.user_permissions.exists()


@deed("People", "invite again")
def invite_again(browser, person):
    User.objects.filter(pk=person.pk).update(is_active=False)
    press(browser, person, "step", "invite")
    return fresh(person).is_active


@deed("People", "withdraw access")
def withdraw(browser, person):
    press(browser, person, "step", "withdraw")
    return not fresh(person).is_active


@deed("People", "action: withdraw access")
def withdraw_many(browser, person):
    choose(browser, person, "withdraw")
    return not fresh(person).is_active


@deed("People", "action: invite again")
def invite_many(browser, person):
    User.objects.filter(pk=person.pk).update(is_active=False)
    choose(browser, person, "invite_again")
    return fresh(person).is_active


@deed("People", "take away the second factor")
def take_factor(browser, person):
    TOTPDevice.objects.create(user=person, name="app")
    press(browser, person, "step", "take-factor")
    return not TOTPDevice.objects.filter(user=person).exists()


@deed("People", "set somebody's password")
def set_password(browser, person):
    values = {"usable_password": "true", "password1": "another long one", "password2": ""}
    values["password2"] = values["password1"]
    browser.post(address(person, person.pk, "password"), values)
    return fresh(person).check_password("another long one")


@deed("People", "see the history")
def see_history(browser, person):
    return browser.get(address(person, person.pk, "history")).status_code == 200


@deed("People", "delete")
def delete(browser, person):
    browser.post(address(person, person.pk, "delete"), {"post": "yes"})
    return not exists(person)


@deed("People", "action: delete")
def delete_many(browser, person):
    choose(browser, person, "delete_selected", post="yes")
    return not exists(person)


@deed("A superuser", "open")
def open_superuser(browser, person):
    return person.username in text_of(browser.get(address(person, person.pk, "change")))


@deed("A superuser", "change")
def change_superuser(browser, person):
    return change_to(browser, person, last_name="Changed").last_name == "Changed"


@deed("A superuser", "withdraw access")
def withdraw_superuser(browser, person):
    press(browser, person, "step", "withdraw")
    choose(browser, person, "withdraw")
    return not fresh(person).is_active


@deed("A superuser", "set the password")
def set_password_of_superuser(browser, person):
    return set_password(browser, person)


@deed("Logs and groups", "see the log of sign-ins")
def see_sign_ins(browser, logs):
    return f"/{logs.event.pk}/change/" in text_of(browser.get(address(logs.event)))


@deed("Logs and groups", "see the log of changes")
def see_changes(browser, logs):
    return f"/{logs.change.pk}/change/" in text_of(browser.get(address(logs.change)))


@deed("Logs and groups", "change or add to a log")
def write_log(browser, logs):
    tried = False
    for line in (logs.event, logs.change):
        count = type(line).objects.count()
        browser.post(address(line, line.pk, "change"), {"name": "x", "object_repr": "x"})
        browser.post(address(line, "add"), {"event": "invited", "object_repr": "x"})
        stored = fresh(line)
        tried |= "x" in (getattr(stored, "name", ""), getattr(stored, "object_repr", ""))
        tried |= type(line).objects.count() != count
    return tried


@deed("Logs and groups", "delete from a log")
def delete_log(browser, logs):
    for line in (logs.event, logs.change):
        browser.post(address(line, line.pk, "delete"), {"post": "yes"})
        choose(browser, line, "delete_selected", post="yes")
    return not (exists(logs.event) and exists(logs.change))


@deed("Logs and groups", "change what a group may do")
def change_group(browser, logs):
    group = Group.objects.get(name=MUNICIPAL_EDITOR)
    browser.post(address(group, group.pk, "change"), {"name": "Changed", "permissions": []})
    return fresh(group).name == "Changed"
