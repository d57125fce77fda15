"""What counts as a link to music (pure)."""

import re
from urllib.parse import SplitResult, urlsplit

SPOTIFY_KINDS = ("playlist", "album", "track", "artist", "show", "episode")
"""What a Spotify link may lead to."""

_SPOTIFY_HOST = "open.spotify.com"
_SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
_SPOTIFY_PREFIX = re.compile(r"/(?:intl-[a-z]{2}(?:-[a-z]{2})?/)?(?:embed/)?", re.IGNORECASE)
# An address of IPv6 without a zone: behind its % anything could stand
_ADDRESS = re.compile(r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?")
# RFC 3986 has no place for these; browsers disagree on what to make of them, a backslash above all. All other blanks count
# as not printable.
_NOT_IN_LINKS = frozenset(' "<>\\^`{|}')


def parse(link: str) -> str:
    """Check a link to music and bring it into its plain form; what is plain already stays the same.

    Args:
        link: `https://open.spotify.com/KIND/ID`, also with a query or a language in front of the kind;
            `spotify:KIND:ID`; or any other https link.

    Returns:
        `https://open.spotify.com/KIND/ID` for Spotify, any other link as it was given.

    Raises:
        ValueError: it is none of these; the message is a sentence that does not repeat the link.
    """
    if not link.isprintable() or not _NOT_IN_LINKS.isdisjoint(link):
        raise ValueError(r"""a link has no blanks, control characters or any of " < > \ ^ ` { | } in it""")
    scheme, colon, rest = link.partition(":")
    if scheme.lower() == "spotify":
        kind, _, name = rest.partition(":")
        return _spotify(kind, name)
    if not colon or scheme.lower() != "https":
        raise ValueError("a link starts with https:// or spotify:")
    parts = _split(link)
    if parts.hostname != _SPOTIFY_HOST or parts.port not in {None, 443}:
        return link
    kind, _, name = _SPOTIFY_PREFIX.sub("", parts.path, count=1).partition("/")
    # Spotify has more pages than we know; only those that we know can be checked
    return _spotify(kind, name.removesuffix("/")) if kind in SPOTIFY_KINDS else link


def spotify_uri(url: str) -> str | None:
    """`spotify:KIND:ID`, as the Spotify app reads it, of a link as `parse` returns it; None for any other."""
    kind, _, name = url.removeprefix(f"https://{_SPOTIFY_HOST}/").partition("/")
    known = url.startswith(f"https://{_SPOTIFY_HOST}/") and kind in SPOTIFY_KINDS
    return f"spotify:{kind}:{name}" if known and _SPOTIFY_ID.fullmatch(name) else None


def _split(link: str) -> SplitResult:
    try:
        parts = urlsplit(link)
        _ = parts.port
    except ValueError as error:
        raise ValueError("a link names a host, as in https://example.org/music, and a port up to 65535 if any") from error
    if "@" in parts.netloc:
        raise ValueError("a link carries no user name or password")
    host = parts.hostname or ""
    if not (_ADDRESS.fullmatch(host) or _HOST.fullmatch(host)):
        raise ValueError("a link names a host, as in https://example.org/music")
    return parts


def _spotify(kind: str, name: str) -> str:
    if kind not in SPOTIFY_KINDS:
        raise ValueError(f"a spotify link reads spotify:KIND:ID, where KIND is one of {', '.join(SPOTIFY_KINDS)}")
    if not _SPOTIFY_ID.fullmatch(name):
        raise ValueError(f"the id of a Spotify {kind} has 22 letters and digits, not {len(name)} characters like this one")
    return f"https://{_SPOTIFY_HOST}/{kind}/{name}"
