"""The frame of a page that needs no other file, no script and no network, and the face that stands for a mood (pure)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from realtime.domain import Expression
from realtime.session.colours import hex_colour

if TYPE_CHECKING:
    from collections.abc import Iterable

_STYLE = """
:root{color-scheme:light dark;--back:#f6f4ef;--card:#fff;--ink:#1d1b19;--dim:#5d5852;--line:#ddd8cf;--edge:#0006;--link:#0b5c94}
@media(prefers-color-scheme:dark){
:root{--back:#151619;--card:#202226;--ink:#f1efec;--dim:#b3ada6;--line:#393c42;--edge:#0006;--link:#8ecbf5}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);
font:17px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:46rem;margin:0 auto;padding:2.5rem 1.25rem 3rem}
header{display:flex;gap:1.25rem;align-items:center;margin-bottom:1.75rem}
header svg{flex:none;width:5.5rem;height:5.5rem}
h1{font-size:clamp(1.7rem,6vw,2.6rem);line-height:1.15;margin:0;letter-spacing:-.02em;text-wrap:balance}
h2{font-size:1.15rem;line-height:1.3;margin:0 0 .9rem}
p,ul,ol,figure,blockquote{margin:0;padding:0}
ul,ol{list-style:none}
.dim{color:var(--dim)}
header .dim{margin-top:.35rem}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.25rem 1.35rem;margin-top:1rem}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem;margin-top:1rem}
.pair section{margin-top:0}
.chart{display:block;width:100%;height:13rem}
.chart polygon,.chart rect{stroke:var(--card);stroke-width:1;vector-effect:non-scaling-stroke}
.chart .floor{fill:none;stroke:var(--line)}
.times{display:flex;justify-content:space-between;color:var(--dim);font-size:.85rem;font-variant-numeric:tabular-nums;margin-top:.3rem}
.phases{display:flex;flex-wrap:wrap;gap:.15rem 1.2rem;color:var(--dim);font-size:.9rem;font-variant-numeric:tabular-nums;
margin-top:.7rem}
.legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;font-size:.9rem;margin-top:.7rem}
.legend li{display:flex;align-items:center;gap:.45rem}
.legend i{flex:none;width:.85rem;height:.85rem;border-radius:.2rem;box-shadow:inset 0 0 0 1px var(--edge)}
.bars li{display:grid;grid-template-columns:5.2rem 1fr 3rem;gap:.75rem;align-items:center;line-height:1.9}
.bars span:last-child{text-align:right;font-variant-numeric:tabular-nums}
.bar{display:block;height:.8rem;border-radius:.4rem;background:var(--line);overflow:hidden}
.bar i{display:block;height:100%;border-radius:.4rem;box-shadow:inset 0 0 0 1px var(--edge)}
.list li+li{margin-top:.8rem}
.list a,.list b{font-weight:600;overflow-wrap:anywhere}
.list small{display:block;font-size:.9rem;color:var(--dim);overflow-wrap:anywhere}
a{color:var(--link);text-underline-offset:.15em}
blockquote{font-size:1.15rem;line-height:1.5;overflow-wrap:anywhere}
.source{color:var(--dim);font-size:.9rem;margin-top:.6rem;overflow-wrap:anywhere}
footer{color:var(--dim);font-size:.9rem;margin-top:1.6rem}
@media(max-width:36rem){main{padding:1.5rem 1rem 2rem}.pair{grid-template-columns:1fr}
header svg{width:4.25rem;height:4.25rem}header{gap:1rem}section{padding:1.1rem 1rem}.chart{height:11rem}}
@media print{:root{color-scheme:light}section{break-inside:avoid}}
"""

_FACES: dict[Expression | None, str] = {
    Expression.ANGRY: '<path d="M13 15l8 4M35 15l-8 4M16 35q8-6 16 0"/>',
    Expression.DISGUST: '<path d="M13 17l8 2M35 14l-8 3M15 34q5-5 9-1t9-2"/>',
    Expression.FEAR: '<path d="M13 16q4-4 8-4M35 16q-4-4-8-4M15 35q3-4 6 0t6 0t6 0"/>',
    Expression.HAPPY: '<path d="M14 29q10 11 20 0"/>',
    Expression.NEUTRAL: '<path d="M16 33h16"/>',
    Expression.SAD: '<path d="M13 17l7-3M35 17l-7-3M16 36q8-8 16 0"/>',
    Expression.SURPRISE: '<path d="M13 14q4-4 8-1M35 14q-4-4-8-1"/><ellipse cx="24" cy="34" rx="4" ry="5"/>',
    None: '<path d="M14 32q5-4 10 0t10 0"/>',
}
"""Brows and mouth of a drawn face with each expression, in a square of 48 by 48; None for no leader."""


def html_page(title: str, parts: Iterable[str], footer: str, style: str = "") -> str:
    """Put the parts of a page into one file in UTF-8, for light and dark screens of any width.

    The page forbids itself scripts, pictures and requests.

    Args:
        title: of the window; not yet escaped.
        parts: of the body, as HTML.
        footer: closing sentence; not yet escaped.
        style: CSS besides the common one.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        # Even if a text could break out of its place, it could start and load nothing
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)} · emodj</title>\n<style>{_STYLE}{style}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(parts)}\n<footer>{escape(footer)}</footer>\n</main>\n</body>\n</html>\n"
    )


def draw_face(leader: Expression | None) -> str:
    """Draw a face with an expression, as SVG for the header of a page; None for no leader."""
    fill = "var(--line)" if leader is None else hex_colour(leader)
    line = "var(--ink)" if leader is None else "#1d1b19"
    return (
        f'<svg viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="22.5" fill="{fill}"/>'
        f'<g fill="none" stroke="{line}" stroke-width="2.6" stroke-linecap="round">{_FACES[leader]}</g>'
        f'<g fill="{line}"><circle cx="17" cy="21" r="2.4"/><circle cx="31" cy="21" r="2.4"/></g></svg>'
    )
