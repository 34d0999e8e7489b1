"""What stands in the columns of files: how a cell is read from the database, written and read back.

A `Resource` (exports.py) names the columns of one table. Names of columns are English in every
language. A `Group` is chosen as one and stands for several: a translated field has six columns.
"""

import datetime
import re
from collections import defaultdict
from typing import NamedTuple

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import (
    Aggregate,
    Case,
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, NullIf
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from localympact.codes import CodesField
from localympact.spreadsheets import Stamp
from localympact.texts import LANGUAGES, seen, seen_language
from localympact.texts import columns as translated_columns
from localympact.writers import SEVERAL, moment, plain

# What a spreadsheet would take for a formula, and the apostrophe that hides one.
LOOKS_LIKE_A_FORMULA = tuple("=+-@\t\r'")
# What Excel makes of a long number (3,71E+10), and how most of Europe writes a fraction.
SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+")
DECIMAL_COMMA = re.compile(r"(-?\d+),(\d+)")


def escaped(text):
    """Put an apostrophe before a text that a spreadsheet would calculate."""
    return f"'{text}" if text.startswith(LOOKS_LIKE_A_FORMULA) else text


def unescaped(text):
    """Take away the one apostrophe that `escaped` put there."""
    return text.removeprefix("'")


def same_text(one, other):
    """Say whether two texts are alike; spreadsheets end lines in their own way."""
    return one.replace("\r\n", "\n") == other.replace("\r\n", "\n")


class Kind(models.TextChoices):
    """What a cell is, in words that a reader of the data dictionary understands."""

    ID = "id", gettext_lazy("Permanent id (UUID)")
    SLUG = "slug", gettext_lazy("Slug: a name for addresses")
    ADDRESS = "address", gettext_lazy("Web address")
    TEXT = "text", gettext_lazy("Text")
    CODE = "code", gettext_lazy("Code")
    INTEGER = "integer", gettext_lazy("Whole number")
    NUMBER = "number", gettext_lazy("Number")
    TRUTH = "truth", gettext_lazy("true or false")
    DAY = "day", gettext_lazy("Day (ISO 8601)")
    MOMENT = "moment", gettext_lazy("Day and time (ISO 8601, UTC)")


# The first class that a field is of says what its cells are.
KINDS = (
    (models.UUIDField, Kind.ID),
    (models.BooleanField, Kind.TRUTH),
    (models.DateTimeField, Kind.MOMENT),
    (models.DateField, Kind.DAY),
    ((models.FloatField, models.DecimalField), Kind.NUMBER),
    (models.IntegerField, Kind.INTEGER),
    (models.SlugField, Kind.SLUG),
    (models.URLField, Kind.ADDRESS),
    (CodesField, Kind.CODE),
)


class Description(NamedTuple):
    """What a column is, for whoever describes a file: the dictionary, CSVW, OpenAPI."""

    name: str
    # What pages call it, and a sentence that says what stands there.
    label: str
    meaning: str
    kind: Kind
    # Whether a cell may be empty, and whether it holds several.
    empty: bool
    many: bool
    # The values there are, as {value: label}, or the model whose slugs they are.
    choices: dict
    vocabulary: object
    # The language of its texts, if all are in one.
    language: str | None


class Moment(Func):
    """A moment as PostgreSQL writes it in ISO 8601, UTC; a fraction only where there is one."""

    template = (
        "replace(to_char(%(expressions)s AT TIME ZONE 'UTC', "
        """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000Z', 'Z')"""
    )
    output_field = models.TextField()


def filled(value):
    """Give the expression of a value as text; NULL where it is empty."""
    text = models.TextField()
    return NullIf(Cast(value, text), Value("", text), output_field=text)


class Joined(Aggregate):
    """Slugs of several rows in one text; SQLite gives them in no order."""

    output_field = models.TextField()

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(
            compiler, connection, template="GROUP_CONCAT(%(expressions)s, '|')", **context
        )

    def as_postgresql(self, compiler, connection, **context):
        # By bytes, as Python sorts, whatever the language of the database is.
        template = """STRING_AGG(%(expressions)s, '|' ORDER BY %(expressions)s COLLATE "C")"""
        return self.as_sql(compiler, connection, template=template, **context)


class Column:
    """One column of a file: numbers, dates, codes and ids, which are never altered.

    `name` is the head of the column, `meaning` a sentence that says what stands there, `lookup`
    the path to its value from the model.
    """

    # Whether an import may write it; the portal writes the others itself.
    writable = True
    # What an import fetches with each entry, to see what it has now.
    related = ()
    many = False
    kind = None
    language = None

    def __init__(self, name, meaning="", lookup=None):
        self.name, self.meaning = name, meaning
        self.lookup = lookup or name

    # Writing

    def value(self, resource):
        """Give the expression of what the database is asked for."""
        return F(self.lookup)

    def aliases(self, resource):
        """Give what `value` refers to, as {name: expression}."""
        return {}

    def copied(self, resource):
        """Give the expression of the cell as CSV has it, for PostgreSQL; NULL where it is empty."""
        value = self.value(resource)
        if self.described_kind(resource.model) == Kind.MOMENT:
            return Moment(value)
        return filled(value)

    def count(self, resource):
        """Give the aggregate of how many rows have something in this column."""
        return Count(filled(self.value(resource)))

    def cell(self, value, resource):
        """Give the value as JSON has it."""
        if isinstance(value, datetime.datetime):
            return moment(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        return str(value)

    def text(self, cell):
        """Give a cell as CSV has it."""
        return plain(cell)

    # Describing

    def field(self, model):
        """Give the field of the model that it shows, or None."""
        field = None
        for name in self.lookup.split("__"):
            try:
                field = model._meta.get_field(name)
            except FieldDoesNotExist:
                return None
            model = field.related_model
        return field

    def described_kind(self, model):
        """Give the Kind of its cells."""
        if self.kind:
            return self.kind
        field = self.field(model)
        if getattr(field, "choices", None):
            return Kind.CODE
        return next((kind for of, kind in KINDS if isinstance(field, of)), Kind.TEXT)

    def choices(self, model):
        """Give the values that there are, as {value: label in the active language}."""
        choices = getattr(self.field(model), "choices", None) or ()
        return {value: str(label) for value, label in choices if value}

    def vocabulary(self, model):
        """Give the model whose slugs stand there, or None."""
        return

    def label(self, model):
        """Give what pages call it, in the active language."""
        field = self.field(model)
        return str(getattr(field, "verbose_name", None) or self.name)

    def may_be_empty(self, model):
        """Say whether there can be nothing in a cell."""
        field = self.field(model)
        return bool(field is None or field.null or field.blank)

    def describe(self, model):
        """Give its Description in the active language."""
        return Description(
            name=self.name,
            label=self.label(model),
            meaning=str(self.meaning),
            kind=self.described_kind(model),
            empty=self.may_be_empty(model),
            many=self.many,
            choices=self.choices(model),
            vocabulary=self.vocabulary(model),
            language=self.language,
        )

    # Reading back

    def parse(self, text, resource):
        """Give the value of a cell of CSV; raise ValidationError if it has none."""
        field = resource.model._meta.get_field(self.name)
        text = text.strip()
        if not text:
            return None if field.null else field.get_default()
        if field.choices and text not in (values := [value for value, _label in field.choices]):
            raise ValidationError(
                _("Write one of these: %(values)s."),
                params={"values": ", ".join(filter(None, values))},
            )
        if isinstance(field, models.DateField):
            return self.day(text)
        if isinstance(field, models.FloatField):
            # No coordinate has thousands.
            text = DECIMAL_COMMA.sub(r"\1.\2", text)
        return field.to_python(text)

    def day(self, text):
        """Give the day that a text names in ISO 8601."""
        try:
            return datetime.date.fromisoformat(text)
        except ValueError as error:
            raise ValidationError(_("Write the day as year-month-day: 2026-11-26.")) from error

    def now(self, instance):
        """Give the cell of CSV that an instance has now."""
        return self.text(self.cell(self.current(instance), None))

    def forbidden(self, instance, user):
        """Say why this user may not write what the instance has now, or give nothing."""
        return

    def current(self, instance):
        """Give the value that an instance has now."""
        return getattr(instance, self.name)

    def assign(self, instance, value):
        """Give an instance the value of a cell; say whether that changed it."""
        if self.current(instance) == value:
            return False
        setattr(instance, self.name, value)
        return True


class ReadOnly(Column):
    """A column that the portal writes itself; an import passes it by."""

    writable = False


class Truth(Column):
    """A column of `true` and `false`."""

    def parse(self, text, resource):
        match text.strip().lower():
            case "true":
                return True
            case "false" | "":
                return False
        raise ValidationError(_("Write true or false."))


class Words(Column):
    """A column of free text; what looks like a formula gets an apostrophe in front in CSV.

    `unless` is a pattern of texts that are left alone, such as telephone numbers.
    """

    def __init__(self, name, meaning="", lookup=None, *, unless=None):
        super().__init__(name, meaning, lookup)
        self.unless = unless and re.compile(unless)

    def cell(self, value, resource):
        return value or ""

    def text(self, cell):
        return cell if self.unless and self.unless.match(cell) else escaped(cell)

    def copied(self, resource):
        return Escaped(filled(self.value(resource)), self.unless and self.unless.pattern)

    def now(self, instance):
        return self.current(instance) or ""

    def parse(self, text, resource):
        if isinstance(text, Stamp):
            raise ValidationError(
                _(
                    "A spreadsheet has made a date of this. "
                    "Format the cell as text and write it again."
                )
            )
        return unescaped(text)

    def assign(self, instance, value):
        if same_text(self.current(instance) or "", value):
            return False
        if SHORTENED.fullmatch(value):
            raise ValidationError(
                _(
                    "A spreadsheet has shortened this number. "
                    "Format the cell as text and write it again."
                )
            )
        return super().assign(instance, value.strip())


class Escaped(Func):
    """A text with the apostrophe of `escaped`, for PostgreSQL."""

    output_field = models.TextField()

    def __init__(self, text, unless=None):
        super().__init__(text)
        self.unless = unless

    def as_sql(self, compiler, connection, **context):
        text, params = compiler.compile(self.source_expressions[0])
        calculated, more = f"{text} ~ %s", [*params, r"^[=+@\t\r'-]"]
        if self.unless:
            calculated += f" AND {text} !~ %s"
            more += [*params, self.unless]
        return f"CASE WHEN {calculated} THEN '''' || {text} ELSE {text} END", [
            *more,
            *params,
            *params,
        ]


class Codes(Column):
    """A column of several codes that stand in one field (`CodesField`)."""

    many = True

    def cell(self, value, resource):
        return value

    def copied(self, resource):
        return Func(
            filled(self.value(resource)),
            Value(SEVERAL),
            function="BTRIM",
            output_field=models.TextField(),
        )

    def choices(self, model):
        return dict(self.field(model).codes())

    def parse(self, text, resource):
        return sorted({code.strip() for code in text.split(SEVERAL) if code.strip()})


class Slug(Column):
    """A column that names one other thing by its slug."""

    kind = Kind.SLUG

    def __init__(self, name, meaning=""):
        super().__init__(name, meaning)
        self.related = (name,)

    def value(self, resource):
        return F(f"{self.name}__slug")

    def vocabulary(self, model):
        return self.field(model).related_model

    def now(self, instance):
        thing = getattr(instance, self.name, None) if self.current(instance) else None
        return thing.slug if thing else ""

    def parse(self, text, resource):
        slug = text.strip()
        if not slug:
            return None
        return resource.by_slug(self.name, [slug])[0]

    def current(self, instance):
        return getattr(instance, f"{self.name}_id")

    def assign(self, instance, value):
        if self.current(instance) == (value and value.pk):
            return False
        setattr(instance, self.name, value)
        return True


class Slugs(Column):
    """A column that names several other things by their slugs (many-to-many).

    Entries that are not published are in no file, so they are not named here either, and an
    import leaves links to them alone.
    """

    many = True
    kind = Kind.SLUG

    def vocabulary(self, model):
        return self.field(model).related_model

    def value(self, resource):
        links, source, target = self.shown_links(resource)
        return Subquery(links.values(source).values(slugs=Joined(f"{target}__slug")))

    def count(self, resource):
        links, _source, _target = self.shown_links(resource)
        return Count("pk", filter=Exists(links))

    def shown_links(self, resource):
        """Give the links of a row that files show, and the names of their two ends."""
        field = resource.model._meta.get_field(self.name)
        source, target = field.m2m_field_name(), field.m2m_reverse_field_name()
        links = field.remote_field.through.objects.filter(**{source: OuterRef("pk")}).order_by()
        if hasattr(field.related_model.objects, "published"):
            links = links.filter(**{f"{target}__in": field.related_model.objects.published()})
        return links, source, target

    def cell(self, value, resource):
        return sorted(value.split(SEVERAL)) if value else []

    def copied(self, resource):
        return self.value(resource)

    def parse(self, text, resource):
        slugs = [slug.strip() for slug in text.split(SEVERAL) if slug.strip()]
        return resource.by_slug(self.name, slugs)

    def links(self, model, pks):
        """Give {pk: {slug: whether files show it}} of the things to which entries are linked."""
        field = model._meta.get_field(self.name)
        source, target = field.m2m_field_name(), field.m2m_reverse_field_name()
        links = field.remote_field.through.objects.filter(**{f"{source}__in": pks})
        found = defaultdict(dict)
        rows = links.order_by(f"{target}__slug").values_list(
            source, f"{target}__slug", self.shown(field)
        )
        for pk, slug, is_shown in rows:
            found[pk][slug] = is_shown
        return found

    def replace(self, model, wanted):
        """Link entries to other things than those that a file shows: {pk: things}."""
        field = model._meta.get_field(self.name)
        source, target = field.m2m_column_name(), field.m2m_reverse_name()
        through = field.remote_field.through
        keys = {pk: {thing.pk for thing in things} for pk, things in wanted.items()}
        rows = through.objects.filter(**{f"{source}__in": keys}).values_list(
            "pk", source, target, self.shown(field)
        )
        gone = []
        for key, pk, thing, shown in rows:
            if thing in keys[pk]:
                keys[pk].remove(thing)
            elif shown:
                gone.append(key)
        through.objects.filter(pk__in=gone).delete()
        through.objects.bulk_create(
            through(**{source: pk, target: thing})
            for pk, things in keys.items()
            for thing in sorted(things)
        )

    def shown(self, field):
        """Give the expression of whether files show a link."""
        related = field.related_model.objects
        if not hasattr(related, "published"):
            return Value(True)
        published = {f"{field.m2m_reverse_field_name()}__in": related.published()}
        return Case(When(**published, then=True), default=False)


class Link(Column):
    """A column of a table of links: the permanent id of an entry."""

    def __init__(self, name, meaning):
        super().__init__(f"{name}_id", meaning, f"{name}__uuid")
        self.linked = name

    def vocabulary(self, model):
        return model._meta.get_field(self.linked).related_model

    def label(self, model):
        return str(self.vocabulary(model)._meta.verbose_name)


class Address(ReadOnly):
    """The permanent web address, the same in every language, on the site of the resource."""

    kind = Kind.ADDRESS

    def __init__(self, meaning=""):
        super().__init__("url", meaning, "uuid")

    def copied(self, resource):
        return Concat(
            Value(resource.permanent_base), Cast("uuid", models.TextField()),
            output_field=models.TextField(),
        )  # fmt: skip

    def cell(self, value, resource):
        return f"{resource.permanent_base}{value}"

    def label(self, model):
        return _("permanent address")

    def may_be_empty(self, model):
        return False


# Groups


class Group:
    """Several columns that are chosen as one; `of(language)` gives them.

    `language` is None for all six languages, or the one in which a file is wanted.
    """

    def __init__(self, name, meaning=""):
        self.name, self.meaning = name, meaning

    def of(self, language):
        """Give the columns."""
        raise NotImplementedError


class Translated(Group):
    """The columns of a translated field: six, or the text that a reader sees and its language."""

    def of(self, language):
        if language is None:
            return [InLanguage(self.name, code, self.meaning) for code in LANGUAGES]
        return [Seen(self.name, language, self.meaning), SeenLanguage(self.name, language)]


class InLanguage(Words):
    """A translated field in one language."""

    def __init__(self, name, language, meaning):
        super().__init__(translated_columns(name)[LANGUAGES.index(language)], meaning)
        self.language = language

    def may_be_empty(self, model):
        return True


class Seen(Words):
    """A translated field in the language in which a reader sees it (texts.py)."""

    writable = False

    def __init__(self, name, reader, meaning):
        super().__init__(name, meaning)
        self.reader = reader

    def value(self, resource):
        own = getattr(resource.model, "own_language_lookup", None)
        return seen(self.name, own, reader=self.reader)


class SeenLanguage(ReadOnly):
    """The language of a text as `Seen` gives it."""

    kind = Kind.CODE

    def __init__(self, name, reader):
        meaning = gettext_lazy("The language of the text before it (ISO 639-1).")
        super().__init__(f"{name}_language", meaning)
        self.shown, self.reader = name, reader

    def value(self, resource):
        own = getattr(resource.model, "own_language_lookup", None)
        return seen_language(self.shown, own, reader=self.reader)

    def cell(self, value, resource):
        return value or ""

    def choices(self, model):
        return {code: code for code in LANGUAGES}

    def label(self, model):
        return _("language of the text")
