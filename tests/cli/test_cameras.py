"""`emodj cameras`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from realtime.cli.cameras import document, lines
from realtime.sources.cameras import Device, list_cameras

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]

THERE = [
    Device(0, "Integrated Webcam", "/dev/video0"),
    Device(2, "Logitech BRIO", "/dev/video2"),
    Device(10, "", None),
]


def test_a_line_for_each_camera_in_columns() -> None:
    assert list(lines(THERE)) == [
        " 0  Integrated Webcam  /dev/video0",
        " 2  Logitech BRIO      /dev/video2",
        "10  (no name)",
    ]
    assert list(lines([])) == []


def test_the_document_has_the_same_entries() -> None:
    assert document(THERE) == {
        "schema": 1,
        "cameras": [
            {"number": 0, "name": "Integrated Webcam", "path": "/dev/video0"},
            {"number": 2, "name": "Logitech BRIO", "path": "/dev/video2"},
            {"number": 10, "name": None, "path": None},
        ],
    }


def test_cameras_are_listed_in_lines_and_in_json(run_process: Run) -> None:
    cameras = list_cameras()
    plain, as_json = run_process("cameras"), run_process("cameras", "--json")
    assert (plain.returncode, as_json.returncode) == (0, 0)
    assert plain.stdout.splitlines() == list(lines(cameras))
    assert json.loads(as_json.stdout) == document(cameras)
    for ended in (plain, as_json):
        assert ended.stderr.count("\n") == (0 if cameras else 1), ended.stderr


@pytest.mark.parametrize(
    ("arguments", "modules"),
    [
        (["cameras", "--help"], {"cv2", "cv2_enumerate_cameras"}),
        (["--help"], {"cv2_enumerate_cameras"}),
        (["image", "missing.jpg"], {"cv2_enumerate_cameras"}),
    ],
)
def test_other_commands_do_not_list_cameras(arguments: list[str], modules: set[str]) -> None:
    program = "import sys; from realtime.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True)
    assert not modules & set(ended.stderr.splitlines()[-1].split())


def test_no_camera_is_no_failure_and_a_remark(emodj: Run) -> None:
    if list_cameras():
        pytest.skip("there is a camera")
    ended = emodj("cameras")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.startswith("emodj: no camera was found: ")
    quiet = emodj("-q", "cameras", "--json")
    assert (quiet.returncode, json.loads(quiet.stdout), quiet.stderr) == (0, {"schema": 1, "cameras": []}, "")
