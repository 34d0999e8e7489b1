"""Deeds on what comes to the desk: suggestions, duplicates, searches, files, origins of texts."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from localympact.models import ImportedFile, User
from organizations.models import DuplicatePair, Organization, Suggestion, Topic
from tests.deeds.trying import address, choose, deed, exists, fresh, press, text_of

# Suggestions


@deed("Suggestions", "see in the list")
def see_suggestion(browser, suggestion):
    return f"/{suggestion.pk}/change/" in text_of(browser.get(address(suggestion)))


@deed("Suggestions", "open")
def open_suggestion(browser, suggestion):
    page = browser.get(address(suggestion, suggestion.pk, "change"))
    return suggestion.message in text_of(page)


@deed("Suggestions", "answer on its page")
def answer_suggestion(browser, suggestion):
    browser.post(address(suggestion, suggestion.pk, "change"), {"state": "done"})
    return fresh(suggestion).state == "done"


@deed("Suggestions", "rewrite what the visitor wrote")
def rewrite_suggestion(browser, suggestion):
    values = {"state": "new", "message": "Rewritten", "name": "Rewritten", "email": "a@b.example"}
    browser.post(address(suggestion, suggestion.pk, "change"), values)
    return fresh(suggestion).message == "Rewritten"


@deed("Suggestions", "action: make drafts")
def make_drafts(browser, suggestion):
    if suggestion.municipality is None:
        return None
    choose(browser, suggestion, "make_drafts")
    return Organization.objects.filter(municipality=suggestion.municipality).exists()


@deed("Suggestions", "action: mark as done")
def set_done(browser, suggestion):
    choose(browser, suggestion, "set_done")
    return fresh(suggestion).state == "done"


@deed("Suggestions", "action: decline")
def set_declined(browser, suggestion):
    choose(browser, suggestion, "set_declined")
    return fresh(suggestion).state == "declined"


@deed("Suggestions", "add in the admin")
def add_suggestion(browser, suggestion):
    values = {"state": "new", "message": "Added", "kind": "wrong", "name": "Added"}
    browser.post(address(suggestion, "add"), values)
    return Suggestion.objects.filter(message="Added").exists()


@deed("Suggestions", "delete")
def delete_suggestion(browser, suggestion):
    browser.post(address(suggestion, suggestion.pk, "delete"), {"post": "yes"})
    return not exists(suggestion)


@deed("Suggestions", "action: delete")
def delete_suggestions(browser, suggestion):
    choose(browser, suggestion, "delete_selected", post="yes")
    return not exists(suggestion)


# Possible duplicates


@deed("Possible duplicates", "see in the list")
def see_pair(browser, pair):
    return f"/{pair.pk}/different/" in text_of(browser.get(address(pair)))


@deed("Possible duplicates", "say that they are different")
def say_different(browser, pair):
    press(browser, pair, "different")
    return fresh(pair).different_on is not None


@deed("Possible duplicates", "ask again")
def ask_again(browser, pair):
    DuplicatePair.objects.filter(pk=pair.pk).update(different_on="2026-01-01")
    press(browser, pair, "reopen")
    return fresh(pair).different_on is None


@deed("Possible duplicates", "add or change by hand")
def write_pair(browser, pair):
    values = {"database": "needs", "first": pair.first, "second": pair.second, "reasons": "name"}
    before = DuplicatePair.objects.count()
    browser.post(address(pair, pair.pk, "change"), values)
    browser.post(address(pair, "add"), values)
    return fresh(pair).database == "needs" or DuplicatePair.objects.count() > before


@deed("Possible duplicates", "delete")
def delete_pair(browser, pair):
    browser.post(address(pair, pair.pk, "delete"), {"post": "yes"})
    choose(browser, pair, "delete_selected", post="yes")
    return not exists(pair)


# Searches that found nothing


@deed("Searches that found nothing", "see in the list")
def see_search(browser, search):
    return search.query in text_of(browser.get(address(search)))


@deed("Searches that found nothing", "open")
def open_search(browser, search):
    return search.query in text_of(browser.get(address(search, search.pk, "synonym")))


@deed("Searches that found nothing", "make it a synonym")
def make_synonym(browser, search):
    term = Topic.objects.get()
    near = f"topic-{term.pk}"
    press(browser, search, "synonym", words=search.query, language="lv", near=near)
    return fresh(term).synonyms_lv == search.query and not exists(search)


@deed("Searches that found nothing", "set aside")
def set_aside(browser, search):
    press(browser, search, "set-aside")
    return not exists(search)


@deed("Searches that found nothing", "action: set aside")
def set_many_aside(browser, search):
    choose(browser, search, "set_aside")
    return not exists(search)


@deed("Searches that found nothing", "see what was asked twice")
def see_rare_search(browser, search):
    type(search).objects.update(count=2)
    pages = (address(search), address(search, search.pk, "synonym"))
    press(browser, search, "set-aside")
    return not exists(search) or any(
        search.query in text_of(browser.get(page, follow=True)) for page in pages
    )


@deed("Searches that found nothing", "add or change by hand")
def write_search(browser, search):
    values = {"query": "written", "language": "el", "count": 9, "asked": "2026-01-01"}
    browser.post(address(search, search.pk, "change"), values)
    browser.post(address(search, "add"), values)
    return type(search).objects.filter(query="written").exists()


@deed("Searches that found nothing", "delete")
def delete_search(browser, search):
    browser.post(address(search, search.pk, "delete"), {"post": "yes"})
    choose(browser, search, "delete_selected", post="yes")
    return not exists(search)


# Imported files: one that the editor of Braga and Talsi brought, for an organisation of Talsi


def brought_by_both_editor(step=None):
    """Bring a good file as the editor of both places, import it if asked; give it."""
    browser = Client()
    browser.force_login(User.objects.get(username="both_editor"))
    raw = b"id,municipality,name_en,reach\n,talsi,A new one,local\n"
    upload = {"database": "organizations", "file": SimpleUploadedFile("file.csv", raw)}
    browser.post("/admin/localympact/importedfile/add/", upload).getvalue()
    file = ImportedFile.objects.get()
    if step:
        press(browser, file, step).getvalue()
    return file


def pressed(browser, file, *parts, **values):
    """Press a button of a file and wait for the end of the answer."""
    answer = press(browser, file, *parts, **values)
    if answer.streaming:
        answer.getvalue()


@deed("A file brought by the editor of Talsi and Braga", "see in the list")
def see_file(browser, _nothing):
    file = brought_by_both_editor()
    return f"/{file.pk}/change/" in text_of(browser.get(address(file)))


@deed("A file brought by the editor of Talsi and Braga", "open")
def open_file(browser, _nothing):
    file = brought_by_both_editor()
    return "file.csv" in text_of(browser.get(address(file, file.pk, "change")))


@deed("A file brought by the editor of Talsi and Braga", "take away its list of mistakes")
def see_problems(browser, _nothing):
    file = brought_by_both_editor()
    answer = browser.get(address(file, file.pk, "problems.csv").rstrip("/"))
    return "csv" in answer.headers["Content-Type"]


@deed("A file brought by the editor of Talsi and Braga", "import")
def import_file(browser, _nothing):
    pressed(browser, brought_by_both_editor(), "import")
    return Organization.objects.filter(name_en="A new one").exists()


@deed("A file brought by the editor of Talsi and Braga", "discard")
def discard_file(browser, _nothing):
    file = brought_by_both_editor()
    pressed(browser, file, "discard")
    return not exists(file)


@deed("A file brought by the editor of Talsi and Braga", "undo its import")
def undo_file(browser, _nothing):
    file = brought_by_both_editor("import")
    pressed(browser, file, "undo")
    return not Organization.objects.filter(name_en="A new one").exists()


@deed("A file brought by the editor of Talsi and Braga", "delete from the record")
def delete_file(browser, _nothing):
    file = brought_by_both_editor("import")
    browser.post(address(file, file.pk, "delete"), {"post": "yes"})
    choose(browser, file, "delete_selected", post="yes")
    return not exists(file)


# Origins of texts, which saving records


@deed("Origins of texts", "see")
def see_state(browser, state):
    return f"/{state.pk}/change/" in text_of(browser.get(address(state)))


@deed("Origins of texts", "write by hand")
def write_state(browser, state):
    values = {"entry": state.entry, "language": "el", "origin": "original"}
    browser.post(address(state, state.pk, "change"), values)
    browser.post(address(state, "add"), values)
    return type(state).objects.filter(language="el").exists()


@deed("Origins of texts", "delete")
def delete_state(browser, state):
    browser.post(address(state, state.pk, "delete"), {"post": "yes"})
    choose(browser, state, "delete_selected", post="yes")
    return not exists(state)
