"""Test data: plain functions with keyword defaults."""

from itertools import count

from collaborations.models import Collaboration
from needs.models import Cause, Conclusion, Need
from organizations.models import (
    Audience,
    CooperationForm,
    Municipality,
    Organization,
    OrganizationType,
    Topic,
    Town,
)

number = count(1)

PILOTS = {
    "talsi": ("LV", "lv"),
    "dalarna": ("SE", "sv"),
    "braga": ("PT", "pt"),
    "aglantzia": ("CY", "el"),
    "trakai": ("LT", "lt"),
}


def make_municipality(slug="talsi", **fields):
    country, language = PILOTS[slug]
    given = {"name_en": slug.title(), "country": country, "language": language} | fields
    return Municipality.objects.get_or_create(slug=slug, defaults={"kind": "municipality"} | given)[
        0
    ]


def make_town(name="Sabile", **fields):
    given = {"municipality": make_municipality(), "latitude": 57.05, "longitude": 22.57} | fields
    return Town.objects.create(name=name, **given)


def make_term(model, **fields):
    return model.objects.create(**({"name_en": f"{model.__name__} {next(number)}"} | fields))


def make_topic(**fields):
    return make_term(Topic, **fields)


def make_audience(**fields):
    return make_term(Audience, **fields)


def make_type(**fields):
    return make_term(OrganizationType, **fields)


def make_form(**fields):
    return make_term(CooperationForm, **fields)


def make_entry(model, links, **fields):
    given = {"status": "published"} | fields
    if not any(name.startswith("name_") for name in given):
        given["name_en"] = f"{model.__name__} {next(number)}"
    linked = {name: given.pop(name) for name in links if name in given}
    entry = model.objects.create(**given)
    for name, things in linked.items():
        getattr(entry, name).set(things)
    return entry


def make_organization(**fields):
    given = {"reach": "local"} | fields
    given.setdefault("municipality", None)
    given["municipality"] = given["municipality"] or make_municipality()
    return make_entry(Organization, ["topics", "audiences"], **given)


def make_collaboration(**fields):
    given = {"municipality": None} | fields
    given["municipality"] = given["municipality"] or make_municipality()
    return make_entry(Collaboration, ["topics", "audiences", "organizations"], **given)


def make_cause(**fields):
    return Cause.objects.create(**({"name_en": f"Cause {next(number)}"} | fields))


def make_need(**fields):
    given = {"kind": "need", "side": "both", "level": "local"} | fields
    if given["level"] == "local" and not given.get("municipality"):
        given["municipality"] = make_municipality()
    if "cause" not in given:
        given["cause"] = Cause.objects.first() or make_cause()
    return make_entry(Need, ["topics", "collaborations"], **given)


def make_conclusion(**fields):
    return Conclusion.objects.create(**({"name_en": f"Conclusion {next(number)}"} | fields))


MAKERS = {
    "organizations": make_organization,
    "collaborations": make_collaboration,
    "needs": make_need,
}
