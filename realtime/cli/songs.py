"""`emodj songs`: recommend songs for a mood."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import MOOD, draw_seed, seed_option
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realtime.domain import Expression
    from realtime.music.songs import Song
    from realtime.session.documents import Document

MAX_MISSING = 10_000
"""Missing files after which no further song is tried."""


@click.command(
    epilog="""\b
Examples:
  emodj songs happy
  emodj songs sad -n 3 --seed 7              the same three each time
  emodj songs angry --library ~/Music/moods
  emodj songs fear --json | jq -r '.songs[].url'

\b
A library is a folder that holds folders named angry, disgust, fear, happy, neutral, sad and
surprise, or lists named happy.m3u8 and so on; or a CSV with the columns mood, path or url, title,
artist. Paths in a list are relative to its folder, and must stay inside it.""",
)
@click.argument("mood", metavar="NAME", type=MOOD)
@click.option("-n", "count", type=click.IntRange(1), default=5, metavar="N", help="Number of songs (default: 5).")
@seed_option
@click.option(
    "--library",
    type=click.Path(),
    metavar="PATH",
    help="Library to draw from, a folder or a CSV (also music.library in the configuration).",
)
@click.option("--json", "as_json", is_flag=True, default=None, help="Print the songs as JSON.")
@common_options
@pass_context
def songs(context: Context, mood: Expression, count: int, seed: int | None, library: str | None, as_json: bool | None) -> None:
    """Recommend songs that fit a mood: from your library, or from a list of well-known songs.

    A mood without songs gets the songs of the nearest mood. Nothing is played or opened.
    """
    from realtime.cli.output import print_document
    from realtime.config.locations import expand_path
    from realtime.music.local.library import read_library
    from realtime.music.local.tags import read_tags
    from realtime.music.songs import shuffled

    if library == "":
        # `Path("")` is the current folder: an empty option usually comes from an unset variable of a shell
        raise UsageError("an empty path names no library")
    folder = context.settings().music.library if library is None else expand_path(Path(library)).absolute()
    if folder is None:
        context.remark(
            "these are from the example list that comes with emodj; for your own songs give --library, "
            "or set library below [music] in the file that `emodj config path` names"
        )
    found = read_library(folder or resources.shipped_songs(), mood)
    for notice in found.notices:
        context.remark(notice)
    used_seed = draw_seed(seed)
    chosen = _take_available(shuffled(found.songs, used_seed), count, context)
    if not chosen:
        number = f"first {MAX_MISSING}" if len(found.songs) > MAX_MISSING else f"{len(found.songs)}"
        raise EmodjError(f"none of the {number} song files in {printable(str(folder))} exists: is its disk connected?")
    if len(chosen) < count:
        context.remark(f"these are all the songs for {(found.mood or mood).value}")
    titled = [(song, *read_tags(song)) for song in chosen]
    if as_json:
        used_mood = found.mood or mood
        print_document(document(mood, used_mood, folder, used_seed, titled), indent=2)
    else:
        for line in lines(titled):
            click.echo(line)


def lines(titled: Sequence[tuple[Song, str, str | None]]) -> Iterator[str]:
    """Two lines for each song: title and artist, then its path or link."""
    for number, (song, title, artist) in enumerate(titled, 1):
        start = f"{number:>{len(str(len(titled)))}}. "
        yield start + printable(title if artist is None else f"{title} – {artist}")
        yield " " * len(start) + printable(str(song.path or song.url))


def document(
    mood: Expression, used_mood: Expression, library: Path | None, seed: int, titled: Sequence[tuple[Song, str, str | None]]
) -> Document:
    """The document of `emodj songs --json`; library is null if the songs are from the example list."""
    from realtime.session.documents import SCHEMA

    return {
        "schema": SCHEMA,
        "mood": mood.value,
        "mood_used": used_mood.value,
        "library": None if library is None else str(library),
        "seed": seed,
        "songs": [
            {"title": title, "artist": artist, "path": None if song.path is None else str(song.path), "url": song.url}
            for song, title, artist in titled
        ],
    }


def _take_available(songs: Iterator[Song], count: int, context: Context) -> list[Song]:
    """The first songs that are links or existing files; a song whose file is missing becomes its link, if it has one.

    Gives up after `MAX_MISSING` missing files, for example of a list whose disk is not connected.
    """
    first, missing = "", 0

    def available() -> Iterator[Song]:
        nonlocal first, missing
        for song in songs:
            if song.path is None or os.path.isfile(song.path):  # noqa: PTH113 - never raises
                yield song
                continue
            first, missing = first or str(song.path), missing + 1
            if song.url is not None:
                yield replace(song, path=None)
            elif missing >= MAX_MISSING:
                return

    chosen = list(islice(available(), count))
    if missing:
        more = f" and {missing - 1} more" if missing > 1 else ""
        context.remark(f"left out, the file does not exist: {printable(first)}{more}")
    return chosen
