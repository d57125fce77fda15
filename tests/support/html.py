"""Pages that need no other file: parsed, and checked to load and run nothing."""

from __future__ import annotations

from html.parser import HTMLParser

VOID_TAGS = {"meta", "br"}
HARMLESS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "div", "figure", "figcaption"),
    *("h1", "h2", "p", "ul", "li", "span", "i", "b", "small", "bdi", "a", "blockquote", "article", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "g", "path", "circle", "ellipse", "rect", "polygon", "polyline", "text"),
}


class Page(HTMLParser):
    """The tags, attributes and text of a page, which must be well formed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def check_harmless(html: str) -> None:
    """Check that a page is well formed, and that it loads nothing and runs nothing."""
    page = Page(html)
    assert html.startswith("<!doctype html>\n")
    assert {tag for tag, _ in page.tags} <= HARMLESS
    for tag, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on")} | attributes.keys() & {"src", "srcset", "xlink:href"}
        assert "href" not in attributes or tag == "a"
    assert "url(" not in html
    assert "@import" not in html
    policy = next(each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert html.encode()
