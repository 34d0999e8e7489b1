"""What people come for, from the first page to the end, with and without JavaScript."""

import pytest

from organizations.models import Suggestion

pytestmark = pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])


def tick(page, name, javascript):
    """Tick a box of a filter; without JavaScript the form is sent by its button."""
    before = page.url
    page.get_by_label(name).check()
    if not javascript:
        page.get_by_role("button", name="Rādīt rezultātus").click()
    page.wait_for_url(lambda url: url != before)
    page.wait_for_load_state("networkidle")


def test_visitor_finds_an_organisation_near_home(open_page, javascript):
    page = open_page("/lv/", javascript=javascript)
    page.select_option("#id_municipality", "talsi")
    page.locator("form:has(#id_municipality) button").click()
    assert page.url.endswith("/lv/?municipality=talsi")
    page.locator(".doors a").first.click()
    page.locator("summary", has_text="Tēma").click()
    if javascript:
        page.evaluate("window.stayed = true")
    tick(page, "Sports un brīvais laiks", javascript)
    assert "topic=sport-and-leisure" in page.url
    assert "municipality=talsi" in page.url
    if javascript:
        assert page.evaluate("window.stayed")
        assert page.evaluate("document.activeElement.value") == "sport-and-leisure"
        count = page.locator("#count").inner_text()
        assert page.locator("#announcement").inner_text().strip() == count.strip()
        english = page.get_by_role("link", name="English").get_attribute("href")
        assert "topic=sport-and-leisure" in english
    page.get_by_role("link", name="Kolkas jauniešu grupa").click()
    assert page.locator("h1").inner_text().startswith("Kolkas jauniešu grupa")
    page.locator(".back a").click()
    assert "topic=sport-and-leisure" in page.url
    page.locator(".chosen a", has_text="Sports").click()
    page.wait_for_url(lambda url: "topic" not in url)
    assert "municipality=talsi" in page.url
    if javascript:
        page.wait_for_function("document.activeElement.id === 'count'")


def test_visitor_finds_a_partner_abroad(open_page, javascript):
    page = open_page("/lv/organizations/talsu-novada-fonds/", javascript=javascript)
    abroad = page.locator("section.related").last
    assert "Latvija" not in abroad.inner_text()
    reason = abroad.locator(".reason").first.inner_text()
    abroad.locator("h3 a").first.click()
    topics = page.locator(".facts .tags").all_inner_texts()
    assert any(topic in reason for topic in "\n".join(topics).split("\n") if topic)
    assert page.locator(".facts a[rel=external], .facts a[href^='mailto:']").count()


def test_visitor_goes_from_a_challenge_to_a_practice_to_an_organisation(open_page, javascript):
    page = open_page("/lv/needs/", javascript=javascript)
    page.locator(".contents a").first.click()
    assert "#" in page.url
    page.locator(".card:has(.answers) h3 a").first.click()
    page.locator("section.related h3 a").first.click()
    assert "/lv/collaborations/" in page.url
    page.go_back()
    organisation = page.locator("section.related a[href*='/organizations/']").first
    name = organisation.inner_text()
    organisation.click()
    assert page.locator("h1").inner_text() == name


def test_visitor_reports_an_error(open_page, javascript):
    page = open_page("/pt/organizations/talsu-novada-fonds/", javascript=javascript)
    page.locator(".quiet a[href*='/suggest/']").first.click()
    page.fill("#id_email", "not an address")
    page.fill("#id_message", "O telefone mudou.")
    page.locator("form.form button").click()
    assert page.input_value("#id_message") == "O telefone mudou."
    page.fill("#id_email", "maria@example.org")
    page.locator("form.form button").click()
    assert page.url.endswith("/pt/suggest/thanks/")
    suggestion = Suggestion.objects.get()
    assert (suggestion.message, suggestion.language) == ("O telefone mudou.", "pt")
    assert suggestion.municipality.slug == "talsi"


def test_clerk_prints_trakai_in_lithuanian(open_page, javascript, tmp_path):
    page = open_page("/lt/municipalities/trakai/", javascript=javascript)
    directory = page.locator(".directory")
    contact = directory.locator(".print-only", has_text="https://").first
    assert not contact.is_visible()
    page.emulate_media(media="print")
    assert contact.is_visible()
    assert not page.locator(".languages").is_visible()
    names = directory.locator("li a").all_inner_texts()
    published = page.evaluate("document.querySelectorAll('.directory li').length")
    assert len(names) == published >= 30
    paper = page.pdf(path=tmp_path / "trakai.pdf")
    assert paper.startswith(b"%PDF")


def test_visitor_copies_the_permanent_address(open_page, javascript):
    page = open_page("/en/organizations/talsu-novada-fonds/", javascript=javascript)
    link, button = page.locator("a.permanent"), page.locator("[data-copy]")
    assert button.is_visible() == javascript
    if javascript:
        button.click()
        page.wait_for_function("document.querySelector('[data-copy]').textContent === 'Copied'")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == link.evaluate("link => link.href")
    link.click()
    assert page.url.endswith("/organizations/talsu-novada-fonds/")
