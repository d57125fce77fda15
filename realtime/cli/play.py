"""`emodj play`: play the music files for a mood."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import MOOD
from realtime.errors import EmodjError
from realtime.session.keymap import player_rows

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from realtime.config import schema
    from realtime.config.schema import Settings
    from realtime.domain import Expression
    from realtime.music.feedback_book import FeedbackBook
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
    help="Your songs: a folder with folders or lists named after moods, or a CSV.",
)
@click.option("--shuffle/--no-shuffle", default=None, help="Random order; no song twice before all others, or by your thumbs.")
@click.option("--volume", type=click.IntRange(0, 100), metavar="PERCENT", help="Volume at the start.")
@click.option(
    "--once", is_flag=True, default=None, help="End after the last song; without a terminal for keys, emodj always does."
)
@common_options
@pass_context
def play(
    context: Context, mood: Expression, library: Path | None, shuffle: bool | None, volume: int | None, once: bool | None
) -> None:
    """Play the music files for a mood.

    MOOD is one of angry, disgust, fear, happy, neutral, sad, surprise. The songs are those of your library (--library, or
    music.library in the settings), else those of the first folder or list that the settings name for the mood; if the
    mood has no songs, those of the nearest mood. emodj mood MOOD --open opens a link instead.
    """
    from realtime.app.build import build_feedback
    from realtime.cli.terminal_player import can_read_keys, play_in_terminal
    from realtime.music.local.isolated_player import IsolatedPlayer
    from realtime.music.local.player import LocalPlayer

    settings = context.settings()
    music = _with_options(settings.music, shuffle, volume)
    keys, book = can_read_keys(), build_feedback(settings, context.remark)
    with (
        _kept(book, context),
        LocalPlayer(
            IsolatedPlayer(), volume=music.volume, shuffle=music.shuffle, once=bool(once or not keys), counts=book
        ) as player,
    ):
        context.stop_if_interrupted()
        _start_first_playable(player, context, mood, _find_songs(settings, mood, library, context))
        play_in_terminal(player, context, book, with_keys=keys)


@contextmanager
def _kept(book: FeedbackBook | None, context: Context) -> Generator[None]:
    """Keep the thumbs at the end, also if an error or Ctrl-C ends the command."""
    try:
        yield
    finally:
        if book is not None and (problem := book.save(at_end=True)) is not None:
            context.remark(problem)


def _with_options(music: schema.MusicSettings, shuffle: bool | None, volume: int | None) -> schema.MusicSettings:
    return replace(
        music,
        shuffle=music.shuffle if shuffle is None else shuffle,
        volume=music.volume if volume is None else volume / 100,
    )


def _start_first_playable(player: LocalPlayer, context: Context, mood: Expression, candidates: Iterator[FoundSongs]) -> None:
    for found in candidates:
        for notice in found.notices:
            context.remark(notice)
        try:
            notice = player.play(found.songs, mood, mood=found.mood or mood)
        except EmodjError as error:
            context.remark(str(error))
            continue
        if notice:
            context.remark(notice)
        return
    raise EmodjError(
        f"no music files to play for {mood.value}: name your folder of music with --library or as music.library in the "
        f"settings, with a folder {mood.value}/ of songs in it; emodj mood {mood.value} --open opens a link instead"
    )


def _find_songs(settings: Settings, mood: Expression, library: Path | None, context: Context) -> Iterator[FoundSongs]:
    """Read the places with songs for the mood, the best first; later ones serve if none of the earlier songs can be played."""
    from realtime.config.locations import expand_path
    from realtime.mood.affect import rank_by_distance
    from realtime.music.local.library import read_library, read_songs

    if library is not None:
        # The option excludes the music of the settings
        yield read_library(expand_path(library), mood)
        return
    in_library = None
    if settings.music.library is not None:
        try:
            in_library = read_library(settings.music.library, mood)
        except EmodjError as error:
            context.remark(str(error))
    for each in rank_by_distance(mood):
        if in_library is not None and in_library.mood is each:
            yield in_library
        for choice in settings.playlists.moods.get(each, ()):
            if choice.path is None:
                continue
            try:
                found = read_songs(choice.path, each)
            except EmodjError as error:
                context.remark(str(error))
            else:
                fallback = () if each is mood else (f"no songs for {mood.value}: using the nearest mood, {each.value}",)
                yield replace(found, notices=(*found.notices, *fallback))
