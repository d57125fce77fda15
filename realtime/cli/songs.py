"""`emodj songs`."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import MOOD
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realtime.domain import Expression
    from realtime.music.songs import Song
    from realtime.session.documents import Document

_SEEDS = 2**32


@click.command(
    epilog="""\b
Examples:
  emodj songs happy
  emodj songs sad -n 3 --seed 7              the same three each time
  emodj songs angry --library ~/Music/moods
  emodj songs fear --json | jq -r '.songs[].url'

\b
A library is a folder with folders in it that are named angry, disgust, fear, happy, neutral, sad
and surprise, or with lists named happy.m3u8 and so on; or a CSV with the columns mood, path or url,
title, artist. Paths in a list start from its folder, and stay in it.""",
)
@click.argument("mood", metavar="NAME", type=MOOD)
@click.option("-n", "count", type=click.IntRange(1), default=5, metavar="N", help="How many songs: 5 if not given.")
@click.option("--seed", type=click.IntRange(0), metavar="S", help="A number that draws the same songs each time.")
@click.option(
    "--library",
    type=click.Path(),
    metavar="PATH",
    help="Songs to draw from, a folder or a CSV (also music.library in the configuration).",
)
@click.option("--json", "as_json", is_flag=True, default=None, help="Print the songs as JSON.")
@common_options
@pass_context
def songs(context: Context, mood: Expression, count: int, seed: int | None, library: str | None, as_json: bool | None) -> None:
    """Recommend songs that fit a mood: of your own library, or of a list of well-known ones.

    A mood without songs gets those of its nearest neighbour. Nothing is played or opened.
    """
    import secrets

    from realtime.cli.output import print_document
    from realtime.config.locations import expand_path
    from realtime.music.local.library import read_library
    from realtime.music.local.tags import with_tags
    from realtime.music.songs import shuffled

    if library == "":
        # To `Path` this is the folder that we are in: a shell's variable was not set
        raise UsageError("an empty path names no library")
    own = context.settings().music.library if library is None else expand_path(Path(library)).absolute()
    if own is None:
        context.remark(
            "these are from the example list that comes with emodj; for your own songs give --library, "
            "or set library below [music] in the file that `emodj config path` names"
        )
    found = read_library(own or resources.shipped_songs(), mood)
    for notice in found.notices:
        context.remark(notice)
    drawn = secrets.randbelow(_SEEDS) if seed is None else seed
    chosen = _there(shuffled(found.songs, drawn), count, context)
    if not chosen:
        raise EmodjError(
            f"none of the {len(found.songs)} files of songs in {printable(str(own))} is there: is its disk connected?"
        )
    if len(chosen) < count:
        context.remark(f"that is all there is for {(found.mood or mood).value}")
    titled = [(song, *with_tags(song)) for song in chosen]
    if as_json:
        used = found.mood or mood
        print_document(document(mood, used, own, drawn, titled), indent=2)
    else:
        for line in lines(titled):
            click.echo(line)


def lines(titled: Sequence[tuple[Song, str, str | None]]) -> Iterator[str]:
    """Two for each song: what it is called, and where it is."""
    for number, (song, title, artist) in enumerate(titled, 1):
        start = f"{number:>{len(str(len(titled)))}}. "
        yield start + printable(title if artist is None else f"{title} – {artist}")
        yield " " * len(start) + printable(str(song.path or song.url))


def document(
    asked: Expression, used: Expression, library: Path | None, seed: int, titled: Sequence[tuple[Song, str, str | None]]
) -> Document:
    """The document of `emodj songs --json`; the library is null where the songs are of the example list."""
    from realtime.session.documents import SCHEMA

    return {
        "schema": SCHEMA,
        "mood": asked.value,
        "mood_used": used.value,
        "library": None if library is None else str(library),
        "seed": seed,
        "songs": [
            {"title": title, "artist": artist, "path": None if song.path is None else str(song.path), "url": song.url}
            for song, title, artist in titled
        ],
    }


def _there(drawn: Iterator[Song], count: int, context: Context) -> list[Song]:
    """The first songs that are links, or files that are there."""
    missing = list[str]()

    def found() -> Iterator[Song]:
        for song in drawn:
            if song.path is None or os.path.isfile(song.path):  # noqa: PTH113 - never raises
                yield song
                continue
            missing.append(str(song.path))
            if song.url is not None:
                yield replace(song, path=None)

    chosen = list(islice(found(), count))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        context.remark(f"left out, as the file is not there: {printable(missing[0])}{more}")
    return chosen
