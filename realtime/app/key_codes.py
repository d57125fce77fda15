"""Key codes of OpenCV's windows, and the characters that they stand for.

`cv2.waitKeyEx` gives another number on each system:
- Qt, in OpenCV's wheel for Linux: an X11 keysym. ASCII as it is; for other letters a page of 256 keysyms for each script,
  or the code point plus 0x1000000 (https://www.x.org/releases/X11R7.7/doc/xproto/x11protocol.html, appendix A).
- Cocoa, on macOS: a UTF-16 unit. Arrows and the like are in the private use area from U+F700.
- Win32: a byte of the code page that is set. Arrows and the like are a virtual key times 65536.

Qt's codes were seen in a window; those of Cocoa and Win32 are as OpenCV's sources have them (window_cocoa.mm and
window_w32.cpp in modules/highgui/src).
"""

from __future__ import annotations

import sys

_NAMES = {0x1B: "escape", 0x20: "space"}
_ASCII = range(0x21, 0x7F)

# The lower byte of such a keysym is that of an older character set
_PAGES = {0x05: "iso8859_6", 0x06: "koi8_u", 0x07: "iso8859_7", 0x0C: "iso8859_8"}
# The Greek page differs from its character set in the sigmas
_SIGMAS = {0x7D2: "\u03a3", 0x7F2: "\u03c3", 0x7F3: "\u03c2"}
_UNICODE = 0x1000000

# Without Num Lock a keypad has keysyms that no other key has: Insert, End, Down, Next, Left, Begin, Right, Home, Up, Prior
_NO_NUM_LOCK = (0xFF9E, 0xFF9C, 0xFF99, 0xFF9B, 0xFF96, 0xFF9D, 0xFF98, 0xFF95, 0xFF97, 0xFF9A)
_KEYPAD = {
    **{0xFFB0 + digit: str(digit) for digit in range(10)},
    **{code: str(digit) for digit, code in enumerate(_NO_NUM_LOCK)},
    0xFFAB: "+",
    0xFFAD: "-",
    0xFFAE: ".",
    # The same key without Num Lock, Delete; and where a layout has a comma on it
    0xFF9F: ".",
    0xFFAC: ",",
}


def read_key(code: int, system: str = sys.platform, code_page: str = "mbcs") -> str | None:
    """The key that a code of `cv2.waitKeyEx` stands for.

    Args:
        code: as OpenCV gives it; below zero where no key was pressed.
        system: a value of `sys.platform`, which decides what a code means.
        code_page: of Windows, as a codec of Python; "mbcs" is the one that is set.

    Returns:
        A letter of any script in lower case, another character of ASCII, "escape" or "space"; None for any other key.
    """
    if code in _NAMES:
        return _NAMES[code]
    if code in _ASCII:
        return chr(code).lower()
    if system == "win32":
        return _read_letter(_decode_byte(code, code_page))
    if system == "darwin":
        return _read_letter(chr(code) if code in range(0x80, 0x10000) else "")
    return _KEYPAD.get(code) or _read_letter(_decode_keysym(code))


def _read_letter(text: str) -> str | None:
    return text.lower() if text.isalpha() or text.isdecimal() else None


def _decode_keysym(code: int) -> str:
    if code in _SIGMAS:
        return _SIGMAS[code]
    if code >> 8 in _PAGES:
        return _decode_byte(code & 0xFF, _PAGES[code >> 8])
    return chr(code - _UNICODE) if _UNICODE < code <= _UNICODE + sys.maxunicode else ""


def _decode_byte(code: int, code_page: str) -> str:
    return bytes([code]).decode(code_page, "ignore") if code in range(0x80, 0x100) else ""
