"""What a browser sends when it sends the form of an editor's page back."""

import html5lib

FIELDS = ("input", "textarea", "select")
# Buttons are sent when they are pressed; the tests choose no files.
NOT_SENT = ("submit", "button", "file")


def sent(page):
    """Give all values of the form of a page, hidden ones too, as {name: value or list}."""
    document = html5lib.parse(page.text, namespaceHTMLElements=False)
    forms = document.iter("form")
    form = next(form for form in forms if form.find(".//input[@name='_opened']") is not None)
    values = {}

    def add(name, value):
        values.setdefault(name, []).append(value)

    for field in form.iter():
        name, kind = field.get("name"), field.get("type")
        if (
            field.tag not in ("input", "textarea", "select")
            or not name
            or kind in ("submit", "file", "button")
        ):
            continue
        if field.tag == "textarea":
            # A browser drops the first line end and sends the others as CR LF.
            text = "".join(field.itertext())
            add(name, text.replace("\n", "\r\n"))
        elif field.tag == "select":
            options = list(field.iter("option"))
            chosen = [option for option in options if option.get("selected") is not None]
            if not chosen and field.get("multiple") is None:
                chosen = options[:1]
            for option in chosen:
                add(name, option.get("value", ""))
        elif kind in ("checkbox", "radio"):
            if field.get("checked") is not None:
                add(name, field.get("value", "on"))
        else:
            add(name, field.get("value", "").replace("\n", "\r\n"))
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}
