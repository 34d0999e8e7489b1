"""Deeds on municipalities."""

from localympact.history import keep_before, versions
from localympact.models import User
from organizations.models import Municipality
from tests.deeds.trying import address, choose, deed, exists, fresh, press, text_of, values_of


def change_to(browser, place, **values):
    """Send the form of a municipality with other values; give it as it is stored then."""
    browser.post(address(place, place.pk, "change"), values_of(place, **values))
    return fresh(place)


@deed("Municipalities", "see in the list of the editors")
def see_in_list(browser, place):
    return f"/{place.pk}/change/" in text_of(browser.get(address(place)))


@deed("Municipalities", "open")
def open_page(browser, place):
    return f"{place.name_en} |" in text_of(browser.get(address(place, place.pk, "change")))


@deed("Municipalities", "change the introduction and the notes")
def change_introduction(browser, place):
    stored = change_to(browser, place, summary_en="Lakes and forests.", notes_en="Much snow.")
    return (stored.summary_en, stored.notes_en) == ("Lakes and forests.", "Much snow.")


@deed("Municipalities", "change the contact")
def change_contact(browser, place):
    stored = change_to(browser, place, contact_email="town@example.org")
    return stored.contact_email == "town@example.org"


@deed("Municipalities", "change the name")
def change_name(browser, place):
    return change_to(browser, place, name_en="Changed").name_en == "Changed"


@deed("Municipalities", "change facts and codes")
def change_facts(browser, place):
    return change_to(browser, place, population="7").population == 7


@deed("Municipalities", "say who edits its entries")
def change_editors(browser, place):
    person = User.objects.get(username="without_group")
    return person in change_to(browser, place, editors=[person.pk]).editors.all()


@deed("Municipalities", "add")
def add(browser, place):
    browser.post(address(place, "add"), values_of(place, name_en="A new one"))
    return Municipality.objects.filter(name_en="A new one").exists()


@deed("Municipalities", "delete for good")
def delete(browser, place):
    browser.post(address(place, place.pk, "delete"), {"post": "yes"})
    return not exists(place)


@deed("Municipalities", "action: delete")
def delete_many(browser, place):
    choose(browser, place, "delete_selected", post="yes")
    return not exists(place)


@deed("Municipalities", "see the history")
def see_history(browser, place):
    return browser.get(address(place, place.pk, "history")).status_code == 200


@deed("Municipalities", "restore an earlier introduction")
def restore(browser, place):
    Municipality.objects.filter(pk=place.pk).update(summary_en="As it was.")
    keep_before(Municipality, [place.pk])
    Municipality.objects.filter(pk=place.pk).update(summary_en="Spoilt.")
    press(browser, place, "history", versions(place).first().pk)
    return fresh(place).summary_en == "As it was."


@deed("Municipalities", "restore an earlier name")
def restore_name(browser, place):
    keep_before(Municipality, [place.pk])
    name = place.name_en
    Municipality.objects.filter(pk=place.pk).update(name_en="Spoilt", summary_en="Spoilt.")
    press(browser, place, "history", versions(place).first().pk)
    return fresh(place).name_en == name
