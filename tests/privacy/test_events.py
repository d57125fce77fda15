from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from realtime.privacy.events import Event, Kind, SoundServer, address_event, in_order, socket_event, written_event

pytestmark = pytest.mark.posix

SHARED = "/dev/shm"  # noqa: S108 - compared, not written
SOUND = SoundServer(PurePosixPath("/home/me/.config"), PurePosixPath("/temporary"))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/x.png", Kind.WRITTEN),
        ("/temporary/emodj-1/report", Kind.WRITTEN),
        ("/dev/null", None),
        ("/dev/snd/controlC0", Kind.LOCAL),
        (f"{SHARED}/left-behind", Kind.WRITTEN),
        ("/proc/self/task/1/comm", Kind.LOCAL),
        ("/development/x", Kind.WRITTEN),
    ],
)
def test_a_path_counts_as_written_unless_it_is_no_file(path: str, kind: Kind | None) -> None:
    for sound in (None, SOUND):
        event = written_event(PurePosixPath(path), sound)
        assert (event and event.kind) is kind
        assert event is None or path in event.what


@pytest.mark.parametrize(
    "path",
    [
        "/home/me/.config",
        "/home/me/.config/pulse",
        "/home/me/.config/pulse/cookie",
        "/temporary/pulse-PKdhtXMmr18n",
        "/temporary/pulse-PKdhtXMmr18n/native",
        f"{SHARED}/pulse-shm-1",
        f"{SHARED}/jack_db-0/metadata.db",
    ],
)
def test_the_files_of_a_sound_server_are_excused_only_while_a_song_plays(path: str) -> None:
    own, without = written_event(PurePosixPath(path), SOUND), written_event(PurePosixPath(path), None)
    assert own is not None
    assert own.kind is Kind.LOCAL
    assert without == Event(Kind.WRITTEN, path)


@pytest.mark.parametrize(
    "path", ["/home/me/.config/pulseaudio.txt", "/temporary/x/pulse-1", "/home/me/.config/emodj/x", "/temporary/pulse"]
)
def test_other_files_are_not_excused_while_a_song_plays(path: str) -> None:
    assert written_event(PurePosixPath(path), SOUND) == Event(Kind.WRITTEN, path)


def test_every_address_is_a_connection_and_a_socket_of_this_computer_is_none() -> None:
    assert address_event("192.0.2.1", 443) == Event(Kind.CONNECTED, "192.0.2.1:443")
    assert address_event("127.0.0.1", 9) == Event(Kind.CONNECTED, "127.0.0.1:9")
    assert address_event("::1", 9) == Event(Kind.CONNECTED, "[::1]:9")
    assert address_event("127.0.0.1", 80, listens=True) == Event(Kind.CONNECTED, "listened at 127.0.0.1:80")
    assert socket_event("@/tmp/.X11-unix/X0").kind is Kind.LOCAL


def test_the_same_event_is_listed_once() -> None:
    one, other = socket_event("a"), socket_event("b")
    assert in_order([other, one, other]) == (other, one)
