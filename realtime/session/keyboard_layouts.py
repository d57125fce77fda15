"""Keyboard layouts without Latin letters: each letter, and the Latin letter in the same place of a QWERTY keyboard.

The keys of emodj are Latin letters. With a Russian layout, the key of q types й; here й counts as q.
Layouts with Latin letters (AZERTY, QWERTZ, Dvorak) are not here: on them a key is the letter that it types.

A letter says nothing of its layout, so each letter can stand for one place alone. Where two layouts disagree, the first
of them in the table decides: the Ukrainian U+0456 is s (a Belarusian keyboard has it on b), the Arabic ز is the full stop (a
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
"""The places that a layout below has letters for: three rows, from left to right, of the layout `us`."""

# A row for a line: of two right-to-left strings in one line an editor swaps the order
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
"""Rows of each layout, by its name in XKB. A mark that Latin layouts have too (; / ' , .) keeps its meaning everywhere."""


def _place_letters() -> dict[str, str]:
    places: dict[str, str] = {}
    for rows in LAYOUTS.values():
        for row, latin_row in zip(rows, QWERTY, strict=True):
            for letter, latin in zip(row, latin_row, strict=True):
                if not letter.isascii():
                    places.setdefault(letter, latin)
    return places


_PLACES = _place_letters()


def latin_key(key: str) -> str:
    """The key of a Latin keyboard for what a keyboard typed.

    Args:
        key: a character of any script in either case, or the name of a key.

    Returns:
        The Latin character in the same place for a letter of `LAYOUTS`, 0 to 9 for a decimal digit of any script, else the
        key itself; in lower case.
    """
    key = key.lower()
    if len(key) == 1 and key.isdecimal():
        return str(unicodedata.decimal(key))
    return _PLACES.get(key, key)
