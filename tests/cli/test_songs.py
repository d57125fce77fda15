"""`emodj songs`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from realtime.cli import songs as songs_module
from realtime.domain import EXPRESSIONS
from tests.support.sounds import sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]


def write_list(path: Path, text: str) -> Path:
    """Write a list of songs."""
    path.write_text(text, encoding="utf-8")
    return path


def read_document(ended: CompletedProcess[str]) -> dict[str, Any]:
    """The document of a command with exit status 0."""
    assert ended.returncode == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    assert document["schema"] == 1
    return document


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_a_new_installation_has_songs_for_each_mood(emodj: Run, mood: object) -> None:
    ended = emodj("songs", str(getattr(mood, "value", "")).upper())
    assert ended.returncode == 0
    lines = ended.stdout.splitlines()
    assert len(lines) == 10
    for number, (name, place) in enumerate(zip(lines[::2], lines[1::2], strict=True), 1):
        assert re.fullmatch(rf"{number}\. .+ – .+", name)
        assert re.fullmatch(r" {3}https://open\.spotify\.com/search/\S+", place)
    assert ended.stderr.count("\n") == 1
    assert "example list" in ended.stderr
    assert "--library" in ended.stderr


def test_quiet_is_quiet(emodj: Run) -> None:
    assert not emodj("songs", "sad", "-q").stderr


def test_a_seed_repeats_the_songs_and_is_in_the_document(emodj: Run) -> None:
    first = read_document(emodj("songs", "fear", "--json"))
    assert (first["mood"], first["mood_used"], first["library"], len(first["songs"])) == ("fear", "fear", None, 5)
    assert set(first["songs"][0]) == {"title", "artist", "path", "url"}
    assert read_document(emodj("songs", "fear", "--json", "--seed", str(first["seed"]))) == first
    assert len({emodj("songs", "fear", "-n", "3").stdout for _ in range(9)}) > 1


def test_n_songs_are_different_ones(emodj: Run, tmp_path: Path) -> None:
    links = "".join(f"happy,https://example.org/{number % 20}\n" for number in range(100))
    library = write_list(tmp_path / "songs.csv", f"mood,url\n{links}")
    songs = read_document(emodj("songs", "happy", "-n", "12", "--json", "--library", library))["songs"]
    assert len({song["url"] for song in songs}) == 12
    ended = emodj("songs", "happy", "-n", "50", "--library", library)
    assert ended.stdout.count("https://") == 20
    assert ended.stdout.splitlines()[0] == " 1. untitled"
    assert "these are all the songs for happy" in ended.stderr


def test_songs_have_the_titles_of_their_tags(emodj: Run, tmp_path: Path) -> None:
    tagged = sound(tmp_path / "happy" / "a.flac", title="月光", artist="Бетховен")
    untagged = sound(tmp_path / "happy" / "02 some name.wav")
    (tmp_path / "happy" / "broken.mp3").write_text("no music")
    document = read_document(emodj("songs", "happy", "--library", tmp_path, "--json"))
    assert document["library"] == str(tmp_path)
    assert sorted((song["title"], song["artist"], song["path"], song["url"]) for song in document["songs"]) == [
        ("02 some name", None, str(untagged), None),
        ("broken", None, str(tmp_path / "happy" / "broken.mp3"), None),
        ("月光", "Бетховен", str(tagged), None),
    ]
    lines = emodj("songs", "happy", "--library", tmp_path).stdout.splitlines()
    place = lines.index(f"   {tagged}")
    assert lines[place - 1][2:] == " 月光 – Бетховен"


def test_the_library_of_the_settings_counts_and_an_option_wins(
    emodj: Run, tmp_path: Path, settings: Callable[[str], Path]
) -> None:
    own_library, other = tmp_path / "mine", tmp_path / "other"
    sound(own_library / "sad" / "a.wav")
    sound(other / "sad" / "b.wav")
    file = settings('[music]\nlibrary = "mine"\n')
    ended = emodj("songs", "sad", "--config", file, "-n", "1")
    assert (ended.stdout, ended.stderr) == (f"1. a\n   {own_library / 'sad' / 'a.wav'}\n", "")
    assert "b.wav" in emodj("songs", "sad", "--config", file, "--library", other).stdout


def test_a_mood_without_songs_gets_the_nearest_mood_and_a_remark(emodj: Run, tmp_path: Path) -> None:
    sound(tmp_path / "angry" / "a.wav")
    ended = emodj("songs", "fear", "-n", "1", "--library", tmp_path, "--json")
    document = read_document(ended)
    assert (document["mood"], document["mood_used"]) == ("fear", "angry")
    assert ended.stderr == f"emodj: {tmp_path} has no song for fear: using the nearest mood, angry\n"


def test_missing_files_are_replaced_by_other_songs(emodj: Run, tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    rows = "".join(f"sad,gone{number}.mp3,\n" for number in range(9))
    library = write_list(tmp_path / "songs.csv", f"mood,path,url\n{rows}sad,a.wav,\nsad,gone.mp3,https://example.org\n")
    ended = emodj("songs", "sad", "-n", "2", "--library", library, "--json")
    songs = read_document(ended)["songs"]
    assert sorted((song["path"], song["url"]) for song in songs if song["url"] is None) == [(str(tmp_path / "a.wav"), None)]
    assert [song["path"] for song in songs if song["url"] == "https://example.org"] == [None]
    assert re.search(r"left out, the file does not exist: .*gone\d?\.mp3", ended.stderr)


def test_a_library_on_a_missing_disk(emodj: Run, tmp_path: Path) -> None:
    library = write_list(tmp_path / "songs.csv", "mood,path\nsad,a.mp3\nsad,b.mp3\n")
    ended = emodj("songs", "sad", "--library", library)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "none of the 2 song files in" in ended.stderr


def test_a_long_list_on_a_missing_disk(emodj: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(songs_module, "MAX_MISSING", 10)
    rows = "".join(f"sad,{number}.mp3\n" for number in range(50))
    ended = emodj("songs", "sad", "--library", write_list(tmp_path / "songs.csv", f"mood,path\n{rows}"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "none of the first 10 song files in" in ended.stderr
    assert re.search(r"left out, the file does not exist: .*\d+\.mp3 and 9 more", ended.stderr)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["hapy"], "unknown mood 'hapy': did you mean happy?"),
        ([], "Missing argument 'NAME'"),
        (["sad", "-n", "0"], "0 is not in the range"),
        (["sad", "--seed", "-1"], "-1 is not in the range"),
        (["sad", "--library", ""], "an empty path names no library"),
        (["sad", "--library", "/no/such"], "there is no folder or list of songs at /no/such"),
        (["sad", "--library", "."], "has no mood in it"),
    ],
)
def test_bad_input_is_one_sentence(
    emodj: Run, arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = emodj("songs", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr


@pytest.mark.posix("Windows has no file with such a name")
def test_names_from_outside_are_made_printable(emodj: Run, tmp_path: Path) -> None:
    library = tmp_path / "a\x1b[31m"
    sound(library / "sad" / "b\x07\n.wav")
    write_list(library / "sad.m3u8", "#EXTINF:1,x\x1b]0;title\x07\nhttp://x\x1b[2J\n")
    ended = emodj("songs", "sad", "--library", library)
    assert ended.returncode == 0
    assert not set("\x1b\x07") & set(ended.stdout + ended.stderr)


def test_a_home_is_expanded(emodj: Run, home: Path) -> None:
    sound(home / "songs" / "sad" / "a.wav")
    assert str(home) in emodj("songs", "sad", "--library", "~/songs").stdout


def test_unused_modules_are_not_loaded() -> None:
    program = "import sys; from realtime.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", program, "songs", "happy"]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    loaded = set(ended.stderr.splitlines()[-1].split())
    assert not {"cv2", "tensorflow", "just_playback", "tinytag", "PIL", "prompt_toolkit", "segno"} & loaded


def test_a_missing_file_has_no_notice_of_the_tag_reader(emodj: Run, tmp_path: Path) -> None:
    library = write_list(tmp_path / "songs.csv", 'mood,path\nhappy,"a\nemodj: all is well.mp3"\n')
    ended = emodj("songs", "happy", "--library", library)
    assert ended.returncode == 1
    assert re.search("a�+emodj: all is well.mp3", ended.stderr)
    assert "\nemodj: all is well" not in ended.stderr
