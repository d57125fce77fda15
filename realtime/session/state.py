"""What a live session knows and what its keys do; no device, no clock, no thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realtime.music.commands import PlayerCommand
from realtime.music.planner import Strategy
from realtime.music.selector import MusicSelector
from realtime.session.keymap import Action, MoodChoice, SessionAction, ViewToggle, find_binding
from realtime.session.view import ViewState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Expression, Face, Mood
    from realtime.mood.vote import MoodVote
    from realtime.music.catalog import Playlists
    from realtime.music.planner import Plan
    from realtime.music.selector import Answer
    from realtime.music.songs import NowPlaying


NOTICE_S = 4.0
"""How long a sentence stays on screen."""
WELCOME = "analysed on this computer, nothing is saved"
"""Said at the start, where nothing is."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a session came to.

    Attributes:
        mood: of all its votes, or the one chosen by hand; None if nobody voted.
        shares: what the faces looked like, 0..1 for each expression; None if nobody voted.
        frames: how many were analysed.
        seconds: from the first analysed frame to the last.
        plan: what music fits the mood.
    """

    mood: Mood | None
    shares: tuple[float, ...] | None
    frames: int
    seconds: float
    plan: Plan | None


class Session:
    """The state of a live session.

    Args:
        vote: the session's own.
        playlists: what music there is.
        strategy: what a mood asks of it at the start.
        mirrored: whether the picture is shown as in a mirror.
        bars: whether the three most probable expressions are shown.
        info: whether rate and latency are shown.
        welcome: what the screen says at the start.
    """

    def __init__(
        self,
        vote: MoodVote,
        playlists: Playlists,
        *,
        strategy: Strategy = Strategy.MATCH,
        mirrored: bool,
        bars: bool,
        info: bool,
        welcome: str = WELCOME,
    ) -> None:
        self.welcome = welcome
        self._vote = vote
        self._selection = MusicSelector(playlists, strategy)
        self._screen = ViewState()
        self._toggled = {ViewToggle.MIRROR: mirrored, ViewToggle.BARS: bars, ViewToggle.INFO: info, ViewToggle.HELP: False}
        self._notice_until: float | None = None
        self._frames = 0
        self._first_s = self._last_s = 0.0
        self._stretch = 0

    @property
    def frozen(self) -> bool:
        """Whether picture and vote stand still."""
        return self._screen.frozen

    def add_frame(self, faces: Sequence[Face], time_s: float, stretch: int = 0) -> None:
        """Count the faces of one analysed frame, of `time_s` in seconds on the source's clock, in a stretch of it."""
        if stretch != self._stretch:
            self._vote.pause()
            self._stretch = stretch
        self._vote.vote(faces, time_s)
        self._screen = replace(self._screen, faces=tuple(faces))
        self._first_s = time_s if self._frames == 0 else self._first_s
        self._last_s = time_s
        self._frames += 1

    def set_recording(self, *, on: bool) -> None:
        """Show, or no longer show, that a film is being made."""
        self._screen = replace(self._screen, recording=on)

    def notify(self, sentence: str, now_s: float) -> None:
        """Show a sentence for a while, from `now_s` on the clock of keys and screen."""
        self._screen = replace(self._screen, notice=sentence)
        self._notice_until = now_s + NOTICE_S

    def view(self, now_s: float, info: str, trouble: str | None = None, stretch: int | None = None) -> ViewState:
        """What is on screen at a moment.

        Args:
            now_s: on the clock of keys and screen.
            info: the line on rate and latency, shown on demand.
            trouble: the camera's.
            stretch: of the picture, if there is a choice; faces of another stretch may be long gone and are left out.
        """
        if self._notice_until is not None and now_s >= self._notice_until:
            self._screen = replace(self._screen, notice=None)
            self._notice_until = None
        return replace(
            self._screen,
            faces=self._screen.faces if stretch in {None, self._stretch} else (),
            mood=self._vote.mood(),
            mirrored=self._toggled[ViewToggle.MIRROR],
            bars=self._toggled[ViewToggle.BARS],
            info=info if self._toggled[ViewToggle.INFO] else None,
            help=self._toggled[ViewToggle.HELP],
            trouble=trouble,
            strategy=self._selection.name,
        )

    def snapshot_view(self, now_s: float, stretch: int | None = None) -> ViewState:
        """What a snapshot shows, of a picture of that stretch: faces and mood, nothing that is about the program."""
        screen = self.view(now_s, "", stretch=stretch)
        about_us = replace(screen, hints=False, help=False, notice=None, info=None, frozen=False, recording=False)
        return replace(about_us, playing=None, strategy=None)

    def set_now_playing(self, playing: NowPlaying | None, begun: Plan | None) -> None:
        """Be told what is played now, and the plan that it belongs to: songs go on by themselves, and a journey with them."""
        self._screen = replace(self._screen, playing=playing)
        self._selection.note_playing(begun)

    def mood(self) -> Mood | None:
        """The mood of now."""
        return self._vote.mood()

    def summary(self) -> Summary:
        """What the session came to until now."""
        whole = self._vote.session_mood()
        seconds = self._last_s - self._first_s
        return Summary(whole, self._vote.shares(), self._frames, seconds, self._selection.plan(whole))

    def handle_key(self, key: str, now_s: float) -> Action | PlayerCommand | None:
        """Apply the effect that `keymap` binds to a key.

        Args:
            key: a character of any script in either case, "escape" or "space".
            now_s: seconds on a clock that does not fall.

        Returns:
            The part of the effect that the program or the player has to carry out; None if there is none.
        """
        binding = find_binding(key)
        match None if binding is None else binding.effect:
            case Action() as action:
                return self._act(action)
            case SessionAction() as action:
                return self._change_session(action, now_s)
            case ViewToggle() as part:
                self._toggled[part] = not self._toggled[part]
            case MoodChoice(expression):
                return self._choose_mood(expression, now_s)
            case PlayerCommand() as command:
                return self._command_player(command, now_s)
            case None:
                pass
        return None

    def _act(self, action: Action) -> Action:
        if action is Action.FREEZE:
            self._screen = replace(self._screen, frozen=not self._screen.frozen)
            self._vote.pause()
        return action

    def _change_session(self, action: SessionAction, now_s: float) -> PlayerCommand | None:
        match action:
            case SessionAction.PLAY:
                return self._show_answer(self._selection.request(self._vote.mood(), now_s), now_s)
            case SessionAction.NEXT_STRATEGY:
                return self._show_answer(self._selection.next_strategy(), now_s)
            case SessionAction.RESTART_VOTE:
                self._vote.restart()
                self.notify("the vote starts anew", now_s)
                return self._selection.reset_journey()

    def _choose_mood(self, expression: Expression | None, now_s: float) -> PlayerCommand | None:
        self._vote.choose(expression)
        self.notify(f"mood by hand: {expression.value}" if expression else "the faces choose the mood again", now_s)
        return self._selection.reset_journey()

    def _command_player(self, command: PlayerCommand, now_s: float) -> PlayerCommand | None:
        """Hand a command on to the player; on a journey, the next song is the next step instead."""
        step = self._selection.next_song(now_s) if command.skip > 0 else None
        return command if step is None else self._show_answer(step, now_s)

    def _show_answer(self, answer: Answer, now_s: float) -> PlayerCommand | None:
        if answer.sentence is not None:
            self.notify(answer.sentence, now_s)
        return answer.command
