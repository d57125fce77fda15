"""Play the music of a session: local songs, Spotify for a user with a login, or a link."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.music.commands import DjAct, DjOrder, MusicKind, PlayerCommand, PlayingMusic
from realtime.music.links import spotify_uri
from realtime.music.spotify.credentials import CredentialStore
from realtime.music.spotify.errors import ErrorKind, SpotifyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from realtime.music.catalog import MusicChoice
    from realtime.music.feedback_book import FeedbackBook
    from realtime.music.local.player import LocalPlayer
    from realtime.music.planner import Plan
    from realtime.music.songs import NowPlaying, Song, SongEnd
    from realtime.music.spotify.remote_player import SpotifyPlayer


log = logging.getLogger(__name__)

FADE_S = 2.0
"""Seconds in which songs fade into each other from the first order of the DJ on."""
WOULD_FIT = "{} would fit: press p for it"
"""Answer where the DJ may not open the link that fits."""
_NEEDS_NEW_LOGIN = {ErrorKind.LOGGED_OUT, ErrorKind.EXPIRED, ErrorKind.NO_PREMIUM}
"""A request with the same login would fail again."""


class MusicController:
    """Plays the music of a session; implements `MusicPlayer`.

    The music thread makes all calls, except `now_playing`, `playing_music` and `stop_accepting`, which any thread may call.

    Args:
        announce: called on the music thread before a link is opened, with the choice and the reason why it fits.
        prepare: called on the music thread before a title is shown, with the title; it may load fonts.
        library: path of the user's library: a folder, an M3U8 or a CSV; None without a library.
        volume: volume of local songs at the start, 0..1.
        shuffle: whether local songs are shuffled at the start.
        spotify_device: part of the name of the preferred Spotify device; empty for none.
        book: thumbs, which are kept on the music thread; None without thumbs.
        on_song_end: called on the music thread with each song of this computer that was heard and plays no more.
    """

    def __init__(
        self,
        announce: Callable[[MusicChoice, str], None],
        prepare: Callable[[str], None],
        *,
        library: Path | None,
        volume: float,
        shuffle: bool,
        spotify_device: str,
        book: FeedbackBook | None = None,
        on_song_end: Callable[[SongEnd], None] | None = None,
    ) -> None:
        self._announce = announce
        self._prepare = prepare
        self._library = library
        self._volume = volume
        self._shuffle = shuffle
        self._book = book
        self._local: LocalPlayer | None = None
        self._plan: Plan | None = None
        # Song and plan in one tuple: a reader on another thread gets both or neither
        self._published: tuple[NowPlaying | None, Plan | None] = (None, None)
        self._prepared: str | None = None
        self._tell_of_song_end = on_song_end
        self._playing = PlayingMusic()
        # What comes when the song has ended, and the latest order that has changed the music
        self._next: DjOrder | None = None
        self._order = 0
        # The latest order whose music could not be played, and why
        self._failed, self._failure = 0, ""
        # Whether the music that plays is a link that was opened outside, and whether the plan may open one
        self._outside, self._opens_links = False, True
        self._fade_s = 0.0
        self._stopped = False
        self._account = SpotifyAccount(spotify_device)
        # The list that waits for the Spotify app
        self._pending: tuple[MusicChoice, Plan] | None = None

    def stop_accepting(self) -> None:
        """Start no more music: the session is over, and its last command may still wait for a slow disk.

        Any thread may call it.
        """
        self._stopped = True

    def close(self) -> None:
        """Stop the local songs. Spotify goes on playing, since its player belongs to the user's account."""
        self._account.close()
        if self._local is not None:
            self._local.close()
            self._publish()
        if self._book is not None and (problem := self._book.save(at_end=True)) is not None:
            log.warning("%s", problem)

    def handle(self, command: PlayerCommand) -> str | None:
        """Play the first available choice of the plan, then apply the other parts of the command to the player.

        Returns:
            A sentence for the screen; None if there is nothing to say.
        """
        if command.end_journey and self._plan is not None:
            self._plan = replace(self._plan, next_step=None)
        started = None
        if command.plan is not None:
            # What a person chooses wins over the DJ
            self._next = None
            started = self._play_plan(command.plan)
        controls = replace(command, plan=None, end_journey=False, dj=None)
        answer = None if controls == PlayerCommand() else self._send_command(controls)
        followed = None if command.dj is None else self._follow(command.dj)
        self._publish()
        return "; ".join(filter(None, (started, answer, followed))) or None

    def _follow(self, order: DjOrder) -> str | None:
        """Carry out an order of the DJ, or keep it for the end of the song."""
        self._fade_s = FADE_S
        if self._local is not None:
            self._local.set_fade(FADE_S)
        self._next = order if order.act is DjAct.NEXT else None
        match order.act:
            case DjAct.BEGIN if self._find_kind() is not MusicKind.NOTHING:
                # A key was quicker
                return None
            case DjAct.BEGIN | DjAct.NOW:
                answer = self._carry_out(order)
                # The DJ has said that already
                return None if order.plan is not None and answer == _playing_sentence(order.plan.best, order.plan) else answer
            case DjAct.FADE | DjAct.RESUME:
                return self._fade(out=order.act is DjAct.FADE)
            case _:
                return None

    def _carry_out(self, order: DjOrder) -> str | None:
        if order.plan is None:
            return None
        sentence, plays = self._try_plan(order.plan, opens_links=order.opens_link)
        if plays:
            self._order = order.number
        else:
            self._failed, self._failure = order.number, sentence
        return sentence

    def _fade(self, *, out: bool) -> str | None:
        """Fade the music out to a pause, or end this pause."""
        local, remote = self._local, self._account.existing_player
        if local is not None and local.now_playing is not None:
            return local.fade_out() if out else local.resume()
        if remote is None or remote.now_playing is None:
            return None
        try:
            # A fade would take a request for each step of the volume
            return remote.set_paused(paused=out)
        except EmodjError as error:
            self._account.note_error(error)
            return str(error)

    def poll(self) -> str | None:
        """Play the next song when one has ended. A journey then takes its next step, but only to local songs.

        Returns:
            A sentence for the screen; None if there is nothing to say.
        """
        notices = [self._poll_spotify(), None if self._book is None else self._book.save()]
        if self._local is None:
            self._publish()
        else:
            notices.append(self._poll_songs(self._local))
        return "; ".join(filter(None, notices)) or None

    def _poll_spotify(self) -> str | None:
        """Poll the Spotify player. If the app does not start in time, or the login expires, open the pending link instead."""
        remote = self._account.existing_player
        if remote is None:
            return None
        pending = self._pending
        try:
            notice = remote.poll()
        except EmodjError as error:
            self._account.note_error(error)
            self._pending = None
            try:
                return str(error) if pending is None else self._open_after_error(error, *pending)
            except EmodjError as both:
                return str(both)
        if not remote.is_starting_app:
            self._pending = None
        song_starts = remote.take_song_start()
        if self._next is not None and song_starts and self._find_kind() is MusicKind.SPOTIFY:
            return "; ".join(filter(None, (notice, self._take_next()))) or None
        return notice

    def _take_next(self) -> str | None:
        order, self._next = self._next, None
        return None if order is None else self._carry_out(order)

    def _poll_songs(self, local: LocalPlayer) -> str | None:
        # Asked once: a song that ends a moment later must not be followed by its list
        ended = local.track_ended
        if self._next is not None and ended:
            before = local.songs_started
            notice = self._take_next()
            # Where its music is the list of now, or cannot be had, this list goes on
            notice = "; ".join(filter(None, (notice, local.poll() if local.songs_started == before else None)))
            self._publish()
            return notice or None
        next_step = self._plan.next_step if self._plan is not None and ended else None
        songs = () if next_step is None else tuple(choice for choice in next_step.choices if choice.path is not None)
        notice = (
            local.poll(advance=ended) if next_step is None or not songs else self._play_plan(replace(next_step, choices=songs))
        )
        self._publish()
        return notice

    def now_playing(self) -> tuple[NowPlaying | None, Plan | None]:
        """The current song, and the plan that chose it. Any thread may call it."""
        return self._published

    def playing_music(self) -> PlayingMusic:
        """What plays, for the DJ. Any thread may call it."""
        return self._playing

    def _find_kind(self) -> MusicKind:
        remote = self._account.existing_player
        if self._local is not None and not self._local.finished:
            return MusicKind.SONGS
        if remote is not None and remote.is_starting_app:
            return MusicKind.OTHER
        if remote is not None and remote.now_playing is not None:
            return MusicKind.SPOTIFY if remote.plays_own_list else MusicKind.OTHER
        return MusicKind.LINK if self._outside else MusicKind.NOTHING

    def _find_music(self) -> PlayingMusic:
        kind, local, remote = self._find_kind(), self._local, self._account.existing_player
        music = PlayingMusic(kind, order=self._order, failed=self._failed, failure=self._failure)
        if kind is MusicKind.SONGS and local is not None:
            paused = local.now_playing is not None and local.now_playing.paused
            return replace(music, song=local.songs_started, paused=paused)
        if kind is MusicKind.SPOTIFY and remote is not None and remote.now_playing is not None:
            paused = remote.now_playing.paused
            return replace(music, song=remote.songs_started, paused=paused, end_known=remote.end_known)
        return music

    def _send_command(self, command: PlayerCommand) -> str | None:
        """Send a command to the local player while it has a list of songs, else to Spotify."""
        remote = self._account.get_player() if self._local is None or self._local.finished else None
        try:
            return self._get_local_player().handle(command) if remote is None else remote.handle(command)
        except EmodjError as error:
            self._account.note_error(error)
            return str(error)

    def _publish(self) -> None:
        """Publish song and plan together, after `prepare` has loaded the fonts: the window must not wait for fonts."""
        playing = None if self._local is None else self._local.now_playing
        if playing is None and self._account.existing_player is not None:
            playing = self._account.existing_player.now_playing
        title = None if playing is None else f"{playing.title} {playing.artist or ''}"
        if title is not None and title != self._prepared:
            self._prepare(title)
            self._prepared = title
        self._published = playing, self._plan
        self._playing = self._find_music()

    def _play_plan(self, plan: Plan) -> str:
        return self._try_plan(plan)[0]

    def _try_plan(self, plan: Plan, *, opens_links: bool = True) -> tuple[str, bool]:
        """Play the first available choice; returns a sentence on it and True, or why no choice is available and False."""
        self._opens_links = opens_links
        failures = list[str]()
        openable = True
        for place, choice in enumerate(plan.choices):
            if self._stopped:
                return "the session is over", False
            try:
                if choice.path is not None:
                    sentence = self._play_songs(choice, plan, choice.path)
                elif openable:
                    sentence = self._play_link(choice, plan)
                else:
                    continue
            except EmodjError as error:
                failures.append(str(error))
                # If one link cannot be opened, no other link can either
                openable = openable and choice.url is None
            else:
                # A thumb is for what plays, not for a choice that could not be had
                self._plan = plan if place == 0 else replace(plan, choices=plan.choices[place:], learnt=None)
                return f"{failures[0]}; so {sentence}" if failures else sentence, True
        return failures[0], False

    def _play_link(self, choice: MusicChoice, plan: Plan) -> str:
        uri = spotify_uri(choice.place)
        remote = None if uri is None else self._account.get_player()
        if uri is None or remote is None:
            return self._open_outside(choice, plan)
        try:
            sentence = remote.play(uri, choice.title)
        except EmodjError as error:
            self._account.note_error(error)
            return self._open_after_error(error, choice, plan)
        self._pending = (choice, plan) if remote.is_starting_app else None
        self._outside = False
        self._stop_local_player()
        return f"{sentence}, {plan.why}"

    def _open_after_error(self, error: EmodjError, choice: MusicChoice, plan: Plan) -> str:
        """Spotify refuses: open the link outside, as for a user without a login."""
        try:
            return f"{error}; so {self._open_outside(choice, plan)}"
        except EmodjError as second:
            raise EmodjError(f"{error}; {second}") from second

    def _open_outside(self, choice: MusicChoice, plan: Plan) -> str:
        """Open the link in the Spotify app or in the browser, outside emodj's control."""
        if not self._opens_links:
            # Pages that open by themselves, again and again, would be a nuisance
            raise EmodjError(WOULD_FIT.format(choice.title))
        from realtime.music.open_link import open_link

        self._announce(choice, plan.why)
        opened = open_link(choice.place)
        if opened.where is None:
            raise EmodjError(f"not opened: {opened.why}, the link is in the terminal")
        self._outside = True
        self._stop_local_player()
        # Do not pause the Spotify app of this computer, which now plays the link
        self._silence_spotify(pause=opened.where == "browser")
        return f"handed to {opened.opener}: {choice.title}, {plan.why}"

    def _stop_local_player(self) -> None:
        """Only one kind of music plays at a time."""
        if self._local is not None:
            self._local.stop()

    def _silence_spotify(self, *, pause: bool = True) -> None:
        self._pending = None
        if self._account.existing_player is not None:
            self._account.existing_player.silence(pause=pause)

    def _play_songs(self, choice: MusicChoice, plan: Plan, path: Path) -> str:
        player = self._get_local_player()
        if player.key == choice:
            notice = player.handle(PlayerCommand(skip=1)) if plan.step is not None else player.resume()
        else:
            songs, left_out = self._read_songs(choice, path)
            if self._stopped:
                # The session may have ended while the disk was read
                raise EmodjError("the session is over")
            notice = "; ".join(filter(None, (player.play(songs, choice, choice.title, choice.mood), left_out)))
        self._outside = False
        self._silence_spotify()
        return notice or _playing_sentence(choice, plan)

    def _read_songs(self, choice: MusicChoice, path: Path) -> tuple[Sequence[Song], str | None]:
        """The songs of a choice, and the first notice on songs that were left out."""
        from realtime.music.local import library

        if path != self._library or choice.mood is None:
            found = library.read_songs(path, choice.mood)
        else:
            found = library.read_library(path, choice.mood)
            if found.mood is not choice.mood:
                # The playlist of the settings fits better than songs for another mood
                raise EmodjError(f"no songs for {choice.mood.value} in {path}")
        for notice in found.notices:
            log.info("%s", notice)
        return found.songs, next(iter(found.notices), None)

    def _note_song_end(self, end: SongEnd) -> None:
        log.info("%s %s after %.0f s", end.song.path, end.how, end.heard_s)
        if self._tell_of_song_end is not None:
            self._tell_of_song_end(end)

    def _get_local_player(self) -> LocalPlayer:
        if self._local is None:
            from realtime.music.local.isolated_player import IsolatedPlayer
            from realtime.music.local.player import LocalPlayer

            self._local = LocalPlayer(
                IsolatedPlayer(),
                volume=self._volume,
                shuffle=self._shuffle,
                on_song_end=self._note_song_end,
                counts=self._book,
            )
            self._local.set_fade(self._fade_s)
        return self._local


def _playing_sentence(choice: MusicChoice, plan: Plan) -> str:
    return f"playing {choice.title}, {plan.why}"


class SpotifyAccount:
    """The Spotify player of the logged-in user. For the music thread alone.

    Args:
        device: part of the name of the preferred device; empty for none.
        tokens: store of the login; None for the store of the current user.
    """

    def __init__(self, device: str, tokens: CredentialStore | None = None) -> None:
        self._device = device
        self._tokens = tokens or CredentialStore()
        self._remote: SpotifyPlayer | None = None
        # Version of the login that Spotify has refused for good
        self._refused_login: tuple[int, int] | None = None

    @property
    def existing_player(self) -> SpotifyPlayer | None:
        """The Spotify player; None until `get_player` has made it."""
        return self._remote

    @property
    def is_logged_in(self) -> bool:
        """Whether the user has a login; it looks at the disk."""
        return self._tokens.version() is not None

    @property
    def is_usable(self) -> bool:
        """Whether there is a login that Spotify has not refused for good; it looks at the disk."""
        version = self._tokens.version()
        return version is not None and version != self._refused_login

    def get_player(self) -> SpotifyPlayer | None:
        """The Spotify player, made at the first call; None without a login, or if Spotify has refused this login for good."""
        if not self.is_usable:
            return None
        if self._remote is None:
            from realtime.music.open_link import start_spotify
            from realtime.music.spotify.client import SpotifyClient
            from realtime.music.spotify.remote_player import SpotifyPlayer

            self._remote = SpotifyPlayer(SpotifyClient(self._tokens), self._device, start_spotify)
        return self._remote

    def note_error(self, error: EmodjError) -> None:
        """Note an error. After one that only a new login can mend, the session opens links without Spotify until then."""
        if isinstance(error, SpotifyError) and error.kind in _NEEDS_NEW_LOGIN:
            self._refused_login = self._tokens.version()
            if self._remote is not None:
                self._remote.reset()

    def close(self) -> None:
        """Close the connection to Spotify."""
        if self._remote is not None:
            self._remote.close()
