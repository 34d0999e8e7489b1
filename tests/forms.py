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
        if field.tag not in FIELDS or not name or kind in NOT_SENT:
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


def form_of(page):
    """Give the values of an admin form as `sent` does, from the form itself: quicker, unsigned."""
    form = page.context["adminform"].form
    values = {}
    for field in form:
        value = field.value()
        if value is None or value is False:
            continue
        if field.name == "logo":
            # A browser sends no file that is stored already, only which one it was.
            values[field.html_initial_name] = str(value)
            continue
        if isinstance(value, list | tuple):
            values[field.html_name] = [getattr(item, "pk", item) for item in value]
        else:
            values[field.html_name] = "on" if value is True else value
        if field.field.show_hidden_initial:
            values[field.html_initial_name] = values[field.html_name]
    return values
