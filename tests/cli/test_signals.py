"""Signals that end emodj: each of them ends it like Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from realtime.cli.context import Context
from realtime.cli.output import print_document
from realtime.cli.signals import SAME_EVENT_S, EndSignals, delayed
from tests.cli.conftest import START
from tests.support.clocks import CountedClock
from tests.support.films import write_film
from tests.support.sounds import sound
from tests.support.streams import SlowFilmServer, streaming
from tests.support.terminal import in_a_terminal
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., subprocess.Popen[str]]

ENDING = [signal.SIGTERM, signal.SIGHUP]


def session_into(folder: Path, clip: Path) -> list[str]:
    """A session that writes each of its outputs."""
    outputs = ["--jsonl", "--log", str(folder / "log.jsonl"), "--record", str(folder / "film.mkv")]
    return ["live", "--no-window", "--source", str(clip), *outputs]


def assert_complete(folder: Path, printed: list[str]) -> None:
    """Check that documents and log end with the summary, and that the film is closed."""
    log = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(printed[-1]).keys() == json.loads(log[-1]).keys() >= {"frames", "playlist"}
    assert 0 < json.loads(log[-1])["frames"] < 300
    film = cv2.VideoCapture(str(folder / "film.mkv"), cv2.CAP_FFMPEG)
    # A film that was not closed states no length
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) >= 4
    film.release()


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_a_session_with_summary_log_and_film(
    number: int, process: Start, clip: Callable[[int], Path], tmp_path: Path
) -> None:
    # The session waits until this test reads on: its lines are more than the buffer of a pipe holds
    with process(*session_into(tmp_path, clip(300))) as started:
        assert started.stdout is not None
        first = [started.stdout.readline() for _ in range(5)]
        started.send_signal(number)
        out, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 128 + number
    assert err.strip() == ""
    assert_complete(tmp_path, [*first, *out.splitlines()])


def test_signals_of_one_logout_end_a_session_once(process: Start, clip: Callable[[int], Path], tmp_path: Path) -> None:
    with process(*session_into(tmp_path, clip(300))) as started:
        assert started.stdout is not None
        first = [started.stdout.readline() for _ in range(5)]
        started.send_signal(signal.SIGTERM)
        started.send_signal(signal.SIGHUP)
        out, err = started.communicate(timeout=PATIENCE_S)
    # The system may deliver them in any order
    assert started.returncode in {128 + number for number in ENDING}
    assert err.strip() == ""
    assert_complete(tmp_path, [*first, *out.splitlines()])


def test_a_closed_terminal_ends_a_session_with_its_log_and_film(clip: Callable[[int], Path], tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-c", START, *session_into(tmp_path, clip(300))]
    # The terminal becomes that of the new session, so that its end sends SIGHUP
    program = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    streams = dict.fromkeys(("stdin", "stdout"), terminal)
    with (
        (tmp_path / "stderr").open("w+", encoding="utf-8") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", program, *command], **streams, stderr=stderr, start_new_session=True
        ) as started,
    ):
        os.close(terminal)
        with os.fdopen(controller, "rb") as lines:
            for _ in range(5):
                assert lines.readline().startswith(b"{")
        assert started.wait(PATIENCE_S) == 128 + signal.SIGHUP
        stderr.seek(0)
        assert "Traceback" not in stderr.read()
    log = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert_complete(tmp_path, log)


@pytest.mark.parametrize("whole", [0, 1])
@pytest.mark.parametrize("window", ["--no-window", "--wait"])
def test_a_signal_ends_a_session_that_waits_for_a_server(whole: int, window: str, process: Start, tmp_path: Path) -> None:
    pictures = [np.full((64, 96, 3), 50 + 2 * index, np.uint8) for index in range(80)]
    film = write_film(tmp_path / "film.mkv", pictures, range(0, 3200, 40), interlaced=True).read_bytes()
    # The whole film shows OpenCV that it may be interlaced, and then the deinterlacer waits for the server
    server = SlowFilmServer(film, len(film) // 2, whole)
    with streaming(server) as address:
        options = ["--no-window", window] if window != "--no-window" else [window]
        with process("live", *options, "--source", f"http://{address}/film.mkv") as started:
            assert server.drips.wait(PATIENCE_S)
            started.send_signal(signal.SIGTERM)
            _, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in err


def waits(process: int) -> bool:
    """Whether a process sleeps; true where the system has no /proc."""
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "S"


@pytest.mark.parametrize("number", [*ENDING, signal.SIGINT])
@pytest.mark.parametrize(
    ("command", "prompt"),
    [(["mood"], "happy"), (["spotify", "login", "--no-browser", "--client-id", "0" * 32], "address, if you have one")],
)
def test_a_signal_at_a_prompt_restores_the_terminal(number: int, command: list[str], prompt: str) -> None:
    def start(terminal: int) -> subprocess.Popen[str]:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
        environment = {**os.environ, "TERM": "xterm"}
        return subprocess.Popen([sys.executable, "-c", START, *command], **streams, text=True, env=environment)

    with in_a_terminal(start, 100) as running:
        running.wait_for(prompt)
        # It waits for a key, and is no longer drawing
        until(lambda: all(waits(running.process.pid) for _ in range(200)))
        running.process.send_signal(number)
        assert running.wait_for_end() == 128 + number
        assert running.echoes()
        assert "Traceback" not in running.all


# The signal comes in the middle of the step that switches off echo: the prompt does not know yet that it is off
AT_THE_SWITCH = f"""
import os, signal, termios
switch = termios.tcsetattr
def send(*arguments):
    switch(*arguments)
    termios.tcsetattr = switch
    os.kill(os.getpid(), int(os.environ["NUMBER"]))
termios.tcsetattr = send
{START}"""


@pytest.mark.parametrize("number", [*ENDING, signal.SIGINT])
@pytest.mark.parametrize(
    "command",
    [
        ["mood"],
        ["spotify", "login", "--no-browser", "--client-id", "0" * 32],
        ["movies", "login"],
        ["play", "happy"],
    ],
    ids=" ".join,
)
def test_a_signal_while_a_prompt_is_drawn_restores_the_terminal(number: int, command: list[str], tmp_path: Path) -> None:
    if command[0] == "play":
        sound(tmp_path / "happy" / "a.ogg", seconds=30)
        command = [*command, "--library", str(tmp_path)]

    def start(terminal: int) -> subprocess.Popen[str]:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
        environment = {**os.environ, "TERM": "xterm", "NUMBER": str(int(number))}
        return subprocess.Popen([sys.executable, "-c", AT_THE_SWITCH, *command], **streams, text=True, env=environment)

    with in_a_terminal(start, 100) as running:
        assert running.wait_for_end() == 128 + number, running.all
        assert running.echoes()
        assert "Traceback" not in running.all


IGNORING = f"""
import signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
{START}"""


def test_nohup_keeps_a_session_alive(process: Start, clip: Callable[[int], Path], tmp_path: Path) -> None:
    with process(*session_into(tmp_path, clip(300)), program=IGNORING) as started:
        assert started.stdout is not None
        started.stdout.readline()
        started.send_signal(signal.SIGHUP)
        out, err = started.communicate(timeout=PATIENCE_S)
    assert (started.returncode, err) == (0, "")
    assert json.loads(out.splitlines()[-1])["frames"] == 300


# The signal comes when the picture is written whole, and has not its name yet
AT_THE_LAST_STEP = f"""
import os, signal
def send(*arguments):
    os.kill(os.getpid(), int(os.environ["NUMBER"]))
os.link = send
{START}"""


@pytest.mark.parametrize("number", [*ENDING, signal.SIGINT])
def test_a_signal_leaves_no_half_picture(number: int, process: Start, photo: Path) -> None:
    drawn = photo.with_name("drawn")
    environment = {"NUMBER": str(int(number))}
    with process("image", photo, "-o", f"{drawn}/", program=AT_THE_LAST_STEP, env=environment) as started:
        err = started.communicate(timeout=PATIENCE_S)[1]
    assert started.returncode == 128 + number
    assert err.strip() == ""
    assert os.listdir(drawn) == []  # noqa: PTH208 - hidden files count too


@pytest.fixture
def unhandled() -> Iterator[None]:
    """The signals as a new process has them."""
    handlers: dict[int, object] = dict.fromkeys(ENDING, signal.SIG_DFL)
    handlers[signal.SIGINT] = signal.default_int_handler
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}  # pyright: ignore[reportArgumentType]
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("unhandled")
@pytest.mark.parametrize("number", [*ENDING, signal.SIGINT])
def test_the_first_signal_gives_the_status(number: int) -> None:
    context, clock = Context(), CountedClock()
    signals = EndSignals(context, clock.monotonic)
    with signals.handled():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert context.interrupted
        # Of the same event
        signal.raise_signal(signal.SIGTERM)
        clock.now_s = SAME_EVENT_S
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGHUP)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signals.status == 128 + number
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("unhandled")
def test_signals_of_another_owner_are_left_alone() -> None:
    def own(*_: object) -> None:
        """The handler of a program that calls `main`."""

    signal.signal(signal.SIGTERM, own)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with EndSignals(Context()).handled():
        assert signal.getsignal(signal.SIGTERM) is own
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.usefixtures("unhandled")
def test_a_delayed_signal_comes_after_the_block() -> None:
    signals = EndSignals(Context())
    written: list[str] = []

    def write() -> None:
        with delayed():
            signal.raise_signal(signal.SIGTERM)
            written.append("all of it")

    with signals.handled(), pytest.raises(KeyboardInterrupt):
        write()
    assert written
    assert signals.status == 128 + signal.SIGTERM


def test_a_document_can_be_printed_in_any_thread(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    # Only the main thread can have handlers of signals
    def run() -> None:
        with EndSignals(Context()).handled():
            print_document({"schema": 1})

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert capfdbinary.readouterr().out == b'{"schema": 1}\n'
