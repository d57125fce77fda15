"""`emodj live` without a window: its documents, its limits, and invalid sources."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from tests.cli.conftest import START
from tests.support.films import write_film
from tests.support.streams import NetworkCamera, moving, streaming
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from realtime.domain import Image

    Run = Callable[..., CompletedProcess[str]]
    Clip = Callable[[int], Path]

NAMES = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
WHO = ["mood_source", "mood_shares", "mixed"]
HAPPY_LIST = "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC"


def documents(ended: CompletedProcess[str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of the frames and the summary."""
    *lines, summary = [json.loads(line) for line in ended.stdout.splitlines()]
    return lines, summary


# Output


def test_the_summary_has_mood_music_movies_and_a_fact(emodj: Run, clip: Clip) -> None:
    ended = emodj("live", "--no-window", "--source", clip(10))
    assert (ended.returncode, ended.stderr) == (0, "")
    looked, length, mood, music, link, *movies, fact, source = ended.stdout.splitlines()
    assert looked.startswith("faces   happy ")
    assert all(name in looked for name in NAMES)
    assert length == "length  0.9 s, 10 frames analysed"
    assert mood.startswith("mood    happy, ")
    assert (music, link) == ("music   Bright and happy", HAPPY_LIST)
    recommended = emodj("movies", "happy", "-n", "3", "--seed", "0").stdout.splitlines()[1::2]
    assert [movie[:8] for movie in movies] == ["movies  ", *[" " * 8] * 2]
    assert all(line[3:].startswith(movie[8:]) for movie, line in zip(movies, recommended, strict=True))
    assert fact[:8] + source[:8] == "fact            "
    assert [fact[8:], source[8:]] == emodj("fact", "happy", "--seed", "0").stdout.splitlines()


def test_a_seed_draws_other_movies_and_another_fact(emodj: Run, clip: Clip) -> None:
    run = ("live", "--no-window", "--source", clip(3), "--json", "--seed", "9")
    (summary,) = documents(emodj(*run))[1:]
    movies = json.loads(emodj("movies", "happy", "-n", "3", "--seed", "9", "--json").stdout)["movies"]
    assert (summary["seed"], summary["movies"]) == (9, movies)
    assert emodj(*run).stdout == emodj(*run).stdout


def test_the_summary_as_json(emodj: Run, clip: Clip) -> None:
    ended = emodj("live", "--no-window", "--source", clip(10), "--json")
    lines, summary = documents(ended)
    assert lines == []
    assert list(summary) == [
        "schema",
        "mood",
        "shares",
        "frames",
        "seconds",
        "playlist",
        *WHO,
        "movies",
        "mood_used",
        "fact",
        "seed",
    ]
    assert (summary["schema"], summary["frames"], summary["seconds"]) == (1, 10, 0.9)
    assert summary["mood"]["expression"] == "happy"
    assert list(summary["mood"]) == ["expression", "share"]
    assert list(summary["shares"]) == NAMES
    assert sum(summary["shares"].values()) == pytest.approx(1, abs=1e-3)
    wanted = {"strategy": "match", "why": "for happy", "wanted": {"valence": 0.76, "arousal": 0.48}}
    assert summary["playlist"] == {"title": "Bright and happy", "url": HAPPY_LIST, **wanted}


def test_jsonl_is_a_line_a_frame_and_the_summary_last(emodj: Run, clip: Clip) -> None:
    lines, summary = documents(emodj("live", "--no-window", "--source", clip(10), "--jsonl"))
    assert [line["t"] for line in lines] == [index / 10 for index in range(10)]
    for line in lines:
        assert list(line) == ["schema", "t", "faces", "mood", *WHO]
        assert line["schema"] == 1
        (face,) = line["faces"]
        assert list(face) == ["box", "expression", "confidence", "probabilities", "unsure", "reason", "track"]
        assert (face["expression"], face["track"], face["unsure"], face["reason"]) == ("happy", 1, False, None)
        assert list(face["box"]) == ["left", "top", "width", "height"]
        assert all(type(value) is int for value in face["box"].values())
        assert list(face["probabilities"]) == NAMES
        assert line["mood"]["expression"] == "happy"
    assert summary == documents(emodj("live", "--no-window", "--source", clip(10), "--json"))[1]


def test_json_and_jsonl_together_are_jsonl(emodj: Run, clip: Clip) -> None:
    both = emodj("live", "--no-window", "--source", clip(10), "--json", "--jsonl")
    assert both.stdout == emodj("live", "--no-window", "--source", clip(10), "--jsonl").stdout


def test_two_runs_are_identical(run_process: Run, clip: Clip) -> None:
    one, two = (run_process("live", "--no-window", "--source", clip(25), "--jsonl") for _ in range(2))
    assert one.stdout == two.stdout
    assert (one.returncode, one.stderr, len(one.stdout.splitlines())) == (0, "", 26)


def test_a_session_without_faces_has_no_mood(emodj: Run, clip: Clip, settings: Callable[[str], Path]) -> None:
    blind = settings("[faces.live]\nmin_face = 360\n")
    ended = emodj("live", "--config", blind, "--no-window", "--source", clip(10), "--jsonl")
    lines, summary = documents(ended)
    assert ended.returncode == 0
    assert all((line["faces"], line["mood"]) == ([], None) for line in lines)
    assert (summary["mood"], summary["shares"], summary["playlist"], summary["frames"]) == (None, None, None, 10)
    output = emodj("live", "--config", blind, "--no-window", "--source", clip(10)).stdout.splitlines()
    assert output == ["length  0.9 s, 10 frames analysed", "mood    none: no face was seen clearly enough"]


def test_documents_hold_the_boxes_of_the_unmirrored_frame(emodj: Run, clip: Clip) -> None:
    plain, mirrored = (emodj("live", "--no-window", "--source", clip(10), "--jsonl", option) for option in MIRROR)
    assert plain.stdout == mirrored.stdout
    lefts = [line["faces"][0]["box"]["left"] for line in documents(plain)[0]]
    assert lefts[-1] > lefts[0], "the face of the clip moves to the right"


MIRROR = ("--no-mirror", "--mirror")


# End of a session


@pytest.mark.parametrize(
    ("limits", "frames"),
    [
        (("--max-frames", "3"), 3),
        (("--max-frames", "1000"), 10),
        (("--duration", "0.5"), 6),
        (("--duration", "0.45"), 6),
        (("--duration", "60"), 10),
        (("--duration", "0.5", "--max-frames", "2"), 2),
        (("--duration", "0.1", "--max-frames", "8"), 2),
    ],
)
def test_limits_end_a_session(emodj: Run, clip: Clip, limits: tuple[str, ...], frames: int) -> None:
    lines, summary = documents(emodj("live", "--no-window", "--source", clip(10), "--jsonl", *limits))
    assert len(lines) == summary["frames"] == frames
    assert summary["seconds"] == (frames - 1) / 10


def test_a_picture_is_a_film_of_one_frame(emodj: Run, photo: Path) -> None:
    lines, summary = documents(emodj("live", "--no-window", "--source", photo, "--jsonl"))
    assert (len(lines), summary["frames"], summary["seconds"]) == (1, 1, 0)
    assert emodj("live", "--no-window", "--source", photo).stdout.splitlines()[1] == "length  0.0 s, 1 frame analysed"


def test_a_truncated_film_is_read_to_its_last_frame(emodj: Run, clip: Clip, tmp_path: Path) -> None:
    whole = clip(25).read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 2])
    lines, summary = documents(emodj("live", "--no-window", "--source", tmp_path / "cut.avi", "--jsonl"))
    assert 5 < len(lines) == summary["frames"] < 20


# Invalid sources


def test_a_missing_camera_is_status_4_and_one_sentence(run_process: Run) -> None:
    ended = run_process("live", "--no-window", "--camera", "99", "--json")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr.startswith("emodj: camera 99 cannot be opened")
    assert "--source" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_missing_source_is_status_2(emodj: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing.mkv"
    ended = emodj("live", "--no-window", "--source", missing)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"emodj: no such file: {missing}\n")
    assert emodj("live", "--no-window", "--source", "").returncode == 2


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 100])
@pytest.mark.parametrize("name", ["clip.mkv", "clip.avi", "clip.jpg"])
def test_an_invalid_video_is_status_4_and_one_sentence(run_process: Run, tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    ended = run_process("live", "--no-window", "--source", path, "--jsonl")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr.startswith(f"emodj: {path} ")
    assert ended.stderr.count("\n") == 1


def test_a_video_that_ends_at_once_is_status_4(emodj: Run, clip: Clip, tmp_path: Path) -> None:
    whole = clip(10).read_bytes()
    (tmp_path / "header.avi").write_bytes(whole[: whole.index(b"movi") + 4])
    ended = emodj("live", "--no-window", "--source", tmp_path / "header.avi")
    assert (ended.returncode, ended.stdout) == (4, "")


@pytest.mark.parametrize("options", [(), ("-vv",)])
def test_a_stream_that_does_not_answer_is_status_4_and_keeps_the_password(run_process: Run, options: tuple[str, ...]) -> None:
    ended = run_process("live", "--no-window", *options, "--source", "rtsp://me:secret@127.0.0.1:9/stream?token=secret")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert "127.0.0.1" in ended.stderr
    assert "secret" not in ended.stderr


@pytest.mark.parametrize("option", ["--camera", "--width", "--height", "--fps"])
def test_camera_options_and_a_source_exclude_each_other(emodj: Run, clip: Clip, option: str) -> None:
    ended = emodj("live", "--no-window", "--source", clip(10), option, "64")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert option in ended.stderr
    assert "--source" in ended.stderr


@pytest.mark.parametrize(
    "option", [("--width", "63"), ("--height", "9000"), ("--fps", "0"), ("--duration", "0"), ("--power", "low")]
)
def test_options_keep_to_the_ranges_of_the_settings(emodj: Run, option: tuple[str, str]) -> None:
    ended = emodj("live", "--no-window", *option)
    assert ended.returncode == 2
    assert f"Invalid value for '{option[0]}'" in ended.stderr


def test_a_missing_network_is_status_5(emodj: Run, clip: Clip, settings: Callable[[str], Path]) -> None:
    ended = emodj("live", "--no-window", "--source", clip(10), "--config", settings("[network]\npair = 'missing.json'\n"))
    assert (ended.returncode, ended.stdout) == (5, "")
    assert "missing.json" in ended.stderr


def test_no_display_is_status_6_and_suggests_no_window(emodj: Run, clip: Clip) -> None:
    ended = emodj("live", "--source", clip(10), "--json")
    assert (ended.returncode, ended.stdout) == (6, "")
    assert "--no-window" in ended.stderr


SWALLOWED = """
import builtins, os, signal, sys
from realtime.cli import main

real = builtins.__import__

def importing(name, *arguments, **options):
    if name == "cv2" and builtins.__import__ is importing:
        builtins.__import__ = real
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            print("swallowed", file=sys.stderr)
    return real(name, *arguments, **options)

builtins.__import__ = importing
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.posix
@pytest.mark.parametrize("command", [["live", "--no-window", "--source"], ["image"]])
def test_ctrl_c_that_a_library_swallows_during_its_import_ends_the_command(
    command: list[str], clip: Callable[[int], Path], photo: Path
) -> None:
    place = clip(10) if command[0] == "live" else photo
    ended = subprocess.run(
        [sys.executable, "-c", SWALLOWED, *command, str(place)], check=False, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert "swallowed" in ended.stderr
    assert ended.returncode == 130
    assert "happy" not in ended.stdout


@pytest.mark.posix
def test_a_device_that_is_no_camera_is_one_sentence(emodj: Callable[..., CompletedProcess[str]]) -> None:
    ended = emodj("live", "--no-window", "--width", "320", "--source", "/dev/null")
    assert ended.returncode == 4
    assert ended.stderr.startswith("emodj: camera /dev/null cannot be opened: ")


def test_a_missing_source_is_reported_before_a_missing_display(
    emodj: Callable[..., CompletedProcess[str]],
) -> None:
    ended = emodj("live", "--source", "none.avi")
    assert (ended.returncode, ended.stderr) == (2, "emodj: no such file: none.avi\n")


# Cameras and streams


def test_an_unknown_camera_is_status_4_and_the_sentence_names_the_list(emodj: Run) -> None:
    ended = emodj("live", "--no-window", "--camera", "no such maker", "--json")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr.startswith('emodj: no camera is called "no such maker"')
    assert "`emodj cameras`" in ended.stderr


def test_wait_is_refused_for_a_file(emodj: Run, clip: Clip) -> None:
    ended = emodj("live", "--no-window", "--wait", "--source", clip(10))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--wait is for a camera or a stream" in ended.stderr


@pytest.fixture
def camera(astronaut: Image) -> NetworkCamera:
    """A network camera that sends a picture of the astronaut."""
    return NetworkCamera(moving(astronaut[10:250, 80:400]))


SECRET = "hunter2"  # noqa: S105 - a password that must not be seen


@pytest.mark.parametrize("verbosity", ["-q", "-vv"])
def test_a_lost_stream_and_its_return_are_reported_and_its_password_is_never_printed(
    process: Callable[..., subprocess.Popen[str]], camera: NetworkCamera, tmp_path: Path, verbosity: str
) -> None:
    with streaming(camera) as address:
        source = f"http://me:{SECRET}@{address}/{SECRET}?token={SECRET}"
        log = tmp_path / "faces.jsonl"
        options = ("--no-window", "--max-frames", "100000", "--jsonl", "--duration", "4", "--log", log, verbosity)
        with process("live", "--source", source, *options) as started:
            until(lambda: camera.sent > 20)
            visits = camera.visits
            camera.drop()
            until(lambda: camera.visits > visits)
            out, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 0
    assert SECRET not in out + err + log.read_text()
    assert json.loads(out.splitlines()[-1])["mood"]["expression"] == "happy"
    lines = [line for line in err.splitlines() if line.startswith("emodj: ")]
    if verbosity == "-q":
        assert lines == []
    else:
        assert lines[-1] == f"emodj: http://{address}/… is back"
        assert lines[-2].startswith(f"emodj: http://{address}/… gives no more frames: ")


def test_wait_waits_for_a_stream(process: Callable[..., subprocess.Popen[str]], camera: NetworkCamera) -> None:
    camera.absent = True
    with streaming(camera) as address:
        # On battery, it would say so first
        options = ("--no-window", "--wait", "--max-frames", "3", "--json", "--power", "full")
        with process("live", "--source", f"http://{address}/", *options) as started:
            until(lambda: camera.visits)
            camera.absent = False
            out, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 0
    assert json.loads(out)["frames"] == 3
    assert err.splitlines()[0].startswith(f"emodj: http://{address}/… cannot be opened as a video")


@pytest.mark.posix
@pytest.mark.parametrize("state", ["waiting", "live", "lost"])
def test_ctrl_c_ends_a_stream_in_each_state(
    process: Callable[..., subprocess.Popen[str]], camera: NetworkCamera, state: str
) -> None:
    camera.absent = state == "waiting"
    with (
        streaming(camera) as address,
        process("live", "--source", f"http://{address}/", "--no-window", "--wait", "--json") as started,
    ):
        until(lambda: camera.visits > 1 if camera.absent else camera.sent > 20)
        if state == "lost":
            camera.absent = True
            camera.drop()
            visits = camera.visits
            until(lambda: camera.visits > visits)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 130
    assert "Traceback" not in err
    assert len(out.splitlines()) == (state != "waiting")


IN_THE_BACKGROUND = f"""
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
{START}"""


@pytest.mark.posix
def test_ctrl_c_that_a_shell_has_ignored_ends_nothing(
    process: Callable[..., subprocess.Popen[str]], camera: NetworkCamera
) -> None:
    with (
        streaming(camera) as address,
        process("live", "--source", f"http://{address}/", "--no-window", "--jsonl", program=IN_THE_BACKGROUND) as started,
    ):
        assert started.stdout is not None
        try:
            started.stdout.readline()
            started.send_signal(signal.SIGINT)
            lines = [started.stdout.readline() for _ in range(20)]
        finally:
            started.kill()
    assert all(json.loads(line)["faces"] is not None for line in lines)


def test_a_film_and_a_log_are_written_to_the_named_files(emodj: Run, clip: Clip, tmp_path: Path) -> None:
    film, log = tmp_path / "film.mkv", tmp_path / "log.jsonl"
    ended = emodj("live", "--source", clip(12), "--no-window", "--json", "--record", film, "--log", log)
    assert (ended.returncode, ended.stderr) == (0, "")
    capture = cv2.VideoCapture(str(film))
    pictures = [image for read, image in (capture.read() for _ in range(13)) if read]
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(10)
    capture.release()
    assert [picture.shape for picture in pictures] == [(180, 240, 3)] * 12
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line["t"] for line in lines[:-1]] == pytest.approx([index / 10 for index in range(12)])
    assert lines[-1] == json.loads(ended.stdout)
    if sys.platform != "win32":
        assert {path.stat().st_mode & 0o777 for path in (film, log)} == {0o600}


@pytest.mark.parametrize("option", [("--record", "film.mkv"), ("--log", "log.jsonl")])
def test_no_existing_file_is_overwritten(emodj: Run, clip: Clip, tmp_path: Path, option: tuple[str, str]) -> None:
    kept = tmp_path / option[1]
    kept.write_bytes(b"mine")
    ended = emodj("live", "--source", clip(2), "--no-window", option[0], kept)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert str(kept) in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert kept.read_bytes() == b"mine"


@pytest.mark.posix
@pytest.mark.parametrize(("option", "name"), [("--record", "film.mkv"), ("--log", "log.jsonl")])
def test_a_full_disk_ends_the_output_and_not_the_session(clip: Clip, tmp_path: Path, option: str, name: str) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))\n"
    arguments = ["live", "--source", str(clip(60)), "--no-window", "--json", option, str(tmp_path / name)]
    ended = subprocess.run(
        [sys.executable, "-c", full + START, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["frames"] == 60
    assert ended.stderr.count("\n") == 1
    assert name in ended.stderr
    written = tmp_path / name
    assert 0 < written.stat().st_size <= 12_000
    if option == "--log":
        assert all(json.loads(line) for line in written.read_text(encoding="utf-8").splitlines())
    else:
        assert cv2.VideoCapture(str(written)).read()[0]


def test_a_session_without_a_frame_leaves_no_empty_film_and_no_empty_log(run_process: Run, tmp_path: Path) -> None:
    film, log = tmp_path / "film.mkv", tmp_path / "log.jsonl"
    ended = run_process("live", "--camera", "97", "--no-window", "--record", film, "--log", log)
    assert ended.returncode == 4
    assert not film.exists()
    assert not log.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--camera", "http://user:geheim@127.0.0.1/x"),
        ("--camera", "user:geheim@127.0.0.1"),
        ("--source", "http:/user:geheim@127.0.0.1/x"),
        ("--source", "rtsp:user:geheim@127.0.0.1/x"),
        ("--source", "http://user:12/geheim@127.0.0.1:1/x"),
        ("--source", "http://user:1#geheim@127.0.0.1:1/x"),
    ],
)
def test_a_mistyped_address_does_not_show_its_password(emodj: Run, options: tuple[str, str]) -> None:
    ended = emodj("live", "--no-window", *options)
    assert ended.returncode in {2, 4}
    assert ended.stderr.count("\n") == 1
    assert "geheim" not in ended.stderr
    assert "12" not in ended.stderr


def test_a_film_without_a_window_bears_the_mark_of_a_recording(emodj: Run, clip: Clip, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    assert emodj("live", "--source", clip(3), "--no-window", "--record", film).returncode == 0
    _, drawn = cv2.VideoCapture(str(film)).read()
    blue, green, red = (drawn[:40, 160:, channel].astype(int) for channel in range(3))
    assert ((red > 180) & (blue < 140) & (green < 140)).any()


def test_waiting_ends_after_the_duration(run_process: Run) -> None:
    ended = run_process("live", "--no-window", "--camera", "97", "--wait", "--duration", "0.5")
    assert ended.returncode == 4
    assert ended.stdout == ""
    assert "no picture came in time" in ended.stderr.splitlines()[-1]


def test_a_log_to_stdout_is_refused_and_the_sentence_names_jsonl(emodj: Run, clip: Clip) -> None:
    ended = emodj("live", "--no-window", "--source", clip(2), "--log", "-")
    assert ended.returncode == 2
    assert "--jsonl" in ended.stderr


def test_every_frame_of_a_file_is_searched(emodj: Run, tmp_path: Path, astronaut: Image) -> None:
    path = tmp_path / "late.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (512, 480))
    for index in range(12):
        writer.write(astronaut[:480] if index >= 4 else astronaut[:480] // 20)
    writer.release()
    lines, _ = documents(emodj("live", "--no-window", "--source", path, "--jsonl"))
    shown = [index for index, line in enumerate(lines) if line["faces"]]
    assert shown == [*range(7, 12)], "found in the fourth, and in every frame for a tenth of a second"


def test_a_qr_code_stands_below_the_summary_on_demand(emodj: Run, clip: Clip) -> None:
    plain = emodj("live", "--no-window", "--source", clip(10)).stdout
    coded = emodj("live", "--no-window", "--source", clip(10), "--qr").stdout
    assert coded.startswith(plain)
    assert coded.count("█") > 100 > plain.count("█")


def test_the_summary_names_the_strategy_and_its_choice(emodj: Run, clip: Clip) -> None:
    (summary,) = documents(emodj("live", "--no-window", "--source", clip(10), "--json", "--strategy", "lift"))[1:]
    assert (summary["playlist"]["strategy"], summary["playlist"]["why"]) == ("lift", "to lift happy")


# Films


def test_the_times_of_a_film_are_those_that_it_states(emodj: Run, astronaut: Image, tmp_path: Path) -> None:
    times_ms = [0, 31, 64, 900, 2000]
    film = write_film(tmp_path / "film.mkv", [np.roll(astronaut, index, axis=1) for index in range(5)], times_ms)
    lines, summary = documents(emodj("live", "--no-window", "--source", film, "--jsonl", "--record", tmp_path / "copy.mkv"))
    assert [line["t"] for line in lines] == [time_ms / 1000 for time_ms in times_ms]
    assert (summary["frames"], summary["seconds"]) == (5, 2.0)
    copied = documents(emodj("live", "--no-window", "--source", tmp_path / "copy.mkv", "--jsonl"))[0]
    assert [line["t"] for line in copied] == [line["t"] for line in lines]
    short = documents(emodj("live", "--no-window", "--source", film, "--jsonl", "--duration", "0.5"))
    # The third frame is still shown when the time is over
    assert (len(short[0]), short[1]["seconds"]) == (3, pytest.approx(0.5, abs=0.1))


@pytest.mark.parametrize("options", [(), ("--json",), ("--jsonl",)])
def test_a_film_of_black_pictures_has_no_faces_that_were_not_seen(emodj: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    film = write_film(tmp_path / "film.mkv", 3 * [np.zeros((120, 160, 3), np.uint8)], [0, 100, 200])
    ended = emodj("live", "--no-window", "--source", film, *options)
    assert ended.returncode == 4
    assert ended.stderr.startswith(f"emodj: every picture of {film} is black: ")
    assert "no face" not in ended.stdout
    assert bool(ended.stdout) == bool(options)


def test_a_film_without_times_and_rate_is_said_to_be_one(emodj: Run, astronaut: Image, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", 3 * [astronaut], [0, 0, 0])
    ended = emodj("live", "--no-window", "--source", film)
    assert ended.returncode == 0
    assert ended.stderr == f"emodj: {film} states neither times nor a rate: 30 frames a second are assumed\n"
    assert "length  0.1 s, 3 frames analysed" in ended.stdout


# --summary


@pytest.mark.parametrize("suffix", ["html", "md", "json"])
def test_the_summary_is_kept(emodj: Run, clip: Clip, tmp_path: Path, suffix: str) -> None:
    kept = tmp_path / f"evening.{suffix}"
    ended = emodj("live", "--no-window", "--source", clip(10), "--json", "--summary", kept)
    assert (ended.returncode, ended.stderr) == (0, "")
    text, summary = kept.read_text(encoding="utf-8"), json.loads(ended.stdout)
    assert summary["fact"]["source"] in text.replace("\\", "")
    assert HAPPY_LIST in text
    if suffix == "json":
        document = json.loads(text)
        timeline = document.pop("timeline")
        assert document == summary
        assert (timeline[0]["start"], timeline[-1]["end"]) == (0, pytest.approx(0.9, abs=0.04))
        assert {span["expression"] for span in timeline} == {"happy"}


def test_without_the_option_no_summary_is_kept(emodj: Run, clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = clip(3)
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    assert emodj("live", "--no-window", "--source", film).returncode == 0
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["evening.txt", "evening", "-", "missing/evening.html"])
def test_a_summary_without_a_place_is_refused_before_the_session(emodj: Run, tmp_path: Path, name: str) -> None:
    # The source is looked at later
    ended = emodj("live", "--no-window", "--source", tmp_path / "missing.avi", "--summary", tmp_path / name)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"emodj: cannot write {tmp_path / name}: ")
    assert ended.stderr.count("\n") == 1


def test_a_summary_that_exists_is_refused_and_stays(emodj: Run, clip: Clip, tmp_path: Path) -> None:
    kept = tmp_path / "evening.html"
    kept.write_bytes(b"mine")
    ended = emodj("live", "--no-window", "--source", clip(2), "--summary", kept)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"emodj: {kept} exists already: choose another name for the summary\n"
    assert kept.read_bytes() == b"mine"


def test_a_summary_and_a_log_need_two_names(emodj: Run, clip: Clip, tmp_path: Path) -> None:
    same = tmp_path / "evening.json"
    ended = emodj("live", "--no-window", "--source", clip(2), "--summary", same, "--log", same)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--log and --summary name the same file" in ended.stderr
    assert not same.exists()


@pytest.mark.posix
def test_a_summary_that_cannot_be_written_is_status_1_after_the_summary_is_printed(clip: Clip, tmp_path: Path) -> None:
    # At the end of the session there is no room for a file
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))\n"
    kept = tmp_path / "evening.html"
    arguments = ["live", "--source", str(clip(5)), "--no-window", "--json", "--summary", str(kept)]
    ended = subprocess.run(
        [sys.executable, "-c", full + START, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["frames"] == 5
    assert ended.stderr.startswith(f"emodj: cannot write {kept} (")
    assert ended.stderr.endswith("): choose another place for the summary\n")
    assert list(kept.parent.glob("*evening*")) + list(kept.parent.glob(".emodj*")) == []


@pytest.mark.posix
@pytest.mark.parametrize(("number", "state"), [(signal.SIGINT, "live"), (signal.SIGTERM, "live"), (signal.SIGINT, "lost")])
def test_a_signal_leaves_a_whole_summary_also_of_a_lost_camera(
    process: Callable[..., subprocess.Popen[str]], camera: NetworkCamera, tmp_path: Path, number: signal.Signals, state: str
) -> None:
    kept = tmp_path / "evening.json"
    with (
        streaming(camera) as address,
        process("live", "-q", "--source", f"http://{address}/", "--no-window", "--jsonl", "--summary", kept) as started,
    ):
        assert started.stdout is not None
        started.stdout.readline()
        if state == "lost":
            camera.absent, visits = True, camera.visits
            camera.drop()
            until(lambda: camera.visits > visits)
        started.send_signal(number)
        out, err = started.communicate(timeout=PATIENCE_S)
    assert (started.returncode, err.strip()) == (128 + number, "")
    document = json.loads(kept.read_text(encoding="utf-8"))
    assert document.pop("timeline")
    assert document == json.loads(out.splitlines()[-1])


def test_a_session_without_a_frame_keeps_no_summary(emodj: Run, tmp_path: Path) -> None:
    kept = tmp_path / "evening.html"
    assert emodj("live", "--no-window", "--camera", "no such maker", "--summary", kept).returncode == 4
    assert not kept.exists()


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_black_film_keeps_no_summary(emodj: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    kept = tmp_path / "evening.html"
    film = write_film(tmp_path / "film.mkv", 3 * [np.zeros((120, 160, 3), np.uint8)], [0, 100, 200])
    assert emodj("live", "--no-window", "--source", film, "--summary", kept, *options).returncode == 4
    assert not kept.exists()


def test_the_dj_without_music_is_one_sentence(emodj: Run, clip: Clip, settings: Callable[[str], Path]) -> None:
    lists = "".join(f"{name} = []\n" for name in (*NAMES, "lift"))
    empty = settings(f"[playlists]\n{lists}")
    ended = emodj("live", "--config", empty, "--dj", "--no-window", "--source", clip(3), "--json")
    assert ended.returncode == 0
    assert ended.stderr.count("\n") == 1
    assert "the DJ is on, and your settings name no music to play" in ended.stderr
    assert json.loads(ended.stdout)["dj"] == []
    off = emodj("live", "--config", empty, "--no-dj", "--no-window", "--source", clip(3), "--json")
    assert (off.stderr, "dj" in json.loads(off.stdout)) == ("", False)


def test_an_option_turns_the_dj_of_the_settings_off(emodj: Run, clip: Clip, settings: Callable[[str], Path]) -> None:
    on = settings("[music]\ndj = true\n")
    run = ("live", "--config", on, "--no-window", "--source", clip(3), "--json")
    assert json.loads(emodj(*run).stdout)["dj"] == []
    assert "dj" not in json.loads(emodj(*run, "--no-dj").stdout)
