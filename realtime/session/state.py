"""State of a live session, and the effects of its keys. Pure: it has no device, no clock and no thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.music.commands import PlayerCommand
from realtime.music.dj import DjRules
from realtime.music.feedback import FeedbackKey, Kind, Verdict
from realtime.music.planner import Strategy
from realtime.music.selector import MusicSelector
from realtime.music.taste import Taste, ThumbKeys, key_of_music
from realtime.session.dj import SessionDj
from realtime.session.face_at_rest import FaceAtRest, Phase
from realtime.session.keymap import Action, MoodByHand, SessionAction, ViewToggle, find_answer, find_binding
from realtime.session.recommendation_cards import RecommendationCards, judged_movie
from realtime.session.summary import Summary
from realtime.session.timeline import MoodTimeline
from realtime.session.view import ViewState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.classifier.occlusion import Explanation
    from realtime.domain import Expression, Face, Mood
    from realtime.mood.vote import MoodVote
    from realtime.music.catalog import Playlists
    from realtime.music.commands import PlayingMusic
    from realtime.music.feedback import FeedbackCounts
    from realtime.music.planner import Plan
    from realtime.music.selector import Answer
    from realtime.music.songs import NowPlaying
    from realtime.session.dj import DjEvent
    from realtime.session.recommendations import Recommender

NOTICE_S = 4.0
"""Seconds for which a notice is shown."""
NO_FACE = "there is no face to explain"
"""Notice in place of an explanation."""
WELCOME = "analysed on this computer, nothing is saved"
"""Notice at the start of a session that writes no file."""


class Session:
    """The state of a live session.

    Args:
        vote: vote on the mood; the session owns it.
        playlists: available music.
        strategy: first music strategy.
        mirrored: whether the view is mirrored at the start.
        bars: whether bars of the three most probable expressions are shown at the start.
        info: whether frame rate and latency are shown at the start.
        welcome: first notice.
        recommender: draws movies and facts; None recommends none.
        counts: counts thumbs, which order the music; None without thumbs.
        dj: times of the DJ.
        dj_on: whether the DJ is on at the start.
        dj_opens_links: whether the player of the DJ opens links; else it plays songs alone.

    Attributes:
        rest: the face at rest that is measured or in use.
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
        recommender: Recommender | None = None,
        counts: FeedbackCounts | None = None,
        dj: DjRules | None = None,
        dj_on: bool = False,
        dj_opens_links: bool = True,
    ) -> None:
        self.welcome = welcome
        self.rest = FaceAtRest()
        self._vote = vote
        seed = 0 if recommender is None else recommender.seed
        self._selector = MusicSelector(playlists, strategy, None if counts is None else Taste(counts, seed))
        self._dj = SessionDj(dj or DjRules(), self._selector, on=dj_on, opens_links=dj_opens_links)
        self._thumbs = ThumbKeys(counts)
        # Plan of the link or the songs that were opened last
        self._opened: Plan | None = None
        self._cards = RecommendationCards(recommender)
        self._timeline = MoodTimeline()
        self._view = ViewState()
        self._toggles = dict.fromkeys(ViewToggle, False) | {
            ViewToggle.MIRROR: mirrored,
            ViewToggle.BARS: bars,
            ViewToggle.INFO: info,
        }
        self._explanation: Explanation | None = None
        self._notice_until: float | None = None
        self._frames = 0
        self._calibrated = self._only_measures = False
        self._first_s = self._last_s = 0.0
        self._stretch = 0

    @property
    def frozen(self) -> bool:
        """Whether frame and vote are paused."""
        return self._view.frozen

    @property
    def finished(self) -> bool:
        """Whether the session was begun to measure a face at rest alone, and has measured it."""
        return self._only_measures and self.rest.phase is not Phase.MEASURING

    @property
    def strategy(self) -> Strategy:
        """Strategy by which music is chosen."""
        return self._selector.strategy

    @property
    def dj_on(self) -> bool:
        """Whether the music follows the mood by itself."""
        return self._dj.policy.on

    @property
    def recording(self) -> bool:
        """Whether a film of the session is recorded."""
        return self._view.recording

    @property
    def near_change(self) -> bool:
        """Whether the DJ may decide something soon, so that the faces should be looked at often."""
        return self._dj.policy.near_change

    def add_frame(self, faces: Sequence[Face], time_s: float, stretch: int = 0, *, held: bool = False) -> None:
        """Add the faces of one analysed frame to the vote and the view.

        Args:
            faces: faces of the frame.
            time_s: time of the frame on the clock of the source, seconds.
            stretch: unbroken stretch of the source; between two stretches no time passes for the vote.
            held: whether it is the frame before once more, which is still shown: it votes, and is not counted.
        """
        if stretch != self._stretch:
            self._pause()
            self._stretch = stretch
        self._vote.vote(faces, time_s)
        self._view = replace(self._view, faces=tuple(faces))
        self._calibrated = self._calibrated or any(face.calibrated for face in faces)
        if not held:
            self.rest.add(faces, time_s)
        self._first_s = time_s if self._frames == 0 else self._first_s
        self._timeline.add(faces, time_s - self._first_s, self._vote.mood())
        self._last_s = time_s
        self._frames += not held

    def measure_only(self, seconds: float) -> None:
        """Begin to measure a face at rest for so many seconds; after that the session is finished."""
        self._only_measures = True
        self.rest.begin(seconds)

    def lead_music(self, now_s: float, playing: PlayingMusic, *, watching: bool = True) -> PlayerCommand | None:
        """Let the DJ decide; to be called a few times a second, whether it is on or off.

        Args:
            now_s: time on the clock of keys and screen, seconds.
            playing: what the player does.
            watching: whether the faces of the view are those of now: not while the camera is lost.

        Returns:
            An order for the player; None if it has nothing to do.
        """
        if not self._dj.is_due(now_s):
            return None
        seen = bool(self._view.faces) if watching and not self.frozen else None
        decided = self._dj.decide(now_s, self._last_s - self._first_s, self._vote.mood(), playing, seen=seen)
        if decided is None:
            return None
        self.notify(decided[0], now_s)
        return decided[1]

    def note_choice(self) -> None:
        """A person has chosen music by hand, without a key: the DJ counts it as a change, and a journey ends."""
        self._selector.reset_journey()
        self._dj.policy.note_choice()

    def note_skip(self) -> None:
        """A person has gone to another song without a key: the DJ knows that they are there."""
        self._dj.policy.note_skip()

    def take_dj_events(self) -> tuple[DjEvent, ...]:
        """What the DJ has done since the last call."""
        return self._dj.take_events()

    def take_dj_sentences(self) -> tuple[str, ...]:
        """What the DJ has decided since the last call, for a terminal: the last few sentences."""
        return self._dj.take_sentences()

    def set_recording(self, *, on: bool) -> None:
        """Show or hide that a film is recorded."""
        self._view = replace(self._view, recording=on)

    @property
    def explaining(self) -> bool:
        """Whether the user asks why the largest face has its label."""
        return self._toggles[ViewToggle.EXPLANATION]

    def set_explanation(self, explanation: Explanation) -> None:
        """Set the newest explanation of a label. It is shown while it is asked for and its face is there."""
        self._explanation = explanation

    def stop_explaining(self, why: str, now_s: float) -> None:
        """Take the panel of the explanation away, and show the sentence that says why."""
        self._toggles[ViewToggle.EXPLANATION] = False
        self.notify(why, now_s)

    def notify(self, sentence: str, now_s: float) -> None:
        """Show a sentence for `NOTICE_S`, from `now_s` on the clock of keys and screen."""
        self._view = replace(self._view, notice=sentence)
        self._notice_until = now_s + NOTICE_S

    def view(self, now_s: float, info: str, trouble: str | None = None, stretch: int | None = None) -> ViewState:
        """Content of the screen at one moment.

        Args:
            now_s: time on the clock of keys and screen, seconds.
            info: line with frame rate and latency; the view has it only if the user turned it on.
            trouble: problem of the camera; None without a problem.
            stretch: stretch of the shown frame. The view leaves out faces of another stretch, which may be long out of date.
                None keeps all faces.
        """
        if (remark := self.rest.take_remark()) is not None:
            self.notify(remark, now_s)
        if self._notice_until is not None and now_s >= self._notice_until:
            self._view = replace(self._view, notice=None)
            self._notice_until = None
        self._cards.end_fact(now_s)
        faces = self._view.faces if stretch in {None, self._stretch} else ()
        return replace(
            self._view,
            faces=faces,
            mood=self._vote.mood(),
            mirrored=self._toggles[ViewToggle.MIRROR],
            bars=self._toggles[ViewToggle.BARS],
            info=info if self._toggles[ViewToggle.INFO] else None,
            help=self._toggles[ViewToggle.HELP],
            trouble=trouble,
            strategy=self._selector.name,
            at_rest=self.rest.card(),
            calibrated=self.rest.state,
            movies=self._cards.movies,
            fact=self._cards.fact,
            dj=self._dj.policy.on,
            explanation=self._explanation_of(faces),
        )

    def snapshot_view(self, now_s: float, stretch: int | None = None) -> ViewState:
        """Content of a snapshot: faces, mood and explanation, without hints, notices and other information about the program.

        Args:
            now_s: time on the clock of keys and screen, seconds.
            stretch: stretch of the saved frame, as in `view`.
        """
        view_state = self.view(now_s, "", stretch=stretch)
        without_program = replace(view_state, hints=False, help=False, notice=None, info=None, frozen=False, recording=False)
        without_program = replace(without_program, playing=None, strategy=None, dj=False, movies=None, fact=None)
        return replace(without_program, at_rest=None)

    def set_now_playing(self, playing: NowPlaying | None, plan: Plan | None) -> None:
        """Set the song that plays, and its plan: a player goes on to the next song, and so may advance a journey."""
        before = self._view.playing
        if plan != self._opened or (playing and playing.key) != (before and before.key):
            self._thumbs.note_change()
        self._view, self._opened = replace(self._view, playing=playing), plan
        self._selector.note_playing(plan)
        self._dj.note_playing(plan)

    def mood(self) -> Mood | None:
        """Current mood, by vote or by hand; None before the first vote."""
        return self._vote.mood()

    def summary(self) -> Summary:
        """Result of the session up to now."""
        mood = self._vote.session_mood()
        movies, fact = self._cards.summarise(mood, self._selector.strategy)
        return Summary(
            mood,
            self._vote.shares(),
            self._frames,
            self._last_s - self._first_s,
            self._selector.plan(mood),
            movies,
            fact,
            self._cards.seed,
            self._timeline.spans(),
            self._dj.events,
            self._calibrated,
        )

    def handle_key(self, key: str, now_s: float) -> Action | PlayerCommand | None:
        """Apply the effect that `keymap` binds to a key.

        Args:
            key: a character of any script in upper or lower case, "escape" or "space".
            now_s: time on a monotonic clock, seconds.

        Returns:
            The effect for the live loop or the player to carry out; None if the session has carried out all of it.
        """
        self._dj.policy.note_person()
        if self.rest.asks and (answer := find_answer(key)) is not None:
            self.rest.answer(answer)
            return None
        binding = find_binding(key)
        match None if binding is None else binding.effect:
            case Action() as action:
                return self._apply_action(action)
            case SessionAction() as action:
                return self._change_session(action, now_s)
            case ViewToggle() as part:
                self._toggle(part, now_s)
            case MoodByHand(expression):
                return self._choose_mood(expression, now_s)
            case PlayerCommand() as command:
                return self._command_player(command, now_s)
            case None:
                pass
        return None

    def _toggle(self, part: ViewToggle, now_s: float) -> None:
        self._toggles[part] = not self._toggles[part]
        if part is ViewToggle.EXPLANATION:
            # The next time it is of another moment
            self._explanation = None
            if self.explaining and not self._view.faces:
                self.notify(NO_FACE, now_s)

    def _explanation_of(self, faces: Sequence[Face]) -> Explanation | None:
        """The newest explanation, if it is of one of these faces."""
        if self._explanation is None or all(face.track != self._explanation.face.track for face in faces):
            return None
        return self._explanation

    def _apply_action(self, action: Action) -> Action:
        if action is Action.FREEZE:
            self._view = replace(self._view, frozen=not self._view.frozen)
            self._pause()
        return action

    def _pause(self) -> None:
        self._vote.pause()
        self._timeline.pause()
        self.rest.pause()

    def _change_session(self, action: SessionAction, now_s: float) -> PlayerCommand | None:
        match action:
            case SessionAction.PLAY:
                command = self._show_answer(self._selector.request(self._vote.mood(), now_s), now_s)
                if command is not None:
                    self._dj.policy.note_choice()
                return command
            case SessionAction.DJ:
                sentence, command = self._dj.toggle()
                self.notify(sentence, now_s)
                return command
            case SessionAction.NEXT_STRATEGY:
                self._dj.policy.note_strategy()
                command = self._show_answer(self._selector.next_strategy(), now_s)
                self._update_movies(now_s)
                return command
            case SessionAction.RESTART_VOTE:
                self._vote.restart()
                self._timeline.restart()
                self.notify("the vote is restarted", now_s)
                return self._selector.reset_journey()
            case SessionAction.MOVIES:
                self._say(self._cards.toggle_movies(self._vote.mood(), self._selector.strategy), now_s)
            case SessionAction.FACT:
                self._cards.show_fact(self._vote.mood(), now_s)
            case SessionAction.FACE_AT_REST:
                self.rest.press()
            case SessionAction.LIKE | SessionAction.DISLIKE:
                return self._judge(Verdict.LIKE if action is SessionAction.LIKE else Verdict.DISLIKE, now_s)
        return None

    def _judge(self, verdict: Verdict, now_s: float) -> PlayerCommand | None:
        """Count a thumb on what `_subject` finds, and say so. A thumb down also skips an own song, and a movie on the card."""
        subject = self._subject()
        sentence, is_counted = self._thumbs.press(subject, verdict, now_s)
        self._say(sentence, now_s)
        if subject is None or not is_counted or verdict is Verdict.LIKE:
            return None
        key, _ = subject
        match key.kind:
            case Kind.SONG:
                self._dj.policy.note_skip()
                return PlayerCommand(skip=1)
            case Kind.MOVIE:
                self._cards.pass_movie(key)
                self._update_movies(now_s)
            case Kind.MUSIC:
                self._selector.forget_request()
        return None

    def _subject(self) -> tuple[FeedbackKey, str] | None:
        """What a thumb is for: the first movie of the card, else the song that plays, else the link that was opened last."""
        if (movie := self._cards.first_movie) is not None:
            return judged_movie(movie)
        playing = self._view.playing
        if playing is not None and playing.key is not None:
            return playing.key, playing.title
        if self._opened is not None and self._opened.best.url is not None:
            return key_of_music(self._opened.best), self._opened.best.title
        return None

    def _update_movies(self, now_s: float) -> None:
        why = self._cards.follow(self._vote.mood(), self._selector.strategy)
        if why is not None:
            # The notice of the choice itself stays readable
            self.notify("; ".join(filter(None, [self._view.notice, why])), now_s)

    def _say(self, sentence: str | None, now_s: float) -> None:
        if sentence is not None:
            self.notify(sentence, now_s)

    def _choose_mood(self, expression: Expression | None, now_s: float) -> PlayerCommand | None:
        self._vote.choose(expression)
        sentence = f"mood by hand: {expression.value}" if expression else "the faces choose the mood again"
        self.notify(sentence, now_s)
        self._dj.note_mood(self._vote.mood(), sentence)
        self._update_movies(now_s)
        return self._selector.reset_journey()

    def _command_player(self, command: PlayerCommand, now_s: float) -> PlayerCommand | None:
        """Return a command for the player. During a journey the key of the next song takes the next step instead."""
        if command.skip:
            self._dj.policy.note_skip()
        next_step = self._selector.next_song(now_s) if command.skip > 0 else None
        if next_step is None:
            return command
        if next_step.command is not None:
            # The player drops what the DJ had next
            self._dj.policy.note_choice()
        return self._show_answer(next_step, now_s)

    def _show_answer(self, answer: Answer, now_s: float) -> PlayerCommand | None:
        self._say(answer.sentence, now_s)
        return answer.command
