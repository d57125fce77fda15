from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import UsageError
from realtime.sources.locations import display_name, is_camera, local_path
from realtime.sources.opening import open_video

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2"  # noqa: S105 - a password that no sentence may hold


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("clip.avi", "clip.avi"),
        ("/a/user:pw@b.avi", "/a/user:pw@b.avi"),
        ("rtsp://admin:pw@cam.example:8554/h264?token=t#x", "rtsp://cam.example:8554/…"),
        ("rtsp://cam.example/user=admin_password=pw.sdp", "rtsp://cam.example/…"),
        ("http://pw@cam.example/", "http://cam.example/…"),
        ("http://[::1]:8080/x", "http://[::1]:8080/…"),
        ("http://u:pw@host:port/x", "http://…"),
    ],
)
def test_a_display_name_shows_the_host_and_no_secret(location: str, name: str) -> None:
    assert display_name(location) == name


@given(st.text("ab:@/?#[]%", max_size=8), st.text("cd:/?#[]%", max_size=8))
def test_no_invalid_url_shows_its_password(before: str, after: str) -> None:
    assert SECRET not in display_name(f"http://{before}:{SECRET}@{after}")


@pytest.mark.parametrize(
    "location",
    [
        "cache:http://127.0.0.1/x",
        "tcp://127.0.0.1:1",
        "concat:file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "HLS+HTTP://127.0.0.1/x",
    ],
)
def test_a_url_with_another_scheme_is_a_usage_error(location: str) -> None:
    with pytest.raises(UsageError, match="emodj opens files, and URLs with http, https, rtsp and rtsps"):
        open_video(location)


def test_a_device_is_a_camera_and_a_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    path.touch()
    if os.name == "posix":
        assert is_camera(os.devnull)
    assert not is_camera(str(path))
    assert not is_camera("rtsp://camera.local/live")
    with pytest.raises(UsageError, match="no such file"):
        is_camera(str(tmp_path / "none.avi"))


@pytest.mark.skipif(sys.platform == "win32", reason="paths of Windows are others")
@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("a clip.avi", "a clip.avi"),
        ("file:///a/b%20c.avi", "/a/b c.avi"),
        ("FILE:///a/b.avi", "/a/b.avi"),
        ("File://localhost/a/b.avi", "/a/b.avi"),
        ("http://cam.example/a%20b", "http://cam.example/a%20b"),
    ],
)
def test_a_file_url_is_a_path(location: str, path: str) -> None:
    assert local_path(location) == path


@pytest.mark.skipif(sys.platform == "win32", reason="Windows opens files of other computers")
@pytest.mark.parametrize("location", ["file://server/share/film.mkv", "FILE://server/share/film.mkv", "file://film.mkv"])
def test_a_file_of_another_computer_is_a_usage_error(location: str) -> None:
    with pytest.raises(UsageError, match=r"names a file of another computer: mount its folder, and name the path"):
        local_path(location)


def test_a_file_url_that_is_not_valid_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="the URL is not valid"):
        local_path("file://[/x")
