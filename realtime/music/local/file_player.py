"""Play one sound file at a time, through the library just_playback."""

from __future__ import annotations

import ctypes
import importlib
import logging
import math
import os
import sys
import time
from contextlib import contextmanager, suppress
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

STALL_TIMEOUT_S = 5.0
"""A song whose position stands still for so many seconds counts as ended: its disk or its sound device is gone.

Headphones may take a second or two to start."""

FADE_STEP_S = 0.04
"""Seconds between two steps of a fade: 50 steps in two seconds are heard as one slope."""
LONG_ENOUGH = 4
"""A song that is not this many times as long as a cross-fade ends without one."""
_MP3_HEAD = 2**18

_MAX_POLL_GAP_S = 1.0
"""Time between two polls that counts towards a stall at most, in seconds."""
# Error messages of the library that concern the sound device; all others concern the file
_DEVICE_ERRORS = (
    "MA_FAILED_TO_",
    "MA_DEVICE_",
    "MA_NO_DEVICE",
    "MA_NO_BACKEND",
    "MA_SHARE_MODE",
    "MA_BACKEND",
    "No playback device",
)


class UnplayableError(EmodjError):
    """This file cannot be played; other files may."""

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


class SoundPlayer(Protocol):
    """Plays one file at a time. One thread makes all calls."""

    @property
    def volume(self) -> float:
        """Volume of this file and of later ones, 0..1."""
        ...

    @volume.setter
    def volume(self, volume: float) -> None: ...

    @property
    def ended(self) -> bool:
        """Whether the file has played to its end. To be read a few times a second."""
        ...

    @property
    def fade_s(self) -> float:
        """Seconds in which one file fades into the next, a pause begins and a stop comes; 0 without fades."""
        ...

    @fade_s.setter
    def fade_s(self, seconds: float) -> None: ...

    @property
    def ending(self) -> bool:
        """Whether the file has ended, or has reached the seconds in which the next one may fade in."""
        ...

    def take_fault(self) -> str | None:
        """A sentence on why the file ended before its end, once; None if it did not."""
        ...

    def play(self, path: Path) -> None:
        """Stop the current file, or fade from it, and play this one from its beginning.

        Raises:
            UnplayableError: this file cannot be played; the previous one is stopped.
            EmodjError: the sound device fails, so that no file can be played.
        """
        ...

    def pause(self) -> None:
        """Pause the file; without a file it does nothing."""
        ...

    def fade_out(self) -> None:
        """Pause the file after a fade of `fade_s`; returns at once."""
        ...

    def resume(self) -> None:
        """Continue after a pause.

        Raises:
            EmodjError: the sound device is gone.
        """
        ...

    def stop(self) -> None:
        """Stop the file."""
        ...

    def close(self) -> None:
        """Release the file and the sound device for good."""
        ...


class FilePlayer:
    """Plays a file as a stream from the disk: a song of ten hours takes no more memory than a song of a minute.

    Without a sound card, Linux plays to a null device at normal speed, which looks like normal playing.

    A fade needs a call of `step_fade` each `FADE_STEP_S` while `fading` is true. Two files then play at once, each on
    a stream of its own, which the system mixes.

    Attributes:
        fade_s: seconds of a fade; 0 for none.

    Raises:
        EmodjError: the library does not run on this computer.
    """

    def __init__(self) -> None:
        _mute_audio_libraries()
        try:
            importlib.import_module("just_playback")
        except (ImportError, OSError) as error:
            raise EmodjError(
                f"cannot play music files: the library just_playback does not run here ({error}); "
                "try pip install --force-reinstall just-playback, which needs a C compiler if it has no wheel for this system"
            ) from error
        self._playback: Playback | None = None
        self._volume = 1.0
        self._file: Path | None = None
        self.fade_s = 0.0
        self._length_s: float | None = None
        # The file before, which fades out
        self._leaving: Playback | None = None
        # Start of the fade, and whether the file fades in, or out to a pause; None without a fade
        self._fade_began_s: float | None = None
        self._fades_in = True
        # Parts of the volume at which the two files play, 0..1, and from which they fade out: a fade may begin in another
        self._part, self._leaving_part = 1.0, 0.0
        self._part_before, self._leaving_before = 1.0, 0.0
        # To detect a stall: last position, how long it has not changed, time of the last poll
        self._position = -1.0
        self._stalled_s = 0.0
        self._polled_at_s = 0.0

    @property
    def volume(self) -> float:
        """Volume of this file and of later ones, 0..1; other values are clipped."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = min(1.0, max(0.0, volume))
        if self._playback is not None and not self.fading:
            with _translate_errors():
                self._playback.set_volume(self._volume)

    @property
    def ended(self) -> bool:
        """Whether the file has played to its end, or has stalled."""
        if self._playback is None or self._file is None:
            return False
        return not self._playback.active or self._is_stalled(self._playback)

    @property
    def ending(self) -> bool:
        """Whether the file has ended, or is in its last `fade_s` seconds, and they are known to be its last."""
        playback, length_s = self._playback, self._length_s
        if self.ended or playback is None or self._file is None:
            return self.ended
        if length_s is None or self.fade_s <= 0 or length_s < LONG_ENOUGH * self.fade_s or playback.paused:
            return False
        return length_s - self.fade_s <= playback.curr_pos

    @property
    def fading(self) -> bool:
        """Whether a fade is under way."""
        return self._fade_began_s is not None

    def step_fade(self) -> None:
        """Take the next step of a fade; does nothing without one."""
        if self._fade_began_s is None or self._playback is None:
            return
        part = 1.0 if self.fade_s <= 0 else min(1.0, (time.monotonic() - self._fade_began_s) / self.fade_s)
        # The sum of their powers stays the same: two songs are as loud as one
        louder, quieter = math.sin(part * math.pi / 2), math.cos(part * math.pi / 2)
        if part == 1:
            self._fade_began_s = None
        self._part = louder if self._fades_in else self._part_before * quieter
        self._leaving_part = self._leaving_before * quieter
        with _translate_errors():
            self._playback.set_volume(self._volume * self._part)
            if self._leaving is not None:
                self._leaving.set_volume(self._volume * self._leaving_part)
        if part < 1:
            return
        self._drop_leaving()
        if not self._fades_in:
            with _translate_errors():
                self._playback.pause()

    def leave(self) -> None:
        """Fade out and stop; returns after the fade."""
        if self._playback is not None and self.fade_s > 0 and not self._playback.paused and not self.ended:
            self._begin_fade_out()
            while self.fading:
                time.sleep(FADE_STEP_S)
                self.step_fade()
        self.stop()

    def take_fault(self) -> str | None:
        """None: a damaged file ends as others do, or ends this process."""

    def play(self, path: Path) -> None:
        """Play a file from its beginning; returns after some milliseconds.

        Raises:
            UnplayableError: the file is missing, damaged, unreadable or of another format.
            EmodjError: the sound device is missing or fails.
        """
        self._begin_leaving()
        try:
            check_readable(path)
            self._load(path)
        except EmodjError:
            self._drop_leaving()
            raise

    def _load(self, path: Path) -> None:
        with _translate_errors(path):
            playback = self._playback = _new_playback()
            self._part = 0.0 if self._leaving is not None else 1.0
            playback.set_volume(self._volume * self._part)
            try:
                playback.load_file(str(path))
            except OSError as error:
                raise UnplayableError(f"cannot play {path}: it cannot be read ({error})") from error
            except Exception as error:
                # The library reads the tags last, when the sound is ready: play the file despite a broken tag
                if type(error).__module__.partition(".")[0] != "tinytag":
                    raise
                log.info("%s: %s", path, error)
            playback.play()
        self._length_s = playback.duration if playback.duration and states_length(path) else None
        if self._leaving is not None:
            self._fade_began_s, self._fades_in = time.monotonic(), True
        self._file, self._position, self._stalled_s, self._polled_at_s = path, -1.0, 0.0, time.monotonic()

    def pause(self) -> None:
        """Pause the file, at once."""
        if self._playback is not None:
            self._end_fade(self._playback)
            with _translate_errors():
                self._playback.pause()

    def fade_out(self) -> None:
        """Pause the file after a fade."""
        if self._playback is None or self.fade_s <= 0:
            self.pause()
        elif not self._playback.paused:
            self._begin_fade_out()

    def _begin_fade_out(self) -> None:
        """Let all that is heard fade out from the volume that it has now."""
        self._part_before, self._leaving_before = self._part, self._leaving_part
        self._fade_began_s, self._fades_in = time.monotonic(), False

    def resume(self) -> None:
        """Continue after a pause, or in place of one that a fade would bring."""
        if self._playback is not None:
            self._stalled_s = 0.0
            self._end_fade(self._playback)
            with _translate_errors():
                # A fade has left it at 0
                self._part = 1.0
                self._playback.set_volume(self._volume)
                self._playback.resume()

    def stop(self) -> None:
        """Stop the file and release the sound device, so that other programs can use it."""
        self._file = self._fade_began_s = None
        self._drop_leaving()
        if self._playback is not None:
            playback, self._playback = self._playback, None
            with _translate_errors():
                playback.close()

    def close(self) -> None:
        """Stop, and release the sound device."""
        self.stop()

    def _begin_leaving(self) -> None:
        """Let the file fade out while the next one fades in; stop it where there is no fade."""
        playback = self._playback
        if self.fade_s <= 0 or playback is None or self._file is None or playback.paused or not playback.active:
            self.stop()
            return
        self._drop_leaving()
        self._leaving, self._leaving_part = playback, self._part
        self._leaving_before = self._leaving_part
        self._playback = self._file = self._fade_began_s = None

    def _drop_leaving(self) -> None:
        leaving, self._leaving, self._leaving_part = self._leaving, None, 0.0
        if leaving is not None:
            # The song that was to end has ended
            with suppress(EmodjError), _translate_errors():
                leaving.close()

    def _end_fade(self, playback: Playback) -> None:
        if self._fade_began_s is not None:
            self._fade_began_s = None
            self._drop_leaving()
            self._part = 1.0
            with _translate_errors():
                playback.set_volume(self._volume)

    def _is_stalled(self, playback: Playback) -> bool:
        now_s, position = time.monotonic(), playback.curr_pos
        # A long gap between two polls is no stall: the laptop slept, or the caller was busy
        passed_s, self._polled_at_s = min(now_s - self._polled_at_s, _MAX_POLL_GAP_S), now_s
        moved, self._position = position != self._position, position
        self._stalled_s = 0.0 if moved or playback.paused else self._stalled_s + passed_s
        return self._stalled_s >= STALL_TIMEOUT_S


def states_length(path: Path) -> bool:
    """Whether the length of a file is known and not only estimated, as for an mp3 without a count of its frames."""
    if path.suffix.lower() != ".mp3":
        return True
    try:
        with path.open("rb") as file:
            head = file.read(10)
            # The size of the tag before the sound, seven bits in each of four bytes
            tag = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
            file.seek(10 + tag if head.startswith(b"ID3") else 0)
            frame = file.read(_MP3_HEAD)
    except (OSError, ValueError):
        return False
    return any(word in frame for word in (b"Xing", b"Info", b"VBRI"))


def check_readable(path: Path) -> None:
    """Check that a path is a file that can be read: the library does not describe what is wrong.

    Raises:
        UnplayableError: it is none; the message is a sentence.
    """
    try:
        # To open a pipe would block until another program writes to it
        if not S_ISREG(path.stat().st_mode):
            raise UnplayableError(f"cannot play {path}: it is no file")
        path.open("rb").close()
    except FileNotFoundError as error:
        raise UnplayableError(f"cannot play {path}: there is no such file") from error
    except OSError as error:
        raise UnplayableError(f"cannot play {path}: it cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UnplayableError(f"cannot play {path}: there is no such file ({error})") from error


def _new_playback() -> Playback:
    from just_playback import Playback

    return Playback()


@contextmanager
def _translate_errors(path: Path | None = None) -> Generator[None]:
    from just_playback.ma_result import MiniaudioError

    try:
        yield
    except MiniaudioError as error:
        if path is None or str(error).startswith(_DEVICE_ERRORS):
            raise EmodjError(
                f"no sound: the sound device does not answer ({error}); "
                "plug in another one, or close other programs that use it"
            ) from error
        raise UnplayableError(f"cannot play {path}: it is damaged, or none of {FORMATS} ({error})") from error


def _mute_audio_libraries() -> None:
    """Stop ALSA, JACK and PulseAudio from writing a long report on each missing device to stderr, on their threads."""
    os.environ.setdefault("PULSE_LOG", "0")
    if not sys.platform.startswith("linux"):
        return
    # A C function without effect, as the handler: a thread of a sound library must not call Python code
    no_operation = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, ctypes.c_void_p)
    for library, *setters in (
        ("libasound.so.2", "snd_lib_error_set_handler"),
        ("libjack.so.0", "jack_set_error_function", "jack_set_info_function"),
    ):
        try:
            loaded = ctypes.CDLL(library)
            for setter in setters:
                getattr(loaded, setter)(no_operation)
        except (OSError, AttributeError):
            # A library that is not installed writes nothing
            log.debug("no %s", library)
