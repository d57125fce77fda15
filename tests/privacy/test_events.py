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


def test_every_address_is_a_connection_and_a_socket_of_the_screen_is_none() -> None:
    assert address_event("192.0.2.1", 443) == Event(Kind.CONNECTED, "192.0.2.1:443")
    assert address_event("127.0.0.1", 9) == Event(Kind.CONNECTED, "127.0.0.1:9")
    assert address_event("::1", 9) == Event(Kind.CONNECTED, "[::1]:9")
    assert address_event("127.0.0.1", 80, listens=True) == Event(Kind.CONNECTED, "listened at 127.0.0.1:80")
    assert socket_event("@/tmp/.X11-unix/X0").kind is Kind.LOCAL


@pytest.mark.parametrize(
    "path",
    [
        "/tmp/.X11-unix/X0",  # noqa: S108 - compared, not written
        "@/tmp/.X11-unix/X0",
        "@/tmp/.ICE-unix/1234",
        "/run/user/1000/wayland-0",
        "/run/user/1000/pulse/native",
        "/run/user/1000/pipewire-0",
        "/run/user/1000/pipewire-0-manager",
        "/var/run/pulse/native",
        "/tmp/pulse-PKdhtXMmr18n/native",  # noqa: S108 - compared, not written
        f"{SHARED}/jack_default_1000_0",
        f"{SHARED}/jack-0/default/jack_0",
    ],
)
def test_sockets_of_the_screen_and_the_sound_are_local(path: str) -> None:
    assert socket_event(path, {}) == Event(Kind.LOCAL, f"socket {path}")


@pytest.mark.parametrize(
    "path",
    [
        "/run/systemd/resolve/io.systemd.Resolve",
        "/var/run/nscd/socket",
        "/run/dbus/system_bus_socket",
        "/run/user/1000/bus",
        "/var/run/docker.sock",
        "/run/avahi-daemon/socket",
        "/home/me/wayland-0",
        "/home/me/tmp/.X11-unix/X0",
        "/tmp/.X11-unix/../docker.sock",  # noqa: S108 - compared, not written
        "@service",
        "relative",
    ],
)
def test_other_sockets_of_this_computer_are_connections(path: str) -> None:
    assert socket_event(path, {}) == Event(Kind.CONNECTED, f"socket {path}")


@pytest.mark.parametrize(
    ("variables", "path"),
    [
        ({"XDG_RUNTIME_DIR": "/mnt/run/"}, "/mnt/run/wayland-1"),
        ({"XDG_RUNTIME_DIR": "/mnt/run"}, "/mnt/run/pulse/native"),
        ({"XDG_RUNTIME_DIR": "/mnt/run", "WAYLAND_DISPLAY": "nested"}, "/mnt/run/nested"),
        ({"WAYLAND_DISPLAY": "/mnt/screen"}, "/mnt/screen"),
        ({"PULSE_SERVER": "unix:/mnt/wslg/PulseServer"}, "/mnt/wslg/PulseServer"),
        ({"PULSE_SERVER": "tcp:host {0123}unix:/mnt/pulse"}, "/mnt/pulse"),
        ({"PULSE_RUNTIME_PATH": "/mnt/pulse"}, "/mnt/pulse/native"),
        ({"PIPEWIRE_RUNTIME_DIR": "/mnt/wire"}, "/mnt/wire/pipewire-0"),
    ],
)
def test_variables_name_other_places_for_them(variables: dict[str, str], path: str) -> None:
    assert socket_event(path, variables).kind is Kind.LOCAL
    assert socket_event(path, {}).kind is Kind.CONNECTED


def test_the_same_event_is_listed_once() -> None:
    one, other = socket_event("a"), socket_event("b")
    assert in_order([other, one, other]) == (other, one)
