"""What entries say of each other, and what other sites show of them."""

from django import template
from django.contrib.staticfiles.finders import find
from django.templatetags.static import static
from django.utils.html import format_html

from localympact.templatetags.portal import note_language
from localympact.texts import pick
from organizations import passages
from organizations.pictures import picture_html

register = template.Library()


@register.simple_tag
def shared_topics(entry, other):
    """Name the topics that two entries have in common: the reason why one stands by the other."""
    mine = {topic.pk for topic in entry.topics.all()}
    # Names of topics hold an “and” of their own.
    return " · ".join(str(pick(topic, "name")) for topic in other.topics.all() if topic.pk in mine)


@register.simple_tag(takes_context=True)
def preview_of(context, place):
    """Give the picture of a pilot area for links from elsewhere; nothing where there is none."""
    path = f"organizations/pilots/{place.slug}.png"
    if not find(path):
        return ""
    return format_html(
        '<meta property="og:image" content="{}"><meta name="twitter:card" content="summary">',
        context["request"].build_absolute_uri(static(path)),
    )


@register.simple_tag
def logo(entry):
    """Show the logo of an organisation with the text that stands in its place."""
    return picture_html(entry, "logo", "logo_text", css="logo")


@register.simple_tag(takes_context=True)
def found_text(context, entry, field):
    """Show a text of an entry as `text` does, with the words of the search in it marked."""
    shown, search = pick(entry, field), context.get("search")
    body = passages.marked(search, shown) if search else shown
    if note_language(context["request"], entry, field, shown):
        return body
    return format_html('<span lang="{}">{}</span>', shown.lang, body)


@register.inclusion_tag("directory/passage.html")
def passage(search, entry, *fields):
    """Say why a search found an entry, where its card does not show it.

    `fields` are those that stand beside it: name and summary, unless others are given.
    """
    shown = [pick(entry, field) for field in fields or ("name", "summary")]
    return {"hit": passages.hit(search, entry, shown), "reader": search.reader}
