"""What was typed outlives the session of the person who typed it, and comes to nobody else."""

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from localympact.put_aside import FORMS, WAITING
from organizations.models import Organization
from tests.forms import sent
from tests.test_admin import admin_url, new_entry

pytestmark = pytest.mark.django_db

NOT_SAVED = "This is what you typed before you were signed out. It has not been saved yet."
PASSWORD = "a long password"


@pytest.fixture
def browser(editor):
    """The browser of an editor of Talsi, which keeps what browsers keep: it checks tokens too."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    return client


def sign_in(browser, person, following):
    token = sent_token(browser.get("/admin/login/"))
    return browser.post(
        f"/admin/login/?next={following}",
        {"username": person.username, "password": PASSWORD, "next": following}
        | {"csrfmiddlewaretoken": token},
    )


def sent_token(page):
    return str(page.context["csrf_token"])


def expire(browser):
    Session.objects.all().delete()


def sign_out(browser):
    token = sent_token(browser.get("/admin/"))
    browser.post("/admin/logout/", {"csrfmiddlewaretoken": token})


@pytest.mark.parametrize("lose", [expire, sign_out])
def test_what_was_typed_comes_back_after_signing_in_again(browser, editor, app, make, lose):
    entry = make(summary_lv="Dzied.")
    path = admin_url(app, entry.pk, "change")
    typed = sent(browser.get(path)) | {"summary_lv": "Viņi dzied.\r\nSkaļi.", "source": "nowhere"}
    lose(browser)
    answer = browser.post(path, typed, follow=True)
    assert answer.redirect_chain == [(f"/admin/login/?next={path}", 302)]
    assert "Sign in again. What you typed is kept for you." in answer.text
    assert sign_in(browser, editor, path).headers["Location"] == path
    page = browser.get(path)
    assert NOT_SAVED in page.text
    assert "Enter a valid URL." in page.text
    assert "data-unsaved" in page.text
    back = sent(page)
    assert (back["summary_lv"], back["source"]) == (typed["summary_lv"], "nowhere")
    entry.refresh_from_db()
    assert entry.summary_lv == "Dzied."
    # Once only: who leaves the page has left it.
    assert NOT_SAVED not in browser.get(path).text
    assert browser.post(path, back | {"source": ""}).status_code == 302
    entry.refresh_from_db()
    assert entry.summary_lv == "Viņi dzied.\nSkaļi."


def test_new_entry_comes_back_and_is_not_made_before_it_is_saved(browser, editor, app, talsi):
    path = admin_url(app, "add")
    typed = sent(browser.get(path)) | new_entry(app, talsi)
    expire(browser)
    browser.post(path, typed)
    sign_in(browser, editor, path)
    page = browser.get(path)
    assert NOT_SAVED in page.text
    model = type(page.context["adminform"].form.instance)
    assert not model.objects.exists()
    assert browser.post(path, sent(page)).status_code == 302
    assert model.objects.get().name_lv == "Jauns"


def test_who_signed_in_again_in_another_window_finds_what_was_typed(browser, editor, app, make):
    entry = make(summary_lv="Dzied.")
    path = admin_url(app, entry.pk, "change")
    typed = sent(browser.get(path)) | {"summary_lv": "Viņi dzied."}
    expire(browser)
    sign_in(browser, editor, "/admin/")
    answer = browser.post(path, typed, follow=True)
    assert answer.redirect_chain == [(path, 302)]
    assert NOT_SAVED in answer.text
    assert sent(answer)["summary_lv"] == "Viņi dzied."
    entry.refresh_from_db()
    assert entry.summary_lv == "Dzied."


def test_several_windows_lose_nothing(browser, editor, app, make):
    entries = [make(summary_lv="Dzied.") for _ in range(2)]
    paths = [admin_url(app, entry.pk, "change") for entry in entries]
    typed = [sent(browser.get(path)) | {"summary_lv": path} for path in paths]
    expire(browser)
    for path, values in zip(paths, typed, strict=True):
        browser.post(path, values)
        browser.post(path, values)
    sign_in(browser, editor, paths[0])
    for path in paths:
        assert sent(browser.get(path))["summary_lv"] == path
        assert NOT_SAVED not in browser.get(path).text


def test_change_of_somebody_else_meanwhile_is_told_on_coming_back(browser, editor, app, make):
    entry = make(summary_lv="Dzied.")
    path = admin_url(app, entry.pk, "change")
    typed = sent(browser.get(path)) | {"summary_lv": "Viņi dzied."}
    expire(browser)
    browser.post(path, typed)
    type(entry).objects.update(summary_lv="Dejo.")
    sign_in(browser, editor, path)
    page = browser.get(path)
    assert "Now stored: Dejo." in page.text
    assert sent(page)["summary_lv"] == "Viņi dzied."


def test_entry_that_is_gone_on_coming_back_gives_what_was_typed(browser, editor, app, make):
    entry = make(summary_lv="Dzied.")
    path = admin_url(app, entry.pk, "change")
    typed = sent(browser.get(path)) | {"summary_lv": "Viņi dzied."}
    expire(browser)
    browser.post(path, typed)
    type(entry).objects.all().delete()
    sign_in(browser, editor, path)
    page = browser.get(path)
    assert page.status_code == 409
    assert "Viņi dzied." in page.text


def test_another_person_who_signs_in_gets_nothing(browser, editor, portal_editor, app, make):
    entry = make(summary_lv="Dzied.")
    path = admin_url(app, entry.pk, "change")
    typed = sent(browser.get(path)) | {"summary_lv": "Secret"}
    expire(browser)
    browser.post(path, typed)
    sign_in(browser, portal_editor, path)
    assert not browser.session[WAITING]
    assert "Secret" not in browser.get(path).text
    # Nor does the first one, in a browser in which another is signed in.
    answer = browser.post(path, typed)
    assert answer.status_code == 403
    assert not browser.session[WAITING]


def test_session_of_another_person_gives_nothing(browser, editor, portal_editor, app, make):
    entry = make(summary_lv="Dzied.")
    path = admin_url(app, entry.pk, "change")
    session = browser.session
    session[WAITING] = [
        {"person": portal_editor.pk, "path": path, "typed": "summary_lv=Secret", "files": []}
    ]
    session.save()
    page = browser.get(path)
    assert NOT_SAVED not in page.text
    assert "Secret" not in page.text


def test_small_window_comes_back_as_one(browser, editor, app, talsi):
    path = admin_url(app, "add")
    typed = sent(browser.get(f"{path}?_popup=1"))
    assert typed["_popup"] == "1"
    expire(browser)
    browser.post(path, typed)
    sign_in(browser, editor, path)
    assert browser.get(path).context["is_popup"]


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "nonsense",
        signing.dumps([1, "/admin/organizations/organization/add/"]),
        "of another page",
        "too old",
    ],
)
def test_stranger_fills_no_session(browser, editor, app, make, forged, monkeypatch):
    path = admin_url(app, make().pk, "change")
    typed = sent(browser.get(path))
    if forged == "of another page":
        typed |= {"_opened": sent(browser.get(admin_url(app, "add")))["_opened"]}
    elif forged == "too old":
        monkeypatch.setattr("localympact.put_aside.SECONDS_OPEN", -1)
    else:
        typed |= {"_opened": forged}
    expire(browser)
    answer = browser.post(path, typed)
    assert answer.status_code == 302
    assert not Session.objects.exists()


def test_no_more_than_some_forms_are_kept(browser, editor, talsi):
    path = admin_url("organizations", "add")
    typed = sent(browser.get(path))
    expire(browser)
    for number in range(FORMS + 2):
        browser.post(path, typed | {"name_lv": f"Number {number}"})
    kept = browser.session[WAITING]
    assert len(kept) == FORMS
    assert f"Number+{FORMS + 1}" in kept[-1]["typed"]


def test_file_is_to_be_chosen_again(browser, editor, talsi):
    path = admin_url("organizations", "add")
    typed = sent(browser.get(path)) | {"name_lv": "Koris"}
    expire(browser)
    browser.post(path, typed | {"logo": SimpleUploadedFile("logo.png", b"...")})
    sign_in(browser, editor, path)
    page = browser.get(path)
    assert page.context["adminform"].form.errors["logo"] == [
        "A file cannot be kept: choose it again."
    ]


def test_form_with_passwords_is_not_put_aside(client, superuser):
    client.force_login(superuser)
    page = client.get("/admin/localympact/user/add/")
    assert "_opened" not in page.text


def test_form_sent_from_elsewhere_is_still_refused(client, app, make):
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(admin_url(app, make().pk, "change"), {}).status_code == 403
    assert not Organization.objects.filter(name_lv="Jauns").exists()
    assert not Session.objects.exists()
