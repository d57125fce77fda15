"""`emodj playlists`."""

from __future__ import annotations

import json
import signal
import socket
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

from realtime.music import link_check
from tests.support.pages import Page, Pages, embed, serving
from tests.support.sounds import sound
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess, Popen

    Run = Callable[..., CompletedProcess[str]]
    Write = Callable[[str], Path]

LIST = "https://open.spotify.com/playlist/37i9dQZF1D{:0>12}"
ONE, TWO, THREE = (LIST.format(number) for number in (1, 2, 3))


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    with serving() as running:
        monkeypatch.setattr(link_check, "SPOTIFY_ADDRESS", running.address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield running


def table(name: str, **values: str) -> str:
    return "\n".join([f"[[playlists.{name}]]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]) + "\n"


@pytest.fixture
def three(settings: Write) -> Path:
    """Settings with two lists for happy, one of them for sad too, and another for sad."""
    return settings(
        table("happy", title="First", url=ONE)
        + table("happy", title="Second", url=TWO)
        + table("sad", title="Also", url=ONE)
        + table("sad", title="Third", url=THREE)
    )


def test_all_music_is_listed_by_mood_and_then_the_music_for_lifting(emodj: Run, settings: Write, tmp_path: Path) -> None:
    file = settings(
        table("happy", title="First", url=ONE) + table("happy", title="Mine", path="music") + table("lift", url=TWO)
    )
    ended = emodj("playlists", "--config", file)
    assert (ended.returncode, ended.stderr) == (0, "")
    happy = ended.stdout.split("happy\n")[1].split("\n\n")[0].splitlines()
    assert [line.split() for line in happy] == [["First", ONE], ["Mine", str(tmp_path / "music")]]
    assert [section.split("\n")[0] for section in ended.stdout.split("\n\n")] == [
        *("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"),
        "to lift",
    ]
    assert ended.stdout.rstrip().endswith(TWO)


def test_the_document_has_the_same_entries(emodj: Run, settings: Write, tmp_path: Path) -> None:
    file = settings(table("happy", title="First", url=ONE) + table("happy", title="Mine", path="music"))
    document = json.loads(emodj("playlists", "--json", "--config", file).stdout)
    assert list(document) == ["schema", "moods", "lift"]
    assert list(document["moods"]) == ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
    assert document["moods"]["happy"] == [
        {"title": "First", "url": ONE, "path": None, "valence": 0.76, "arousal": 0.48},
        {"title": "Mine", "url": None, "path": str(tmp_path / "music"), "valence": 0.76, "arousal": 0.48},
    ]


def test_each_link_is_requested_once_and_printed_with_its_title(emodj: Run, three: Path, pages: Pages) -> None:
    pages.lists |= {ONE: embed("One \033[31m now"), TWO: embed("Two"), THREE: embed("Three")}
    ended = emodj("playlists", "check", "happy", "sad", "--config", three)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        'ok           happy     First: now called "One �[31m now"',
        'ok           happy     Second: now called "Two"',
        'ok           sad       Also: now called "One �[31m now"',
        'ok           sad       Third: now called "Three"',
    ]
    assert [link for _, link in pages.requests] == [ONE, TWO, THREE]


def test_some_missing_links_are_status_7_and_all_of_them_1(emodj: Run, three: Path, pages: Pages) -> None:
    pages.lists |= {ONE: embed("One")}
    ended = emodj("playlists", "check", "happy", "--config", three)
    assert ended.returncode == 7
    assert ended.stdout.splitlines()[1] == "gone         happy     Second: Spotify has no such item any more"
    del pages.lists[ONE]
    assert emodj("playlists", "check", "happy", "--config", three).returncode == 1


def test_a_busy_server_gets_one_request(emodj: Run, three: Path, pages: Pages) -> None:
    pages.lists |= dict.fromkeys((ONE, TWO, THREE), Page(429))
    ended = emodj("playlists", "check", "happy", "sad", "--config", three)
    assert ended.returncode == 1
    assert ended.stdout.count("cannot tell") == ended.stdout.count("its server is busy (429): try again later") == 4
    assert len(pages.requests) == 1


def test_off_line_is_reported_once_and_paths_are_still_checked(
    emodj: Run, settings: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unplugged(*_: object, **__: object) -> None:
        raise URLError(socket.gaierror(socket.EAI_AGAIN, "no name server"))

    monkeypatch.setattr(link_check, "_open_address", unplugged)
    (tmp_path / "songs.m3u8").write_text(f"{sound(tmp_path / 'song.wav').name}\n", encoding="utf-8")
    links = table("happy", title="First", url=ONE) + table("happy", title="Second", url=TWO)
    ended = emodj("playlists", "check", "happy", "--config", settings(links))
    assert ended.returncode == 1
    assert ended.stdout.splitlines() == ["off line     happy     First", "off line     happy     Second"]
    assert ended.stderr == "emodj: no server can be found: this computer is offline, or a name in the links is wrong\n"
    ended = emodj("playlists", "check", "happy", "--config", settings(links + table("happy", title="Mine", path="songs.m3u8")))
    assert ended.returncode == 7
    assert ended.stdout.splitlines()[2] == "ok           happy     Mine: 1 song"


def test_missing_and_empty_paths_are_reported(emodj: Run, settings: Write, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    file = settings(table("sad", title="Away", path="away") + table("sad", title="Empty", path="empty"))
    ended = emodj("playlists", "check", "sad", "--json", "--config", file)
    assert (ended.returncode, ended.stderr) == (1, "")
    document = json.loads(ended.stdout)
    assert [(row["title"], row["state"], row["songs"]) for row in document["checked"]] == [
        ("Away", "gone", None),
        ("Empty", "unusable", None),
    ]
    assert all(str(tmp_path) in row["why"] for row in document["checked"])


def test_a_list_with_unreadable_entries_is_ok_and_names_them(emodj: Run, settings: Write, tmp_path: Path) -> None:
    lines = [sound(tmp_path / "song.wav").name, *("../a.mp3" for _ in range(6))]
    (tmp_path / "songs.m3u8").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "one.csv").write_text("mood,path,url\nsad,song.wav,\nsad,,ftp://example.org/\n", encoding="utf-8")
    file = settings(table("sad", title="Six", path="songs.m3u8") + table("sad", title="One", path="one.csv"))
    ended = emodj("playlists", "check", "sad", "--config", file)
    assert (ended.returncode, ended.stderr) == (0, "")
    six, one = ended.stdout.splitlines()
    start = f"line 2: '../a.mp3' is left out, it leads out of {tmp_path}: put the song into that folder"
    assert six == f"ok           sad       Six: 1 song; {start} and 5 more"
    assert one.startswith("ok           sad       One: 1 song; line 3: 'ftp://example.org/' is left out, ")
    document = json.loads(emodj("playlists", "check", "sad", "--json", "--config", file).stdout)
    assert [(row["state"], row["songs"]) for row in document["checked"]] == [("ok", 1), ("ok", 1)]
    assert document["checked"][0]["why"] == f"{start} and 5 more"


def test_a_library_with_unreadable_entries_is_ok(emodj: Run, settings: Write, tmp_path: Path) -> None:
    sound(tmp_path / "song.wav")
    (tmp_path / "songs.csv").write_text("mood,path\nangry,song.wav\nangy,x\n", encoding="utf-8")
    empty = "".join(f"{name} = []\n" for name in ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise", "lift"))
    ended = emodj("playlists", "check", "--config", settings(f'[music]\nlibrary = "songs.csv"\n[playlists]\n{empty}'))
    assert ended.returncode == 0
    assert ended.stdout.startswith("ok           all       your songs: 1 song; line 3 is left out: unknown mood 'angy'")


def test_a_list_of_links_alone_is_not_ok(emodj: Run, settings: Write, tmp_path: Path) -> None:
    (tmp_path / "links.m3u8").write_text("https://example.org/1.mp3\nhttps://example.org/2.mp3\n", encoding="utf-8")
    ended = emodj("playlists", "check", "sad", "--config", settings(table("sad", title="Links", path="links.m3u8")))
    sentence = "no song file in it, 2 links: emodj songs prints links, and files alone are played"
    assert (ended.returncode, ended.stdout) == (1, f"unusable     sad       Links: {sentence}\n")


def test_a_list_is_ok_only_with_a_song_that_can_be_played(emodj: Run, settings: Write, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no music")
    (tmp_path / "gone.m3u8").write_text("a.mp3\nb%20c.mp3\ntext.wav\n", encoding="utf-8")
    (tmp_path / "one.m3u8").write_text("a.mp3\n", encoding="utf-8")
    sound(tmp_path / "some" / "My Song.ogg")
    (tmp_path / "some.m3u8").write_text("some/My%20Song.ogg\na.mp3\n../b.mp3\ntext.wav\n", encoding="utf-8")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "empty.mp3").touch()
    file = settings("".join(table("sad", title=name, path=name) for name in ("gone.m3u8", "one.m3u8", "bad", "some.m3u8")))
    ended = emodj("playlists", "check", "sad", "--config", file)
    assert (ended.returncode, ended.stderr) == (7, "")
    missing = f"cannot play {tmp_path / 'a.mp3'}: there is no such file"
    empty = f"cannot play {tmp_path / 'bad' / 'empty.mp3'}: it is damaged, or none of wav, mp3, ogg, opus and flac"
    outside = f"line 3: '../b.mp3' is left out, it leads out of {tmp_path}: put the song into that folder"
    assert ended.stdout.splitlines() == [
        f"unusable     sad       gone.m3u8: none of the 3 songs can be played; the first: {missing}",
        f"unusable     sad       one.m3u8: {missing}",
        f"unusable     sad       bad: {empty}",
        f"ok           sad       some.m3u8: 1 song; 2 more cannot be played; the first: {missing}; {outside}",
    ]
    rows = json.loads(emodj("playlists", "check", "sad", "--json", "--config", file).stdout)["checked"]
    assert [(row["state"], row["songs"]) for row in rows] == [("unusable", 0), ("unusable", 0), ("unusable", 0), ("ok", 1)]


def test_a_library_is_ok_only_with_a_song_that_can_be_played(emodj: Run, settings: Write, tmp_path: Path) -> None:
    empty = "".join(f"{name} = []\n" for name in ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise", "lift"))
    file = settings(f'[music]\nlibrary = "songs.csv"\n[playlists]\n{empty}')
    (tmp_path / "songs.csv").write_text("mood,path\nsad,a.ogg\nhappy,b.ogg\n", encoding="utf-8")
    ended = emodj("playlists", "check", "--config", file)
    assert ended.returncode == 1
    assert ended.stdout.startswith(
        "unusable     all       your songs: none of the 2 songs can be played; the first: cannot play "
    )
    sound(tmp_path / "b.ogg")
    ended = emodj("playlists", "check", "--config", file)
    assert ended.returncode == 0
    assert ended.stdout.startswith(
        "ok           all       your songs: 1 song; 1 more cannot be played; the first: cannot play "
    )


def test_a_library_is_checked_with_all_and_with_no_single_mood(
    emodj: Run, settings: Write, tmp_path: Path, pages: Pages
) -> None:
    file = settings('[music]\nlibrary = "away"\n' + table("happy", title="First", url=ONE) + table("fear", url=TWO))
    pages.lists[ONE] = embed("One")
    ended = emodj("playlists", "check", "--config", file)
    assert ended.returncode == 7
    assert ended.stdout.startswith("gone         all       your songs: ")
    assert str(tmp_path / "away") in ended.stdout
    assert emodj("playlists", "check", "happy", "--config", file).returncode == 0


def test_json_can_stand_before_the_command_too(emodj: Run, three: Path, pages: Pages) -> None:
    pages.lists[ONE] = embed("One")
    document = json.loads(emodj("playlists", "--json", "check", "happy", "--config", three).stdout)
    assert document["schema"] == 1
    assert [row["title_now"] for row in document["checked"]] == ["One", None]


def test_an_unknown_mood_is_a_sentence_with_the_nearest(emodj: Run) -> None:
    ended = emodj("playlists", "check", "hapy")
    assert ended.returncode == 2
    assert "did you mean happy?" in ended.stderr


def test_a_mood_without_music_is_a_sentence(emodj: Run, settings: Write) -> None:
    file = settings("[playlists]\nsad = []\n")
    ended = emodj("playlists", "check", "sad", "--config", file)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "your settings name no music to check" in ended.stderr
    assert "sad  (no music)" in emodj("playlists", "--config", file).stdout


@pytest.mark.posix
def test_ctrl_c_prints_the_results_so_far(process: Callable[..., Popen[str]], settings: Write, tmp_path: Path) -> None:
    (tmp_path / "songs.m3u8").write_text(f"{sound(tmp_path / 'song.wav').name}\n", encoding="utf-8")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        slow = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        file = settings(table("sad", title="Mine", path="songs.m3u8") + table("sad", title="Slow", url=slow))
        with process("playlists", "check", "sad", "--json", "--config", file, env={"no_proxy": "127.0.0.1"}) as started:
            connected, _ = silent.accept()
            with connected:
                # The command has sent a request, and waits for the answer
                connected.recv(1)
                started.send_signal(signal.SIGINT)
                out, _ = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 130
    assert [row["title"] for row in json.loads(out)["checked"]] == ["Mine"]
