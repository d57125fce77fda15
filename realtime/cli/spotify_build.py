"""`emodj spotify build`: make a private Spotify playlist for a mood."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import MOOD, json_option
from realtime.domain import EXPRESSIONS, Expression, ranked_percentages
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable
from realtime.reading import read_file, read_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.music.catalog import Playlists
    from realtime.music.spotify.playlist_builder import BuiltPlaylist, PickedTrack
    from realtime.session.documents import Document

_TAIL_BYTES = 64 * 2**10
"""Read from the end of a file: its last line is the summary, and much shorter."""
_MAX_BYTES = 2**28
"""Bytes of a log that comes through a pipe: two hours of a camera have 200 MB."""


@click.command(
    short_help="Make a private playlist for a mood.",
    epilog="""\b
Examples:
  emodj spotify build happy --dry-run
  emodj live --log evening.jsonl, and then
  emodj spotify build happy --from evening.jsonl""",
)
@click.argument("mood", type=MOOD)
@click.option(
    "--from",
    "summary",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="SUMMARY.json",
    help="Output of emodj live --json or --log: the shares of its expressions weight the moods. - is the standard input.",
)
@click.option("--dry-run", is_flag=True, default=None, help="Show the songs, and make no playlist.")
@click.option("-n", "--count", type=click.IntRange(1, 100), default=30, metavar="N", help="Number of songs (default: 30).")
@click.option("--seed", type=click.IntRange(0), default=0, metavar="N", help="Another number draws other songs (default: 0).")
@json_option
@common_options
@pass_context
def build(
    context: Context,
    mood: Expression,
    summary: Path | None,
    dry_run: bool | None,
    count: int,
    seed: int,
    as_json: bool | None,
) -> None:
    """Make a private Spotify playlist for a mood, from your own playlists and from searches.

    MOOD is angry, disgust, fear, happy, neutral, sad or surprise. The playlist is called "emodj: MOOD"; another run replaces
    all its songs. emodj uses those of your own playlists that have a word for the mood in their name.
    """
    from contextlib import closing

    from realtime.cli.output import print_document
    from realtime.music.spotify import playlist_builder
    from realtime.music.spotify.client import SpotifyClient
    from realtime.music.spotify.credentials import CredentialStore
    from realtime.music.spotify.playlist_builder import PlaylistBuilder

    music = context.settings().playlists
    shares = tuple(float(each is mood) for each in EXPRESSIONS) if summary is None else _read_shares(summary, mood)
    wanted = playlist_builder.songs_per_mood(shares, count)
    made = None
    with closing(SpotifyClient(CredentialStore())) as web:
        builder = PlaylistBuilder(web, _links(music), context.remark)
        picked = builder.pick_tracks(wanted, seed)
        if not picked:
            raise EmodjError(f"no songs were found for {mood.value}: give one of your playlists a name with {mood.value} in it")
        if not dry_run:
            made = builder.write_playlist(mood, picked)
    if as_json:
        print_document(_document(mood, shares, picked, made), indent=2)
    else:
        _print_lines(mood, picked, made)
    if made is not None:
        context.remark(f'to let p play it, add to your settings: [[playlists.{mood.value}]] and below it url = "{made.url}"')
    if len(picked) < count:
        context.remark(f"only {len(picked)} of {count} songs were found")


def _links(music: Playlists) -> dict[Expression, list[str]]:
    from realtime.music.links import spotify_uri

    uris = {mood: [spotify_uri(choice.place) for choice in choices] for mood, choices in music.moods.items()}
    return {mood: [uri for uri in known if uri is not None] for mood, known in uris.items()}


def _read_shares(path: Path, mood: Expression) -> tuple[float, ...]:
    """Read the shares of the summary of a session.

    Raises:
        UsageError: the file is no summary, no face voted, or the share of the mood is too small to build from.
    """
    from realtime.music.spotify.playlist_builder import MIN_SHARE

    shares = parse_shares(_read_tail(path), str(path))
    share = shares[EXPRESSIONS.index(mood)]
    if share < MIN_SHARE:
        seen = ", ".join(f"{each.value} {percent}%" for each, part, percent in ranked_percentages(shares) if part >= MIN_SHARE)
        raise UsageError(f"in {path} faces looked {mood.value} {share:.0%} of the time ({seen}): build one of those")
    return shares


def parse_shares(text: str, name: str) -> tuple[float, ...]:
    """The seven shares of the summary at the end of a text, in the order of `Expression`, with the sum 1.

    Args:
        text: a document of `emodj live --json`, or lines of `--jsonl` or `--log`, the last of which is the summary.
        name: name of the text, for sentences.

    Raises:
        UsageError: the text has no summary or no valid shares; the sentence says which input to give.
    """
    document = _parse_object(text) or _parse_object(next((line for line in reversed(text.splitlines()) if line.strip()), ""))
    if document is None or "shares" not in document:
        raise UsageError(f"{name} is no summary of a session: name what emodj live --json printed, or what --log wrote")
    shares = document["shares"]
    if shares is None:
        raise UsageError(f"no face voted in {name}, so it has no shares: leave --from out, or name another session")
    values = [shares.get(each.value) for each in EXPRESSIONS] if isinstance(shares, dict) else [None]
    numbers = [
        float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    ]
    if len(numbers) != len(EXPRESSIONS) or not sum(numbers):
        raise UsageError(f"the shares in {name} are not those of the seven expressions: give the output of emodj live")
    return tuple(number / sum(numbers) for number in numbers)


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", document) if isinstance(document, dict) else None


def _read_tail(path: Path) -> str:
    """The last `_TAIL_BYTES` of a file or, for `-`, of the standard input, as text."""
    try:
        if str(path) == "-":
            return read_stream(sys.stdin.buffer, _MAX_BYTES, "the standard input")[-_TAIL_BYTES:].decode(errors="replace")
        if not path.is_file():
            # A pipe is read from its start
            return read_file(path, _MAX_BYTES)[-_TAIL_BYTES:].decode(errors="replace")
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return file.read(_TAIL_BYTES).decode(errors="replace")
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error


def _print_lines(mood: Expression, picked: Sequence[PickedTrack], made: BuiltPlaylist | None) -> None:
    from realtime.music.spotify.playlist_builder import playlist_title

    for number, song in enumerate(picked, 1):
        artist = f" – {song.track.artist}" if song.track.artist else ""
        click.echo(printable(f"{number:3}  {song.track.title}{artist}  ({song.mood.value}, {song.source})"))
    if made is None:
        click.echo(f"no playlist was made: without --dry-run these {len(picked)} songs go into {playlist_title(mood)}")
        return
    click.echo(f"{'made' if made.new else 'replaced'}  {playlist_title(mood)}, private, {len(picked)} songs")
    click.echo(made.url)


def _document(
    mood: Expression, shares: tuple[float, ...], picked: Sequence[PickedTrack], made: BuiltPlaylist | None
) -> Document:
    from realtime.domain import by_expression
    from realtime.music.spotify.playlist_builder import playlist_title
    from realtime.session.documents import SCHEMA

    songs = [
        {
            "title": song.track.title,
            "artist": song.track.artist,
            "uri": song.track.uri,
            "mood": song.mood.value,
            "source": song.source,
        }
        for song in picked
    ]
    return {
        "schema": SCHEMA,
        "mood": mood.value,
        "title": playlist_title(mood),
        "shares": {name: round(share, 4) for name, share in by_expression(shares).items()},
        "songs": songs,
        "url": None if made is None else made.url,
        "new": None if made is None else made.new,
    }
