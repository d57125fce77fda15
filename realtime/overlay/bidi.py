"""How a line of any script is written: which characters are one letter, and in which order letters stand (pure).

The order is that of the Unicode Bidirectional Algorithm (Unicode Standard Annex 9, https://www.unicode.org/reports/tr9/)
without the characters that steer it, which are left out of every text: a title that turns the words around it is a nuisance.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

JOINERS = "\u200c\u200d"
"""Zero width: the one keeps letters apart, the other joins them."""

_SHAPES = "\ufe0e\ufe0f"
"""Ask for an emoji as text or as a picture: no font needs to have them."""

_VIRAMA = 9
"""Combining class of the sign that takes a consonant's vowel away: the next consonant hangs on it."""

_SKINS = range(0x1F3FB, 0x1F400)
_FLAG_HALVES = range(0x1F1E6, 0x1F200)
_JAMO, _LATER_JAMO = range(0x1100, 0x1200), range(0x1160, 0x1200)
_KANA, _HANGUL = range(0x3041, 0x3100), range(0xAC00, 0xD7A4)

_BRACKETS = {"(": ")", "[": "]", "{": "}", "「": "」", "『": "』", "（": "）", "【": "】", "〈": "〉", "《": "》"}  # noqa: RUF001 wide ones
_WEAK = {"ES", "ET", "CS"}
_BACKWARD = {"R", "AL", "AN"}


def drawable_text(text: str) -> str:
    """Put a space for every character that cannot be seen; what only steers the order of others goes without one."""
    # Composed, because a font has é but maybe no rule that puts an accent onto an e
    composed = unicodedata.normalize("NFC", text)
    if composed.isascii() and composed.isprintable():
        return composed
    return "".join(_seen(mark) for mark in composed)


def _seen(mark: str) -> str:
    if mark.isprintable() or mark in JOINERS:
        return mark
    return "" if unicodedata.category(mark) == "Cf" else " "


def graphemes(text: str) -> list[str]:
    """Split a text into what a reader takes for one letter each: with its marks, or an emoji made of several.

    Close to the extended grapheme clusters of Unicode Standard Annex 29; together they are the text.
    """
    if text.isascii():
        return list(text)
    found = list[str]()
    for mark in text:
        if found and _belongs(found[-1], mark):
            found[-1] += mark
        else:
            found.append(mark)
    return found


def _belongs(letter: str, mark: str) -> bool:
    last, code = letter[-1], ord(mark)
    kind = unicodedata.category(mark)
    # Signs of vowels of Thai and Lao that hang on a consonant, and the colours of skin
    if kind[0] == "M" or mark in JOINERS or mark in "\u0e33\u0eb3" or code in _SKINS:
        return True
    if last == "\u200d" or (unicodedata.combining(last) == _VIRAMA and kind == "Lo"):
        return True
    # Vowels and ends of a Hangul syllable, and the halves of a flag
    if code in _LATER_JAMO:
        return ord(last) in _JAMO
    return code in _FLAG_HALVES and len(letter) == 1 and ord(letter) in _FLAG_HALVES


def required_codepoints(letter: str) -> str:
    """The characters of a letter that a font has to have to draw it."""
    return "".join(mark for mark in letter if mark not in JOINERS and mark not in _SHAPES)


def language(text: str) -> str:
    """A language whose forms of shared characters fit: "ja" or "ko", or "" where the characters do not tell."""
    for mark in text:
        if ord(mark) in _KANA:
            return "ja"
        if ord(mark) in _HANGUL:
            return "ko"
    return ""


def levels(written: Sequence[str]) -> list[int]:
    """How deep each letter is nested in changes of direction: even ones go right, odd ones left."""
    kinds = [unicodedata.bidirectional(letter[0]) for letter in written]
    if not _BACKWARD.intersection(kinds):
        return [0] * len(kinds)
    base = next((int(kind != "L") for kind in kinds if kind in {"L", "R", "AL"}), 0)
    around = "R" if base else "L"
    kinds = _neutral(_bracketed(written, _numbers(kinds, around), around), around)
    deeper = {0: {"L": 0, "R": 1, "EN": 2, "AN": 2}, 1: {"L": 2, "R": 1, "EN": 2, "AN": 2}}[base]
    found = [deeper[kind] for kind in kinds]
    # Blanks at the end stay at the end
    for at in range(len(written) - 1, -1, -1):
        if not written[at].isspace():
            break
        found[at] = base
    return found


def _numbers(kinds: list[str], around: str) -> list[str]:
    """Rules W2 to W7: to which direction digits and what stands among them belong."""
    kinds, strong, count = list(kinds), around, len(kinds)
    for at, kind in enumerate(kinds):
        strong = kind if kind in {"L", "R", "AL"} else strong
        if kind == "EN" and strong == "AL":
            kinds[at] = "AN"
    for at in range(1, count - 1):
        before, kind, after = kinds[at - 1 : at + 2]
        if before == after and ((kind == "CS" and before in {"EN", "AN"}) or (kind == "ES" and before == "EN")):
            kinds[at] = before
    for steps in (range(1, count), range(count - 2, -1, -1)):
        for at in steps:
            beside = kinds[at - 1] if steps.step > 0 else kinds[at + 1]
            kinds[at] = "EN" if kinds[at] == "ET" and beside == "EN" else kinds[at]
    strong = around
    for at, kind in enumerate(kinds):
        strong = kind if kind in {"L", "R", "AL"} else strong
        if kind == "EN" and strong == "L":
            kinds[at] = "L"
    return ["R" if kind == "AL" else "ON" if kind in _WEAK else kind for kind in kinds]


def _bracketed(written: Sequence[str], kinds: list[str], around: str) -> list[str]:
    """Rule N0: both brackets of a pair go with the line if anything within does, else with what is before them."""
    kinds, opened, pairs = list(kinds), list[int](), list[tuple[int, int]]()
    for at, letter in enumerate(written):
        if letter in _BRACKETS:
            opened.append(at)
        elif letter in _BRACKETS.values():
            # A closing bracket without its partner leaves those that are open as they are (UAX 9, BD16)
            depths = reversed(range(len(opened)))
            partner = next((depth for depth in depths if _BRACKETS[written[opened[depth]]] == letter), None)
            if partner is not None:
                pairs.append((opened[partner], at))
                del opened[partner:]
    for start, end in sorted(pairs):
        within = {_side(kind) for kind in kinds[start + 1 : end]} - {None}
        if within:
            before = next((side for kind in reversed(kinds[:start]) if (side := _side(kind))), around)
            kinds[start] = kinds[end] = around if around in within else before
    return kinds


def _side(kind: str) -> str | None:
    return kind if kind == "L" else "R" if kind in {"R", "EN", "AN"} else None


def _neutral(kinds: list[str], around: str) -> list[str]:
    """Rules N1 and N2: blanks and signs go with the letters on both of their sides, or else with the line."""
    kinds, at = list(kinds), 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] not in {"L", "R", "EN", "AN"}:
            end += 1
        if end > at:
            before = around if at == 0 else _side(kinds[at - 1])
            after = around if end == len(kinds) else _side(kinds[end])
            kinds[at:end] = [before if before and before == after else around] * (end - at)
        at = max(end, at + 1)
    return kinds


def visual_order(depths: Sequence[int]) -> list[int]:
    """Rule L2: which part of a line stands first at its left, second, and so on; each part has one level."""
    order = list(range(len(depths)))
    for depth in range(max(depths, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and depths[order[end]] >= depth:
                end += 1
            order[start:end] = reversed(order[start:end])
            start = end + 1
    return order
