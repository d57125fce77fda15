"""The DJ: decide when music begins, follows the mood, fades and goes on. Pure: the caller gives the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.music.commands import DjAct, MusicKind, PlayingMusic
from realtime.music.planner import name_mood

if TYPE_CHECKING:
    from realtime.domain import Expression, Mood
    from realtime.music.planner import Plan

MOST_STEP_S = 2.0
"""Between two calls of `DjPolicy.decide` no more seconds than these go by for the DJ: a laptop may have slept."""
GAP_S = 5.0
"""A mood holds on while nobody is seen for so many seconds: people turn their heads, and bend down."""
CONTROLLED = (MusicKind.SONGS, MusicKind.SPOTIFY)
"""Music that emodj can stop, so that other music can take its place."""


@dataclass(frozen=True, slots=True)
class DjRules:
    """Times of the DJ, in seconds.

    Attributes:
        begin_s: a mood must hold for so long before music begins.
        hold_s: a mood must hold for so long before the music changes.
        decent_s: where the end of a song is not known, music changes, and a link is suggested, no sooner than so long after
            the change before.
        away_s: the music fades after nobody was seen for so long.
    """

    begin_s: float = 5.0
    hold_s: float = 30.0
    decent_s: float = 240.0
    away_s: float = 120.0


@dataclass(frozen=True, slots=True)
class DjDecision:
    """One decision.

    Attributes:
        act: what is to be done.
        number: number of the decision, from 1; the player publishes it when it has changed the music (`PlayingMusic.order`).
        reason: why, in a few words: "happy for 34 s".
        opens_link: whether a link may be opened for it.
    """

    act: DjAct
    number: int
    reason: str
    opens_link: bool = False

    @property
    def wants_plan(self) -> bool:
        """Whether music must be chosen for it."""
        return self.act in {DjAct.BEGIN, DjAct.NEXT, DjAct.NOW, DjAct.SUGGEST}

    def sentence(self, plan: Plan | None, *, by_key: bool = True) -> str:
        """The decision as a sentence.

        Args:
            plan: music that was chosen for it, where `wants_plan` is true.
            by_key: whether key `p` opens music that is only suggested.
        """
        fitting, title = ("", "") if plan is None else (plan.why, plan.best.title)
        match self.act:
            case DjAct.BEGIN:
                result = f"music begins, {fitting}"
            case DjAct.NEXT:
                result = f"the next song is {fitting}"
            case DjAct.NOW:
                result = f"the music changes now, {fitting}"
            case DjAct.SUGGEST:
                result = f"{title} would fit now" + (": press p for it" if by_key else "")
            case DjAct.STAY:
                result = "the music stays as it is"
            case DjAct.FADE:
                result = "the music fades"
            case DjAct.RESUME:
                result = "the music goes on"
        return f"{self.reason}: {result}"


@dataclass(frozen=True, slots=True)
class _Mood:
    """What the policy remembers of a mood: its leader, None for a mixed one, and its name."""

    leader: Expression | None
    name: str


class DjPolicy:
    """Decides at most one thing at a time, and keeps its rules, whatever moods, faces and songs come.

    - Music begins after a mood has held for `begin_s` and somebody is seen.
    - It changes at the end of a song, never within one. Only where the end is not known, it changes `decent_s` after the change
      before.
    - It changes to a mood that has held for `hold_s` up to the end of the song, or that was chosen by hand.
    - With nobody there for `GAP_S` it changes only to a mood that was chosen by hand.
    - A link is opened once. While it plays, other music is only suggested, at most once in `decent_s`.
    - What a person does by hand wins: the DJ neither ends a pause of theirs nor touches music that it did not start or lead.
      It also shows that they are there: the music does not fade for `away_s`.
    - Without a mood, and with nobody there, the music plays on. After `away_s` it fades, and goes on when somebody is back.

    Args:
        rules: times.
        on: whether the DJ is on at the start.
    """

    def __init__(self, rules: DjRules, *, on: bool) -> None:
        self._rules = rules
        self.on = on
        # Time of the policy: it never falls, and it stands while nobody asks
        self._time_s = 0.0
        self._called_s: float | None = None
        self._mood: _Mood | None = None
        self._by_hand = False
        self._held_s = 0.0
        self._seen = False
        self._away_s = 0.0
        self._number = 0
        # The change that is to come, the last one that was ordered (a song may end while it is taken back), and the mood of the
        # music that plays
        self._ordered: tuple[int, _Mood] | None = None
        self._outdated = False
        self._issued: tuple[int, _Mood] | None = None
        self._music_mood: _Mood | None = None
        self._changed_s = 0.0
        self._begun: tuple[_Mood, float] | None = None
        self._began_at_s: float | None = None
        self._link_spent = False
        self._unfit: _Mood | None = None
        self._suggested: tuple[_Mood, float] | None = None
        # Whether the DJ has faded the music, and whether the player has done so
        self._fading = self._faded = False
        self._paused = False

    @property
    def near_change(self) -> bool:
        """Whether a decision may come within `GAP_S`, or the person has just come or gone: a camera should look often."""
        if not self.on or self._mood is None:
            return False
        left_s = [limit - self._held_s for limit in (self._rules.begin_s, self._rules.hold_s)]
        is_due = self._mood != self._music_mood and any(0 <= each < GAP_S for each in left_s)
        return is_due or 0 < self._away_s < GAP_S

    def turn(self, *, on: bool) -> DjAct | None:
        """Turn it on or off by hand.

        Returns:
            STAY if the player must forget an order; RESUME if the music has faded: without the DJ nobody would end that pause.
        """
        self.note_person()
        self.on = on
        forget, goes_on = not on and self._ordered is not None, not on and (self._fading or self._faded)
        self._ordered, self._begun, self._unfit = None, None, None
        if not on:
            self._fading = self._faded = False
        if goes_on:
            return DjAct.RESUME
        return DjAct.STAY if forget else None

    def note_person(self) -> None:
        """A key was pressed: somebody is there, even if the camera does not see them."""
        self._away_s = 0.0

    def note_choice(self) -> None:
        """A person has chosen music by hand for the mood of now: it counts as a change."""
        self.note_person()
        self._ordered = self._issued = None
        self._music_mood, self._changed_s = self._mood, self._time_s
        # If nothing plays yet, the DJ must not be quicker than the player
        self._began_at_s = self._time_s
        self._fading = self._faded = False

    def note_skip(self) -> None:
        """A person has gone to another song by hand: it counts as a change."""
        self.note_person()
        self._changed_s = self._time_s
        # A skip ends a pause
        self._fading = self._faded = False

    def note_strategy(self) -> None:
        """Another strategy may have music where the last one had none, and other music for the same mood."""
        self._unfit = self._suggested = self._begun = self._music_mood = None
        # What comes next was chosen by the last strategy; if it is too late to take it back, other music follows it
        self._outdated, self._issued = self._ordered is not None, None

    def drop(self, decision: DjDecision) -> None:
        """There is no music for a decision: it is not carried out, and not tried again for the same mood."""
        self._unfit = self._mood
        if self._ordered is not None and self._ordered[0] == decision.number:
            self._ordered = self._issued = None
        if decision.act is DjAct.BEGIN:
            self._begun = self._began_at_s = None
        if decision.opens_link:
            self._link_spent = False

    def decide(
        self, now_s: float, mood: Mood | None, playing: PlayingMusic, *, seen: bool | None, waits: bool = False
    ) -> DjDecision | None:
        """Decide; to be called a few times a second, at least.

        Args:
            now_s: time of any clock that does not change within a session, seconds.
            mood: mood of the session; None without one.
            playing: what the player does.
            seen: whether somebody is there; None where nobody knows, as while the picture is frozen or the camera is lost.
            waits: whether music that plays must not be changed now, as during a journey.

        Returns:
            The decision, for the caller to carry out; None mostly.
        """
        passed_s = 0.0 if self._called_s is None else min(max(0.0, now_s - self._called_s), MOST_STEP_S)
        self._called_s = now_s
        self._time_s += passed_s
        self._note_people(passed_s, seen=seen)
        self._note_mood(mood, passed_s)
        self._note_music(playing)
        if not self.on:
            return None
        if playing.kind in CONTROLLED:
            return self._lead(playing, waits=waits)
        if playing.kind is MusicKind.NOTHING:
            return self._begin()
        return self._suggest() if playing.kind is MusicKind.LINK else None

    def _note_people(self, passed_s: float, *, seen: bool | None) -> None:
        if seen is not None:
            self._away_s = 0.0 if seen else self._away_s + passed_s
        self._seen = seen is True

    def _note_mood(self, mood: Mood | None, passed_s: float) -> None:
        now = None if mood is None else _Mood(mood.leader, name_mood(mood))
        by_hand = mood is not None and mood.source == "hand"
        if by_hand and (not self._by_hand or now != self._mood):
            self.note_person()
        self._by_hand = by_hand
        if now != self._mood:
            self._mood, self._held_s, self._unfit = now, 0.0, None
        elif self._seen or self._by_hand:
            self._held_s += passed_s
        elif self._away_s > GAP_S:
            self._held_s = 0.0

    def _note_music(self, playing: PlayingMusic) -> None:
        if self._issued is not None and playing.order == self._issued[0]:
            self._music_mood, self._changed_s = self._issued[1], self._time_s
            self._ordered = self._issued = None
        elif self._issued is not None and playing.failed == self._issued[0]:
            # The music of before stays; the same would fail again
            self._unfit = self._issued[1]
            self._ordered = self._issued = self._begun = None
        if playing.kind is not MusicKind.NOTHING and self._begun is not None:
            # The link was not needed
            self._link_spent = self._link_spent and playing.kind not in CONTROLLED
            self._begun = None
        self._link_spent = self._link_spent or playing.kind is MusicKind.LINK
        if playing.kind not in CONTROLLED:
            self._fading = self._faded = False
        elif self._fading and playing.paused:
            self._fading, self._faded = False, True
        elif self._faded and not playing.paused:
            # By hand
            self._faded = False
        if self._paused and not playing.paused and playing.kind in CONTROLLED:
            # The DJ ends a pause only if it sees somebody; a person who does so is there too
            self.note_person()
        self._paused = playing.paused

    def _begin(self) -> DjDecision | None:
        mood = self._mood
        if mood is None or mood == self._unfit or not self._holds(self._rules.begin_s):
            return None
        if self._began_at_s is not None and self._time_s - self._began_at_s < self._rules.hold_s:
            return None
        if self._begun is not None and self._begun[0] == mood:
            # Under way, or it has failed and would fail again
            return None
        self._begun, self._began_at_s = (mood, self._time_s), self._time_s
        opens_link, self._link_spent = not self._link_spent, True
        return self._order(DjAct.BEGIN, mood, opens_link=opens_link)

    def _lead(self, playing: PlayingMusic, *, waits: bool) -> DjDecision | None:
        if self._fading or self._faded:
            if not self._seen:
                return None
            self._fading = self._faded = False
            return self._say(DjAct.RESUME, "somebody is back")
        return None if playing.paused else self._fade_or_change(playing, waits=waits)

    def _fade_or_change(self, playing: PlayingMusic, *, waits: bool) -> DjDecision | None:
        if self._away_s >= self._rules.away_s and not self._seen:
            self._fading, self._ordered = True, None
            return self._say(DjAct.FADE, f"nobody seen for {_seconds(self._away_s)}")
        if self._ordered is not None and (reason := self._find_objection(self._ordered[1])) is not None:
            self._ordered, self._outdated = None, False
            return self._say(DjAct.STAY, reason)
        return None if waits else self._change(playing, self._mood)

    def _find_objection(self, ordered: _Mood) -> str | None:
        """Why the music that was ordered for the end of the song must not come; None if it may."""
        if ordered != self._mood:
            return f"{ordered.name} has passed"
        if self._outdated:
            return "another strategy"
        return f"nobody seen for {_seconds(self._away_s)}" if self._away_s > GAP_S and not self._by_hand else None

    def _change(self, playing: PlayingMusic, mood: _Mood | None) -> DjDecision | None:
        if mood is None or mood in {self._music_mood, self._unfit} or not self._holds(self._rules.hold_s):
            return None
        if playing.end_known:
            return None if self._ordered is not None else self._order(DjAct.NEXT, mood)
        if self._time_s - self._changed_s < self._rules.decent_s:
            return None
        # The order of now counts as a change already: it must not be given twice
        self._changed_s = self._time_s
        return self._order(DjAct.NOW, mood)

    def _suggest(self) -> DjDecision | None:
        mood, said = self._mood, self._suggested
        if mood is None or mood in {self._music_mood, self._unfit} or not self._holds(self._rules.hold_s):
            return None
        latest_s = self._changed_s if said is None else max(said[1], self._changed_s)
        if self._time_s - latest_s < self._rules.decent_s or (said is not None and said[0] == mood):
            return None
        self._suggested = mood, self._time_s
        return self._say(DjAct.SUGGEST, self._mood_reason(mood))

    def _holds(self, seconds: float) -> bool:
        """Whether the mood has held for so long and somebody shows it now, or a person chose it."""
        return self._by_hand or (self._seen and self._held_s >= seconds)

    def _mood_reason(self, mood: _Mood) -> str:
        return f"{mood.name} by hand" if self._by_hand else f"{mood.name} for {_seconds(self._held_s)}"

    def _order(self, act: DjAct, mood: _Mood, *, opens_link: bool = False) -> DjDecision:
        decision = self._say(act, self._mood_reason(mood), opens_link=opens_link)
        self._ordered = self._issued = decision.number, mood
        self._outdated = False
        return decision

    def _say(self, act: DjAct, reason: str, *, opens_link: bool = False) -> DjDecision:
        self._number += 1
        return DjDecision(act, self._number, reason, opens_link)


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"  # noqa: PLR2004 - two minutes
