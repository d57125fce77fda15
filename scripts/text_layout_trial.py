"""Compare emodj's own text layout with skia-python, HarfBuzz and python-bidi: what `docs/decisions/0013` says of them.

Run from the checkout with numpy, pillow, skia-python 144.1, uharfbuzz 0.57 and python-bidi 0.6.12, on a machine with fonts
of many scripts (fonts-noto-core, fonts-noto-cjk, fonts-noto-color-emoji): `PYTHONPATH=. python scripts/text_layout_trial.py`.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import skia

from realtime.overlay.bidi import drawable_text, graphemes, language, levels, required_codepoints, visual_order

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE, TURNS = 24, 100
FONT = "realtime/fonts/Inter-Medium.otf"
LINES = {
    "Latin": "Beyoncé – Halo",
    "Japanese": "宇多田ヒカル – 初恋 (First Love)",
    "Korean": "방탄소년단 – 봄날",
    "Arabic": "فيروز – نسّم علينا الهوى",
    "Hebrew": "Idan – ממעמקים (live) 2005",
    "Hindi": "तुझसे नाराज़ नहीं",
    "Thai": "น้ำใต้ดิน กำลังใจ",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 ❤\ufe0f 😀",
}


class Skia:
    """A line by Skia's paragraphs: Inter first, then each font that the system names for a letter that Inter lacks."""

    def __init__(self) -> None:
        self._system, self._code = skia.FontMgr(), skia.Unicodes.ICU.Make()
        self._own = skia.Typeface.MakeFromFile(FONT)
        self._fonts, self._names, self._asked = skia.textlayout.TypefaceFontProvider(), ["own"], set[tuple[str, str]]()
        self._fonts.registerTypeface(self._own, "own")
        self._gather()

    def _gather(self) -> None:
        # It keeps what it did not find, so it has to be a new one for each new font
        self._all = skia.textlayout.FontCollection()
        self._all.setDefaultFontManager(self._fonts, "own")

    def _find(self, text: str, tongue: str) -> None:
        for mark in required_codepoints(text):
            if (mark, tongue) in self._asked or self._own.unicharToGlyph(ord(mark)):
                continue
            self._asked.add((mark, tongue))
            style = skia.FontStyle.Normal()
            face = self._system.matchFamilyStyleCharacter("sans-serif", style, [tongue] if tongue else [], ord(mark))
            if face and (name := str(face.uniqueID())) not in self._names:
                self._names.append(name)
                self._fonts.registerTypeface(face, name)
                self._gather()

    def line(self, text: str) -> skia.textlayout.Paragraph:
        """Lay out one line."""
        text, layout = drawable_text(text), skia.textlayout
        tongue = language(text)
        self._find(text, tongue)
        strong = (kind for mark in text if (kind := unicodedata.bidirectional(mark)) in {"L", "R", "AL"})
        if next(strong, "L") != "L":
            # The binding has no direction of a paragraph
            text = f"\u2067{text}\u2069"
        look, strut, page = layout.TextStyle(), layout.StrutStyle(), layout.ParagraphStyle()
        look.setFontSize(SIZE)
        look.setFontFamilies(self._names)
        look.setColor(0xFFFFFFFF)
        look.setLocale(tongue)
        strut.setFontFamilies(["own"])
        strut.setFontSize(SIZE)
        strut.setStrutEnabled(True)
        strut.setForceStrutHeight(True)
        page.setStrutStyle(strut)
        page.setTextStyle(look)
        builder = layout.ParagraphBuilder(page, self._all, self._code)
        builder.pushStyle(look)
        builder.addText(text)
        line = builder.Build()
        line.layout(1e6)
        return line

    def drawn(self, text: str) -> np.ndarray:
        """Draw one line."""
        line = self.line(text)
        page = np.zeros((max(1, round(line.Height)), int(line.LongestLine) + 4, 4), np.uint8)
        with skia.Surface(page) as canvas:
            line.paint(canvas, 2, 0)
        return (page[..., :3] @ np.array([0.07, 0.75, 0.18])).astype(np.uint8)


def own_line(text: str) -> np.ndarray:
    """Our own line, drawn."""
    from realtime.overlay import shaping

    return np.array(shaping.render_line(shaping.layout_line(drawable_text(text), SIZE, bold=False), SIZE))


def own_width(text: str) -> int:
    """The width of our own line, pixels."""
    from realtime.overlay import shaping

    line = shaping.layout_line(drawable_text(text), SIZE, bold=False)
    return line.right - line.left


class HarfBuzz:
    """Runs and fonts as emodj finds them; HarfBuzz shapes and draws. Pictures are left out."""

    def __init__(self) -> None:
        self._fonts = dict[object, object]()

    def drawn(self, text: str) -> object:
        """Draw one line."""
        import uharfbuzz

        from realtime.overlay import shaping

        ink, pen = uharfbuzz.RasterDraw(), 0
        ink.scale_factor = (64, 64)
        for run in shaping.split_runs(drawable_text(text)):
            path, index = (run.face.path, run.face.index) if run.face else (FONT, 0)
            if run.face not in self._fonts:
                font = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path)), index))
                font.scale = (SIZE * 64, SIZE * 64)
                self._fonts[run.face] = font
            shaped = uharfbuzz.Buffer()
            shaped.add_str(run.text)
            shaped.guess_segment_properties()
            shaped.direction = "rtl" if run.backward else "ltr"
            uharfbuzz.shape(self._fonts[run.face], shaped)
            for glyph, place in zip(shaped.glyph_infos, shaped.glyph_positions, strict=True):
                ink.transform = (1, 0, 0, 1, pen + place.x_offset, place.y_offset)
                ink.draw_glyph(self._fonts[run.face], glyph.codepoint)
                pen += place.x_advance
        return ink.render()


def cost() -> None:
    """A line that was not drawn before, in turns; fonts are open."""
    by_skia, by_harfbuzz = Skia(), HarfBuzz()
    ways: dict[str, Callable[[str], object]] = {
        "ours": own_line,
        "skia": by_skia.drawn,
        "harfbuzz": by_harfbuzz.drawn,
        "our width": own_width,
        "skia width": lambda text: by_skia.line(text).LongestLine,
    }
    took: dict[tuple[str, str], list[float]] = {}
    for turn in range(TURNS):
        for name, line in LINES.items():
            for number, (way, draw) in enumerate(ways.items()):
                began = time.perf_counter()
                draw(f"{line} {turn:04d}{number}")
                took.setdefault((name, way), []).append(1e6 * (time.perf_counter() - began))
    middle = {key: statistics.median(values) for key, values in took.items()}
    for name in LINES:
        print(f"{name:9}", *(f"{way} {middle[name, way]:.0f} us" for way in ways), sep="  ")
    for way, against in (("skia", "ours"), ("harfbuzz", "ours"), ("skia width", "our width")):
        ratio = statistics.geometric_mean(middle[name, way] / middle[name, against] for name in LINES)
        print(f"{way}: {ratio:.2f} of {against}")


def order() -> None:
    """Compare the order of letters with that of python-bidi."""
    from bidi import get_display

    chance, wrong, torn = random.Random(1), 0, 0
    for _ in range(20_000):
        text = "".join(chance.choice("abאבا12(),.% –[]") for _ in range(chance.randint(1, 12)))
        parts = graphemes(text)
        wrong += "".join(parts[at] for at in visual_order(levels(parts))) != get_display(text)
    marked = ["שָׁלוֹם", "می\u200cخواهم", "שלום \U0001f468\u200d\U0001f469\u200d\U0001f467"]
    torn = sum(sorted(graphemes(get_display(text))) != sorted(graphemes(text)) for text in marked)
    print(f"python-bidi: order differs in {wrong} of 20000 texts, letters are torn in {torn} of {len(marked)}")


def first_line() -> None:
    """Milliseconds from NumPy and Pillow being there to the first line, in processes of their own, in turns."""
    start = "import sys, time, cv2, numpy, PIL.Image; sys.path.insert(0, 'scripts'); began = time.perf_counter(); "
    end = "; print(1000 * (time.perf_counter() - began))"
    for name in ("Latin", "Japanese"):
        ways = {
            "ours": f"from realtime.overlay.text import text_mask; text_mask({LINES[name]!r}, 24)",
            "skia": f"from text_layout_trial import Skia; Skia().drawn({LINES[name]!r})",
            "skia alone": "import skia",
            "uharfbuzz and bidi alone": "import uharfbuzz, bidi",
        }
        took: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(9):
            for way, code in ways.items():
                ended = subprocess.run([sys.executable, "-c", start + code + end], capture_output=True, text=True, check=True)
                took[way].append(float(ended.stdout))
        print(f"first line, {name}:", *(f"{way} {statistics.median(values):.0f} ms" for way, values in took.items()), sep="  ")


if __name__ == "__main__":
    cost()
    order()
    first_line()
