"""Keyboard layouts without Latin letters: each letter, and the Latin letter in the same place of a QWERTY keyboard.

The keys of emodj are Latin letters. With a Russian layout, the key of q types й; here й counts as q.
Layouts with Latin letters (AZERTY, QWERTZ, Dvorak) are not in the table: their keys count as the letters that they type.

A letter does not identify its layout, so each letter maps to one Latin key. If two layouts disagree, the first one in the
table decides: the Ukrainian U+0456 is s (a Belarusian keyboard has it on b), the Arabic ز is the full stop (a
Persian keyboard has it on c). The Bulgarian, Serbian, Macedonian and Mongolian layouts have nearly all their letters in other
places than the Russian one, and are left out.

The rows are the first level of the symbols of xkeyboard-config 2.35.1 (https://www.freedesktop.org/wiki/Software/XKeyboardConfig).
"""

from __future__ import annotations

import unicodedata

QWERTY = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm,.",
)
"""Keys of the layout `us` that the other layouts map to: three rows, each from left to right."""

# One row on a line, because an editor shows two right-to-left strings of one line in swapped order
LAYOUTS: dict[str, tuple[str, str, str]] = {
    "ru": (
        "йцукенгшщз",
        "фывапролд",
        "ячсмитьбю",
    ),
    "ua": (
        "йцукенгшщз",
        "фівапролд",
        "ячсмитьбю",
    ),
    "gr": (
        ";ςερτυθιοπ",
        "ασδφγηξκλ",
        "ζχψωβνμ,.",
    ),
    "il": (
        "/'קראטוןםפ",
        "שדגכעיחלך",
        "זסבהנמצתץ",
    ),
    # The key b types two letters in one, lam and alef
    "ara": (
        "ضصثقفغعهخح",
        "شسيبلاتنم",
        "ئءؤرﻻىةوز",
    ),
    "ir": (
        "ضصثقفغعهخح",
        "شسیبلاتنم",
        "ظطزرذدپو.",
    ),
}
"""Rows of each layout, by its XKB name. A sign that Latin layouts also have (; / ' , .) maps to itself."""


def _map_letters() -> dict[str, str]:
    latin_keys: dict[str, str] = {}
    for rows in LAYOUTS.values():
        for row, latin_row in zip(rows, QWERTY, strict=True):
            for letter, latin in zip(row, latin_row, strict=True):
                if not letter.isascii():
                    latin_keys.setdefault(letter, latin)
    return latin_keys


_LATIN_KEYS = _map_letters()


def latin_key(key: str) -> str:
    """Map a typed character to the key of a Latin keyboard in the same place.

    Args:
        key: a character of any script in upper or lower case, or the name of a key.

    Returns:
        The Latin character in the same place for a letter of `LAYOUTS`, 0 to 9 for a decimal digit of any script, else the
        key itself; always in lower case.
    """
    key = key.lower()
    if len(key) == 1 and key.isdecimal():
        return str(unicodedata.decimal(key))
    return _LATIN_KEYS.get(key, key)
