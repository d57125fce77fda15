"""Plays one file at a time, through the library just_playback."""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import sys
import time
from contextlib import contextmanager
from stat import S_ISREG
from typing import TYPE_CHECKING, Protocol

from realtime.errors import EmodjError
from realtime.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from just_playback import Playback

log = logging.getLogger(__name__)

FORMATS = "wav, mp3, ogg, opus and flac"

STALLED_S = 5.0
"""A song that does not move on for so long has ended: its disk or its sound device is gone. Headphones take a second or two."""

_LONGEST_LOOK_S = 1.0
# What the library says of a sound device; all else it says of the file
_DEVICE = ("MA_FAILED_TO_", "MA_DEVICE_", "MA_NO_DEVICE", "MA_NO_BACKEND", "MA_SHARE_MODE", "MA_BACKEND", "No playback device")


class UnplayableError(EmodjError):
    """A file that cannot be played; another one may."""

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


class SoundPlayer(Protocol):
    """Plays one file at a time. For one thread alone."""

    @property
    def volume(self) -> float:
        """0..1, also of the files to come."""
        ...

    @volume.setter
    def volume(self, volume: float) -> None: ...

    @property
    def ended(self) -> bool:
        """Whether the file came to its end by itself. To be asked a few times a second."""
        ...

    def play(self, path: Path) -> None:
        """Play a file from its beginning in place of any other.

        Raises:
            UnplayableError: this file cannot be played; nothing is played any more.
            EmodjError: no file can, since the sound device fails.
        """
        ...

    def pause(self) -> None:
        """Hold the file where it is; nothing if there is none."""
        ...

    def resume(self) -> None:
        """Go on from there.

        Raises:
            EmodjError: the sound device is gone.
        """
        ...

    def stop(self) -> None:
        """End the file."""
        ...

    def close(self) -> None:
        """Let go of file and sound device for good."""
        ...


class FilePlayer:
    """Streams from the disk: a song of ten hours takes no more memory than one of a minute.

    Where there is no sound card at all, Linux plays into nowhere and in time; nobody can tell it from playing.

    Raises:
        EmodjError: the library does not run on this computer.
    """

    def __init__(self) -> None:
        _silence()
        try:
            importlib.import_module("just_playback")
        except (ImportError, OSError) as error:
            raise EmodjError(
                f"cannot play music files: the library just_playback does not run here ({error}); "
                "pip install --force-reinstall just-playback needs a C compiler where it has no wheel"
            ) from error
        self._playback: Playback | None = None
        self._volume = 1.0
        self._file: Path | None = None
        self._position = -1.0
        self._stood_s = 0.0
        self._looked_s = 0.0

    @property
    def volume(self) -> float:
        """0..1."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = min(1.0, max(0.0, volume))
        if self._playback is not None:
            with _translated():
                self._playback.set_volume(self._volume)

    @property
    def ended(self) -> bool:
        """Whether the file came to its end by itself."""
        if self._playback is None or self._file is None:
            return False
        return not self._playback.active or self._stalled(self._playback)

    def play(self, path: Path) -> None:
        """Play a file from its beginning; takes some milliseconds.

        Raises:
            UnplayableError: the file is missing, damaged or of another kind, or may not be read.
            EmodjError: there is no sound device, or it fails.
        """
        self.stop()
        _check(path)
        with _translated(path):
            playback = self._playback = _playback()
            playback.set_volume(self._volume)
            try:
                playback.load_file(str(path))
            except OSError as error:
                raise UnplayableError(f"cannot play {path}: it cannot be read ({error})") from error
            except Exception as error:
                # Once all is ready it reads the tags, and a strange tag is no reason not to play
                if type(error).__module__.partition(".")[0] != "tinytag":
                    raise
                log.info("%s: %s", path, error)
            playback.play()
        self._file, self._position, self._stood_s, self._looked_s = path, -1.0, 0.0, time.monotonic()

    def pause(self) -> None:
        """Hold the file where it is."""
        if self._playback is not None:
            with _translated():
                self._playback.pause()

    def resume(self) -> None:
        """Go on from there."""
        if self._playback is not None:
            self._stood_s = 0.0
            with _translated():
                self._playback.resume()

    def stop(self) -> None:
        """End the file and let go of the sound device, so that others may have it."""
        self._file = None
        if self._playback is not None:
            playback, self._playback = self._playback, None
            with _translated():
                playback.close()

    def close(self) -> None:
        """The same."""
        self.stop()

    def _stalled(self, playback: Playback) -> bool:
        now_s, position = time.monotonic(), playback.curr_pos
        # A laptop that was asleep, or a caller that was busy, is no sign of a stall
        looked_s, self._looked_s = min(now_s - self._looked_s, _LONGEST_LOOK_S), now_s
        moved, self._position = position != self._position, position
        self._stood_s = 0.0 if moved or playback.paused else self._stood_s + looked_s
        return self._stood_s >= STALLED_S


def _check(path: Path) -> None:
    """Say plainly what the library has no words for."""
    try:
        # Opening a pipe would wait for somebody who writes to it
        if not S_ISREG(path.stat().st_mode):
            raise UnplayableError(f"cannot play {path}: it is no file")
        path.open("rb").close()
    except FileNotFoundError as error:
        raise UnplayableError(f"cannot play {path}: there is no such file") from error
    except OSError as error:
        raise UnplayableError(f"cannot play {path}: it cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UnplayableError(f"cannot play {path}: there is no such file ({error})") from error


def _playback() -> Playback:
    from just_playback import Playback

    return Playback()


@contextmanager
def _translated(path: Path | None = None) -> Generator[None]:
    from just_playback.ma_result import MiniaudioError

    try:
        yield
    except MiniaudioError as error:
        if path is None or str(error).startswith(_DEVICE):
            raise EmodjError(
                f"no sound: the sound device does not answer ({error}); plug in another one, or close what else uses it"
            ) from error
        raise UnplayableError(f"cannot play {path}: it is damaged, or none of {FORMATS} ({error})") from error


def _silence() -> None:
    """ALSA, JACK and PulseAudio tell stderr at length of each device that is not there, from threads of their own."""
    os.environ.setdefault("PULSE_LOG", "0")
    if not sys.platform.startswith("linux"):
        return
    # A function that takes nothing and does nothing: Python code must not be called from a thread of a sound library
    nothing = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, ctypes.c_void_p)
    for library, *setters in (
        ("libasound.so.2", "snd_lib_error_set_handler"),
        ("libjack.so.0", "jack_set_error_function", "jack_set_info_function"),
    ):
        try:
            loaded = ctypes.CDLL(library)
            for setter in setters:
                getattr(loaded, setter)(nothing)
        except (OSError, AttributeError):
            # Nobody there who would speak
            log.debug("no %s", library)
