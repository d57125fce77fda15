"""Grapheme clusters and bidirectional order of a line of text (pure).

The order follows the Unicode Bidirectional Algorithm (Unicode Standard Annex 9, https://www.unicode.org/reports/tr9/), without
its control characters: `drawable_text` removes them, because a title must not reorder the words around it.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and zero-width joiner: the first keeps letters apart, the second joins them."""

_VARIATION_SELECTORS = "\ufe0e\ufe0f"
"""Variation selectors: they ask for an emoji as text or as a picture. No font needs a glyph for them."""

_VIRAMA = 9
"""Combining class of a virama. It removes the vowel of a consonant, and the next consonant joins the same cluster."""

_SKIN_TONES = range(0x1F3FB, 0x1F400)
_REGIONAL_INDICATORS = range(0x1F1E6, 0x1F200)
_JAMO, _VOWEL_OR_FINAL_JAMO = range(0x1100, 0x1200), range(0x1160, 0x1200)
_KANA, _HANGUL = range(0x3041, 0x3100), range(0xAC00, 0xD7A4)

_BRACKETS = {"(": ")", "[": "]", "{": "}", "「": "」", "『": "』", "（": "）", "【": "】", "〈": "〉", "《": "》"}  # noqa: RUF001 full-width brackets
_NUMBER_SIGNS = {"ES", "ET", "CS"}
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def drawable_text(text: str) -> str:
    """Replace each unprintable character by a space, and remove format characters, which only control order or shape."""
    # Composed (NFC): a font has a glyph for é, but maybe no rule that places an accent on an e
    composed = unicodedata.normalize("NFC", text)
    if composed.isascii() and composed.isprintable():
        return composed
    return "".join(_drawable_character(character) for character in composed)


def _drawable_character(character: str) -> str:
    if character.isprintable() or character in JOINERS:
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def graphemes(text: str) -> list[str]:
    """Split a text into grapheme clusters: a letter with its marks, or an emoji of several characters, is one cluster.

    Close to the extended grapheme clusters of Unicode Standard Annex 29. The clusters, joined, are the text again.
    """
    if text.isascii():
        return list(text)
    clusters = list[str]()
    for character in text:
        if clusters and _extends_cluster(clusters[-1], character):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _extends_cluster(cluster: str, character: str) -> bool:
    last, code = cluster[-1], ord(character)
    category = unicodedata.category(character)
    # Combining marks, the Thai and Lao vowel AM, which belongs to its consonant, and skin tones
    if category[0] == "M" or character in JOINERS or character in "\u0e33\u0eb3" or code in _SKIN_TONES:
        return True
    if last == "\u200d" or (unicodedata.combining(last) == _VIRAMA and category == "Lo"):
        return True
    # Vowels and final consonants of a Hangul syllable; two regional indicators make a flag
    if code in _VOWEL_OR_FINAL_JAMO:
        return ord(last) in _JAMO
    return code in _REGIONAL_INDICATORS and len(cluster) == 1 and ord(cluster) in _REGIONAL_INDICATORS


def required_codepoints(cluster: str) -> str:
    """The characters of a grapheme cluster that a font must cover to draw it."""
    return "".join(character for character in cluster if character not in JOINERS and character not in _VARIATION_SELECTORS)


def language(text: str) -> str:
    """Guess the language, which decides the form of shared Han characters: "ja", "ko", or "" if the text does not show it."""
    for character in text:
        if ord(character) in _KANA:
            return "ja"
        if ord(character) in _HANGUL:
            return "ko"
    return ""


def levels(clusters: Sequence[str]) -> list[int]:
    """Embedding level of each grapheme cluster: text of an even level runs left to right, of an odd level right to left."""
    bidi_types = [unicodedata.bidirectional(cluster[0]) for cluster in clusters]
    if not _RIGHT_TO_LEFT.intersection(bidi_types):
        return [0] * len(bidi_types)
    base = next((int(bidi_type != "L") for bidi_type in bidi_types if bidi_type in {"L", "R", "AL"}), 0)
    embedding = "R" if base else "L"
    bidi_types = _resolve_neutral(_resolve_brackets(clusters, _resolve_weak(bidi_types, embedding), embedding), embedding)
    type_levels = {0: {"L": 0, "R": 1, "EN": 2, "AN": 2}, 1: {"L": 2, "R": 1, "EN": 2, "AN": 2}}[base]
    result = [type_levels[bidi_type] for bidi_type in bidi_types]
    # Rule L1: trailing spaces have the level of the line
    for index in range(len(clusters) - 1, -1, -1):
        if not clusters[index].isspace():
            break
        result[index] = base
    return result


def _resolve_weak(bidi_types: list[str], embedding: str) -> list[str]:
    """Rules W2 to W7: the direction of digits, and of the signs between them."""
    bidi_types, strong, count = list(bidi_types), embedding, len(bidi_types)
    for index, bidi_type in enumerate(bidi_types):
        strong = bidi_type if bidi_type in {"L", "R", "AL"} else strong
        if bidi_type == "EN" and strong == "AL":
            bidi_types[index] = "AN"
    for index in range(1, count - 1):
        before, bidi_type, after = bidi_types[index - 1 : index + 2]
        if before == after and ((bidi_type == "CS" and before in {"EN", "AN"}) or (bidi_type == "ES" and before == "EN")):
            bidi_types[index] = before
    for steps in (range(1, count), range(count - 2, -1, -1)):
        for index in steps:
            neighbour = bidi_types[index - 1] if steps.step > 0 else bidi_types[index + 1]
            bidi_types[index] = "EN" if bidi_types[index] == "ET" and neighbour == "EN" else bidi_types[index]
    strong = embedding
    for index, bidi_type in enumerate(bidi_types):
        strong = bidi_type if bidi_type in {"L", "R", "AL"} else strong
        if bidi_type == "EN" and strong == "L":
            bidi_types[index] = "L"
    return ["R" if bidi_type == "AL" else "ON" if bidi_type in _NUMBER_SIGNS else bidi_type for bidi_type in bidi_types]


def _resolve_brackets(clusters: Sequence[str], bidi_types: list[str], embedding: str) -> list[str]:
    """Rule N0: both brackets of a pair get one direction.

    It is that of the line if the pair encloses text of that direction, else that of the text before the pair. A pair without
    directed text inside keeps its type.
    """
    bidi_types, open_brackets, pairs = list(bidi_types), list[int](), list[tuple[int, int]]()
    for index, cluster in enumerate(clusters):
        if cluster in _BRACKETS:
            open_brackets.append(index)
        elif cluster in _BRACKETS.values():
            # A closing bracket without an opening one leaves the open brackets as they are (UAX 9, BD16)
            positions = reversed(range(len(open_brackets)))
            opening = next(
                (position for position in positions if _BRACKETS[clusters[open_brackets[position]]] == cluster), None
            )
            if opening is not None:
                pairs.append((open_brackets[opening], index))
                del open_brackets[opening:]
    for start, end in sorted(pairs):
        inside = {_strong_direction(bidi_type) for bidi_type in bidi_types[start + 1 : end]} - {None}
        if inside:
            before = next(
                (side for bidi_type in reversed(bidi_types[:start]) if (side := _strong_direction(bidi_type))), embedding
            )
            bidi_types[start] = bidi_types[end] = embedding if embedding in inside else before
    return bidi_types


def _strong_direction(bidi_type: str) -> str | None:
    return bidi_type if bidi_type == "L" else "R" if bidi_type in {"R", "EN", "AN"} else None


def _resolve_neutral(bidi_types: list[str], embedding: str) -> list[str]:
    """Rules N1 and N2: spaces and signs get the direction of their neighbours if both agree, else that of the line."""
    bidi_types, index = list(bidi_types), 0
    while index < len(bidi_types):
        end = index
        while end < len(bidi_types) and bidi_types[end] not in {"L", "R", "EN", "AN"}:
            end += 1
        if end > index:
            before = embedding if index == 0 else _strong_direction(bidi_types[index - 1])
            after = embedding if end == len(bidi_types) else _strong_direction(bidi_types[end])
            bidi_types[index:end] = [before if before and before == after else embedding] * (end - index)
        index = max(end, index + 1)
    return bidi_types


def visual_order(run_levels: Sequence[int]) -> list[int]:
    """Rule L2: indices of the runs of a line, from the left end to the right end; each run has one level."""
    order = list(range(len(run_levels)))
    for level in range(max(run_levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and run_levels[order[end]] >= level:
                end += 1
            order[start:end] = reversed(order[start:end])
            start = end + 1
    return order
