import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.music import link
from realtime.music.link import open_link

URL = "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC?si=a&b='c'"


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser that writes down its argument, its environment and who may signal it, and talks a lot."""
    record = tmp_path / "record"
    program = tmp_path / "browser"
    program.write_text(
        f"#!/bin/sh\nprintf '%s' \"$1\" > {record}\nenv > {record}.env\nps -o sid= -p $$ > {record}.session\n"
        "echo noise; echo noise >&2\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    return record


def test_the_link_reaches_the_browser_as_it_is(browser: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert open_link(URL)
    assert browser.read_text() == URL
    assert capfd.readouterr() == ("", "")


def test_a_link_is_never_a_command(browser: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    url = f"https://example.org/$(touch${{IFS}}{trap});`touch {trap}`&touch {trap}"
    assert open_link(url)
    assert browser.read_text() == url
    assert not trap.exists()


def test_ctrl_c_in_our_terminal_does_not_reach_the_browser(browser: Path) -> None:
    assert open_link(URL)
    assert int(browser.with_name("record.session").read_text()) != os.getsid(0)


def test_the_browser_does_not_inherit_what_opencv_sets_for_its_own_qt(browser: Path) -> None:
    program = (
        "import os; os.environ.update(KEPT='yes', QT_QPA_PLATFORM='xcb', LD_LIBRARY_PATH='/opt/own'); import cv2; "
        "assert 'cv2' in os.environ['LD_LIBRARY_PATH']; assert 'QT_QPA_FONTDIR' in os.environ; "
        f"from realtime.music.link import open_link; assert open_link({URL!r})"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    seen = dict(line.split("=", 1) for line in browser.with_name("record.env").read_text().splitlines() if "=" in line)
    assert seen["KEPT"] == "yes"
    assert not [name for name in seen if name.startswith("QT_QPA_")]
    assert seen["LD_LIBRARY_PATH"] == "/opt/own"


def test_no_screen_is_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert not open_link(URL)


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_either_kind_of_screen_will_do(name: str, browser: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = browser.with_name("xdg-open")
    browser.with_name("browser").rename(program)
    monkeypatch.delenv("BROWSER")
    monkeypatch.setenv("PATH", f"{browser.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv(name, ":4711")
    assert open_link(URL)
    assert browser.read_text() == URL


def test_a_browser_that_fails_or_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for browser in ("/usr/bin/false %s", f"{tmp_path}/nothing %s"):
        monkeypatch.setenv("BROWSER", browser)
        assert not open_link(URL)


def test_a_browser_that_stays_in_the_foreground_counts_as_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, number = tmp_path / "browser", tmp_path / "number"
    program.write_text(f"#!/bin/sh\necho $$ > {number}.part && mv {number}.part {number}\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    monkeypatch.setattr(link, "STARTER_S", 3.0)
    assert open_link(URL)
    # It outlives us; had it been ended, there would be nobody to signal
    os.kill(int(number.read_text()), signal.SIGKILL)


def test_python_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "anything")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert not open_link(URL)
