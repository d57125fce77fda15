"""The DJ in a session: when it decides, what and why, and its orders to the player. Pure: the caller gives the time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realtime.music.commands import DjAct, DjOrder, PlayerCommand
from realtime.music.dj import DjPolicy
from realtime.music.planner import keep_songs

if TYPE_CHECKING:
    from realtime.domain import Mood
    from realtime.music.commands import MusicKind, PlayingMusic
    from realtime.music.dj import DjRules
    from realtime.music.planner import Plan
    from realtime.music.selector import MusicSelector

DJ_ON = "DJ on: the music follows the mood"
"""Notice of the key that turns the DJ on."""
DJ_OFF = "DJ off: the music plays on, and follows the keys alone"
"""Notice of the key that turns the DJ off."""
DJ_PERIOD_S = 0.2
"""Seconds between two decisions of the DJ, at least."""
MOST_DJ_EVENTS = 1000
"""Events of the DJ that a session keeps: the first ones go."""
MOST_SENTENCES = 8
"""Sentences that wait for a terminal: the first ones go."""
MOOD_BY_HAND = "mood"
"""Name of the event of a mood that a person has chosen, or has left to the faces again."""
STEP = "step"
"""Name of the event of a further step of a journey."""


@dataclass(frozen=True, slots=True)
class DjEvent:
    """What the DJ decided; that music has changed as it decided, or could not be played; or what else its music follows.

    Attributes:
        seconds: time since the first frame.
        what: name of the `DjAct`, or "changed" when the music that was decided on plays, or "failed" if it
            could not be played; `MOOD_BY_HAND` or `STEP`.
        mood: mood of that moment; None without one.
        why: one sentence.
        plan: music that was chosen; None if none was.
        kind: what kind of music plays after it; None if it changes no music.
    """

    seconds: float
    what: str
    mood: Mood | None
    why: str
    plan: Plan | None
    kind: MusicKind | None = None


class SessionDj:
    """The DJ of one session.

    Args:
        rules: its times.
        on: whether it is on at the start.
        selector: chooses the music for its decisions.
        opens_links: whether its player opens links; else the DJ plays songs alone, and a link is only suggested.
    """

    def __init__(self, rules: DjRules, selector: MusicSelector, *, on: bool, opens_links: bool = True) -> None:
        self.policy = DjPolicy(rules, on=on)
        self._selector = selector
        self._opens_links = opens_links
        self._was_on = on
        self._decided_s: float | None = None
        # Time and mood of the latest decision
        self._seconds = 0.0
        self._mood: Mood | None = None
        self._events = deque[DjEvent](maxlen=MOST_DJ_EVENTS)
        self._new_events = deque[DjEvent](maxlen=MOST_DJ_EVENTS)
        self._sentences = deque[str](maxlen=MOST_SENTENCES)
        # The event of the latest order that is to change the music
        self._order: tuple[int, DjEvent] | None = None
        # Plan of the latest change of the music, and a step of a journey that no event tells of yet
        self._changed: Plan | None = None
        self._step: Plan | None = None

    @property
    def events(self) -> tuple[DjEvent, ...] | None:
        """What it did, the last `MOST_DJ_EVENTS`; None if it was never on."""
        return tuple(self._events) if self._was_on else None

    def is_due(self, now_s: float) -> bool:
        """Whether it is time for the next decision, `now_s` on the clock of keys and screen; True once."""
        if self._decided_s is not None and 0 <= now_s - self._decided_s < DJ_PERIOD_S:
            return False
        self._decided_s = now_s
        return True

    def decide(
        self, now_s: float, seconds: float, mood: Mood | None, playing: PlayingMusic, *, seen: bool | None
    ) -> tuple[str, PlayerCommand | None] | None:
        """Decide, and choose the music for the decision.

        Args:
            now_s: time on the clock of keys and screen, seconds.
            seconds: time since the first frame.
            mood: mood of the session; None without one.
            playing: what the player does.
            seen: whether somebody is there; None where nobody knows.

        Returns:
            The decision as a sentence, and the order for the player, None if there is nothing to do. None without a decision.
        """
        self._seconds, self._mood = seconds, mood
        self._note_change(seconds, mood, playing)
        self._note_step(seconds, mood, playing)
        decision = self.policy.decide(now_s, mood, playing, seen=seen, waits=self._selector.is_travelling)
        if decision is None:
            return None
        if decision.act is DjAct.STAY:
            # A journey that was to come next has not begun
            self._selector.reset_journey()
        only_said, plan = decision.act is DjAct.SUGGEST, None
        if decision.wants_plan:
            plan = self._selector.plan(mood) if only_said else self._selector.plan_for_dj(mood)
            if plan is None:
                self.policy.drop(decision)
                return None
            if not only_said and not self._opens_links:
                songs = keep_songs(plan)
                if songs is None:
                    self.policy.drop(decision)
                    self._selector.reset_journey()
                    decision, only_said = replace(decision, act=DjAct.SUGGEST), True
                plan = songs or plan
        sentence = decision.sentence(plan, by_key=self._opens_links)
        event = DjEvent(seconds, decision.act.value, mood, sentence, plan)
        self._add(event)
        self._sentences.append(event.why)
        if only_said:
            return event.why, None
        if plan is not None:
            self._order = decision.number, event
        return event.why, PlayerCommand(dj=DjOrder(decision.act, decision.number, plan, decision.opens_link))

    def toggle(self) -> tuple[str, PlayerCommand | None]:
        """Turn it on or off; returns a sentence, and an order if the player must forget one."""
        on = not self.policy.on
        self._was_on |= on
        act = self.policy.turn(on=on)
        if act is DjAct.STAY:
            self._selector.reset_journey()
        if act is DjAct.RESUME:
            # The sentence of the key says it
            self._add(DjEvent(self._seconds, act.value, self._mood, DJ_OFF, None))
        return DJ_ON if on else DJ_OFF, None if act is None else PlayerCommand(dj=DjOrder(act, 0))

    def note_mood(self, mood: Mood | None, why: str) -> None:
        """Keep that a person has chosen the mood, or has left it to the faces again; nothing while the DJ is off."""
        if self.policy.on:
            self._add(DjEvent(self._seconds, MOOD_BY_HAND, mood, why, None))

    def note_playing(self, plan: Plan | None) -> None:
        """Follow the player, which takes the next step of a journey by itself; None without music."""
        self._step = plan if plan is not None and plan.step else None
        if self._step is None:
            # The next journey may take the same steps
            self._changed = plan

    def take_events(self) -> tuple[DjEvent, ...]:
        """What it has done since the last call."""
        events = tuple(self._new_events)
        self._new_events.clear()
        return events

    def take_sentences(self) -> tuple[str, ...]:
        """What it has decided since the last call, for a terminal: the last few sentences."""
        sentences = tuple(self._sentences)
        self._sentences.clear()
        return sentences

    def _note_change(self, seconds: float, mood: Mood | None, playing: PlayingMusic) -> None:
        """Keep that the music has changed as it was ordered, or why not, which may be minutes after the decision."""
        if self._order is None:
            return
        number, event = self._order
        if playing.order == number:
            self._order, self._changed = None, event.plan
            self._add(replace(event, seconds=seconds, what="changed", mood=mood, kind=playing.kind))
        elif playing.failed == number:
            self._order = None
            self._selector.reset_journey()
            self._add(replace(event, seconds=seconds, what="failed", mood=mood, why=playing.failure))

    def _note_step(self, seconds: float, mood: Mood | None, playing: PlayingMusic) -> None:
        """Keep that a journey has taken a step, by a key or at the end of a song: not the first one, which begins it."""
        step, self._step = self._step, None
        if step is None or not self.policy.on or _is_same_step(step, self._changed):
            return
        self._changed = step
        self._add(DjEvent(seconds, STEP, mood, step.why, step, playing.kind))

    def _add(self, event: DjEvent) -> None:
        self._events.append(event)
        self._new_events.append(event)


def _is_same_step(plan: Plan, other: Plan | None) -> bool:
    """Whether two plans are the same step of a journey: each is planned anew, and may have lost a choice that cannot be had."""
    return other is not None and (plan.step, plan.target, plan.why) == (other.step, other.target, other.why)
