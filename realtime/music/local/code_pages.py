"""Guess the code page of text that does not name its encoding and is not UTF-8 (pure).

Programs declare tags as Latin-1 and write them in the code page of their own country; lists that end in .m3u have no rule.
"""

from __future__ import annotations

import unicodedata
from io import BytesIO

_LATIN = "cp1252"
# Cyrillic, and Greek. Upper and lower case lie in other places in each, so a wrong guess mixes them within a word.
_ALPHABETS = ("cp1251", "koi8_r", "cp1253")
_JAPANESE, _KOREAN, _CHINESE = "cp932", "cp949", ("big5", "gb18030")
# First bytes of kana in Shift JIS; no text in Windows-1252 has a word of these
_KANA_LEADS = frozenset(b"\x81\x82\x83")
_MIN_FOREIGN_RUN = 3
_MIN_KANA = 2
# Letters of a word with lower case, and of all words without: the names of letters, as in ÆØÅ, are capitals side by side too
_MIN_LETTERS, _MIN_CAPITALS = 4, 6
_SAMPLE_BYTES = 4096
_STRANGE_CATEGORIES = frozenset({"Cc", "Cn", "Co", "Lm", "Sc", "Sk", "Sm", "So"})


def guess_code_page(data: bytes) -> str:
    """Guess the code page of text that is not UTF-8.

    Only text that is plainly in no Latin alphabet gets another one than Windows-1252: in its words with letters beyond ASCII,
    most letters are such. A short name in a Latin alphabet would otherwise be taken for Chinese. A word or two in capitals can
    be too short to tell, and counts as Latin.

    Returns:
        Name of a codec of Python. Some bytes may still not be valid in it.
    """
    sample = _sample_lines(data)
    if sum(byte in _KANA_LEADS for byte in sample) >= _MIN_KANA and _is_japanese(sample):
        return _JAPANESE
    if not _is_foreign(sample):
        return _LATIN
    for codec in _ALPHABETS:
        text = sample.decode(codec, errors="replace")
        if _has_plain_words(text) and _has_foreign_words(text):
            return codec
    return _LATIN if _has_plain_words(sample.decode(_LATIN, errors="replace")) else _guess_syllables(sample)


def _sample_lines(data: bytes) -> bytes:
    """The first lines with a byte beyond ASCII."""
    sample, stream = b"", BytesIO(data)
    while len(sample) < _SAMPLE_BYTES and (line := stream.readline(_SAMPLE_BYTES)):
        if not line.isascii():
            sample += line
    return sample


def _is_foreign(sample: bytes) -> bool:
    """Whether words with bytes beyond ASCII have mostly such bytes, and some of them side by side."""
    words = "".join(mark if not mark.isascii() or mark.isalpha() else " " for mark in sample.decode("latin-1")).split(" ")
    letters = " ".join(word for word in words if not word.isascii())
    runs = "".join(" " if mark.isascii() else mark for mark in letters).split()
    latin = sum(mark.isalpha() and mark.isascii() for mark in letters)
    return sum(map(len, runs)) > latin and max(map(len, runs)) >= _MIN_FOREIGN_RUN


def _has_plain_words(text: str) -> bool:
    """Whether words beyond ASCII are in lower case, capitalised or in capitals, as they are under the right code page."""
    if any(mark == "�" or (not mark.isascii() and unicodedata.category(mark) in _STRANGE_CATEGORIES) for mark in text):
        return False
    words = "".join(mark if mark.isalpha() else " " for mark in text).split()
    return all(word.isascii() or word.islower() or word.isupper() or word.istitle() for word in words)


def _has_foreign_words(text: str) -> bool:
    """Whether most words beyond ASCII lack letters of ASCII, which Icelandic and Turkish words have, and are no chance."""
    words = [word for word in "".join(mark if mark.isalpha() else " " for mark in text).split() if not word.isascii()]
    foreign = [word for word in words if len(word) >= _MIN_FOREIGN_RUN and not any(map(str.isascii, word))]
    mixed = sum(any(map(str.isascii, word)) for word in words)
    if len(foreign) <= mixed:
        return False
    return any(len(word) >= _MIN_LETTERS and not word.isupper() for word in foreign) or (
        # A title is often the name of the album too
        sum(map(len, set(foreign))) >= _MIN_CAPITALS
    )


def _is_japanese(sample: bytes) -> bool:
    try:
        return any("\u3041" <= mark <= "\u30fe" for mark in sample.decode(_JAPANESE))
    except UnicodeDecodeError:
        return False


def _guess_syllables(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    try:
        letters = [mark for mark in sample.decode(_KOREAN) if not mark.isascii() and mark.isalpha()]
    except UnicodeDecodeError:
        letters = []
    # The same bytes are Chinese where they are not all Korean syllables
    if letters and all("\uac00" <= mark <= "\ud7a3" for mark in letters):
        return _KOREAN
    best = from_bytes(sample, cp_isolation=[_JAPANESE, *_CHINESE]).best()
    return _LATIN if best is None else best.encoding
