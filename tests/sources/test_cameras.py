from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import cv2
import pytest
from cv2_enumerate_cameras import CameraInfo
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import Cause, SourceError, UsageError
from realtime.sources.cameras import FIRST_FRAME_S, Device, explain_failure, find_camera, list_cameras, next_camera, open_camera

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.sources.cameras import CameraLister

WEBCAM = Device(0, "Integrated Webcam", "/dev/video0", cv2.CAP_V4L2)
BRIO = Device(2, "Logitech BRIO", "/dev/video2", cv2.CAP_V4L2)
C920 = Device(4, "Logitech HD Pro C920", "/dev/video4", cv2.CAP_V4L2)
ALL = [WEBCAM, BRIO, C920]

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs the device names of Linux")


def lister_of(*cameras: tuple[int, int, str | None]) -> CameraLister:
    """A lister of cameras given as (backend, index, name); the path is made of the first two."""

    def list_backend(backend: int) -> list[CameraInfo]:
        return [
            CameraInfo(index, name, f"{its_backend}/{index}", None, None, its_backend)  # pyright: ignore[reportArgumentType] - name can be None
            for its_backend, index, name in cameras
            if its_backend == backend
        ]

    return list_backend


# Listing


def test_cameras_are_listed_by_number_with_their_names() -> None:
    lister = lister_of((cv2.CAP_V4L2, 10, "Logitech BRIO"), (cv2.CAP_V4L2, 2, "Integrated Webcam"))
    assert list_cameras(lister, "linux") == [
        Device(2, "Integrated Webcam", f"{cv2.CAP_V4L2}/2", cv2.CAP_V4L2),
        Device(10, "Logitech BRIO", f"{cv2.CAP_V4L2}/10", cv2.CAP_V4L2),
    ]


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [(None, ""), ("", ""), ("  USB\tCam \n", "USB Cam"), ("\x1b[31mCam\a", "[31mCam"), ("Kamera für ☂", "Kamera für ☂")],
)
def test_a_name_is_cleaned_to_one_line_of_text(name: str | None, cleaned: str) -> None:
    [device] = list_cameras(lister_of((cv2.CAP_V4L2, 0, name)), "linux")
    assert device.name == cleaned


def test_a_camera_that_only_the_second_backend_lists_is_listed() -> None:
    lister = lister_of(
        (cv2.CAP_MSMF, 0, "Integrated Webcam"),
        (cv2.CAP_DSHOW, 0, "Integrated Webcam"),
        (cv2.CAP_DSHOW, 1, "OBS Virtual Camera"),
    )
    first, second = list_cameras(lister, "win32")
    assert (first.index, first.name, first.backend) == (0, "Integrated Webcam", cv2.CAP_MSMF)
    # OpenCV takes the backend from such a number where it may choose
    assert (second.index, second.name, second.backend) == (cv2.CAP_DSHOW + 1, "OBS Virtual Camera", cv2.CAP_ANY)


def test_two_cameras_of_one_model_are_both_listed() -> None:
    assert len(list_cameras(lister_of((cv2.CAP_MSMF, 0, "Cam"), (cv2.CAP_MSMF, 1, "Cam")), "win32")) == 2


class ObjectiveCError(Exception):
    """As `objc.error` of pyobjc, which is no subclass of any other error."""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ImportError("no AVFoundation"), "no AVFoundation"),
        (OSError("broken"), "broken"),
        (NotImplementedError("Unsupported backend: 1400!"), "Unsupported backend: 1400!"),
        (ObjectiveCError("NSInvalidArgumentException - x\nin a second line"), "NSInvalidArgumentException - x"),
        (AttributeError(), "AttributeError"),
    ],
)
def test_a_lister_that_fails_gives_an_empty_list_and_a_sentence(error: Exception, reason: str) -> None:
    def failing(backend: int) -> list[CameraInfo]:
        del backend
        raise error

    sentences: list[str] = []
    assert list_cameras(failing, "darwin", notify=sentences.append) == []
    assert sentences == [f"not all cameras can be listed ({reason}): name one by its number, from 0"]


def test_a_backend_that_fails_hides_no_camera_of_the_other() -> None:
    def half(backend: int) -> list[CameraInfo]:
        if backend == cv2.CAP_MSMF:
            raise NotImplementedError
        return [CameraInfo(1, "OBS Virtual Camera", "x", None, None, backend)]

    sentences: list[str] = []
    assert [camera.name for camera in list_cameras(half, "win32", notify=sentences.append)] == ["OBS Virtual Camera"]
    assert len(sentences) == 1


def test_nothing_is_listed_on_a_platform_where_listing_opens_cameras() -> None:
    def opening(backend: int) -> list[CameraInfo]:
        raise AssertionError(backend)

    sentences: list[str] = []
    assert list_cameras(opening, "freebsd14", notify=sentences.append) == []
    assert sentences == ["the cameras of this system cannot be listed: name one by its number, from 0"]


@linux
def test_the_real_list_names_existing_devices() -> None:
    devices = list_cameras()
    assert [str(device.index) for device in devices] == [str(device.path).removeprefix("/dev/video") for device in devices]
    assert all(Path(str(device.path)).is_char_device() for device in devices)
    assert devices == sorted(devices, key=lambda device: device.index or 0)


def test_the_library_is_imported_only_to_list_cameras() -> None:
    program = "import sys, realtime.sources.cameras; sys.exit('cv2_enumerate_cameras' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


# Choosing by number, path or name


@pytest.mark.parametrize(
    ("wanted", "device"),
    [
        ("0", WEBCAM),
        ("2", BRIO),
        (" 2 ", BRIO),
        ("02", BRIO),
        ("/dev/video4", C920),
        ("/dev/../dev/video4", C920),
        ("webcam", WEBCAM),
        ("Logitech BRIO", BRIO),
        ("brIO", BRIO),
        ("c920", C920),
    ],
)
def test_number_path_and_a_part_of_the_name_find_a_camera(wanted: str, device: Device) -> None:
    assert find_camera(wanted, ALL) == device


def test_a_number_wins_over_a_name_that_holds_it() -> None:
    assert find_camera("920", [C920]) == Device(920)


def test_the_whole_name_wins_over_a_part_of_another() -> None:
    pro = Device(1, "Logitech BRIO Pro")
    assert find_camera("logitech brio", [pro, BRIO]) == BRIO


@pytest.mark.posix("needs links")
def test_a_link_to_a_device_is_that_device(tmp_path: Path) -> None:
    (tmp_path / "by-id").symlink_to("/dev/video2")
    assert find_camera(str(tmp_path / "by-id"), ALL) == BRIO


@pytest.mark.parametrize(
    ("wanted", "device", "label"),
    [
        ("7", Device(7), "camera 7"),
        ("0", Device(0), "camera 0"),
        ("9999", Device(9999), "camera 9999"),
        ("/dev/video7", Device(7, path="/dev/video7"), "camera 7"),
        ("/dev/null", Device(None, path="/dev/null"), "camera /dev/null"),
    ],
)
@linux
def test_a_number_or_path_that_is_not_listed_is_accepted(wanted: str, device: Device, label: str) -> None:
    assert find_camera(wanted, [BRIO]) == device
    assert device.label == label


def test_a_name_that_fits_several_is_refused_with_their_labels() -> None:
    with pytest.raises(UsageError, match=r'^"logitech" fits "Logitech BRIO" \(2\) and "Logitech HD Pro C920" \(4\): .*number$'):
        find_camera("logitech", ALL)
    twins = [Device(0, "Cam"), Device(2, "Cam")]
    with pytest.raises(UsageError, match=r'"Cam" \(0\) and "Cam" \(2\)'):
        find_camera("Cam", twins)


@pytest.mark.parametrize("wanted", ["", "  "])
def test_an_empty_name_is_a_usage_error(wanted: str) -> None:
    with pytest.raises(UsageError, match="no camera is named"):
        find_camera(wanted, ALL)


@pytest.mark.parametrize(
    ("wanted", "cameras", "phrase"),
    [
        (
            "logitek",
            [WEBCAM, BRIO],
            'this computer has "Integrated Webcam" (0) and "Logitech BRIO" (2) (did you mean "Logitech BRIO"?); ',
        ),
        ("xyz", [WEBCAM], 'no camera is called "xyz": this computer has "Integrated Webcam" (0); '),
        ("xyz", ALL, '"Integrated Webcam" (0), "Logitech BRIO" (2) and "Logitech HD Pro C920" (4); '),
        ("brio", [], 'no camera is called "brio": this computer lists no camera; '),
        ("-1", [Device(3)], 'no camera is called "-1": this computer has 3; '),
        ("99999", [Device(3)], 'no camera is called "99999": this computer has 3; '),
        ("²", [Device(3)], 'no camera is called "²"'),
    ],
)
def test_an_unknown_name_is_refused_with_the_cameras_of_this_computer(wanted: str, cameras: list[Device], phrase: str) -> None:
    with pytest.raises(SourceError) as caught:
        find_camera(wanted, cameras)
    assert caught.value.cause is Cause.ABSENT
    assert phrase in str(caught.value)
    assert "`emodj cameras`" in str(caught.value)


@given(st.lists(st.integers(0, 99), max_size=5, unique=True), st.text(max_size=12))
def test_any_text_gives_a_camera_or_an_error(numbers: list[int], wanted: str) -> None:
    cameras = [Device(number, f"Cam {number}", f"/dev/video{number}") for number in numbers]
    try:
        device = find_camera(wanted, cameras)
    except (SourceError, UsageError):
        return
    assert device in cameras or not device.name


# The next camera


@pytest.mark.parametrize(
    ("current", "cameras", "following"),
    [
        (WEBCAM, ALL, BRIO),
        (BRIO, ALL, C920),
        (C920, ALL, WEBCAM),
        (BRIO, [C920, WEBCAM], C920),
        (Device(9), ALL, WEBCAM),
        (Device(0), ALL, BRIO),
        (Device(0), [WEBCAM], None),
        (WEBCAM, [], None),
        (Device(None, path="/dev/null"), ALL, WEBCAM),
        (Device(None, path="/dev/video0"), [WEBCAM], None),
    ],
)
def test_the_next_camera(current: Device, cameras: Sequence[Device], following: Device | None) -> None:
    assert next_camera(current, cameras) == following


@given(st.lists(st.integers(0, 99), min_size=2, max_size=8, unique=True))
def test_switching_visits_every_camera_once_and_returns(numbers: list[int]) -> None:
    cameras = [Device(number) for number in numbers]
    current = cameras[0]
    visited: list[Device | None] = []
    for _ in cameras:
        following = next_camera(current, cameras)
        assert following is not None
        visited.append(current := following)
    assert visited[-1] == cameras[0]
    assert set(visited) == set(cameras)


# Opening


class Driver:
    """Stands in for OpenCV's capture and records the calls; calling the object opens it.

    Args:
        opens: whether the camera can be opened.
        gives: what the camera gives before anything is requested, by property.
        misses: how many frames the driver waits for in vain at the start.
    """

    def __init__(self, *, opens: bool, gives: dict[int, float] | None = None, misses: int = 0) -> None:
        self.opens = opens
        self.gives = gives or {}
        self.misses = misses
        self.calls: list[tuple[object, ...]] = []

    def __call__(self, path: int | str, backend: int) -> cv2.VideoCapture:
        self.calls.append((path, backend))
        return cast("cv2.VideoCapture", self)

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.opens

    def set(self, key: int, value: float) -> None:
        self.calls.append((key, value))

    def get(self, key: int) -> float:
        return self.gives.get(key, 0.0)

    def grab(self) -> bool:
        self.misses -= 1
        if self.misses % 2:
            raise cv2.error("no frame")
        return self.misses < 0

    def release(self) -> None:
        self.calls.append(("release",))


@linux
@pytest.mark.parametrize(
    ("device", "path"), [(BRIO, "/dev/video2"), (Device(7), "/dev/video7"), (Device(None, path="/dev/null"), "/dev/null")]
)
def test_a_camera_is_opened_with_the_wanted_picture_and_without_a_queue(device: Device, path: str) -> None:
    driver = Driver(opens=True)
    with open_camera(device, width=1280, height=720, fps=25, opener=driver) as source:
        assert source.live
        assert source.name == device.label
    assert driver.calls == [
        # Without a backend, OpenCV would first try to read the device as a video file
        (path, cv2.CAP_V4L2),
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 25),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
        ("release",),
    ]


HD = {cv2.CAP_PROP_FRAME_WIDTH: 1280.0, cv2.CAP_PROP_FRAME_HEIGHT: 720.0, cv2.CAP_PROP_FPS: 25.0}


@pytest.mark.parametrize(
    ("gives", "requested"),
    [
        (HD, []),
        (HD | {cv2.CAP_PROP_FPS: 30.0}, [cv2.CAP_PROP_FPS]),
        # OpenCV changes the size once it has both sides
        (HD | {cv2.CAP_PROP_FRAME_HEIGHT: 960.0}, [cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT]),
    ],
)
def test_what_the_camera_gives_already_is_not_requested(gives: dict[int, float], requested: list[int]) -> None:
    driver = Driver(opens=True, gives=gives)
    open_camera(Device(0), width=1280, height=720, fps=25, opener=driver).close()
    assert driver.calls[1:-1] == [*((key, HD[key]) for key in requested), (cv2.CAP_PROP_BUFFERSIZE, 1)]


def test_a_camera_that_starts_slowly_is_waited_for_where_the_driver_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FIRST_FRAME_S, sys.platform, 3600.0)
    driver = Driver(opens=True, misses=4)
    open_camera(Device(0), width=640, height=480, fps=30, opener=driver).close()
    assert driver.misses < 0
    # A camera that never gives a frame is not waited for without an end; the first read then says so
    monkeypatch.setitem(FIRST_FRAME_S, sys.platform, 0.01)
    silent = Driver(opens=True, misses=10**6)
    open_camera(Device(0), width=640, height=480, fps=30, opener=silent).close()
    assert 0 < silent.misses < 10**6


@pytest.mark.parametrize(("status", "phrase"), [(0, "nobody has answered yet"), (2, "allow your terminal in System Settings")])
def test_macos_that_refuses_is_not_asked_to_open_the_camera(monkeypatch: pytest.MonkeyPatch, status: int, phrase: str) -> None:
    def read_status(media: str) -> int:
        assert media == "vide"
        return status

    device = SimpleNamespace(authorizationStatusForMediaType_=read_status)
    monkeypatch.setitem(sys.modules, "AVFoundation", SimpleNamespace(AVCaptureDevice=device, AVMediaTypeVideo="vide"))  # pyright: ignore[reportArgumentType]
    driver = Driver(opens=True)
    with pytest.raises(SourceError, match=f'^camera "Cam" \\(0\\) cannot be opened: {phrase}') as caught:
        open_camera(Device(0, "Cam"), width=640, height=480, fps=30, opener=driver, platform="darwin")
    assert caught.value.cause is Cause.DENIED
    assert not driver.calls


@linux
def test_the_target_of_a_link_is_opened(tmp_path: Path) -> None:
    (tmp_path / "by-id").symlink_to("/dev/null")
    driver = Driver(opens=True)
    open_camera(Device(None, path=str(tmp_path / "by-id")), width=640, height=480, fps=30, opener=driver).close()
    assert driver.calls[0] == ("/dev/null", cv2.CAP_V4L2)


def test_a_capture_that_does_not_open_is_released() -> None:
    driver = Driver(opens=False)
    with pytest.raises(SourceError):
        open_camera(Device(97), width=640, height=480, fps=30, opener=driver)
    assert driver.calls[1:] == [("release",)]


@linux
@pytest.mark.parametrize(
    ("device", "cause", "phrase"),
    [
        (Device(97), Cause.ABSENT, r"^camera 97 cannot be opened: there is no /dev/video97, "),
        (Device(97, "Old", "/dev/video97", cv2.CAP_V4L2), Cause.ABSENT, r'^camera "Old" \(97\) cannot be opened: there is no '),
        (Device(None, path="/dev/null"), Cause.UNREADABLE, "^camera /dev/null cannot be opened: /dev/null is no camera"),
        (Device(None, path="/dev/zero"), Cause.UNREADABLE, "^camera /dev/zero cannot be opened: /dev/zero is no camera"),
    ],
)
def test_the_error_says_why_a_camera_cannot_be_opened_and_what_to_try(device: Device, cause: Cause, phrase: str) -> None:
    with pytest.raises(SourceError, match=f"{phrase}.*; `emodj cameras` .*--camera NAME .*--source PATH .*--wait") as caught:
        open_camera(device, width=640, height=480, fps=30)
    assert caught.value.cause is cause


@linux
def test_a_folder_and_a_pipe_are_no_cameras_and_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(SourceError, match="is no camera"):
            open_camera(find_camera(str(path), []), width=640, height=480, fps=30)


@linux
def test_a_path_that_is_not_utf_8_is_a_source_error(tmp_path: Path) -> None:
    path = os.fsdecode(bytes(tmp_path) + b"/\xff")
    with pytest.raises(SourceError) as caught:
        open_camera(find_camera(path, ALL), width=640, height=480, fps=30)
    assert caught.value.cause is Cause.ABSENT
    Path(path).touch()
    with pytest.raises(SourceError, match="is no camera"):
        open_camera(find_camera(path, ALL), width=640, height=480, fps=30)


@linux
def test_a_failure_can_be_explained_at_any_time() -> None:
    cause, sentence = explain_failure(Device(97, "Old"))
    assert cause is Cause.ABSENT
    assert sentence.startswith('camera "Old" (97) cannot be opened: there is no /dev/video97')
    assert "--" not in sentence


@pytest.mark.parametrize("platform", ["darwin", "win32"])
@pytest.mark.parametrize(
    ("device", "cameras", "cause"),
    [
        (Device(2), ALL, Cause.DENIED),
        (BRIO, ALL, Cause.DENIED),
        (Device(3), ALL, Cause.ABSENT),
        (Device(None, path="/dev/video3"), ALL, Cause.ABSENT),
        (Device(0), [], Cause.ABSENT),
    ],
)
def test_without_device_nodes_the_list_decides_the_cause(
    device: Device, cameras: list[Device], cause: Cause, platform: str
) -> None:
    actual_cause, sentence = explain_failure(device, cameras, platform)
    assert actual_cause is cause
    assert sentence.startswith(f"{device.label} cannot be opened: ")
    assert ("Privacy" in sentence) is (device.index in {0, 2})


def test_failing_to_open_leaves_no_handle() -> None:
    if sys.platform == "win32" or not Path("/proc/self/fd").is_dir():
        pytest.skip("this system does not list open handles")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the folder itself is open while it is read
    for device in (Device(97), Device(None, path="/dev/null")):
        with pytest.raises(SourceError):
            open_camera(device, width=640, height=480, fps=30)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
