from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import Cause
from realtime.sources.camera_permission import Permission
from realtime.sources.cameras import DeviceFacts, can_capture, explain, probe_device

if TYPE_CHECKING:
    from collections.abc import Generator

NODE = "/dev/video2"
CAPTURE, PLANES, METADATA, OUTPUT, HAS_DEVICE_CAPS = 0x1, 0x1000, 0x00800000, 0x2, 0x80000000


# Cause and sentence for given facts


@pytest.mark.parametrize(
    ("error", "cause", "phrase"),
    [
        (errno.ENOENT, Cause.ABSENT, f"there is no {NODE}, plug the camera in"),
        (errno.ENOTDIR, Cause.ABSENT, f"there is no {NODE}"),
        (errno.ENODEV, Cause.ABSENT, "plug the camera in again"),
        (errno.ENXIO, Cause.ABSENT, "plug the camera in again"),
        (errno.EBUSY, Cause.BUSY, "another program uses it, close that program"),
        (errno.EACCES, Cause.DENIED, f"you may not use {NODE}, run `sudo usermod -aG video $USER` and log in again"),
        (errno.EPERM, Cause.DENIED, "give the container or sandbox access to it"),
        (errno.EIO, Cause.UNREADABLE, f"{NODE} answers: {os.strerror(errno.EIO)}"),
        (errno.ELOOP, Cause.UNREADABLE, os.strerror(errno.ELOOP)),
    ],
)
def test_each_system_error_has_its_cause_and_sentence(error: int, cause: Cause, phrase: str) -> None:
    actual_cause, sentence = explain(DeviceFacts("linux", NODE, error=error))
    assert actual_cause is cause
    assert phrase in sentence


def test_a_device_that_is_no_camera_is_unreadable() -> None:
    assert explain(DeviceFacts("linux", NODE, captures=False)) == (
        Cause.UNREADABLE,
        f"{NODE} is no camera, it takes no pictures",
    )


@pytest.mark.parametrize("facts", [DeviceFacts("linux", NODE, captures=True), DeviceFacts("freebsd14", NODE)])
def test_a_camera_that_gives_no_picture_is_busy(facts: DeviceFacts) -> None:
    cause, sentence = explain(facts)
    assert cause is Cause.BUSY
    assert "close the program that uses it" in sentence


@pytest.mark.parametrize(
    ("platform", "setting"),
    [
        ("darwin", "System Settings > Privacy & Security > Camera"),
        ("win32", "Settings > Privacy & security > Camera, there also for desktop apps"),
    ],
)
def test_the_privacy_setting_of_the_platform_is_named(platform: str, setting: str) -> None:
    for facts, expected in ((DeviceFacts(platform, listed=True), Cause.DENIED), (DeviceFacts(platform), Cause.ABSENT)):
        cause, sentence = explain(facts)
        assert cause is expected
        assert setting in sentence
        assert "usermod" not in sentence
        assert "None" not in sentence


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_a_camera_that_the_system_does_not_list_is_absent(platform: str) -> None:
    assert explain(DeviceFacts(platform, listed=False)) == (Cause.ABSENT, "it is not connected, plug it in")


@pytest.mark.parametrize(
    ("permission", "listed", "cause", "phrase"),
    [
        (Permission.NOT_ASKED, True, Cause.DENIED, "nobody has answered yet whether this program may use it, answer or allow"),
        (Permission.DENIED, None, Cause.DENIED, "allow your terminal in System Settings > Privacy & Security > Camera"),
        (Permission.ALLOWED, True, Cause.BUSY, "close the program that uses it or plug it in again"),
        (Permission.ALLOWED, False, Cause.ABSENT, "it is not connected, plug it in"),
        (Permission.ALLOWED, None, Cause.ABSENT, "it is not connected, plug it in"),
    ],
)
def test_macos_says_whether_the_camera_is_allowed(
    permission: Permission,
    listed: bool | None,  # noqa: FBT001
    cause: Cause,
    phrase: str,
) -> None:
    actual_cause, sentence = explain(DeviceFacts("darwin", listed=listed, permission=permission))
    assert actual_cause is cause
    assert phrase in sentence


@given(
    st.builds(
        DeviceFacts,
        platform=st.sampled_from(["linux", "darwin", "win32", "freebsd14"]),
        node=st.just(NODE),
        error=st.none() | st.sampled_from(sorted(errno.errorcode)),
        captures=st.none() | st.booleans(),
        listed=st.none() | st.booleans(),
        permission=st.sampled_from(Permission),
    )
)
def test_any_facts_give_a_cause_and_a_part_of_a_sentence(facts: DeviceFacts) -> None:
    cause, sentence = explain(facts)
    assert cause is not Cause.LOST, "a camera that was never opened cannot be lost"
    assert sentence == sentence.strip().rstrip(".?;")
    assert "\n" not in sentence


# Capabilities that a device reports


def capability_struct(capabilities: int, device_caps: int) -> bytes:
    return struct.pack("=16s32s32sIII3I", b"uvcvideo", b"Integrated Webcam", b"usb-0", 0, capabilities, device_caps, 0, 0, 0)


@pytest.mark.parametrize(
    ("capabilities", "device_caps"),
    [
        (HAS_DEVICE_CAPS | CAPTURE | METADATA, CAPTURE),
        (HAS_DEVICE_CAPS | PLANES, PLANES),
        # An old driver, with one node for each camera
        (CAPTURE, 0),
    ],
)
def test_a_capture_node_is_recognised(capabilities: int, device_caps: int) -> None:
    answer = capability_struct(capabilities, device_caps)
    assert len(answer) == 104
    assert can_capture(answer)


@pytest.mark.parametrize(
    ("capabilities", "device_caps"),
    [(HAS_DEVICE_CAPS | CAPTURE | METADATA, METADATA), (HAS_DEVICE_CAPS | OUTPUT, OUTPUT), (OUTPUT, CAPTURE)],
)
def test_metadata_and_output_nodes_are_no_capture_nodes(capabilities: int, device_caps: int) -> None:
    assert not can_capture(capability_struct(capabilities, device_caps))


# Real devices


linux = pytest.mark.skipif(sys.platform != "linux", reason="needs the device nodes of Linux")


def test_a_missing_device() -> None:
    node = "/dev/video9999"
    assert probe_device(node) == DeviceFacts(sys.platform, node, error=errno.ENOENT)


@linux
@pytest.mark.parametrize("node", ["/dev/null", "/dev/zero"])
def test_a_device_of_another_kind(node: str) -> None:
    assert probe_device(node) == DeviceFacts("linux", node, captures=False)


def test_a_path_that_is_no_device_is_not_opened(tmp_path: Path) -> None:
    places = [tmp_path, tmp_path / "file"]
    (tmp_path / "file").write_bytes(b"")
    if sys.platform != "win32":
        # Opening a pipe would wait for a program at its other end
        os.mkfifo(tmp_path / "pipe")
        places.append(tmp_path / "pipe")
    for place in places:
        assert probe_device(str(place)) == DeviceFacts(sys.platform, str(place), captures=False)


@pytest.mark.posix("needs links")
def test_a_broken_link_and_a_circular_link(tmp_path: Path) -> None:
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    assert probe_device(str(tmp_path / "nowhere")).error == errno.ENOENT
    assert probe_device(str(tmp_path / "round")).error == errno.ELOOP
    (tmp_path / "file").write_bytes(b"")
    assert probe_device(str(tmp_path / "file" / "video0")).error == errno.ENOTDIR


@contextmanager
def ordinary_user() -> Generator[None]:
    """Drop the rights of root, for whom every device is open."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@linux
def test_a_device_without_permission() -> None:
    with ordinary_user():
        closed_nodes = (
            str(node)
            for node in sorted(Path("/dev").iterdir())
            if stat.S_ISCHR(node.lstat().st_mode) and not os.access(node, os.R_OK | os.W_OK, effective_ids=True)
        )
        node = next(closed_nodes, None)
        if node is None:
            pytest.skip("this machine has no device that is closed to ordinary users")
        facts = probe_device(node)
    assert facts == DeviceFacts("linux", node, error=errno.EACCES)


@linux
def test_probing_leaves_no_handle_open() -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the folder itself is open while it is read
    for node in ("/dev/null", "/dev/video9999", "/dev/zero"):
        probe_device(node)
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
