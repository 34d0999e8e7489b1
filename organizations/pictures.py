"""Pictures that editors bring: checked by what is in them, made small, freed of what they tell.

A picture says where it was taken, by whom and with what; and its name says nothing about what it
is. So it is read by its first bytes, drawn anew and given a new name.
"""

import io
import re
from uuid import uuid4

from django import forms
from django.contrib.admin.widgets import AdminFileWidget
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import models
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps

from localympact.texts import columns, pick

MEGABYTE = 1024 * 1024
MOST_BYTES = 5 * MEGABYTE
# So many points are decoded at most; a small file can hold any number.
MOST_PIXELS = 40_000_000
SIDE = 640

# Format: the ending of a stored name, and how it is written.
FORMATS = {
    "PNG": ("png", {"optimize": True}),
    "JPEG": ("jpg", {"quality": 88, "optimize": True}),
    "WEBP": ("webp", {"quality": 88}),
}
# How a stored name tells width and height, after the 36 signs of its number.
SIZE = re.compile(r"(\d{1,3})-(\d{1,3})")
NAME = re.compile(rf"logos/[0-9a-f-]{{36}}-{SIZE.pattern}\.[a-z]+")
# What people take for a picture that every browser shows: the first bytes, and its name.
OTHERS = [
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
    (b"%PDF", "PDF"),
    (b"%!PS", "EPS"),
    (b"8BPS", "PSD"),
    (b"\0\0\1\0", "ICO"),
]

TOO_LARGE = _("The picture has more than five megabytes. Save a smaller one.")
OTHER_KIND = _("This is a file of the kind %(kind)s. Save the picture as PNG, JPEG or WebP.")
NO_PICTURE = _(
    "There is no picture in this file, whatever its name says. Choose one in PNG, JPEG or WebP."
)
BROKEN = _("The picture is damaged or not complete. Save it again.")
TOO_MANY_PIXELS = _("The picture has more than 40 million pixels. Save a smaller one.")
NO_TEXT = _("Say in words what the logo shows, in at least one language.")


def picture_path(instance, filename):
    """Give a new name for a picture, which tells its size: nothing that was typed reaches the disk.

    So a page shows it without asking where it is kept, which may be another machine.
    """
    size, _dot, ending = filename.rpartition(".")
    return f"logos/{uuid4()}{f'-{size}' if SIZE.fullmatch(size) else ''}.{ending}"


def size_of(name):
    """Give width and height of a stored picture; an empty tuple where its name does not tell."""
    told = NAME.fullmatch(name)
    return tuple(map(int, told.groups())) if told else ()


def kind_of(head):
    """Give the format of a picture by its first bytes; raise ValidationError for all others."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    other = next((name for start, name in OTHERS if head.startswith(start)), None)
    if head[4:8] == b"ftyp":
        other = "AVIF" if head[8:12] in (b"avif", b"avis") else "HEIC"
    if b"<svg" in head.lower():
        other = "SVG"
    if other:
        raise ValidationError(OTHER_KIND, params={"kind": other})
    raise ValidationError(NO_PICTURE)


def made_safe(upload):
    """Give an uploaded picture drawn anew within 640 × 640; raise ValidationError if it is none."""
    if upload.size > MOST_BYTES:
        raise ValidationError(TOO_LARGE)
    upload.seek(0)
    kind = kind_of(upload.read(1024))
    upload.seek(0)
    try:
        with Image.open(upload, formats=[kind]) as picture:
            # Known from its head: nothing is decoded yet.
            if picture.width * picture.height > MOST_PIXELS:
                raise ValidationError(TOO_MANY_PIXELS)
            drawn = redrawn(picture)
    except ValidationError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValidationError(TOO_MANY_PIXELS) from error
    except Exception as error:  # the decoders of Pillow raise nearly everything
        raise ValidationError(BROKEN) from error
    ending, options = FORMATS[kind]
    written = io.BytesIO()
    drawn.save(written, kind, **options)
    return ContentFile(written.getvalue(), f"{drawn.width}-{drawn.height}.{ending}")


def redrawn(picture):
    """Give the first frame of a picture: upright, small, in sRGB, and with its pixels alone."""
    profile = picture.info.get("icc_profile")
    transparent = picture.has_transparency_data
    if picture.mode in ("1", "P"):
        # Colours of a palette cannot be mixed.
        picture = picture.convert("RGBA" if transparent else "RGB")
    elif picture.mode.startswith("I"):
        # Sixteen bits of grey.
        picture = picture.point(lambda value: value / 256).convert("L")
    # Decodes a JPEG at about this size; never makes a picture larger.
    picture.thumbnail((SIDE, SIDE))
    picture = ImageOps.exif_transpose(picture)
    if profile:
        picture = in_srgb(picture, profile)
    picture = picture.convert("RGBA" if transparent else "RGB")
    picture.info.clear()
    return picture


def in_srgb(picture, profile):
    """Give a picture with the colours that its profile means; unchanged if that is unusable."""
    alpha = picture.getchannel("A") if "A" in picture.getbands() else None
    plain = picture.convert(picture.mode.rstrip("Aa")) if alpha else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return picture
    if alpha:
        converted.putalpha(alpha)
    return converted


class PictureInput(AdminFileWidget):
    """A file input that shows the picture that is there."""

    def __init__(self, attrs=None):
        super().__init__({"accept": "image/png,image/jpeg,image/webp", **(attrs or {})})

    def render(self, name, value, attrs=None, renderer=None):
        field = super().render(name, value, attrs, renderer)
        if not self.is_initial(value):
            return field
        # What it shows stands beside it, in words, for all to edit.
        return format_html(
            '<div><img class="stored-picture" src="{}" alt="">{}</div>', value.url, field
        )


class PictureFormField(forms.FileField):
    """A picture in PNG, JPEG or WebP; what was sent is never stored as it came."""

    def to_python(self, data):
        upload = super().to_python(data)
        return made_safe(upload) if upload else upload


class PictureField(models.ImageField):
    """A stored picture, asked for by `PictureFormField`."""

    def formfield(self, **kwargs):
        return super().formfield(
            **{"form_class": PictureFormField, **kwargs, "widget": PictureInput}
        )


def check_text(entry, picture, text):
    """Raise ValidationError where a picture has no text in any language to stand in its place."""
    if getattr(entry, picture) and not any(getattr(entry, column) for column in columns(text)):
        language = entry.own_language or "en"
        raise ValidationError({f"{text}_{language}": NO_TEXT})


def picture_html(entry, picture, text, css):
    """Show a picture; its text in the reader's language stands there if the file is gone."""
    file = getattr(entry, picture)
    if not file:
        return ""
    shown = pick(entry, text) or pick(entry, "name")
    size = size_of(file.name)
    return format_html(
        '<img class="{}" src="{}" alt="{}" lang="{}"{}>',
        css,
        file.url,
        shown,
        shown.lang,
        format_html(' width="{}" height="{}"', *size) if size else "",
    )
