import json
import re
import stat
import sys
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import EmodjError, UsageError
from realtime.faces.calibration import Calibration
from realtime.faces.kept_face import (
    MOST_CHARACTERS,
    DamagedFaceError,
    KeptFace,
    NewerFaceError,
    check_name,
    face_path,
    forget_face,
    is_kept,
    kept_names,
    read_face,
    write_face,
)

KEPT = KeptFace(Calibration((0.0, 0.0, 0.0, -0.25, 0.0, -1.0, -0.5)), date(2026, 11, 28), "ab" * 32)


def test_a_kept_face_is_read_back(tmp_path: Path) -> None:
    path = write_face(tmp_path / "faces", "Ana", KEPT)
    assert path == tmp_path / "faces" / "ana.json"
    assert read_face(tmp_path / "faces", "ANA") == KEPT
    assert kept_names(tmp_path / "faces") == ["ana"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_has_seven_numbers_a_day_and_a_network_alone(tmp_path: Path) -> None:
    document = json.loads(write_face(tmp_path, "ana", KEPT).read_bytes())
    assert set(document) == {"schema", "day", "network", "offsets"}
    assert len(document["offsets"]) == 7


def test_a_face_is_forgotten(tmp_path: Path) -> None:
    write_face(tmp_path, "ana", KEPT)
    assert forget_face(tmp_path, "ana")
    assert not forget_face(tmp_path, "ana")
    assert read_face(tmp_path, "ana") is None
    assert kept_names(tmp_path / "missing") == []


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "../ana", "a/b", "a\\b", "a.json", ".ana", "-ana", "ana ", "a" * (MOST_CHARACTERS + 1), "a\n", "a\x00"),
        *("a:b", "con", "CON", "Aux", "nul", "com1", "LPT9", "com\u00b9", "a\u202eb", "\U0001f600"),
    ],
)
def test_a_name_that_is_no_safe_file_name_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name"):
        check_name(text)
    for act in (read_face, forget_face):
        with pytest.raises(UsageError):
            act(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "name"), [("Ana", "ana"), ("Ana Lia", "ana lia"), ("e\u0301va", "\u00e9va"), ("console", "console")]
)
def test_a_name_is_normalised(text: str, name: str) -> None:
    assert check_name(text) == name


@given(st.text(max_size=50))
def test_a_name_is_refused_or_stays_in_its_folder(text: str) -> None:
    try:
        path = face_path(Path("faces"), text)
    except UsageError:
        return
    assert path.parent == Path("faces")
    assert check_name(path.stem) == path.stem
    assert unicodedata.is_normalized("NFC", path.name)
    assert len(path.name.encode()) <= 255


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"\xff",
        b"[" * 5000,
        json.dumps({"schema": 0}).encode(),
        json.dumps({"schema": True}).encode(),
        json.dumps({"schema": "2"}).encode(),
        *(
            json.dumps({"schema": 1, "day": "2026-11-28", "network": "ab" * 32, "offsets": offsets} | more).encode()
            for offsets, more in [
                ({}, {}),
                (dict.fromkeys(["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"], 0.5), {}),
                (dict.fromkeys(["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"], True), {}),
                (dict.fromkeys(["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"], 0), {"day": "yesterday"}),
                (dict.fromkeys(["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"], 0), {"network": "x"}),
                (dict.fromkeys(["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"], 0), {"network": 7}),
            ]
        ),
    ],
)
def test_a_damaged_file_is_set_aside_and_not_lost(content: bytes, tmp_path: Path) -> None:
    path = face_path(tmp_path, "ana")
    path.write_bytes(content)
    with pytest.raises(DamagedFaceError, match=r"was set aside as ana\.json\.damaged-1;"):
        read_face(tmp_path, "ana")
    assert not path.exists()
    assert path.with_name("ana.json.damaged-1").read_bytes() == content
    assert read_face(tmp_path, "ana") is None
    assert kept_names(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[]", "its content is not that of a face at rest"),
        (b"null", "its content is not that of a face at rest"),
        (b'{"schema": 1}', "it has no offsets"),
        (b'{"schema": 0}', "its schema is not 1"),
    ],
)
def test_the_sentence_on_a_damaged_file_has_no_words_of_python(content: bytes, reason: str, tmp_path: Path) -> None:
    face_path(tmp_path, "ana").write_bytes(content)
    with pytest.raises(DamagedFaceError, match=re.escape(f"is damaged ({reason}) and was set aside")):
        read_face(tmp_path, "ana")


def test_each_damaged_file_is_kept_until_the_face_is_forgotten(tmp_path: Path) -> None:
    for content in ("one", "two"):
        face_path(tmp_path, "ana").write_text(content)
        with pytest.raises(DamagedFaceError):
            read_face(tmp_path, "ana")
    copies = [tmp_path / "ana.json.damaged-1", tmp_path / "ana.json.damaged-2"]
    assert [copy.read_text() for copy in copies] == ["one", "two"]
    other = write_face(tmp_path, "ana-damaged", KEPT)
    write_face(tmp_path, "ana", KEPT)
    assert forget_face(tmp_path, "ana")
    assert [*tmp_path.iterdir()] == [other]


def test_copies_of_damaged_files_are_forgotten_without_a_face(tmp_path: Path) -> None:
    face_path(tmp_path, "ana").write_text("{")
    with pytest.raises(DamagedFaceError):
        read_face(tmp_path, "ana")
    assert forget_face(tmp_path, "ana")
    assert not forget_face(tmp_path, "ana")
    assert not forget_face(tmp_path / "missing", "ana")


def test_a_file_of_a_newer_emodj_is_not_used_and_stays(tmp_path: Path) -> None:
    path = face_path(tmp_path, "ana")
    path.write_text('{"schema": 2, "new": true}')
    with pytest.raises(NewerFaceError, match=r"ana\.json, a face at rest, was written by a newer emodj"):
        read_face(tmp_path, "ana")
    assert path.read_text() == '{"schema": 2, "new": true}'
    assert kept_names(tmp_path) == ["ana"]


@pytest.mark.posix
def test_a_folder_that_the_system_refuses_is_said(tmp_path: Path) -> None:
    # As a folder that may not be entered, but also for root
    folder = tmp_path / ("x" * 300)
    for act in (is_kept, read_face, forget_face):
        with pytest.raises(EmodjError, match="File name too long"):
            act(folder, "ana")


def test_a_face_is_kept_or_not(tmp_path: Path) -> None:
    assert not is_kept(tmp_path / "missing", "ana")
    write_face(tmp_path, "ana", KEPT)
    assert (is_kept(tmp_path, "ANA"), is_kept(tmp_path, "eva")) == (True, False)


def test_what_cannot_be_read_is_no_damage(tmp_path: Path) -> None:
    face_path(tmp_path, "ana").mkdir()
    with pytest.raises(EmodjError, match="cannot be read"):
        read_face(tmp_path, "ana")
    assert face_path(tmp_path, "ana").is_dir()
