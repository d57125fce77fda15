"""`emodj calibrate`, and the use of what it keeps by `emodj live`, `image` and `evaluate`."""

from __future__ import annotations

import io
import json
import math
import re
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from realtime.app.build import kept_faces_folder
from realtime.domain import EXPRESSIONS
from tests.support.rest_faces import write_rest_film

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from realtime.domain import Image

    Run = Callable[..., CompletedProcess[str]]

WORDS = re.compile(r"neutral in (\d+) of 81 pictures before, in (\d+) after\nhappy is turned down to (\d+)%")
OTHER_NETWORK = "cd" * 32


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """Nine seconds of one face at rest."""
    return write_rest_film(tmp_path_factory.mktemp("rest") / "rest.mkv", astronaut)


@pytest.fixture
def kept(emodj: Run, film: Path) -> Path:
    """The file of a face that is kept as "ana"."""
    ended = emodj("calibrate", "--no-window", "--source", film, "--name", "ana", "--yes")
    assert ended.returncode == 0, ended.stderr
    return kept_faces_folder() / "ana.json"


def expressions(ended: CompletedProcess[str]) -> list[str]:
    """The expression of the only face of each frame."""
    *lines, _ = [json.loads(line) for line in ended.stdout.splitlines()]
    return [face["expression"] for line in lines for face in line["faces"]]


def unsmoothed(settings: Callable[[str], Path], more: str = "") -> Path:
    """Settings in which each frame stands for itself."""
    return settings(f"[tracking]\nsmoothing_s = 0\nlabel_lead = 0\nlabel_dwell_s = 0\n{more}")


def test_it_measures_and_prints_and_writes_nothing(emodj: Run, film: Path, home: Path) -> None:
    ended = emodj("calibrate", "--no-window", "--source", film)
    assert ended.returncode == 0
    said = WORDS.match(ended.stdout)
    assert said is not None
    before, after, strength = map(int, said.groups())
    assert 50 <= before < after <= 81
    assert 37 <= strength <= 50
    assert "reading the first 8 seconds of the film, or all of it: the face in it should look neutral" in ended.stderr
    assert "camera" not in ended.stderr
    assert "nothing is kept" in ended.stderr
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_it_keeps_seven_numbers_a_day_and_a_network(kept: Path, home: Path) -> None:
    document = json.loads(kept.read_text())
    assert set(document) == {"schema", "day", "network", "offsets"}
    assert -1 <= document["offsets"]["happy"] < -0.7
    assert document["offsets"]["neutral"] == 0
    assert [path for path in home.rglob("*") if path.is_file()] == [kept]
    if sys.platform != "win32":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.posix("needs a terminal of POSIX")
@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1)])
def test_it_asks_before_it_keeps(emodj: Run, film: Path, monkeypatch: pytest.MonkeyPatch, answer: str, status: int) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    ended = emodj("calibrate", "--no-window", "--source", film, "--name", "ana")
    assert (ended.returncode, (kept_faces_folder() / "ana.json").exists()) == (status, status == 0)
    assert "keep these seven numbers in" in ended.stderr
    assert ("nothing was kept" in ended.stderr) is (status == 1)


def test_what_is_kept_is_shown_and_forgotten(emodj: Run, kept: Path) -> None:
    shown = emodj("calibrate", "--show")
    assert shown.stdout.startswith("ana: happy is turned down to ")
    assert emodj("calibrate", "--show", "--name", "ANA").stdout == shown.stdout
    assert emodj("calibrate", "--forget", "--name", "Ana").returncode == 0
    assert not kept.exists()
    ended = emodj("calibrate", "--show")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "emodj: no face at rest is kept\n")


def test_a_face_of_a_newer_emodj_is_said_and_the_others_are_shown(emodj: Run, kept: Path) -> None:
    newer = kept.with_name("ben.json")
    newer.write_text('{"schema": 2}')
    shown = emodj("calibrate", "--show")
    assert (shown.returncode, shown.stdout.startswith("ana: happy is turned down to ")) == (0, True)
    assert "was written by a newer emodj" in shown.stderr
    assert emodj("calibrate", "--show", "--name", "ben").returncode == 1
    assert newer.read_text() == '{"schema": 2}'


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--forget",), "--forget needs the name"),
        (("--forget", "--name", "eva"), "no face at rest is kept as eva"),
        (("--show", "--name", "eva"), "no face at rest is kept as eva"),
        (("--show", "--forget", "--name", "eva"), "leave one of them out"),
        (("--yes",), "needs --name"),
        (("--name", "eva", "--no-window"), "nobody can be asked here"),
        (("--name", "../eva", "--yes"), "a name has 1 to 40 letters"),
        (("--name", "con", "--yes"), "Windows"),
        (("--name", "", "--yes"), "a name has 1 to 40 letters"),
        (("--source", ""), "--source is empty"),
        (("--source", "a.mkv", "--camera", "0"), "leave one of them out"),
        (("--seconds", "1"), "3<=x<=60"),
        (("--source", "missing.mkv", "--no-window"), "missing.mkv"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(emodj: Run, arguments: tuple[str, ...], sentence: str) -> None:
    ended = emodj("calibrate", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr


def test_seconds_that_were_not_at_rest_are_refused(emodj: Run, clip: Callable[[int], Path]) -> None:
    ended = emodj("calibrate", "--no-window", "--source", clip(30), "--name", "ana", "--yes")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "not measured: the face looked happy in most pictures" in ended.stderr
    assert not kept_faces_folder().exists()


def test_a_network_that_does_not_say_how_it_reads_neutral_faces_is_refused(
    emodj: Run, film: Path, shipped_copy: Path, settings: Callable[[str], Path]
) -> None:
    ended = emodj("--config", settings(f"[network]\npair = '{shipped_copy}'\n"), "calibrate", "--no-window", "--source", film)
    assert ended.returncode == 5
    assert "its contract does not say how it reads neutral faces" in ended.stderr


@pytest.fixture
def shipped_copy(tmp_path: Path) -> Path:
    """The shipped network without its figures of neutral faces."""
    from dataclasses import replace

    from realtime.classifier.contract import compiled_path, contract_path, read_contract, write_contract_file
    from tests.support.places import MODELS

    pair = MODELS / "emotiondetector.json"
    copy = tmp_path / "own.tflite"
    copy.write_bytes(compiled_path(pair).read_bytes())
    write_contract_file(contract_path(copy), replace(read_contract(contract_path(pair)), neutral=None))
    return copy


# Use


@pytest.mark.parametrize("by", ["option", "setting"])
def test_a_session_uses_it_at_half_strength_and_marks_the_faces(
    emodj: Run, film: Path, kept: Path, settings: Callable[[str], Path], by: str
) -> None:
    plain = emodj("--config", unsmoothed(settings), "live", "--no-window", "--source", film, "--jsonl")
    chosen = unsmoothed(settings, '[faces]\ncalibration = "Ana"\n' if by == "setting" else "")
    options = ["--face", "ana"] if by == "option" else []
    ended = emodj("--config", chosen, "live", "--no-window", "--source", film, "--jsonl", *options)
    assert "of 20" in ended.stderr
    assert "at half strength" in ended.stderr
    assert expressions(plain)[:6] == ["neutral", "neutral", "happy"] * 2
    *lines, summary = [json.loads(line) for line in ended.stdout.splitlines()]
    faces = [face for line in lines for face in line["faces"]]
    assert len(faces) == 90
    assert all(face["calibrated"] is True for face in faces)
    assert summary["calibrated"] is True
    before = [face for line in plain.stdout.splitlines()[:-1] for face in json.loads(line)["faces"]]
    odds = [face["probabilities"]["happy"] / face["probabilities"]["neutral"] for face in (before[2], faces[2])]
    offset = json.loads(kept.read_text())["offsets"]["happy"]
    assert odds[1] / odds[0] == pytest.approx(math.exp(offset / 2), rel=0.01)
    assert "calibrated" not in plain.stdout
    assert kept.exists()


def test_the_summary_says_that_it_was_used(emodj: Run, film: Path, kept: Path) -> None:
    ended = emodj("live", "--no-window", "--source", film, "--face", kept.stem)
    assert "\n        calibrated with a face at rest\n" in ended.stdout


def test_a_picture_of_one_face_is_corrected(emodj: Run, photo: Path, kept: Path) -> None:
    assert kept.exists()
    (face,) = json.loads(emodj("image", photo, "--json", "--face", "ana").stdout)["images"][0]["faces"]
    assert face["calibrated"] is True
    assert "calibrated" not in emodj("image", photo, "--json").stdout
    assert "calibrated" in emodj("image", photo, "--face", "ana").stdout


def test_the_setting_is_for_sessions_not_for_pictures(
    emodj: Run, photo: Path, kept: Path, settings: Callable[[str], Path]
) -> None:
    chosen = settings(f'[faces]\ncalibration = "{kept.stem}"\n')
    assert "calibrated" not in emodj("--config", chosen, "image", photo, "--json").stdout


@pytest.mark.parametrize("command", ["live", "image"])
def test_a_face_that_is_not_kept_is_refused(emodj: Run, film: Path, photo: Path, command: str) -> None:
    arguments = ["live", "--no-window", "--source", film] if command == "live" else ["image", photo]
    ended = emodj(*arguments, "--face", "eva")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "no face at rest is kept as 'eva'" in ended.stderr


def test_a_setting_that_names_no_kept_face_is_said_and_the_session_goes_on(
    emodj: Run, film: Path, settings: Callable[[str], Path]
) -> None:
    ended = emodj(
        "--config", settings('[faces]\ncalibration = "eva"\n'), "live", "--no-window", "--source", film, "--max-frames", "3"
    )
    assert ended.returncode == 0
    assert "faces.calibration: no face at rest is kept as 'eva'" in ended.stderr


def name_another_network(text: str) -> str:
    """A kept face as if it had been measured with another network."""
    return json.dumps(json.loads(text) | {"network": OTHER_NETWORK})


def cut_off(text: str) -> str:
    """A damaged file."""
    return text[:40]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (name_another_network, "was measured with another network, and is not used"),
        (cut_off, "was set aside as ana.json.damaged"),
    ],
)
def test_a_face_that_cannot_be_used_is_said_and_not_used(
    emodj: Run, film: Path, kept: Path, change: Callable[[str], str], sentence: str
) -> None:
    content = change(kept.read_text())
    kept.write_text(content)
    ended = emodj("live", "--no-window", "--source", film, "--face", "ana", "--jsonl", "--max-frames", "3")
    assert ended.returncode == 0
    assert sentence in ended.stderr
    assert "calibrated" not in ended.stdout
    assert content in [path.read_text() for path in kept.parent.iterdir()]


def test_a_damaged_file_is_set_aside_and_the_others_are_shown(emodj: Run, kept: Path) -> None:
    (kept.parent / "eva.json").write_text("{")
    ended = emodj("calibrate", "--show")
    assert ended.stdout.startswith("ana: ")
    assert "was set aside as eva.json.damaged-1" in ended.stderr
    assert (kept.parent / "eva.json.damaged-1").read_text() == "{"


def test_evaluate_never_uses_it(emodj: Run, data: Callable[..., Path], kept: Path, settings: Callable[[str], Path]) -> None:
    document: dict[str, Any] = json.loads(kept.read_text())
    document["offsets"] = {each.value: 0.0 if each.value == "neutral" else -1.0 for each in EXPRESSIONS}
    kept.write_text(json.dumps(document))
    fer, chosen = data([0, 1, 2, 2, 2]), settings('[faces]\ncalibration = "ana"\n')
    assert emodj("--config", chosen, "evaluate", fer, "--json").stdout == emodj("evaluate", fer, "--json").stdout
