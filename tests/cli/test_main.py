"""All commands: help, exit statuses, verbosity, streams and Ctrl-C."""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realtime.cli import COMMANDS
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]
    Start = Callable[..., subprocess.Popen[str]]


# Help


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command_and_gives_examples(emodj: Run, option: str) -> None:
    ended = emodj(option)
    assert ended.returncode == 0
    assert ended.stderr == ""
    listed = re.findall(r"^  (\w+)  ", ended.stdout.split("Commands:")[1], re.MULTILINE)
    assert listed == [*COMMANDS]
    assert listed == [
        "image",
        "batch",
        "live",
        "calibrate",
        "page",
        "mood",
        "play",
        "songs",
        "movies",
        "feedback",
        "fact",
        "report",
        "diary",
        "playlists",
        "spotify",
        "cameras",
        "config",
        "privacy",
        "train",
        "evaluate",
        "model",
    ]
    assert "Examples:\n    emodj live " in ended.stdout
    assert "not what a person feels" in ended.stdout


@pytest.mark.parametrize("name", ["image", "live", "mood", "play", "songs", "movies", "fact", "cameras", "train", "evaluate"])
def test_help_of_a_command_has_an_example_that_the_command_understands(emodj: Run, name: str) -> None:
    ended = emodj(name, "-h")
    assert ended.returncode == 0
    examples = re.findall(rf"^    (?:.*\| )?emodj {name}(?: .*|$)", ended.stdout, re.MULTILINE)
    assert examples
    command = getattr(importlib.import_module(COMMANDS[name][0]), name)
    known = {option for parameter in command.params for option in parameter.opts} | {"--no-window"}
    for example in examples:
        words = re.split(r" [>|] ", example.split(f"emodj {name}", 1)[1])[0].split()
        assert {word for word in words if word.startswith("-") and word != "-"} <= known


@pytest.mark.parametrize(
    "command",
    [
        ["config"],
        ["model"],
        ["playlists"],
        ["playlists", "check"],
        ["spotify"],
        *(["spotify", name] for name in ("login", "logout", "status", "devices", "build")),
        ["config", "path"],
        ["config", "show"],
        ["model", "compile"],
    ],
)
def test_every_command_has_help(emodj: Run, command: list[str]) -> None:
    ended = emodj(*command, "--help")
    assert ended.returncode == 0
    assert ended.stdout.startswith(f"Usage: emodj {' '.join(command)} ")
    assert "..." not in ended.stdout.partition("Commands:")[2], "a short line of help was cut off"


def test_the_line_of_a_command_agrees_with_its_help(emodj: Run) -> None:
    for name, (_, line) in COMMANDS.items():
        help_line = emodj(name, "-h").stdout.split("\n\n")[1]
        assert help_line.split()[:2] == line.split()[:2]


def test_version(emodj: Run) -> None:
    ended = emodj("--version")
    assert (ended.returncode, ended.stdout) == (0, f"emodj {version('emodj')}\n")


def test_python_m_realtime_does_what_emodj_does(tmp_path: Path) -> None:
    def module(*arguments: str) -> CompletedProcess[str]:
        command = [sys.executable, "-m", "realtime", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    assert module("--version").stdout == f"emodj {version('emodj')}\n"
    missing = module("image", "missing.jpg")
    assert (missing.returncode, missing.stdout, missing.stderr) == (2, "", "emodj: no such file: missing.jpg\n")


# Statuses


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["imgae"], "No such command 'imgae'"),
        (["image", "--jsn", "x"], "No such option '--jsn'"),
        (["image"], "Missing argument 'PATH...'"),
        (["live", "--fps", "241"], "not in the range"),
        (["live", "--max-frames", "0"], "not in the range"),
        (["live", "extra"], "unexpected extra argument"),
        (["config", "shwo"], "No such command 'shwo'"),
    ],
)
def test_a_usage_error_is_status_2_and_names_the_help(emodj: Run, arguments: list[str], message: str) -> None:
    ended = emodj(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert "--help' for help" in ended.stderr


def test_no_command_at_all_shows_help_and_is_status_2(emodj: Run) -> None:
    ended = emodj()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Commands:" in ended.stderr


def test_each_kind_of_failure_has_its_status(emodj: Run, tmp_path: Path, photo: Path, settings: Callable[[str], Path]) -> None:
    missing = tmp_path / "missing.jpg"
    (tmp_path / "empty.jpg").touch()
    no_network = settings("[network]\npair = 'missing.json'\n")
    assert emodj("image", photo).returncode == 0
    assert emodj("image", tmp_path / "empty.jpg").returncode == 1
    assert emodj("image", tmp_path / "empty.jpg", missing).returncode == 1
    assert emodj("image", missing).returncode == 2
    assert emodj("live", "--no-window", "--source", tmp_path / "empty.jpg").returncode == 4
    assert emodj("--config", no_network, "image", photo).returncode == 5
    assert emodj("live").returncode == 6
    assert emodj("image", missing, photo).returncode == 7


def test_a_failure_is_one_sentence_on_stderr(run_process: Run) -> None:
    ended = run_process("live", "--no-window", "--source", "missing.mkv")
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", "emodj: no such file: missing.mkv\n")


def test_a_file_name_cannot_colour_the_terminal(emodj: Run) -> None:
    assert emodj("image", "\x1b[31mred\x07.jpg").stderr == "emodj: no such file: �[31mred�.jpg\n"


# A file name that looks like a line of emodj
FORGED = "a\nemodj: all is well\x1b[2J.jpg"


@pytest.mark.parametrize(
    "command",
    [
        ("image", FORGED),
        ("image", FORGED, "missing.jpg", "--json"),
        ("image", "../photo.jpg", "-o", f"{FORGED}/x"),
        ("live", "--no-window", "--source", FORGED),
        ("config", "show", "--config", FORGED),
        ("config", "path", "--config", FORGED),
        ("songs", "happy", "--library", FORGED),
    ],
)
@pytest.mark.parametrize("exists", [False, pytest.param(True, marks=pytest.mark.posix("Windows has no file with such a name"))])
def test_a_file_name_starts_no_line(run_process: Run, photo: Path, command: tuple[str, ...], exists: bool) -> None:  # noqa: FBT001
    folder = photo.parent / "cwd"
    if exists:
        folder.mkdir()
        shutil.copy(photo, folder / FORGED)
    ended = run_process("-vv", *command)
    assert ended.stdout or ended.stderr
    assert "\x1b" not in ended.stdout + ended.stderr
    assert not [line for line in (ended.stdout + ended.stderr).splitlines() if line.startswith("emodj: all")]


def test_an_argument_starts_no_line(emodj: Run) -> None:
    for arguments in (["live", FORGED], ["image", "x", f"--{FORGED}"], ["mood", FORGED], ["image", "--strategy", FORGED, "x"]):
        ended = emodj(*arguments)
        assert ended.returncode == 2
        assert "\x1b" not in ended.stderr
        assert not [line for line in ended.stderr.splitlines() if line.startswith("emodj: all")]


def test_a_bug_keeps_its_traceback(tmp_path: Path, portrait: Path) -> None:
    program = (
        "import sys, realtime.sources.images as images; images.read_image = lambda *_: 1 / 0; "
        "from realtime.cli import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", program, "image", str(portrait)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Traceback")
    assert ended.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_bug_that_raises_an_os_error_keeps_its_traceback(tmp_path: Path) -> None:
    program = (
        "import sys, realtime.config.files as files; files.load_settings = lambda _: open('nowhere'); "
        "from realtime.cli import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", program, "config", "show"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Traceback")


def test_what_runs_at_the_end_of_the_process_still_runs(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("", encoding="utf-8")
    program = (
        "import atexit, gc, pathlib, sys; from realtime.cli import run; "
        "atexit.register(lambda: pathlib.Path('kept').write_text(str(gc.get_freeze_count() > 0))); sys.exit(run())"
    )
    command = [sys.executable, "-c", program, "mood", "nothing"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == 2
    # Garbage is not looked for among what was imported
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "True"


# Verbosity


def test_v_names_settings_cascade_and_network_and_vv_all_and_without_them_stderr_is_empty(
    run_process: Run, portrait: Path
) -> None:
    one, two = run_process("-v", "image", portrait), run_process("image", portrait, "-vv")
    quiet = run_process("image", portrait)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert one.stdout == two.stdout == quiet.stdout
    for ended in (one, two):
        assert ended.returncode == 0
        for part in ("config.toml", "haarcascade_", "emotiondetector.json"):
            assert part in ended.stderr
    assert "Traceback" not in two.stderr


def test_only_vv_prints_the_traceback_of_a_failure(run_process: Run) -> None:
    for options, shown in (((), 0), (("-v",), 0), (("-vv",), 1), (("-v", "-v"), 1)):
        ended = run_process(*options, "image", "missing.jpg")
        assert ended.returncode == 2
        assert ended.stderr.count("Traceback") == 2 * shown, "ours and its cause"
        assert ended.stderr.endswith("emodj: no such file: missing.jpg\n")
    both = run_process("image", "-vv", "missing.jpg", "lost.jpg")
    assert both.stderr.count("realtime.errors.UsageError: no such file") == 2


@pytest.mark.posix("Windows always has a screen")
def test_q_leaves_remarks_out_and_errors_in(emodj: Run, tmp_path: Path, photo: Path) -> None:
    verbose, quiet = emodj("image", "--open", photo), emodj("-q", "image", "--open", photo)
    assert "not opened" in verbose.stderr
    assert (quiet.stderr, quiet.stdout) == ("", verbose.stdout)
    assert emodj("image", "-q", tmp_path / "missing.jpg").stderr.startswith("emodj: no such file")


# Streams


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["image", "-h"], ["config", "show"], ["image", "."], ["image", "--json", "."], ["image", "x"]],
)
def test_a_closed_stdout_ends_a_command_quietly(process: Start, photo: Path, arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    with process(*arguments, stdout=write, cwd=photo.parent) as started:
        os.close(write)
        output = started.communicate(timeout=PATIENCE_S)[1]
    if arguments == ["image", "x"]:
        assert (started.returncode, output) == (2, "emodj: no such file: x\n")
    else:
        assert (started.returncode, output) == (0, "")


def test_a_reader_that_closes_stdout_after_the_first_line_ends_a_session_quietly(
    process: Start, clip: Callable[[int], Path]
) -> None:
    # 300 lines are more than the buffer of a pipe holds
    with process("live", "--no-window", "--source", clip(300), "--jsonl") as started:
        assert started.stdout is not None
        assert started.stderr is not None
        assert json.loads(started.stdout.readline())["t"] == 0
        started.stdout.close()
        assert started.stderr.read() == ""
    assert started.returncode == 0


@pytest.mark.posix
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed_from_the_start(tmp_path: Path, photo: Path, closed: str) -> None:
    written = tmp_path / "written.png"
    program = f'exec "$0" -m realtime image "$1" "$1" -o "$2/" {closed}'
    command = ["sh", "-c", program, sys.executable, str(photo), str(written)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    # The second of a name is not written; without stdout, nobody can read the results
    assert ended.returncode == (1 if ">&- " in f"{closed} ".replace("2>&-", "") else 7)
    assert (ended.stdout == "") == (">&- " in f"{closed} ".replace("2>&-", ""))
    assert "Traceback" not in ended.stderr
    assert [path.name for path in written.iterdir()] == ["photo.jpg"]


@pytest.mark.posix
@pytest.mark.parametrize("arguments", ["mood happy", "config show", "--help", "image photo.jpg", "image photo.jpg --json"])
def test_results_for_a_closed_stdout_are_an_error(photo: Path, arguments: str) -> None:
    program = f'exec "$0" -m realtime {arguments} >&-'
    ended = subprocess.run(["sh", "-c", program, sys.executable], capture_output=True, text=True, check=False, cwd=photo.parent)
    assert (ended.returncode, ended.stderr) == (1, "emodj: cannot write the results: the standard output is closed\n")


@pytest.mark.posix
def test_a_closed_standard_input_is_empty(tmp_path: Path) -> None:
    command = ["sh", "-c", 'exec "$0" -m realtime image - <&-', sys.executable]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "emodj: the standard input is empty\n")


@pytest.mark.posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that has no room")
@pytest.mark.parametrize("arguments", [["--help"], ["image", "photo.jpg"], ["image", "photo.jpg", "--json"]])
def test_a_full_disk_is_a_sentence(process: Start, photo: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full, process(*arguments, stdout=full, cwd=photo.parent) as started:
        output = started.communicate(timeout=PATIENCE_S)[1]
    assert (started.returncode, output) == (1, f"emodj: cannot write the results ({os.strerror(errno.ENOSPC)})\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8:strict"])
def test_a_terminal_with_another_encoding_gets_escaped_letters(run_process: Run, photo: Path, encoding: str) -> None:
    renamed = photo.rename(photo.with_name("zdjęcie.jpg"))
    ended = run_process("image", renamed, env={"PYTHONIOENCODING": encoding}, encoding="latin-1")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "happy" in ended.stdout
    document = run_process("image", renamed, "--json", env={"PYTHONIOENCODING": encoding}, encoding="utf-8")
    assert json.loads(document.stdout)["images"][0]["path"] == str(renamed)


# Ctrl-C


def is_sleeping(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "S"


def interrupt(started: subprocess.Popen[str], endless: Path, press: Callable[[subprocess.Popen[str]], None]) -> tuple[str, str]:
    """Press Ctrl-C once the command reads the endless picture: the pictures before it are finished then."""
    opened: int | None = None
    with started:
        # The process must wait in its read: Python would handle an earlier signal only after the read
        while opened is None or not is_sleeping(started.pid):
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"ended with {started.wait(0.02)} before the endless picture")
            if opened is None:
                with suppress(OSError):  # the pipe has no reader yet
                    opened = os.open(endless, os.O_WRONLY | os.O_NONBLOCK)
        press(started)
        output = started.communicate(timeout=PATIENCE_S)
        os.close(opened)
        return output


def test_ctrl_c_keeps_the_pictures_that_are_finished(
    process: Start, photo: Path, ctrl_c: Callable[[subprocess.Popen[str]], None]
) -> None:
    endless, missing = photo.with_name("endless.jpg"), photo.with_name("missing.jpg")
    os.mkfifo(endless)
    started = process("image", "--json", photo, missing, endless, photo)
    out, err = interrupt(started, endless, ctrl_c)
    assert started.returncode == 130
    images = json.loads(out)["images"]
    assert [image["path"] for image in images] == [str(photo), str(missing)]
    assert images[0]["faces"][0]["expression"] == "happy"
    assert err.strip() == f"emodj: no such file: {missing}"


def test_ctrl_c_prints_the_report_of_finished_pictures_too(
    process: Start, photo: Path, ctrl_c: Callable[[subprocess.Popen[str]], None]
) -> None:
    endless = photo.with_name("endless.jpg")
    os.mkfifo(endless)
    started = process("image", photo, endless, "-o", photo.with_name("drawn"), "--open")
    out, err = interrupt(started, endless, ctrl_c)
    assert started.returncode == 130
    assert out.startswith(f"{photo}  260×240, 1 face\n")
    assert "Traceback" not in err
    assert "browser" not in err, "a run that was cut short opens nothing"
    assert [path.name for path in photo.with_name("drawn").iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_document_is_complete_if_ctrl_c_is_pressed_while_it_is_printed(
    process: Start, ctrl_c: Callable[[subprocess.Popen[str]], None], unbuffered: str
) -> None:
    # The document is larger than the buffer of a pipe, and the reader is slow
    names = [f"missing-{number}.jpg" for number in range(2000)]
    with process("image", "--json", *names, stderr=subprocess.DEVNULL, env={"PYTHONUNBUFFERED": unbuffered}) as started:
        assert started.stdout is not None
        first = started.stdout.read(1)
        ctrl_c(started)
        document = json.loads(first + started.stdout.read())
    assert [image["path"] for image in document["images"]] == names
    assert started.returncode == 130


def test_ctrl_c_in_a_session_ends_it_with_its_summary(
    process: Start, clip: Callable[[int], Path], ctrl_c: Callable[[subprocess.Popen[str]], None]
) -> None:
    # The session blocks until this test reads on: its lines are more than the buffer of a pipe holds
    with process("live", "--no-window", "--source", clip(300), "--jsonl") as started:
        assert started.stdout is not None
        first = started.stdout.readline()
        ctrl_c(started)
        out, err = started.communicate(timeout=PATIENCE_S)
    lines = [json.loads(line) for line in [first, *out.splitlines()]]
    assert started.returncode == 130
    assert all("t" in line for line in lines[:-1])
    about = {"mood_source", "mood_shares", "mixed", "movies", "mood_used", "fact", "seed"}
    assert lines[-1].keys() == {"schema", "mood", "shares", "frames", "seconds", "playlist", *about}
    assert len(lines) - 1 <= lines[-1]["frames"] < 300
    assert err.strip() == ""
