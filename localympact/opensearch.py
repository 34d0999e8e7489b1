"""The search as a browser can add it to its own: OpenSearch 1.1, a description a language.

https://github.com/dewitt/opensearch has the specification and its extension for suggestions.
"""

from xml.etree import ElementTree as Xml

from django.http import Http404, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.generic import View

from localympact.texts import LANGUAGES

NAMESPACE = "http://a9.com/-/spec/opensearch/1.1/"
CONTENT_TYPE = "application/opensearchdescription+xml"


class Description(View):
    """What a browser must know to search the portal in one of its languages."""

    def get(self, request, language):
        if language not in LANGUAGES:
            raise Http404
        with translation.override(language):
            document = describe(language, request.build_absolute_uri)
        return HttpResponse(
            Xml.tostring(document, encoding="utf-8", xml_declaration=True),
            content_type=CONTENT_TYPE,
            headers={"Content-Language": language},
        )


def describe(language, absolute):
    """Give the description in the active language; `absolute` makes addresses complete."""
    root = Xml.Element("OpenSearchDescription", xmlns=NAMESPACE)

    def add(name, text="", **attributes):
        Xml.SubElement(root, name, attributes).text = text

    def searched(name):
        return f"{absolute(reverse(name))}?q={{searchTerms}}"

    # At most 16 characters; the language, since somebody may add several.
    add("ShortName", f"LOCAL-Y-MPACT {language}")
    add("Description", _("Community organisations, collaborations and needs in five pilot areas"))
    add("Url", type="text/html", template=searched("search"))
    add(
        "Url",
        type="application/x-suggestions+json",
        rel="suggestions",
        template=searched("completions_for_browsers"),
    )
    add(
        "Url",
        type=CONTENT_TYPE,
        rel="self",
        template=absolute(reverse("opensearch", args=[language])),
    )
    icon = absolute(static("localympact/icon.svg"))
    add("Image", icon, type="image/svg+xml", width="16", height="16")
    add("Language", language)
    add("InputEncoding", "UTF-8")
    add("OutputEncoding", "UTF-8")
    return root
