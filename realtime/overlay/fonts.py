"""Font fallback: find a system font for characters that the font of emodj lacks.

Fontconfig gives the order of the system fonts; the `cmap` table of each font lists its characters. So the first missing
character starts one process, and no later one starts any. Without fontconfig, the search goes through the files of
the font folders.
"""

import os
import struct
import subprocess
import sys
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from realtime.overlay.bidi import required_codepoints

MAX_FONTS = 400
"""Largest number of fonts to search. `fc-match --sort` drops fonts that add no character: a well-stocked system keeps fewer."""

FONTCONFIG_TIMEOUT_S = 5.0
"""On its first run fontconfig may read every font of the system."""

MAX_CMAP_BYTES = 1 << 22
"""Bytes that are read of a `cmap` table."""

_COLOUR_TABLES = {b"CBDT", b"sbix", b"COLR"}
_SIGNATURES = {b"\x00\x01\x00\x00", b"OTTO", b"true"}

_PREFERRED = (
    "segoeui.",
    "arial unicode",
    "notosans-regular",
    "dejavusans.",
    "hiragino",
    "ヒラギノ角ゴシック w4",
    "yugothm",
    "meiryo.",
    "msgothic",
    "pingfang",
    "stheiti medium",
    "msyh.",
    "notosanscjk-regular",
    "wqy-",
    "droidsansfallback",
    "applesdgothicneo",
    "malgun.",
    "nanumgothic.",
    "kohinoor",
    "nirmala.",
    "thonburi",
    "leelawui.",
    "geezapro",
    "sfarabic",
    "apple color emoji",
    "seguiemj",
    "notocoloremoji",
    "seguisym",
)
"""First letters of the file names of legible fonts of Windows, macOS and Linux, best first, for systems without fontconfig."""

_FOLDERS = {
    "win32": ("C:/Windows/Fonts",),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts"),
}
_UNIX_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/run/host/fonts")


@dataclass(frozen=True, slots=True)
class Typeface:
    """A system font.

    Attributes:
        path: font file.
        index: index of the font in a file of several fonts.
        coloured: whether the font has a table of colour bitmaps or colour layers.
        table: character table, an OpenType `cmap` subtable of format 4 or 12.
    """

    path: Path
    index: int
    coloured: bool = False
    table: bytes = field(default=b"", repr=False, compare=False)

    def __contains__(self, character: str) -> bool:
        code = ord(character)
        try:
            return self._in_groups(code) if _u16(self.table, 0) == 12 else self._in_segments(code)  # noqa: PLR2004 format 12
        except struct.error:
            return False

    def _in_groups(self, code: int) -> bool:
        """Look a code point up in a table of format 12."""
        (count,) = struct.unpack_from(">I", self.table, 12)
        group_index = (
            bisect_right(range(count), code, key=lambda group: struct.unpack_from(">I", self.table, 16 + 12 * group)[0]) - 1
        )
        return group_index >= 0 and code <= struct.unpack_from(">I", self.table, 20 + 12 * group_index)[0]

    def _in_segments(self, code: int) -> bool:
        """Look a code point up in a table of format 4."""
        doubled_count = _u16(self.table, 6) & ~1
        segment_index = bisect_left(range(doubled_count // 2), code, key=lambda segment: _u16(self.table, 14 + 2 * segment))
        start = 16 + doubled_count + 2 * segment_index
        if 2 * segment_index >= doubled_count or code < (first := _u16(self.table, start)):
            return False
        delta, offset_position = _u16(self.table, start + doubled_count), start + 2 * doubled_count
        if not (glyph_offset := _u16(self.table, offset_position)):
            return (code + delta) & 0xFFFF != 0
        return _u16(self.table, offset_position + glyph_offset + 2 * (code - first)) != 0


def _u16(table: bytes, at: int) -> int:
    return int(struct.unpack_from(">H", table, at)[0])


@lru_cache(maxsize=2 * MAX_FONTS)
def read_typeface(path: Path, index: int = 0) -> Typeface | None:
    """Read the character table of a font; None if the file is unreadable or has no Unicode table."""
    try:
        with path.open("rb") as file:
            tables = _read_table_directory(file, index)
            table = _read_cmap(file, *tables[b"cmap"]) if b"cmap" in tables else None
    except (OSError, struct.error):
        return None
    return Typeface(path, index, bool(_COLOUR_TABLES & set(tables)), table) if table else None


def _read_table_directory(file: BinaryIO, index: int) -> dict[bytes, tuple[int, int]]:
    """Offset and length of each table of a font, in bytes; empty if the file is no OpenType font."""
    base = 0
    if file.read(4) == b"ttcf":
        file.seek(12 + 4 * index)
        (base,) = struct.unpack(">I", file.read(4))
    file.seek(base)
    if file.read(4) not in _SIGNATURES:
        return {}
    (count,) = struct.unpack(">H6x", file.read(8))
    records = struct.iter_unpack(">4s4xII", file.read(16 * count))
    return {name: (offset, length) for name, offset, length in records}


def _read_cmap(file: BinaryIO, offset: int, length: int) -> bytes | None:
    """The Unicode subtable of `cmap`: format 12, which has all characters, before format 4; None without either."""
    file.seek(offset)
    data = file.read(min(length, MAX_CMAP_BYTES))
    subtables = dict[int, bytes]()
    for record in range(4, 4 + 8 * _u16(data, 2), 8):
        platform, encoding, subtable = struct.unpack_from(">HHI", data, record)
        # Unicode, or Windows with a Unicode encoding: its encoding 0 is for symbol fonts, whose characters are not Unicode
        if platform == 0 or (platform == 3 and encoding in {1, 10}):  # noqa: PLR2004 numbers of the format
            subtables[_u16(data, subtable)] = data[subtable:]
    return subtables.get(12) or subtables.get(4)


@lru_cache(maxsize=4096)
def fallback_font(cluster: str, language: str = "") -> Typeface | None:
    """Find the system font that draws a grapheme cluster; slow once, for the first cluster of a language.

    Args:
        cluster: one element of `bidi.graphemes`.
        language: decides the form of shared Han characters: "ja" or "ko"; "" for the language of the system settings.

    Returns:
        The first font that covers the whole cluster, a plain font before a colour font; else the first font that covers the
        first character of the cluster; else None.
    """
    characters = required_codepoints(cluster)
    if not characters:
        return None
    candidates: dict[bool, Typeface] = {}
    for location in font_files(language):
        typeface = read_typeface(*location)
        if typeface is None or characters[0] not in typeface:
            continue
        complete = all(character in typeface for character in characters)
        if complete and not typeface.coloured:
            return typeface
        candidates.setdefault(complete, typeface)
    return candidates.get(True) or candidates.get(False)


@lru_cache(maxsize=8)
def font_files(language: str) -> tuple[tuple[Path, int], ...]:
    """Files and indices of the system fonts, in the order of the search."""
    return tuple(font_files_by_fontconfig(language) or font_files_by_folder(font_folders()))[:MAX_FONTS]


def font_files_by_fontconfig(language: str, program: str = "fc-match") -> list[tuple[Path, int]]:
    """Files and indices of the system fonts in the order of fontconfig; empty if fontconfig is missing or fails.

    Args:
        language: preferred language, "ja" or "ko"; "" for none.
        program: name or path of `fc-match`.
    """
    pattern = f"sans-serif:lang={language}" if language else "sans-serif"
    command = [program, "--sort", "--format", "%{file}\t%{index}\n", pattern]
    try:
        completed = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=FONTCONFIG_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    pairs = [line.rpartition(b"\t") for line in completed.stdout.splitlines()]
    # The upper 16 bits of an index select an instance of a variable font
    return [(Path(os.fsdecode(name)), int(index) & 0xFFFF) for name, _, index in pairs if name and index.isdigit()]


def font_files_by_folder(folders: list[Path]) -> list[tuple[Path, int]]:
    """Font files in the folders and their subfolders, with index 0; the preferred ones first."""
    # os.walk skips an unreadable folder, for example of a removed disk, without an error
    candidates = (Path(directory, name) for folder in folders for directory, _, names in os.walk(folder) for name in names)
    files = [path for path in candidates if path.suffix.lower() in {".ttf", ".ttc", ".otf"}]

    def rank(path: Path) -> tuple[int, str]:
        name = path.name.lower()
        # Last Resort has a box for every character, so each font is better
        last = len(_PREFERRED) + name.startswith("lastresort")
        return next((position for position, prefix in enumerate(_PREFERRED) if name.startswith(prefix)), last), name

    return [(path, 0) for path in sorted(files, key=rank)]


def font_folders() -> list[Path]:
    """Font folders of a system without fontconfig: those of the system, then that of the user."""
    user_folder = {"win32": "AppData/Local/Microsoft/Windows/Fonts", "darwin": "Library/Fonts"}.get(
        sys.platform, ".local/share/fonts"
    )
    try:
        home = [Path.home() / user_folder]
    except RuntimeError:
        home = []
    return [*map(Path, _FOLDERS.get(sys.platform, _UNIX_FOLDERS)), *home]
