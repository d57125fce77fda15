"""The music of a session: opens links, plays songs, and for those who are logged in controls Spotify."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.music.commands import PlayerCommand
from realtime.music.links import spotify_uri
from realtime.music.spotify.credentials import CredentialStore
from realtime.music.spotify.errors import ErrorKind, SpotifyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from realtime.music.catalog import MusicChoice
    from realtime.music.local.player import LocalPlayer
    from realtime.music.planner import Plan
    from realtime.music.songs import NowPlaying, Song
    from realtime.music.spotify.remote_player import SpotifyPlayer


log = logging.getLogger(__name__)


class MusicController:
    """Plays the music of a session, a `MusicPlayer`: only the thread of the music touches the player.

    Args:
        announce: called with each link, and why it fits, before it is opened; in the thread of the music.
        prepare: called with each title before it is shown, in the same thread: it may load fonts.
        library: where the songs of this computer are, a folder, an M3U8 or a CSV; None without.
        volume: of these songs at the start, 0..1.
        shuffle: whether they are shuffled at the start.
        spotify_device: a part of the name of the Spotify device that is preferred.
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
    ) -> None:
        self._announce = announce
        self._prepare = prepare
        self._library = library
        self._volume = volume
        self._shuffle = shuffle
        self._jukebox: LocalPlayer | None = None
        self._plan: Plan | None = None
        self._news: tuple[NowPlaying | None, Plan | None] = (None, None)
        self._prepared: str | None = None
        self._left = False
        self._account = SpotifyAccount(spotify_device)
        self._starting: tuple[MusicChoice, Plan] | None = None

    def stop_accepting(self) -> None:
        """Begin nothing any more: the session is over, and its last wish may still wait for a slow disk. For any thread."""
        self._left = True

    def close(self) -> None:
        """Stop what is played here; what Spotify plays is no business of ours any more."""
        self._account.close()
        if self._jukebox is not None:
            self._jukebox.close()
            self._publish()

    def handle(self, wish: PlayerCommand) -> str | None:
        """Play the best of a plan that can be had, then do what keys ask of what is played."""
        if wish.end_journey and self._plan is not None:
            self._plan = replace(self._plan, then=None)
        begun = None if wish.plan is None else self._begin(wish.plan)
        controls = replace(wish, plan=None, end_journey=False)
        told = None if controls == PlayerCommand() else self._control(controls)
        self._publish()
        return "; ".join(filter(None, (begun, told))) or None

    def poll(self) -> str | None:
        """Go on to the next song where one has ended; a journey goes on with it, to songs of this computer only."""
        told = self._tend_spotify()
        if self._jukebox is None:
            self._publish()
            return told
        return "; ".join(filter(None, (told, self._tend_songs(self._jukebox)))) or None

    def _tend_spotify(self) -> str | None:
        """Look after Spotify: where the app does not come in time, or the login ends, the link that was asked for is opened."""
        remote = self._account.current
        if remote is None:
            return None
        asked_for = self._starting
        try:
            told = remote.poll()
        except EmodjError as error:
            self._account.note_error(error)
            self._starting = None
            try:
                return str(error) if asked_for is None else self._instead(error, *asked_for)
            except EmodjError as worse:
                return str(worse)
        if not remote.starting:
            self._starting = None
        return told

    def _tend_songs(self, jukebox: LocalPlayer) -> str | None:
        onward = self._plan.then if self._plan is not None and jukebox.track_ended else None
        songs = () if onward is None else tuple(choice for choice in onward.choices if choice.path is not None)
        told = jukebox.poll() if onward is None or not songs else self._begin(replace(onward, choices=songs))
        self._publish()
        return told

    def now_playing(self) -> tuple[NowPlaying | None, Plan | None]:
        """What is played, and what asked for it."""
        return self._news

    def _control(self, wish: PlayerCommand) -> str | None:
        """Keys are for the songs of this computer while some are on, else for Spotify."""
        remote = self._account.remote() if self._jukebox is None or self._jukebox.finished else None
        try:
            return self._player().handle(wish) if remote is None else remote.handle(wish)
        except EmodjError as error:
            self._account.note_error(error)
            return str(error)

    def _publish(self) -> None:
        """Show what is played, song and plan together, once its letters are at hand: the window must not wait for fonts."""
        playing = None if self._jukebox is None else self._jukebox.now_playing
        if playing is None and self._account.current is not None:
            playing = self._account.current.now_playing
        title = None if playing is None else f"{playing.title} {playing.artist or ''}"
        if title is not None and title != self._prepared:
            self._prepare(title)
            self._prepared = title
        self._news = playing, self._plan

    def _begin(self, plan: Plan) -> str:
        failures = list[str]()
        openable = True
        for choice in plan.choices:
            if self._left:
                return "the session is over"
            try:
                if choice.path is not None:
                    sentence = self._play(choice, plan, choice.path)
                elif openable:
                    sentence = self._open(choice, plan)
                else:
                    continue
            except EmodjError as error:
                failures.append(str(error))
                # Where one link cannot be opened none can
                openable = openable and choice.url is None
            else:
                self._plan = plan
                return f"{failures[0]}; so {sentence}" if failures else sentence
        return failures[0]

    def _open(self, choice: MusicChoice, plan: Plan) -> str:
        uri = spotify_uri(choice.place)
        remote = None if uri is None else self._account.remote()
        if uri is None or remote is None:
            return self._hand_over(choice, plan)
        try:
            said = remote.begin(uri, choice.title)
        except EmodjError as error:
            self._account.note_error(error)
            return self._instead(error, choice, plan)
        self._starting = (choice, plan) if remote.starting else None
        self._stop_songs()
        return f"{said}, {plan.why}"

    def _instead(self, error: EmodjError, choice: MusicChoice, plan: Plan) -> str:
        """Without the account the link is what it is for everybody."""
        try:
            return f"{error}; so {self._hand_over(choice, plan)}"
        except EmodjError as worse:
            raise EmodjError(f"{error}; {worse}") from worse

    def _hand_over(self, choice: MusicChoice, plan: Plan) -> str:
        from realtime.music.open_link import open_link

        self._announce(choice, plan.why)
        opened = open_link(choice.place)
        if opened.where is None:
            raise EmodjError(f"not opened: {opened.why}, the link is in the terminal")
        self._stop_songs()
        # The app of this computer plays the link itself
        self._hush_spotify(pause=opened.where == "browser")
        return f"handed to {opened.opener}: {choice.title}, {plan.why}"

    def _stop_songs(self) -> None:
        """Two kinds of music at once are none."""
        if self._jukebox is not None:
            self._jukebox.stop()

    def _hush_spotify(self, *, pause: bool = True) -> None:
        self._starting = None
        if self._account.current is not None:
            self._account.current.silence(pause=pause)

    def _play(self, choice: MusicChoice, plan: Plan, path: Path) -> str:
        player = self._player()
        if player.key == choice:
            said = player.handle(PlayerCommand(skip=1)) if plan.step is not None else player.resume()
        else:
            songs, left_out = self._songs(choice, path)
            if self._left:
                # Reading may have taken its time
                raise EmodjError("the session is over")
            said = "; ".join(filter(None, (player.play(songs, choice, choice.title), left_out)))
        self._hush_spotify()
        return said or f"playing {choice.title}, {plan.why}"

    def _songs(self, choice: MusicChoice, path: Path) -> tuple[Sequence[Song], str | None]:
        """The songs of a choice, and the first word on what was left out of them."""
        from realtime.music.local import library

        if path != self._library or choice.mood is None:
            found = library.read_songs(path, choice.mood)
        else:
            found = library.read_library(path, choice.mood)
            if found.mood is not choice.mood:
                # The lists of the configuration fit better than songs for another mood
                raise EmodjError(f"no songs for {choice.mood.value} in {path}")
        for notice in found.notices:
            log.info("%s", notice)
        return found.songs, next(iter(found.notices), None)

    def _player(self) -> LocalPlayer:
        if self._jukebox is None:
            from realtime.music.local.file_player import FilePlayer
            from realtime.music.local.player import LocalPlayer

            self._jukebox = LocalPlayer(FilePlayer(), volume=self._volume, shuffle=self._shuffle)
        return self._jukebox


_HOPELESS = {ErrorKind.LOGGED_OUT, ErrorKind.ENDED, ErrorKind.NO_PREMIUM}


class SpotifyAccount:
    """Who is logged in, and what controls their player. For the thread of the music.

    Args:
        device: a part of the name of the device that is preferred.
        tokens: where the login is kept; None for that of this person.
    """

    def __init__(self, device: str, tokens: CredentialStore | None = None) -> None:
        self._device = device
        self._tokens = tokens or CredentialStore()
        self._remote: SpotifyPlayer | None = None
        self._given_up: tuple[int, int] | None = None

    @property
    def current(self) -> SpotifyPlayer | None:
        """What controls the player, if it was needed yet."""
        return self._remote

    def remote(self) -> SpotifyPlayer | None:
        """What controls the player; None if nobody is logged in, or it was given up since the last login."""
        stamp = self._tokens.version()
        if stamp is None or stamp == self._given_up:
            return None
        if self._remote is None:
            from realtime.music.open_link import start_spotify
            from realtime.music.spotify.client import SpotifyClient
            from realtime.music.spotify.remote_player import SpotifyPlayer

            self._remote = SpotifyPlayer(SpotifyClient(self._tokens), self._device, start_spotify)
        return self._remote

    def note_error(self, error: EmodjError) -> None:
        """Where asking again would come to the same, the links of the session are opened without it, until a new login."""
        if isinstance(error, SpotifyError) and error.kind in _HOPELESS:
            self._given_up = self._tokens.version()
            if self._remote is not None:
                self._remote.release()

    def close(self) -> None:
        """Let go of the connection."""
        if self._remote is not None:
            self._remote.close()
