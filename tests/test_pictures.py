"""Logos: known by what is in them, made small, freed of what they tell; with words beside them."""

import io
import re
import struct
import zlib
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms, ImageFile

from organizations.models import Organization
from organizations.pictures import made_safe, size_of
from tests.factories import make_organization
from tests.test_admin import admin_url, form_of, new_entry

KINDS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
SECRET = b"57.2450 N, 22.5880 E, by Anna"


def drawn(kind="PNG", *, mode="RGB", size=(10, 8), colour=None, **options):
    """Give the bytes of a picture."""
    written = io.BytesIO()
    Image.new(mode, size, colour if colour is not None else 0).save(written, kind, **options)
    return written.getvalue()


def upload(content, name="logo.png"):
    return SimpleUploadedFile(name, content)


def safe(content, name="logo.png"):
    """Give the picture that is stored for an uploaded one."""
    return Image.open(made_safe(upload(content, name)))


def png(width, height, data=b""):
    """Give a PNG whose head tells of any size."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def refusal(content, name="logo.png"):
    with pytest.raises(ValidationError) as refused:
        made_safe(upload(content, name))
    return " ".join(refused.value.messages)


# What is accepted


@pytest.mark.parametrize("kind", KINDS)
def test_format_is_known_by_content_and_the_ending_follows_it(kind):
    stored = made_safe(upload(drawn(kind), "holiday.exe"))
    assert stored.name == f"10-8.{KINDS[kind]}"
    assert Image.open(stored).format == kind


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("before", "after"),
    [((2000, 1000), (640, 320)), ((300, 1280), (150, 640)), ((20, 10), (20, 10))],
)
def test_picture_is_made_to_fit_and_never_enlarged(kind, before, after):
    assert safe(drawn(kind, size=before)).size == after


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_picture_tells_of_its_maker_is_gone(kind):
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": exif.tobytes(), "icc_profile": profile}
    if kind == "JPEG":
        options["comment"] = SECRET
    content = drawn(kind, **options)
    assert SECRET in content
    stored = made_safe(upload(content)).read()
    assert SECRET not in stored
    assert (
        not {"exif", "icc_profile", "comment", "xmp"} & Image.open(io.BytesIO(stored)).info.keys()
    )


def test_what_is_hidden_behind_the_picture_is_gone():
    stored = made_safe(upload(drawn() + b"<script>alert(1)</script>")).read()
    assert b"script" not in stored


def test_picture_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.new("RGB", (40, 20), "white")
    picture.paste("black", (0, 0, 20, 20))
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif.tobytes())
    turned = safe(written.getvalue())
    assert turned.size == (20, 40)
    assert turned.getpixel((10, 5))[0] < 50
    assert turned.getpixel((10, 35))[0] > 200


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_is_kept(kind):
    assert safe(drawn(kind, mode="RGBA", colour=(255, 0, 0, 0))).getpixel((0, 0))[3] == 0


def test_transparency_of_a_palette_is_kept():
    stored = safe(drawn(mode="P", transparency=0))
    assert (stored.mode, stored.getpixel((0, 0))[3]) == ("RGBA", 0)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animation_becomes_its_first_frame(kind):
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    written = io.BytesIO()
    frames[0].save(written, kind, save_all=True, append_images=frames[1:], lossless=True)
    stored = safe(written.getvalue())
    assert getattr(stored, "n_frames", 1) == 1
    red, _green, blue = stored.convert("RGB").getpixel((5, 5))
    assert red > 240
    assert blue < 15


@pytest.mark.parametrize(
    ("kind", "mode", "colour", "seen"),
    [
        ("PNG", "1", 1, (255, 255, 255)),
        ("PNG", "L", 128, (128, 128, 128)),
        ("PNG", "LA", (128, 255), (128, 128, 128)),
        ("PNG", "I;16", 32768, (128, 128, 128)),
        ("JPEG", "L", 128, (128, 128, 128)),
        ("JPEG", "CMYK", (0, 0, 0, 0), (255, 255, 255)),
    ],
)
def test_colours_of_every_mode_are_kept(kind, mode, colour, seen):
    stored = safe(drawn(kind, mode=mode, colour=colour)).convert("RGB")
    assert all(abs(a - b) <= 3 for a, b in zip(stored.getpixel((2, 2)), seen, strict=True))


def test_colours_of_a_profile_are_translated():
    """A profile that calls blue what others call red: without it the picture must be blue."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    red, _green, blue = safe(drawn(colour="red", icc_profile=swapped)).getpixel((0, 0))
    assert (red, blue) == (0, 255)
    kept = safe(drawn(mode="RGBA", colour=(255, 0, 0, 90), icc_profile=swapped)).getpixel((0, 0))
    assert kept == (0, 0, 255, 90)


def test_profile_that_does_not_fit_is_passed_by():
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for profile in (b"nothing", other):
        assert safe(drawn(colour="red", icc_profile=profile)).getpixel((0, 0)) == (255, 0, 0)


# What is refused


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b'<?xml version="1.0"?>\n<!-- x --><SVG onload="alert(1)"/>', "SVG"),
        (drawn("GIF"), "GIF"),
        (drawn("TIFF"), "TIFF"),
        (drawn("BMP"), "BMP"),
        (drawn("PDF"), "PDF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypavif", "AVIF"),
    ],
)
def test_other_kinds_are_refused_by_name(content, kind):
    assert refusal(content, "logo.png") == (
        f"This is a file of the kind {kind}. Save the picture as PNG, JPEG or WebP."
    )


@pytest.mark.parametrize("content", [b"just a text", b"<script>alert(1)</script>", b"\0" * 99])
def test_text_named_as_a_picture_is_refused(content):
    assert refusal(content, "logo.jpg").startswith("There is no picture in this file")


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_picture_is_refused(kind):
    content = drawn(kind, size=(400, 400), colour=(1, 2, 3))
    assert refusal(content[: len(content) // 2]).startswith("The picture is damaged")
    assert refusal(content[:14]).startswith("The picture is damaged")


def test_picture_of_more_than_five_megabytes_is_refused():
    assert refusal(drawn() + b" " * 5 * 1024 * 1024).startswith("The picture has more than five")


@pytest.mark.parametrize("size", [(7000, 6000), (10_000, 10_000), (60_000, 60_000)])
def test_decompression_bomb_is_refused_before_it_is_decoded(size, monkeypatch):
    def load(self):
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    assert refusal(png(*size)).startswith("The picture has more than 40 million pixels")


def test_bomb_in_webp_takes_no_memory():
    canvas = (16382).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + b"\2\0\0\0" + canvas
    content = b"RIFF" + len(body).to_bytes(4, "little") + body
    assert refusal(content).startswith("The picture has more than 40 million pixels")


def test_picture_of_forty_million_pixels_is_taken():
    assert safe(png(8000, 5000, b"\0" * (8001 * 5000))).size == (640, 400)


# At the form and on the page


@pytest.fixture
def send(client, editor, talsi):
    """Send the form of a new organisation with a logo."""
    client.force_login(editor)

    def send(content, name="logo.png", **values):
        values = new_entry("organizations", talsi) | {"logo_text_lv": "Koris"} | values
        return client.post(
            admin_url("organizations", "add"), values | {"logo": SimpleUploadedFile(name, content)}
        )

    return send


def problem(answer, field="logo"):
    return answer.context["adminform"].form.errors[field][0]


@pytest.mark.django_db
def test_form_says_at_the_field_what_is_wrong(send):
    assert problem(send(b"a text", "logo.jpg")).startswith("There is no picture in this file")
    assert problem(send(b"<svg/>")).startswith("This is a file of the kind SVG")
    assert problem(send(b"")) == "The submitted file is empty."
    assert problem(send(png(60_000, 60_000))).startswith("The picture has more than 40 million")
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_stored_name_is_the_portals_own(send):
    assert send(drawn("WEBP"), "../../etc/logo.png").status_code == 302
    name = Organization.objects.get().logo.name
    # New each time: no copy of the database names a file that another one has replaced.
    assert re.fullmatch(r"logos/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-10-8\.webp", name)


@pytest.mark.django_db
def test_logo_needs_words_in_one_language(send):
    answer = send(drawn(), logo_text_lv="")
    assert problem(answer, "logo_text_lv").startswith("Say in words what the logo shows")
    assert send(drawn(), logo_text_lv="", logo_text_el="Χορωδία").status_code == 302


@pytest.mark.django_db
def test_entry_without_logo_needs_no_words_for_it(client, editor, talsi):
    client.force_login(editor)
    answer = client.post(admin_url("organizations", "add"), new_entry("organizations", talsi))
    assert answer.status_code == 302


@pytest.mark.django_db
def test_old_logo_stays_on_disk_for_the_history(send, client, settings):
    send(drawn())
    entry = Organization.objects.get()
    old = entry.logo.name
    page = client.get(admin_url("organizations", entry.pk, "change"))
    assert f'<img class="stored-picture" src="/media/{old}"' in page.text
    values = form_of(page) | {"logo": upload(drawn("JPEG"))}
    assert client.post(admin_url("organizations", entry.pk, "change"), values).status_code == 302
    entry.refresh_from_db()
    assert entry.logo.name.endswith(".jpg")
    assert (settings.MEDIA_ROOT / old).exists()
    page = client.get(admin_url("organizations", entry.pk, "change"))
    values = form_of(page) | {"logo-clear": "on"}
    assert client.post(admin_url("organizations", entry.pk, "change"), values).status_code == 302
    entry.refresh_from_db()
    assert not entry.logo


@pytest.mark.django_db
def test_page_shows_the_logo_with_words_and_size(client, talsi):
    entry = make_organization(logo_text_lv="Zilā <bura>", name_lv="Koris")
    picture = made_safe(upload(drawn(size=(30, 20))))
    entry.logo.save(picture.name, picture)
    said = f'src="{entry.logo.url}" alt="Zilā &lt;bura&gt;" lang="lv" width="30" height="20"'
    assert f'<img class="logo" {said}>' in client.get(f"/sv/organizations/{entry.slug}/").text
    entry.logo_text_sv = "Blått segel"
    entry.save()
    text = client.get(f"/sv/organizations/{entry.slug}/").text
    assert 'alt="Blått segel" lang="sv"' in text


@pytest.mark.django_db
def test_page_stands_where_the_file_of_the_logo_is_gone(client, talsi):
    entry = make_organization(logo="logos/gone.png", logo_text_lv="Koris")
    page = client.get(f"/lv/organizations/{entry.slug}/")
    assert page.status_code == 200
    assert '<img class="logo" src="/media/logos/gone.png" alt="Koris" lang="lv">' in page.text
    assert client.get("/media/logos/gone.png").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "logos/gone.png",
        # A number of which the last parts happen to have no letters is no size.
        "logos/0a1b2c3d-0a1b-0a1b-8123-012345678901.png",
        "logos/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f-10.png",
    ],
)
def test_name_that_tells_no_size_is_not_read_as_one(name):
    assert size_of(name) == ()
    assert size_of(f"logos/{uuid4()}-640-7.webp") == (640, 7)
