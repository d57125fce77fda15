"""Titles, links and QR codes of music, with and without a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.cli.output import linked_title, print_choice
from realtime.mood.affect import Point
from realtime.music.catalog import MusicChoice

URL = "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC"
HAPPY = MusicChoice("Bright and happy", URL, None, Point(0.76, 0.48))
FOLDER = MusicChoice("Mine", None, Path("/music/\033[31mred"), Point(0, 0))
OSC_8 = f"\033]8;;{URL}\033\\Bright and happy\033]8;;\033\\"

PROGRAM = """
from realtime.cli.output import print_choice
from realtime.mood.affect import Point
from realtime.music.catalog import MusicChoice
print_choice(MusicChoice("Bright and happy", {url!r}, None, Point(0, 0)), "for happy", qr={qr}, err={err})
"""


def print_on_terminal(*, qr: bool = False, err: bool = False, url: str = URL, **variables: str) -> list[str]:
    """The lines on a terminal that is both stdout and stderr."""
    parent_fd, child_fd = pty.openpty()
    environment = {**{name: value for name, value in os.environ.items() if name != "NO_COLOR"}, "TERM": "xterm", **variables}
    command = [sys.executable, "-c", PROGRAM.format(qr=qr, err=err, url=url)]
    with subprocess.Popen(command, stdin=child_fd, stdout=child_fd, stderr=child_fd, env=environment) as process:
        os.close(child_fd)
        output = b""
        try:
            while piece := os.read(parent_fd, 4096):
                output += piece
        except OSError:
            # Linux raises this when the last process has closed a terminal
            pass
        os.close(parent_fd)
    assert process.returncode == 0, output
    return output.decode().replace("\r\n", "\n").rstrip("\n").split("\n")


def decode_qr(lines: list[str]) -> str:
    """Decode a QR code of half-block characters."""
    lit = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    rows = [[lit[mark][half] for mark in line] for line in lines for half in (0, 1)]
    picture = np.kron(np.array(rows, np.uint8) * 255, np.ones((8, 8), np.uint8))
    text, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    return text


def test_without_a_terminal_only_plain_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_choice(HAPPY)
    assert capsys.readouterr() == (f"Bright and happy\n{URL}\n", "")
    print_choice(HAPPY, "for happy", err=True)
    assert capsys.readouterr() == ("", f"Bright and happy, for happy\n{URL}\n")


def test_local_music_has_a_path_and_no_qr_code(capsys: pytest.CaptureFixture[str]) -> None:
    print_choice(FOLDER, qr=True)
    assert capsys.readouterr().out == "Mine\n/music/�[31mred\n"


def test_a_link_too_long_for_a_qr_code_has_a_sentence_instead(capsys: pytest.CaptureFixture[str]) -> None:
    long = MusicChoice("Long", f"https://example.org/{'a' * 3000}", None, Point(0, 0))
    print_choice(long, qr=True)
    assert capsys.readouterr() == (f"Long\n{long.url}\nno QR code: the link is too long\n", "")
    print_choice(long, qr=True, err=True)
    assert capsys.readouterr() == ("", f"Long\n{long.url}\nno QR code: the link is too long\n")


def test_a_qr_code_without_a_terminal_is_readable(capsys: pytest.CaptureFixture[str]) -> None:
    print_choice(HAPPY, qr=True)
    title, url, *code = capsys.readouterr().out.splitlines()
    assert (title, url, decode_qr(code)) == ("Bright and happy", URL, URL)


@pytest.mark.parametrize("err", [False, True])
def test_on_a_terminal_the_title_is_a_link_and_the_plain_link_is_on_a_separate_line(err: bool) -> None:  # noqa: FBT001
    assert print_on_terminal(err=err) == [f"{OSC_8}, for happy", URL]


@pytest.mark.parametrize("term", ["dumb", "linux", ""])
def test_a_terminal_without_hyperlinks_gets_plain_titles(term: str) -> None:
    assert print_on_terminal(TERM=term) == ["Bright and happy, for happy", URL]


def test_a_qr_code_on_a_terminal_sets_white_on_black() -> None:
    _, _, *code = print_on_terminal(qr=True, PYTHONIOENCODING="utf-8")
    bare = [re.fullmatch("\033\\[97;40m(.*)\033\\[0m", line) for line in code]
    assert decode_qr([line[1] for line in bare if line]) == URL
    assert all(bare)


def test_no_color_turns_colours_off() -> None:
    _, _, *code = print_on_terminal(qr=True, PYTHONIOENCODING="utf-8", NO_COLOR="1")
    assert decode_qr(code) == URL


def test_a_terminal_without_unicode_gets_a_qr_code_of_blanks() -> None:
    _, _, *code = print_on_terminal(qr=True, PYTHONIOENCODING="ascii")
    assert all(line.isascii() for line in code)
    assert "\033[7m" in code[0]


def test_ascii_without_a_terminal_gets_a_readable_qr_code() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", PROGRAM.format(qr=True, err=False, url=URL)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    _, _, *code = output.splitlines()
    picture = np.kron(
        np.array([[255 * (mark == "#") for mark in line[::2]] for line in code], np.uint8), np.ones((8, 8), np.uint8)
    )
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == URL


def test_a_link_in_another_script_is_ascii_in_the_hyperlink_and_unchanged_below() -> None:
    link, plain = print_on_terminal(url="https://example.org/größe", PYTHONIOENCODING="utf-8")
    assert "\033]8;;https://example.org/gr%C3%B6%C3%9Fe\033\\" in link
    assert plain == "https://example.org/größe"


def test_a_folder_is_a_hyperlink_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    parent_fd, child_fd = pty.openpty()
    with os.fdopen(child_fd, "w") as terminal:
        assert linked_title(FOLDER, terminal).startswith("\033]8;;file:///music/%1B%5B31mred\033\\Mine")
    os.close(parent_fd)
