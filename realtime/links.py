"""Which music fits which mood, and what counts as a link to music (pure)."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from realtime.domain import EXPRESSIONS, Expression, Mood

SPOTIFY_KINDS = ("playlist", "album", "track", "artist", "show", "episode")
"""What a Spotify link may lead to."""

LONGEST_TITLE = 40
"""Characters of a title: more does not fit on one line of a 640 pixels wide picture."""

_SPOTIFY_HOST = "open.spotify.com"
_SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
_SPOTIFY_PREFIX = re.compile(r"/(?:intl-[a-z]{2}(?:-[a-z]{2})?/)?(?:embed/)?", re.IGNORECASE)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?")
# RFC 3986 has no place for these; browsers disagree on what to make of them, a backslash above all
_NOT_IN_LINKS = frozenset('"<>\\^`{|}')


@dataclass(frozen=True, slots=True)
class Playlist:
    """Music for one mood.

    Attributes:
        title: our own words for the mood of the music, 1..40 characters; the lists themselves get renamed.
        url: an https link as `parse` returns it.

    Raises:
        ValueError: the title or the link will not do.
    """

    title: str
    url: str

    def __post_init__(self) -> None:
        check_title(self.title)
        if parse(self.url) != self.url:
            raise ValueError(f"a playlist holds the link as parse() returns it, {parse(self.url)}, not {self.url}")


def played_for(mood: Mood) -> Expression:
    """Whose list goes with a mood: the leader's, or in a mixed mood that of the largest share; of equals the first."""
    return mood.leader or EXPRESSIONS[mood.shares.index(max(mood.shares))]


def for_mood(playlists: Mapping[Expression, Playlist], mood: Mood | None) -> Playlist | None:
    """The list that goes with a mood; None while there is none, or if that expression has no list."""
    return None if mood is None else playlists.get(played_for(mood))


def check_title(text: str) -> str:
    """Return the title as it is.

    Raises:
        ValueError: it is blank, longer than 40 characters or would upset a terminal; the message is a sentence.
    """
    if not text.strip():
        raise ValueError("a title needs at least one character that can be seen")
    if len(text) > LONGEST_TITLE:
        raise ValueError(f"a title has at most {LONGEST_TITLE} characters, not {len(text)}")
    # Blanks of other widths and the joiners of scripts are welcome, so isprintable() is too strict
    if any(unicodedata.category(mark) in {"Cc", "Cs", "Zl", "Zp"} for mark in text):
        raise ValueError("a title is one line without control characters")
    return text


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
    if any(not mark.isprintable() or mark.isspace() or mark in _NOT_IN_LINKS for mark in link):
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


def _split(link: str) -> SplitResult:
    try:
        parts = urlsplit(link)
        _ = parts.port
    except ValueError as error:
        raise ValueError("a link names a host, as in https://example.org/music, and a port up to 65535 if any") from error
    if "@" in parts.netloc:
        raise ValueError("a link carries no user name or password")
    host = parts.hostname or ""
    if not (":" in host or _HOST.fullmatch(host)):
        raise ValueError("a link names a host, as in https://example.org/music")
    return parts


def _spotify(kind: str, name: str) -> str:
    if kind not in SPOTIFY_KINDS:
        raise ValueError(f"a spotify link reads spotify:KIND:ID, where KIND is one of {', '.join(SPOTIFY_KINDS)}")
    if not _SPOTIFY_ID.fullmatch(name):
        raise ValueError(f"the id of a Spotify {kind} has 22 letters and digits, not {len(name)} characters like this one")
    return f"https://{_SPOTIFY_HOST}/{kind}/{name}"
