"""Each benchmark runs for a short time and prints its table. These tests do not check the figures."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from benchmarks import __main__ as everything
from benchmarks import (
    at_rest,
    children,
    feedback,
    forward,
    frozen,
    groups,
    live,
    memory,
    reference,
    report,
    scene,
    soak,
    startup,
    throughput,
    window,
)
from benchmarks.figures import HEADINGS, Figure, figure_of_turns, format_ratio, format_table, print_report
from realtime.domain import Frame
from realtime.errors import DisplayError, EmodjError
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = scene.Scene(320, 240, 2)


def lower(**values: float) -> Figure:
    return Figure("x", values["value"], 10, 5, more_is_better=False)


@pytest.mark.parametrize(("value", "met"), [(10.1, "NO"), (10, "must"), (5.1, "must"), (5, "moonshot")])
def test_a_figure_where_less_is_better_names_the_bar_it_meets(value: float, met: str) -> None:
    assert lower(value=value).met == met


@pytest.mark.parametrize(("value", "met"), [(4.9, "NO"), (5, "must"), (9.9, "must"), (10, "moonshot")])
def test_a_figure_where_more_is_better_names_the_bar_it_meets(value: float, met: str) -> None:
    assert Figure("x", value, 5, 10).met == met


def test_a_figure_without_bars_meets_none() -> None:
    assert Figure("x", 1.0).met == "-"


@pytest.mark.parametrize(("value", "text"), [(0.1, "1/10"), (1 / 3, "1/3"), (0.9, "0.9"), (12.34, "12.3"), (0.0, "0")])
def test_a_small_ratio_is_formatted_as_a_fraction(value: float, text: str) -> None:
    assert format_ratio(value) == text


def test_turns_are_summarised_by_median_and_range_of_their_ratios() -> None:
    figure = figure_of_turns("x", [(10.0, 1.0), (20.0, 1.0), (90.0, 3.0)], unit="/s", must=8.0, moonshot=40.0)
    assert figure.value == 20
    assert figure.spread == "10 to 30"
    assert (figure.ours, figure.reference, figure.met) == ("20/s", "1/s", "must")


def test_the_columns_of_the_table_are_aligned() -> None:
    found = [
        Figure("short", 2.0, 1, 3),
        Figure("a much longer name", 0.25, 0.5, 0.1, more_is_better=False, ours="1", reference="4"),
    ]
    head, *lines = format_table(found).splitlines()
    at = [head.index(heading) for heading in HEADINGS]
    assert [lines[1][left:].split("  ")[0].strip() for left in at] == [
        "a much longer name",
        "1",
        "4",
        "1/4",
        "1/2",
        "1/10",
        "must",
    ]


def test_the_figures_are_also_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "figures.json"
    assert print_report(lambda: [Figure("x", 2.0, 1, 3)], path) == 0
    (line,) = json.loads(path.read_text(encoding="utf-8"))
    assert (line["name"], line["value"], line["met"]) == ("x", 2.0, "must")
    assert capsys.readouterr().out.splitlines()[1].split() == ["x", "2", "-", "-", "1", "3", "must"]


def test_frames_are_the_same_each_time() -> None:
    one, other = scene.compose(SMALL, 3), scene.compose(SMALL, 3)
    assert all(np.array_equal(left, right) for left, right in zip(one, other, strict=True))
    assert not np.array_equal(one[0], one[1])


def test_the_loop_ends_where_it_begins() -> None:
    length = round(scene.LOOP_S * scene.RATE)
    for before, after in zip(SMALL.heads(0), SMALL.heads(length), strict=True):
        assert (before.x, before.y, before.height) == pytest.approx((after.x, after.y, after.height))


def test_each_face_leaves_once_in_a_loop_and_never_both_at_once() -> None:
    there = [[head.in_place for head in SMALL.heads(index)] for index in range(round(scene.LOOP_S * scene.RATE))]
    away = [round(1 - sum(column) / len(there), 1) for column in zip(*there, strict=True)]
    assert away == [scene.AWAY_SHARE, scene.AWAY_SHARE]
    assert all(any(row) for row in there)
    assert all(head.in_place for head in throughput.GROUP.heads(120))


def test_faces_are_at_the_positions_of_the_scene() -> None:
    place = scene.Scene(640, 480, 1)
    detector = cv2.CascadeClassifier(str(ROOT / "cascades" / "haarcascade_frontalface_alt2.xml"))
    composer = scene.Composer(place)
    for index in range(0, 60, 20):
        (head,) = place.heads(index)
        grey = cv2.cvtColor(composer.frame(index), cv2.COLOR_BGR2GRAY)
        (hit,) = detector.detectMultiScale(grey, 1.2, 3, minSize=(48, 48))
        left, top, width, height = map(int, hit)
        assert head.is_near(left + width / 2, top + height / 2)
        assert not head.is_near(left + width * 1.5, top + height / 2)


def test_a_head_at_rest_breathes_and_no_two_frames_are_equal() -> None:
    place = scene.Scene(320, 240, 1, resting=True)
    length = round(scene.LOOP_S * scene.RATE)
    heads = [place.heads(index)[0] for index in range(length)]
    assert {(head.x, head.height, head.in_place) for head in heads} == {(160.0, 120.0, True)}
    assert max(head.y for head in heads) - min(head.y for head in heads) == pytest.approx(2 * scene.BREATH, abs=0.01)
    one, other = scene.compose(place, 2)
    assert not np.array_equal(one, other)
    # The head is in its place and nothing but noise moves around it
    assert abs(one.astype(int) - other.astype(int)).max() < 12 * scene.NOISE


def test_an_absent_head_is_outside_the_frame() -> None:
    place = scene.Scene(320, 240, 1)
    middle = round((0.5 + scene.AWAY_SHARE / 2) * scene.LOOP_S * scene.RATE)
    (head,) = place.heads(middle)
    assert not head.in_place
    assert head.y > place.height


class ConstantNetwork:
    """Gives the same probabilities for every crop, and records the shapes of its inputs."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def predict(self, batch: np.ndarray, verbose: int) -> np.ndarray:
        del verbose
        self.shapes.append(batch.shape)
        return np.array([[0, 0, 0, 1, 0, 0, 0]], np.float32)


def test_the_reference_classifies_and_draws_each_face_alone() -> None:
    network = ConstantNetwork()
    image = scene.compose(scene.Scene(640, 480, 2, head=0.4), 1)[0]
    before = image.copy()
    faces = reference.Reference(network).read(image)
    assert [face.label for face in faces] == ["happy", "happy"]
    assert network.shapes == [(1, 48, 48, 1)] * 2
    assert not np.array_equal(before, image)


def test_a_turn_counts_hits_and_false_boxes() -> None:
    place = scene.Scene(320, 240, 2, leaving=False)

    class HalfBlind:
        def read(self, image: np.ndarray, index: int) -> list[throughput.Point]:
            del image
            head = place.heads(index)[0]
            return [(head.x, head.y), (0.0, 0.0), (place.width, 0.0)]

    turn = throughput.Runner(HalfBlind(), place, scene.compose(place, 2)).turn(0.0)
    assert (turn.frames, turn.faces, turn.found, turn.false) == (1, 2, 1, 2)


def test_a_meter_records_only_new_frames_and_the_age_of_their_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    meter, image = live.Meter(), np.zeros((4, 4, 3), np.uint8)
    now = 10.0
    monkeypatch.setattr(live.time, "monotonic", lambda: now)
    meter.analysed(Frame(image, 0, 9.9), 9.95, now)
    for now in (10.0, 10.03, 10.07):
        meter.shown(Frame(image, 1, now), now)
        meter.note_drawn()
        # The same picture, drawn anew for a notice
        meter.note_drawn()
    assert list(meter.times) == [10.0, 10.03, 10.07]
    assert list(meter.ages) == pytest.approx([0.1, 0.13, 0.17])
    assert meter.numbers()["shown_per_s"] == pytest.approx(2 / 0.07)


def numbers_above_zero(found: list[Figure]) -> list[str]:
    assert all(figure.value > 0 for figure in found), format_table(found)
    return [figure.name for figure in found]


@pytest.mark.nightly
def test_throughput(capsys: pytest.CaptureFixture[str]) -> None:
    found: list[Figure] = []
    assert print_report(lambda: found.extend(throughput.figures(0.08, clip_s=0.1, turns=1)) or found, None) == 0
    names = numbers_above_zero(found)
    assert [name.split(",")[0] for name in names] == [
        "frames analysed/s",
        "processor time of a frame",
        "faces found",
        "frames analysed/s",
        "processor time of a frame",
        "faces found",
        "one more face",
    ]
    assert capsys.readouterr().out.startswith("figure ")


@pytest.mark.nightly
def test_forward() -> None:
    assert len(numbers_above_zero(forward.figures(0.02, turns=1))) == 1


@pytest.mark.window
@pytest.mark.nightly
@pytest.mark.usefixtures("display")
@pytest.mark.parametrize(("measure", "seconds", "rows"), [(window.figures, 3.0, 7), (frozen.figures, 1.0, 1)])
def test_sessions_in_a_window(measure: Callable[[float], list[Figure]], seconds: float, rows: int) -> None:
    assert len(numbers_above_zero(measure(seconds))) == rows


@pytest.mark.nightly
def test_a_face_at_rest() -> None:
    assert len(numbers_above_zero(at_rest.figures(9.0))) == 4


@pytest.mark.nightly
def test_memory() -> None:
    assert len(numbers_above_zero(memory.figures(1.0, windowed=False))) == 1


@pytest.mark.nightly
def test_startup() -> None:
    assert len(numbers_above_zero(startup.figures(turns=1))) == 1


@pytest.mark.nightly
def test_soak(capsys: pytest.CaptureFixture[str]) -> None:
    first, last = soak.soak(0.15, window=False, every=0.05)
    assert last.minutes > first.minutes
    assert min(first.memory_mib, first.threads, first.handles) > 0
    assert capsys.readouterr().out.startswith("minutes  resident MiB  threads  handles\n")


def test_the_soak_test_ends_with_a_verdict() -> None:
    first, last = soak.Sample(2.0, 100.0, 8, 20), soak.Sample(30.0, 106.0, 9, 20)
    assert soak.format_verdict(first, last).startswith("memory grew by 6.0 MiB in the last 28.0 minutes")
    assert "NOT MET" in soak.format_verdict(first, last)
    assert soak.format_verdict(first, last).endswith("threads +1, handles +0")


def test_a_soak_test_reports_the_error_of_an_ended_session() -> None:
    command = [sys.executable, "-c", "raise SystemExit('the clip is gone')"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        watched = soak.ProcessMonitor(process, 0.0)
        with pytest.raises(EmodjError, match="the clip is gone"):
            watched.wait(10.0)


def test_groups_compare_faces_that_differ_in_one_attribute() -> None:
    change = np.array(["", "skin dark", "skin light", "age old"] * 4)
    right = np.array([True, False, True, True] * 3 + [False, True, True, False])
    found = groups.measure(right, np.repeat(np.arange(4), 4), change)
    lines, gap, first, last = found["skin"]
    assert (lines, gap) == ({"skin dark": 0.25, "skin light": 1.0}, 0.75)
    assert 0 <= first < 0.75 < last <= 1
    assert found["age"][:2] == ({"age old": 0.75}, 0.0)


def test_a_benchmark_reports_missing_tensorflow(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setattr(sys, "argv", ["throughput", "--seconds", "1"])
    assert throughput.main() == 1
    assert "needs TensorFlow, which is not installed: pip install tensorflow" in capsys.readouterr().err


def test_a_benchmark_reports_missing_screen_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["frozen"])
    assert frozen.main() == DisplayError.status
    assert capsys.readouterr().err.endswith("a window needs Xvfb and openbox: install xvfb and openbox\n")


def test_the_full_run_names_benchmarks_that_cannot_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--seconds", "1"])
    assert everything.main() != 0
    stderr = capsys.readouterr().err
    assert all(
        f"{name} is left out: " in stderr
        for name in ("throughput", "forward", "window", "memory", "startup", "frozen", "at_rest")
    )


def test_the_error_of_a_child_is_reported() -> None:
    with pytest.raises(EmodjError, match=r"benchmarks.live nowhere.avi ended with status 1: .*FFmpeg cannot open"):
        children.run_child(children.module_command("benchmarks.live", "nowhere.avi"), children.child_environment())


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".throughput",
        ".forward",
        ".window",
        ".memory",
        ".startup",
        ".frozen",
        ".at_rest",
        ".soak",
        ".live",
        ".reference",
        ".report",
    ],
)
def test_each_benchmark_has_a_help_text(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks{name}", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "usage: " in done.stdout


def test_a_log_is_read_for_a_report() -> None:
    (row,) = report.figures(0, rows=500)
    assert row.ours.endswith(" lines/s")
    assert row.value > 0


def test_thumbs_of_simulated_listeners_beat_songs_by_lot(capsys: pytest.CaptureFixture[str]) -> None:
    found = feedback.measure(12, 1.0, 60, seed=1)
    assert found["by lot"] < found["by thumbs"] < found["best"] <= 1
    assert feedback.main(["--choices", "5", "--runs", "2"]) == 0
    assert capsys.readouterr().out.startswith("2 listeners, 5 choices, thumbs for 30% of the plays\nby thumbs")
