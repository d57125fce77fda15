"""The formats of still pictures: the suffixes of their files, and how their first bytes tell one from the other.

One table serves both ways to name pictures: a file is read by its content, and a folder is searched by suffixes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """A format that emodj reads.

    Attributes:
        name: as sentences name it.
        pillow: what Pillow calls it.
        module: the module that registers it in Pillow.
        suffixes: of its files, in lower case.
    """

    name: str
    pillow: str
    module: str
    suffixes: tuple[str, ...]


# Pillow opens many more formats: it would run an EPS file, whatever its suffix, as a program in Ghostscript; and each format
# has decoders whose time and memory would have to be bounded
JPEG = PictureFormat("JPEG", "JPEG", "PIL.JpegImagePlugin", (".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo"))
PNG = PictureFormat("PNG", "PNG", "PIL.PngImagePlugin", (".png", ".apng"))
WEBP = PictureFormat("WebP", "WEBP", "PIL.WebPImagePlugin", (".webp",))
BMP = PictureFormat("BMP", "BMP", "PIL.BmpImagePlugin", (".bmp", ".dib"))
TIFF = PictureFormat("TIFF", "TIFF", "PIL.TiffImagePlugin", (".tif", ".tiff", ".btf", ".tf8"))
GIF = PictureFormat("GIF", "GIF", "PIL.GifImagePlugin", (".gif",))
AVIF = PictureFormat("AVIF", "AVIF", "PIL.AvifImagePlugin", (".avif", ".avifs"))
HEIC = PictureFormat("HEIC", "HEIF", "pillow_heif", (".heic", ".heics", ".heif", ".heifs", ".hif"))

FORMATS = (JPEG, PNG, WEBP, BMP, TIFF, GIF, AVIF, HEIC)

SUFFIXES = frozenset(suffix for kind in FORMATS for suffix in kind.suffixes)
"""Suffixes of the files that count as pictures when a folder is searched."""

_SIGNATURES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"BM", BMP),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    # BigTIFF
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
)

_UNREAD = (
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"8BPS", "Photoshop"),
    (b"qoif", "QOI"),
    (b"\0\0\1\0", "ICO"),
    (b"icns", "ICNS"),
    (b"DDS ", "DDS"),
    (b"Image type:", "IM"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    *((b"\x01\xda%c%c" % (packed, width), "SGI") for packed in (0, 1) for width in (1, 2)),
    *((b"\x0a%c\x01%c" % (version, bits), "PCX") for version in (0, 2, 3, 4, 5) for bits in (1, 2, 4, 8)),
    *((b"P%d%c" % (number, space), "PNM") for number in range(1, 8) for space in b"\n \t\r#"),
)
"""First bytes of pictures that are not read."""

_TGA_END = b"TRUEVISION-XFILE.\0"

# Brands of ISO 23008-12 (HEIF) and of the AV1 Image File Format
_AV1_BRANDS = frozenset({b"avif", b"avis", b"avio", b"MA1A", b"MA1B"})
_HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
# They say only that the file is built as HEIF is; the codec is one of many
_GENERAL_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", b"miaf"})
_BRAND_BYTES = 512
_ITEM_BYTES = 2**16


def identify_format(data: bytes) -> PictureFormat | None:
    """The format of a file by its first bytes; None where it is none that emodj reads."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data[4:8] == b"ftyp":
        return _identify_codec(data)
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)


def identify_unread_format(data: bytes) -> str | None:
    """The name of a format that emodj does not read; None where it is unknown."""
    if data.endswith(_TGA_END):
        return "TGA"
    return next((name for signature, name in _UNREAD if data.startswith(signature)), None)


def with_avif_brand(data: bytes) -> bytes:
    """An AVIF file whose first brand says so: Pillow looks at that one alone."""
    return data if data[8:12] in {b"avif", b"avis"} else data[:8] + b"avif" + data[12:]


def _identify_codec(data: bytes) -> PictureFormat | None:
    """AVIF and HEIC are built alike: the major brand tells them apart, else the compatible ones, else the items."""
    major = data[8:12]
    length = min(int.from_bytes(data[:4], "big"), _BRAND_BYTES)
    compatible = {data[place : place + 4] for place in range(16, length, 4)}
    if major in _AV1_BRANDS:
        return AVIF
    if major in _HEVC_BRANDS:
        return HEIC
    if major not in _GENERAL_BRANDS and not compatible & (_AV1_BRANDS | _HEVC_BRANDS | _GENERAL_BRANDS):
        return None
    is_av1, is_hevc = bool(compatible & _AV1_BRANDS), bool(compatible & _HEVC_BRANDS)
    if is_av1 == is_hevc:
        # The boxes in front of the pixels name the codec of each item
        return AVIF if b"av01" in data[:_ITEM_BYTES] else HEIC
    return AVIF if is_av1 else HEIC
