"""Parse and check https links and Spotify links (pure)."""

import re
from urllib.parse import SplitResult, urlsplit

SPOTIFY_KINDS = ("playlist", "album", "track", "artist", "show", "episode")
"""Kinds of item that a Spotify link may name."""

_SPOTIFY_HOST = "open.spotify.com"
_SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
_SPOTIFY_PREFIX = re.compile(r"/(?:intl-[a-z]{2}(?:-[a-z]{2})?/)?(?:embed/)?", re.IGNORECASE)
# An IPv6 address without a zone: any text could follow the % of a zone
_IPV6_CHARACTERS = frozenset("0123456789abcdefABCDEF:.")
_HOST_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?")
# RFC 3986 does not allow these, and browsers treat them differently, above all a backslash. All other kinds of white space
# are excluded as not printable.
_FORBIDDEN_CHARACTERS = frozenset(' "<>\\^`{|}')


def parse_link(link: str) -> str:
    """Check a link to music and return its canonical form; a canonical link stays the same.

    Args:
        link: `https://open.spotify.com/KIND/ID`, also with a query or with a language before the kind;
            `spotify:KIND:ID`; or any other https link.

    Returns:
        `https://open.spotify.com/KIND/ID` for Spotify; any other link unchanged.

    Raises:
        ValueError: the link is none of these. The message is a sentence that does not repeat the link.
    """
    if not link.isprintable() or not _FORBIDDEN_CHARACTERS.isdisjoint(link):
        raise ValueError(r"""a link has no blanks, control characters or any of " < > \ ^ ` { | } in it""")
    scheme, colon, rest = link.partition(":")
    if scheme.lower() == "spotify":
        kind, _, name = rest.partition(":")
        return _spotify_link(kind, name)
    if not colon or scheme.lower() != "https":
        raise ValueError("a link starts with https:// or spotify:")
    parts = _split_link(link)
    if parts.hostname != _SPOTIFY_HOST or parts.port not in {None, 443}:
        return link
    kind, _, name = _SPOTIFY_PREFIX.sub("", parts.path, count=1).partition("/")
    # Spotify has pages of other kinds too; only the id of a known kind can be checked
    return _spotify_link(kind, name.removesuffix("/")) if kind in SPOTIFY_KINDS else link


def spotify_uri(url: str) -> str | None:
    """Convert a link that `parse_link` returned to `spotify:KIND:ID`, the form for the Spotify app; None for any other link."""
    kind, _, name = url.removeprefix(f"https://{_SPOTIFY_HOST}/").partition("/")
    known = url.startswith(f"https://{_SPOTIFY_HOST}/") and kind in SPOTIFY_KINDS
    return f"spotify:{kind}:{name}" if known and _SPOTIFY_ID.fullmatch(name) else None


def _split_link(link: str) -> SplitResult:
    try:
        parts = urlsplit(link)
        _ = parts.port
    except ValueError as error:
        raise ValueError("a link names a host, as in https://example.org/music, and a port up to 65535 if any") from error
    if "@" in parts.netloc:
        raise ValueError("a link must not contain a user name or password")
    host = parts.hostname or ""
    if not ((":" in host and _IPV6_CHARACTERS.issuperset(host)) or _HOST_NAME.fullmatch(host)):
        raise ValueError("a link names a host, as in https://example.org/music")
    return parts


def _spotify_link(kind: str, name: str) -> str:
    if kind not in SPOTIFY_KINDS:
        raise ValueError(f"a spotify link reads spotify:KIND:ID, where KIND is one of {', '.join(SPOTIFY_KINDS)}")
    if not _SPOTIFY_ID.fullmatch(name):
        raise ValueError(f"the id of a Spotify {kind} has 22 letters and digits, not {len(name)} characters like this one")
    return f"https://{_SPOTIFY_HOST}/{kind}/{name}"
