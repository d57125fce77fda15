"""Which font of this machine has the letters that the shipped one lacks.

The system says in which order its fonts are to be tried; what a font has, its own table of characters says. So one process
is started for the first strange letter and none for any other, and a machine whose system cannot be asked goes the same way.
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

MOST = 400
"""Fonts that are looked into: all that a well-stocked machine has, once each sorts out what the ones before it have."""

PATIENCE_S = 5.0
"""Fontconfig may have to read every font of the machine when it is asked for the first time."""

LARGEST_TABLE = 1 << 22

_COLOURED = {b"CBDT", b"sbix", b"COLR"}
_FIRST_BYTES = {b"\x00\x01\x00\x00", b"OTTO", b"true"}

_KNOWN = (
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
"""How names of files begin that are good to read: of Windows, macOS and Linux, where fontconfig does not sort them."""

_FOLDERS = {
    "win32": ("C:/Windows/Fonts",),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts"),
}
_OTHER_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/run/host/fonts")


@dataclass(frozen=True, slots=True)
class Typeface:
    """A font of the machine.

    Attributes:
        path: its file.
        index: of the font in a file that holds several.
        coloured: whether it may consist of pictures or of layers of colours.
        table: its table of characters, format 4 or 12 of OpenType's `cmap`.
    """

    path: Path
    index: int
    coloured: bool = False
    table: bytes = field(default=b"", repr=False, compare=False)

    def __contains__(self, mark: str) -> bool:
        code = ord(mark)
        try:
            return self._in_groups(code) if _u16(self.table, 0) == 12 else self._in_segments(code)  # noqa: PLR2004 format 12
        except struct.error:
            return False

    def _in_groups(self, code: int) -> bool:
        (count,) = struct.unpack_from(">I", self.table, 12)
        at = bisect_right(range(count), code, key=lambda group: struct.unpack_from(">I", self.table, 16 + 12 * group)[0]) - 1
        return at >= 0 and code <= struct.unpack_from(">I", self.table, 20 + 12 * at)[0]

    def _in_segments(self, code: int) -> bool:
        twice = _u16(self.table, 6) & ~1
        at = bisect_left(range(twice // 2), code, key=lambda segment: _u16(self.table, 14 + 2 * segment))
        start = 16 + twice + 2 * at
        if 2 * at >= twice or code < (first := _u16(self.table, start)):
            return False
        delta, place = _u16(self.table, start + twice), start + 2 * twice
        if not (offset := _u16(self.table, place)):
            return (code + delta) & 0xFFFF != 0
        return _u16(self.table, place + offset + 2 * (code - first)) != 0


def _u16(table: bytes, at: int) -> int:
    return int(struct.unpack_from(">H", table, at)[0])


@lru_cache(maxsize=2 * MOST)
def read_typeface(path: Path, index: int = 0) -> Typeface | None:
    """Read what a font has; None if it cannot be read, or is of a kind that says nothing of characters."""
    try:
        with path.open("rb") as file:
            tables = _tables(file, index)
            table = _characters(file, *tables[b"cmap"]) if b"cmap" in tables else None
    except (OSError, struct.error):
        return None
    return Typeface(path, index, bool(_COLOURED & set(tables)), table) if table else None


def _tables(file: BinaryIO, index: int) -> dict[bytes, tuple[int, int]]:
    """Where each table of a font lies: offset and length."""
    base = 0
    if file.read(4) == b"ttcf":
        file.seek(12 + 4 * index)
        (base,) = struct.unpack(">I", file.read(4))
    file.seek(base)
    if file.read(4) not in _FIRST_BYTES:
        return {}
    (count,) = struct.unpack(">H6x", file.read(8))
    records = struct.iter_unpack(">4s4xII", file.read(16 * count))
    return {name: (offset, length) for name, offset, length in records}


def _characters(file: BinaryIO, offset: int, length: int) -> bytes | None:
    """The largest table of Unicode characters that a font has."""
    file.seek(offset)
    data = file.read(min(length, LARGEST_TABLE))
    found = dict[int, bytes]()
    for at in range(4, 4 + 8 * _u16(data, 2), 8):
        platform, encoding, start = struct.unpack_from(">HHI", data, at)
        # Unicode; of Windows, whose encoding 0 is for fonts of signs with characters of their own
        if platform == 0 or (platform == 3 and encoding in {1, 10}):  # noqa: PLR2004 numbers of the format
            found[_u16(data, start)] = data[start:]
    return found.get(12) or found.get(4)


@lru_cache(maxsize=4096)
def fallback_font(letter: str, language: str = "") -> Typeface | None:
    """Find the font of this machine that draws a letter; slow once, for the first letter of a language.

    Args:
        letter: one of `writing.letters`.
        language: whose forms of shared characters are wanted, "ja" or "ko"; "" for those of the person's settings.

    Returns:
        The first font that has all of it, one of plain ink before one of colours; else the first that has the character that
        it begins with, else None.
    """
    marks = required_codepoints(letter)
    if not marks:
        return None
    close: dict[bool, Typeface] = {}
    for place in font_files(language):
        face = read_typeface(*place)
        if face is None or marks[0] not in face:
            continue
        whole = all(mark in face for mark in marks)
        if whole and not face.coloured:
            return face
        close.setdefault(whole, face)
    return close.get(True) or close.get(False)


@lru_cache(maxsize=8)
def font_files(language: str) -> tuple[tuple[Path, int], ...]:
    """Files and indices of the fonts of this machine, in the order in which they are tried."""
    return tuple(font_files_by_fontconfig(language) or font_files_by_folder(font_folders()))[:MOST]


def font_files_by_fontconfig(language: str, program: str = "fc-match") -> list[tuple[Path, int]]:
    """Files and indices of the machine's fonts, the first choice first; none where fontconfig is not there.

    Args:
        language: to be preferred, or "".
        program: which to ask.
    """
    pattern = f"sans-serif:lang={language}" if language else "sans-serif"
    command = [program, "--sort", "--format", "%{file}\t%{index}\n", pattern]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    pairs = [line.rpartition(b"\t") for line in ended.stdout.splitlines()]
    # The upper half of an index names an instance of a font of several weights
    return [(Path(os.fsdecode(name)), int(index) & 0xFFFF) for name, _, index in pairs if name and index.isdigit()]


def font_files_by_folder(folders: list[Path]) -> list[tuple[Path, int]]:
    """Files of fonts below some folders, those that are known to be good first."""
    # A folder that cannot be looked into, as of a disk that was taken away, has none: os.walk passes over it in silence
    walked = (Path(at, name) for folder in folders for at, _, names in os.walk(folder) for name in names)
    files = [path for path in walked if path.suffix.lower() in {".ttf", ".ttc", ".otf"}]

    def rank(path: Path) -> tuple[int, str]:
        name = path.name.lower()
        # Has a box for every character there is
        last = len(_KNOWN) + name.startswith("lastresort")
        return next((at for at, start in enumerate(_KNOWN) if name.startswith(start)), last), name

    return [(path, 0) for path in sorted(files, key=rank)]


def font_folders() -> list[Path]:
    """Where a system that has no fontconfig keeps its fonts, and a person their own."""
    own = {"win32": "AppData/Local/Microsoft/Windows/Fonts", "darwin": "Library/Fonts"}.get(sys.platform, ".local/share/fonts")
    try:
        home = [Path.home() / own]
    except RuntimeError:
        home = []
    return [*map(Path, _FOLDERS.get(sys.platform, _OTHER_FOLDERS)), *home]
