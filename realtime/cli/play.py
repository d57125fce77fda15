"""`emodj play`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import MOOD
from realtime.errors import EmodjError
from realtime.session.keymap import player_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.config import schema
    from realtime.config.schema import Settings
    from realtime.domain import Expression
    from realtime.music.local.library import FoundSongs
    from realtime.music.local.player import LocalPlayer


def _keys_help() -> str:
    rows = "\n".join(f"  {' '.join(row.keys):<7}{row.does}" for row in player_rows())
    return f"Keys in a terminal:\n{rows}; so does Ctrl-C"


@click.command(
    epilog=f"""\b
{_keys_help()}

\b
Examples:
  emodj play happy
  emodj play sad --library ~/Music/moods --shuffle
  emodj play neutral --once --volume 30
""",
)
@click.argument("mood", type=MOOD)
@click.option(
    "--library",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Your songs: a folder with folders or lists named by moods, or a CSV.",
)
@click.option("--shuffle/--no-shuffle", default=None, help="Random order, none twice until all were heard.")
@click.option("--volume", type=click.IntRange(0, 100), metavar="PERCENT", help="How loud to begin.")
@click.option("--once", is_flag=True, default=None, help="End after the last song, as without a terminal for keys.")
@common_options
@pass_context
def play(
    context: Context, mood: Expression, library: Path | None, shuffle: bool | None, volume: int | None, once: bool | None
) -> None:
    """Play the music files for a mood.

    MOOD is one of angry, disgust, fear, happy, neutral, sad, surprise. The songs are those of your library (--library, or
    music.library in the settings), else those of the first folder or list that the settings name for the mood; where
    there are none, those of the mood that is nearest. Links are opened by emodj mood MOOD --open.
    """
    from realtime.cli.terminal_player import has_keys, play_with_keys
    from realtime.music.local.file_player import FilePlayer
    from realtime.music.local.player import LocalPlayer

    known = context.settings()
    terms = _terms(known.music, shuffle, volume)
    keys = has_keys()
    with LocalPlayer(FilePlayer(), volume=terms.volume, shuffle=terms.shuffle, once=bool(once or not keys)) as jukebox:
        context.stop_if_interrupted()
        _begin(jukebox, context, mood, _found(known, mood, library, context))
        play_with_keys(jukebox, context, with_keys=keys)


def _terms(music: schema.MusicSettings, shuffle: bool | None, volume: int | None) -> schema.MusicSettings:
    return replace(
        music,
        shuffle=music.shuffle if shuffle is None else shuffle,
        volume=music.volume if volume is None else volume / 100,
    )


def _begin(jukebox: LocalPlayer, context: Context, mood: Expression, there: Iterator[FoundSongs]) -> None:
    for found in there:
        for notice in found.notices:
            context.remark(notice)
        try:
            notice = jukebox.play(found.songs, mood)
        except EmodjError as error:
            context.remark(str(error))
            continue
        if notice:
            context.remark(notice)
        return
    raise EmodjError(
        f"there are no music files to play for {mood.value}: name the folder of your own with --library or as music.library in "
        f"the settings, with {mood.value}/ and songs in it; emodj mood {mood.value} --open opens a link instead"
    )


def _found(known: Settings, mood: Expression, library: Path | None, context: Context) -> Iterator[FoundSongs]:
    """Everything with songs that may do, the best first."""
    from realtime.config.locations import expand_path
    from realtime.mood.affect import rank_by_distance
    from realtime.music.local.library import read_library, read_songs

    if library is not None:
        # Who names a library means that one
        yield read_library(expand_path(library), mood)
        return
    own = None
    if known.music.library is not None:
        try:
            own = read_library(known.music.library, mood)
        except EmodjError as error:
            context.remark(str(error))
    for each in rank_by_distance(mood):
        if own is not None and own.mood is each:
            yield own
        for choice in known.playlists.moods.get(each, ()):
            if choice.path is None:
                continue
            try:
                found = read_songs(choice.path, each)
            except EmodjError as error:
                context.remark(str(error))
            else:
                other = () if each is mood else (f"no songs for {mood.value}: here are the nearest, for {each.value}",)
                yield replace(found, notices=(*found.notices, *other))
