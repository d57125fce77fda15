"""Keys and song line of `emodj play` in a terminal."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.cli.console import is_terminal
from realtime.errors import EmodjError
from realtime.music.commands import PlayerCommand
from realtime.music.feedback import Verdict
from realtime.music.taste import ThumbKeys
from realtime.printable import printable
from realtime.session.keymap import Action, SessionAction, find_binding, player_hints

if TYPE_CHECKING:
    from collections.abc import Generator

    from prompt_toolkit.input import Input

    from realtime.cli.context import Context
    from realtime.music.feedback_book import FeedbackBook
    from realtime.music.local.player import LocalPlayer
    from realtime.music.songs import NowPlaying


KEYS_HELP = "keys: " + "   ".join(f"{hint.keys} {hint.word}" for hint in player_hints())
_POLL_S = 0.2
# Polls of some hundredths of a second each, before a sentence reports the search
_LONG_SEARCH_POLLS = 20
# Esc is also the first byte of an arrow key; over a slow connection the other bytes arrive later
_ESCAPE_S = 0.4
# Some scripts join letters with invisible marks
_JOINERS = "\u200c\u200d"
_MIN_COLUMNS = 20
_VERDICTS = {SessionAction.LIKE: Verdict.LIKE, SessionAction.DISLIKE: Verdict.DISLIKE}


def can_read_keys() -> bool:
    """Whether stdin is a terminal, and this process is its foreground job, so that keys do not go to another job."""
    if not is_terminal(sys.stdin):
        return False
    try:
        return sys.platform == "win32" or os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return True


def play_in_terminal(player: LocalPlayer, context: Context, book: FeedbackBook | None = None, *, with_keys: bool) -> None:
    """Play until a key or the end of the list ends it, then restore the terminal.

    Args:
        player: plays the songs; it has started already.
        context: prints the sentences.
        book: counts thumbs; None without thumbs.
        with_keys: whether to read keys from stdin.

    Raises:
        EmodjError: none of the songs could be played; the reason for each was printed.
        KeyboardInterrupt: Ctrl-C, or another signal that ends emodj.
    """
    with open_song_line(context) as song_line:
        asyncio.run(_poll_player(player, song_line, book, with_keys=with_keys))


async def _poll_player(player: LocalPlayer, song_line: SongLine, book: FeedbackBook | None, *, with_keys: bool) -> None:
    with ExitStack() as stack:
        keys, thumbs, played, polls = _KeyReader(), ThumbKeys(book), False, 0
        if with_keys:
            song_line.print_sentence(KEYS_HELP)
            keys.start(stack)
        while not player.finished and not keys.quit:
            for verdict in keys.take_verdicts():
                song_line.print_sentence(_judge(player, thumbs, verdict, keys))
            answer = player.handle(keys.command)
            keys.command = PlayerCommand()
            for sentence in (song_line.missing_part(answer), player.poll(), None if book is None else book.save()):
                song_line.print_sentence(sentence)
            song_line.show(player.now_playing)
            played = played or player.now_playing is not None
            polls += 1
            if polls == _LONG_SEARCH_POLLS and not played:
                song_line.print_sentence("looking for a song that can be played")
            # While the player searches for such a song, each poll continues the search: the next one follows at once
            await keys.wait(_POLL_S if player.now_playing else 0.01)
    if not played and not keys.quit:
        raise EmodjError("nothing was played: check the files, or name other songs with --library")


def _judge(player: LocalPlayer, thumbs: ThumbKeys, verdict: Verdict, keys: _KeyReader) -> str | None:
    """Count a thumb on the song that plays; a thumb down skips it, too. Returns a sentence."""
    now = player.now_playing
    subject = None if now is None or now.key is None else (now.key, now.title)
    sentence, is_counted = thumbs.press(subject, verdict, time.monotonic())
    if is_counted and verdict is Verdict.DISLIKE:
        keys.command = keys.command.merged_with(PlayerCommand(skip=1))
    return sentence


class _KeyReader:
    """Reads keys from stdin, and merges them into one command until the player takes it."""

    def __init__(self) -> None:
        self._verdicts: list[Verdict] = []
        self.command = PlayerCommand()
        self.quit = False
        self._input: Input | None = None
        self._key_event = asyncio.Event()
        self._waited_s = 0.0

    def take_verdicts(self) -> list[Verdict]:
        """The thumbs since the last call."""
        verdicts, self._verdicts = self._verdicts, []
        return verdicts

    def start(self, stack: ExitStack) -> None:
        """Read keys as they are pressed, until the stack is closed."""
        from prompt_toolkit.input import create_input

        self._input = create_input()
        stack.enter_context(self._input.raw_mode())
        stack.enter_context(self._input.attach(self._read))

    async def wait(self, timeout_s: float) -> None:
        """Wait for a key, `timeout_s` seconds at most.

        Raises:
            KeyboardInterrupt: a person has pressed Ctrl-C.
        """
        try:
            await asyncio.wait_for(self._key_event.wait(), timeout_s)
            self._waited_s = 0.0
        except TimeoutError:
            self._waited_s += timeout_s
            if self._input is not None and self._waited_s >= _ESCAPE_S:
                self._handle([press.key for press in self._input.flush_keys()])
        self._key_event.clear()

    def _read(self) -> None:
        if self._input is None:
            return
        self._handle([press.key for press in self._input.read_keys()])
        # A closed terminal gives no more keys
        self.quit |= self._input.closed
        self._key_event.set()

    def _handle(self, keys: list[str]) -> None:
        from prompt_toolkit.keys import Keys

        for key in keys:
            if key is Keys.ControlC:
                raise KeyboardInterrupt
            binding = find_binding(key.value if isinstance(key, Keys) else key)
            self.quit |= key is Keys.ControlD
            match None if binding is None else binding.effect:
                case Action.QUIT:
                    self.quit = True
                case PlayerCommand() as command:
                    self.command = self.command.merged_with(command)
                case SessionAction.LIKE | SessionAction.DISLIKE as action:
                    self._verdicts.append(_VERDICTS[action])
                case _:
                    # Keys for faces and picture, which a terminal does not show
                    pass


class SongLine:
    """Prints a line for each song, on a stderr that is no terminal; with `--quiet`, nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._last: NowPlaying | None = None

    def missing_part(self, answer: str | None) -> str | None:
        """The part of a player's answer that the song line does not show; None if it shows all."""
        return answer

    def print_sentence(self, sentence: str | None) -> None:
        """Print a sentence that is not about the song; nothing for None."""
        if sentence is not None:
            self._context.remark(sentence)

    def show(self, now: NowPlaying | None) -> None:
        """Print the present song, if it is another one than before."""
        song = now and replace(now, paused=False, shuffled=False, volume=1.0)
        if song is not None and song != self._last:
            self._context.remark(f"{song.number}/{song.count}  {_song_name(song)}")
        self._last = song

    def close(self) -> None:
        """Remove the line, where one is shown."""


class _TerminalSongLine(SongLine):
    """Updates one line in place, on the terminal that stderr is."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._shown = ""
        self._width = 0

    def missing_part(self, answer: str | None) -> str | None:
        """None: the line shows the whole answer."""
        del answer

    def print_sentence(self, sentence: str | None) -> None:
        """Print a sentence in place of the line; the next `show` writes the line below it."""
        if sentence is not None:
            self._write("")
            super().print_sentence(sentence)

    def show(self, now: NowPlaying | None) -> None:
        """Update the line."""
        width = _columns()
        line = fit_line(now, width)
        if line != self._shown or width != self._width:
            # A terminal that became narrower has wrapped the line, and the wrapped part stays on the next line
            self._write(line, width - 1 if width != self._width else 0)
            self._width = width

    def close(self) -> None:
        """Erase the line: the prompt of the shell takes its place."""
        self._write("")

    def _write(self, line: str, min_columns: int = 0) -> None:
        """Replace the shown line, and overwrite at least `min_columns` columns."""
        from prompt_toolkit.utils import get_cwidth

        blank_count = max(0, max(min_columns, get_cwidth(self._shown)) - get_cwidth(line))
        # Blanks instead of an escape sequence, which not every terminal supports
        text = f"\r{line}{' ' * blank_count}" + ("\b" * blank_count if line else "\r")
        if self._shown or line:
            sys.stderr.write(text)
            sys.stderr.flush()
        self._shown = line


def fit_line(now: NowPlaying | None, columns: int) -> str:
    """The present song as one line of a terminal of so many columns; a title that is too long is cut. Empty without a song."""
    from prompt_toolkit.utils import get_cwidth

    if now is None:
        return ""
    head = f"{'‖' if now.paused else '▶'} {now.number}/{now.count}  "
    tail = f"{'' if now.volume is None else f'  {now.volume:.0%}'}{'  shuffle' if now.shuffled else ''}"
    # The last column stays free: some terminals begin a new line after it
    room = max(columns, _MIN_COLUMNS) - 1 - get_cwidth(head + tail)
    name = _song_name(now)
    if get_cwidth(name) > room:
        while name and get_cwidth(name) > room - 1:
            name = name[:-1]
        name += "…"
    return head + name + tail


def _song_name(now: NowPlaying) -> str:
    return printable(now.title if now.artist is None else f"{now.title} – {now.artist}", keep=_JOINERS)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


@contextmanager
def open_song_line(context: Context) -> Generator[SongLine]:
    """Yield a song line for stderr: a line updated in place on a terminal, else a line for each song. Erase it at the end."""
    song_line = _TerminalSongLine(context) if is_terminal(sys.stderr) and not context.quiet else SongLine(context)
    try:
        yield song_line
    finally:
        # Writing to a closed terminal fails
        with suppress(OSError):
            song_line.close()
