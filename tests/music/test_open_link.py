import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.music import open_link as module
from realtime.music.open_link import Desktop, OpenResult, ascii_link, open_link, start_spotify
from realtime.music.spotify import desktop_app
from tests.support.bus import private_bus
from tests.support.waiting import until

LIST = "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC"
URL = f"{LIST}?si=a&b='c'"
BROWSER = OpenResult("browser")
FAILED = OpenResult(None, "no browser could be started")
SCREEN = {"DISPLAY": ":0"}
OVER_SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}


@pytest.fixture(autouse=True)
def local_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """No session bus, no SSH connection, and a long timeout for a busy machine."""
    monkeypatch.setattr(desktop_app, "TIMEOUT_S", 60.0)
    for name in ("DBUS_SESSION_BUS_ADDRESS", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fake browser that records its argument, environment and session id, and prints noise."""
    record = tmp_path / "record"
    program = tmp_path / "browser"
    program.write_text(
        f"#!/bin/sh\nprintf '%s' \"$1\" > {record}\nenv > {record}.env\nps -o sid= -p $$ > {record}.session\n"
        "echo noise; echo noise >&2\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    return record


def test_link_reaches_the_browser_unchanged(browser: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert open_link(URL) == BROWSER
    assert browser.read_text() == URL
    assert capfd.readouterr() == ("", "")


def test_link_is_never_run_as_a_command(browser: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    url = f"https://example.org/$(touch${{IFS}}{trap});`touch {trap}`&touch {trap}"
    assert open_link(url) == BROWSER
    assert browser.read_text() == url
    assert not trap.exists()


def test_ctrl_c_does_not_reach_the_browser(browser: Path) -> None:
    assert open_link(URL) == BROWSER
    assert int(browser.with_name("record.session").read_text()) != os.getsid(0)


def test_browser_does_not_inherit_the_qt_settings_of_opencv(browser: Path) -> None:
    program = (
        "import os; os.environ.update(KEPT='yes', QT_QPA_PLATFORM='xcb', LD_LIBRARY_PATH='/opt/own'); import cv2; "
        "assert 'cv2' in os.environ['LD_LIBRARY_PATH']; assert 'QT_QPA_FONTDIR' in os.environ; "
        f"from realtime.music.open_link import open_link; assert open_link({URL!r}).where == 'browser'"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    environment = dict(line.split("=", 1) for line in browser.with_name("record.env").read_text().splitlines() if "=" in line)
    assert environment["KEPT"] == "yes"
    assert not [name for name in environment if name.startswith("QT_QPA_")]
    assert environment["LD_LIBRARY_PATH"] == "/opt/own"


def test_no_browser_without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert open_link(URL) == OpenResult(None, "there is no screen here")


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_x11_or_wayland_screen_is_enough(name: str, browser: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = browser.with_name("xdg-open")
    browser.with_name("browser").rename(program)
    monkeypatch.delenv("BROWSER")
    monkeypatch.setenv("PATH", f"{browser.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv(name, ":4711")
    assert open_link(URL) == BROWSER
    assert browser.read_text() == URL


def test_failing_or_missing_browser_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for browser in ("/usr/bin/false %s", f"{tmp_path}/nothing %s"):
        monkeypatch.setenv("BROWSER", browser)
        assert open_link(URL) == FAILED


def test_browser_that_stays_in_the_foreground_counts_as_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, number = tmp_path / "browser", tmp_path / "number"
    program.write_text(f"#!/bin/sh\necho $$ > {number}.part && mv {number}.part {number}\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    communicate = subprocess.Popen[bytes].communicate

    def late(process: subprocess.Popen[bytes], data: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:
        assert timeout == module.LAUNCH_TIMEOUT_S
        until(number.exists)
        return communicate(process, data, 0.1)

    monkeypatch.setattr(subprocess.Popen, "communicate", late)
    assert open_link(URL) == BROWSER
    # The browser still runs: without it, kill would raise
    os.kill(int(number.read_text()), signal.SIGKILL)


def test_python_that_cannot_start_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "anything")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert open_link(URL) == FAILED


def test_app_comes_before_the_browser(browser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with private_bus(tmp_path) as bus:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        with bus.player("answers") as calls:
            assert open_link(LIST) == OpenResult("app")
            assert not browser.exists()
            assert calls.read_text().endswith("OpenUri spotify:playlist:37i9dQZF1DXdPec7aLTmlC\n")
        with bus.player("refuses"):
            assert open_link(LIST) == BROWSER
        assert browser.read_text() == LIST


def test_browser_is_not_used_after_a_slow_app(browser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with private_bus(tmp_path) as bus, bus.player("sends other signals") as calls:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        monkeypatch.setattr(desktop_app, "time", Clock(calls))
        assert open_link(LIST) == OpenResult("app")
        assert len(calls.read_text().splitlines()) == 1
    assert not browser.exists()


class Clock:
    """Replaces `time`: stands still until the app receives a call, then is past every deadline."""

    def __init__(self, calls: Path) -> None:
        self._calls = calls

    def monotonic(self) -> float:
        return 1e9 if self._calls.read_text() else 0.0


def test_app_gets_only_links_that_it_supports(browser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with private_bus(tmp_path) as bus, bus.player("answers") as calls:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        assert open_link("https://open.spotify.com/search/sad/playlists") == BROWSER
        assert browser.exists()
        assert calls.read_text() == ""


def test_nothing_plays_over_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", OVER_SSH["SSH_CONNECTION"])
    with private_bus(tmp_path) as bus, bus.player("answers") as calls:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        assert open_link(LIST).where is None
        assert calls.read_text() == ""


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_over_ssh_only_a_named_browser_or_a_forwarded_screen_is_used(platform: str) -> None:
    closed = Desktop(platform, OVER_SSH).browser_command(URL)
    assert closed == OpenResult(None, "the screen belongs to another computer than this terminal")
    for variables in ({"BROWSER": "relay"}, SCREEN, {"WAYLAND_DISPLAY": "wayland-0"}):
        assert isinstance(Desktop(platform, {**OVER_SSH, **variables}).browser_command(URL), list)


def test_only_linux_needs_a_screen_variable() -> None:
    assert isinstance(Desktop("linux", {}).browser_command(URL), OpenResult)
    for platform in ("darwin", "win32"):
        assert Desktop(platform, {}).browser_command(URL) == Desktop("linux", SCREEN).browser_command(URL)


def test_linux_within_windows_opens_links_in_windows() -> None:
    assert Desktop("linux", {}, "wslview").browser_command(LIST) == ["wslview", LIST]
    command = Desktop("linux", SCREEN, "powershell.exe").browser_command(LIST)
    assert isinstance(command, list)
    assert (command[:2], command[-1]) == (["powershell.exe", "-NoProfile"], f"Start-Process '{LIST}'")
    named = Desktop("linux", {"BROWSER": "firefox"}, "wslview").browser_command(LIST)
    assert isinstance(named, list)
    assert named[0] == sys.executable


TRAPS = [
    *("/?a=1&calc", "/?';calc;'", "/\u2019;calc;\u2018", "/$(calc);`calc`", "/%27;calc", '/";calc;"', "/\uff07;calc"),
    # None of these is a valid host; `links.parse_link` refuses them all
    *("';calc;'", "[fe80::1%';calc;']:80/", "\u2019;calc;\u2018/", "\uff07;calc/", '";calc;"/', "\u2019" * 80 + ";$(calc)/"),
    *("\u201b;calc/", "\u201c;calc\u201d/", "\u201a;calc/", f"ü.{'x' * 80}';calc;'/"),
]


@pytest.mark.parametrize("trap", TRAPS)
def test_link_for_powershell_cannot_end_its_quotes(trap: str) -> None:
    url = f"https://example.org{trap}" if trap.startswith("/") else f"https://{trap}"
    command = Desktop("linux", {}, "powershell.exe").browser_command(url)
    assert isinstance(command, list)
    quoted = command[-1].removeprefix("Start-Process '").removesuffix("'")
    assert quoted.startswith("https://")
    assert quoted.isascii()
    assert quoted.isprintable()
    assert not {*"'\";`$ "} & {*quoted}


def test_ascii_link_names_the_same_page() -> None:
    assert ascii_link(LIST) == LIST
    assert ascii_link("https://example.org/a%20b?c=d&e#f") == "https://example.org/a%20b?c=d&e#f"
    assert ascii_link("https://bücher.example/größe") == "https://xn--bcher-kva.example/gr%C3%B6%C3%9Fe"
    assert ascii_link("https://[::1]:8443/") == "https://[::1]:8443/"
    assert ascii_link(f"https://{'ü' * 80}.example:8443/") == f"https://{'%C3%BC' * 80}.example:8443/"


def test_link_that_the_locale_cannot_encode_is_not_opened(browser: Path) -> None:
    program = (
        "import sys; from realtime.music.open_link import open_link; "
        "opened = open_link('https://example.org/gr\\u00f6\\u00dfe'); print(sys.getfilesystemencoding(), opened.where)"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    completed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    assert (completed.stdout, completed.stderr) == ("ascii None\n", "")
    assert not browser.exists()


@pytest.mark.parametrize(
    ("platform", "environment", "started"),
    [
        ("linux", {}, False),
        ("linux", SCREEN, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", OVER_SSH, False),
        ("linux", {**OVER_SSH, **SCREEN}, True),
        ("darwin", {}, True),
        ("darwin", OVER_SSH, False),
    ],
)
def test_spotify_app_is_started_only_on_the_users_computer(
    platform: str,
    environment: dict[str, str],
    started: bool,  # noqa: FBT001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = tmp_path / "record"
    for name in ("xdg-mime", "xdg-open", "open"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $@" >> {record}\necho spotify.desktop\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(sys, "platform", platform)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    uri = "spotify:playlist:37i9dQZF1DXdPec7aLTmlC"
    assert start_spotify(uri) is started
    command = record.read_text().splitlines()[-1] if started else None
    assert record.exists() is started
    assert command == ({"linux": f"xdg-open {uri}", "darwin": "open -g -a Spotify"}[platform] if started else None)


@pytest.mark.parametrize("missing", ["xdg-mime", "xdg-open"])
def test_failed_start_of_the_spotify_app_returns_false(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("xdg-mime", "xdg-open"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho spotify.desktop\nexit {4 if name == missing else 0}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("DISPLAY", ":0")
    assert not start_spotify("spotify:playlist:37i9dQZF1DXdPec7aLTmlC")
