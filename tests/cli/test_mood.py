"""`emodj mood`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from html import escape
from typing import TYPE_CHECKING

import pytest

from tests.support.bus import private_bus
from tests.support.terminal import Terminal, in_a_terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]
    Write = Callable[[str], Path]
    Visits = Callable[[], list[str]]

LIST = "https://open.spotify.com/playlist/37i9dQZF1D{:0>12}"
ONE, TWO, THREE = (LIST.format(number) for number in (1, 2, 3))
OTHER = "https://example.org/music"
MOODS = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]


@pytest.fixture(autouse=True)
def isolated_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the session bus with its apps, and any remote connection."""
    for name in ("DBUS_SESSION_BUS_ADDRESS", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def music_settings(settings: Write) -> Path:
    """Settings with three lists for happy and one list for lifting."""
    return settings(
        f'[[playlists.happy]]\ntitle = "First"\nurl = "{ONE}"\n'
        f'[[playlists.happy]]\ntitle = "Folder"\npath = "music"\n'
        f'[[playlists.happy]]\ntitle = "Third one"\nurl = "{OTHER}"\n'
        f'[playlists.lift]\ntitle = "Calm"\nurl = "{TWO}"\n'
    )


def music_part(output: str) -> str:
    """What is printed above the movies."""
    return output.partition("\nMovies ")[0]


def test_the_best_choice_comes_first_with_its_link_on_a_separate_line(emodj: Run, music_settings: Path, tmp_path: Path) -> None:
    ended = emodj("mood", "HAPPY", "--config", music_settings)
    assert (ended.returncode, ended.stderr) == (0, "")
    expected = f"First, for happy\n{ONE}\n\nor Folder     {tmp_path / 'music'}\nor Third one  {OTHER}\n"
    assert music_part(ended.stdout) == expected


def test_three_movies_and_a_fact_follow_the_music(emodj: Run) -> None:
    output = emodj("mood", "sad", "--seed", "5").stdout
    movies = emodj("movies", "sad", "-n", "3", "--seed", "5").stdout
    fact = emodj("fact", "sad", "--seed", "5").stdout
    assert output.endswith(f"\n\n{movies}\n{fact}")
    assert emodj("mood", "sad", "--seed", "5").stdout == output


def test_the_movies_follow_the_strategy(emodj: Run) -> None:
    output = emodj("mood", "sad", "--seed", "5", "--strategy", "lift").stdout
    assert emodj("movies", "sad", "-n", "3", "--seed", "5", "--strategy", "lift").stdout in output


def test_a_list_of_movies_that_cannot_be_read_is_named_and_the_shipped_one_is_used(emodj: Run, settings: Write) -> None:
    file = settings('[movies]\nlist = "missing.csv"\n')
    ended = emodj("mood", "sad", "--seed", "5", "--config", file)
    assert ended.returncode == 0
    assert ended.stdout == emodj("mood", "sad", "--seed", "5").stdout
    assert ended.stderr.startswith("emodj: movies.list: there is no list of movies at ")
    assert ended.stderr.endswith("; the list that comes with emodj is used\n")


def test_nothing_is_opened_without_the_option(emodj: Run, music_settings: Path, browser: Visits) -> None:
    assert emodj("mood", "happy", "--qr", "--config", music_settings).returncode == 0
    assert not browser()


def test_a_mood_can_be_lifted(emodj: Run, music_settings: Path) -> None:
    first, link, *_ = emodj("mood", "sad", "--strategy", "lift", "--config", music_settings).stdout.splitlines()
    assert (first, link) == ("Calm, to lift sad", TWO)


def test_the_strategy_of_the_settings_is_used(emodj: Run, settings: Write) -> None:
    file = settings('[music]\nstrategy = "lift"\n')
    assert ", to lift sad\n" in emodj("mood", "sad", "--config", file).stdout
    assert ", for sad\n" in emodj("mood", "sad", "--strategy", "match", "--config", file).stdout


def test_a_journey_is_printed_step_by_step(emodj: Run) -> None:
    ended = emodj("mood", "sad", "--strategy", "journey")
    steps = [block.splitlines() for block in music_part(ended.stdout).split("\n\n")]
    assert [title.split(", ")[1] for title, _ in steps] == [f"step {number} of 4 from sad" for number in (1, 2, 3, 4)]
    assert all(link.startswith("https://") for _, link in steps)
    document = json.loads(emodj("mood", "sad", "--strategy", "journey", "--json").stdout)
    assert [step["choice"]["url"] for step in document["steps"]] == [link for _, link in steps]
    assert document["steps"][0]["wanted"] == document["wanted"] == {"valence": -0.63, "arousal": -0.27}


def test_the_document(emodj: Run, music_settings: Path, tmp_path: Path) -> None:
    ended = emodj("mood", "happy", "--json", "--config", music_settings)
    point = {"valence": 0.76, "arousal": 0.48}
    assert (ended.returncode, ended.stderr) == (0, "")
    document = json.loads(ended.stdout)
    recommended = {name: document.pop(name) for name in ("movies", "mood_used", "fact", "seed")}
    assert document == {
        "schema": 1,
        "mood": "happy",
        "strategy": "match",
        "why": "for happy",
        "wanted": point,
        "choices": [
            {"title": "First", "url": ONE, "path": None, **point},
            {"title": "Folder", "url": None, "path": str(tmp_path / "music"), **point},
            {"title": "Third one", "url": OTHER, "path": None, **point},
        ],
        "steps": None,
        "opened": None,
    }
    assert recommended["mood_used"] == "happy"
    seed = str(recommended["seed"])
    assert recommended["movies"] == json.loads(emodj("movies", "happy", "-n", "3", "--seed", seed, "--json").stdout)["movies"]
    fact = json.loads(emodj("fact", "happy", "--seed", seed, "--json").stdout)
    assert recommended["fact"] == {name: fact[name] for name in ("mood", "fact", "source")}


def test_the_best_choice_is_opened_once(emodj: Run, music_settings: Path, browser: Visits) -> None:
    ended = emodj("mood", "happy", "--open", "--config", music_settings)
    assert (ended.returncode, ended.stderr) == (0, "emodj: handed to the browser: First\n")
    assert browser() == [ONE]


def test_a_document_names_the_place_where_the_link_was_opened(emodj: Run, music_settings: Path, browser: Visits) -> None:
    ended = emodj("mood", "happy", "--open", "--json", "--config", music_settings)
    assert json.loads(ended.stdout)["opened"] == "browser"
    assert ended.stderr == f"First\n{ONE}\nemodj: handed to the browser: First\n"
    assert browser() == [ONE]


def test_the_app_opens_a_link_before_the_browser(
    emodj: Run, music_settings: Path, browser: Visits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with private_bus(tmp_path) as bus, bus.player("answers") as calls:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        ended = emodj("mood", "happy", "--open", "--json", "--config", music_settings)
        assert json.loads(ended.stdout)["opened"] == "app"
        assert len(calls.read_text().splitlines()) == 1
    assert "handed to the Spotify app: First" in ended.stderr
    assert not browser()


def test_without_a_screen_only_the_link_is_printed(emodj: Run, music_settings: Path) -> None:
    ended = emodj("mood", "happy", "--open", "--config", music_settings)
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[1] == ONE
    assert ended.stderr == "emodj: not opened: there is no screen here; open the link yourself\n"


def test_songs_of_this_computer_are_named_and_the_next_link_is_opened(emodj: Run, settings: Write, browser: Visits) -> None:
    file = settings(
        '[[playlists.happy]]\ntitle = "Folder"\npath = "music"\n[[playlists.happy]]\ntitle = "List"\nurl = "' + TWO + '"\n'
    )
    ended = emodj("mood", "happy", "--open", "--config", file)
    assert music_part(ended.stdout).endswith(f"\n\nList\n{TWO}\n")
    assert ended.stderr == (
        "emodj: Folder is on this computer: `emodj play happy` plays it\nemodj: handed to the browser: List\n"
    )
    assert browser() == [TWO]


def test_songs_alone_are_named_and_nothing_is_opened(emodj: Run, settings: Write, browser: Visits) -> None:
    file = settings('[playlists.happy]\ntitle = "Folder"\npath = "music"\n')
    ended = emodj("mood", "happy", "--open", "--config", file)
    assert ended.returncode == 0
    assert "`emodj play happy` plays it" in ended.stderr
    assert not browser()
    assert "no QR code" in emodj("mood", "happy", "--qr", "--config", file).stderr


def test_the_songs_of_a_library_come_first(emodj: Run, settings: Write, tmp_path: Path) -> None:
    (tmp_path / "music" / "happy").mkdir(parents=True)
    (tmp_path / "music" / "happy" / "a.mp3").touch()
    ended = emodj("mood", "happy", "--config", settings('[music]\nlibrary = "music"\n'))
    assert ended.stdout.startswith(f"your own songs, for happy\n{tmp_path / 'music'}\n")


def test_a_mood_without_music_is_a_sentence_with_a_remedy(emodj: Run, settings: Write) -> None:
    file = settings("[playlists]\nsad = []\n")
    ended = emodj("mood", "sad", "--seed", "5", "--config", file)
    remedy = "emodj: your settings name no music for sad: add a [[playlists.sad]], or try --strategy lift\n"
    assert (ended.returncode, ended.stderr) == (0, remedy)
    # Movies and fact need no music
    assert ended.stdout == emodj("mood", "sad", "--seed", "5").stdout.partition("\n\n")[2].partition("\n\n")[2]
    document = json.loads(emodj("mood", "sad", "--json", "--config", file).stdout)
    assert (document["why"], document["wanted"], document["choices"], document["steps"]) == (None, None, [], None)
    assert (document["strategy"], len(document["movies"]), document["mood_used"]) == ("match", 3, "sad")


@pytest.mark.parametrize("option", ["--open", "--qr"])
def test_without_music_there_is_nothing_to_open_but_the_rest_is_kept(
    emodj: Run, settings: Write, tmp_path: Path, browser: Visits, option: str
) -> None:
    file = settings("[playlists]\nsad = []\n")
    ended = emodj("mood", "sad", option, "--summary", tmp_path / "evening.md", "--config", file)
    assert (ended.returncode, ended.stderr.count("your settings name no music for sad")) == (1, 1)
    assert ended.stdout.startswith("Movies for sad\n")
    assert "Movies for sad" in (tmp_path / "evening.md").read_text(encoding="utf-8")
    assert not browser()


def test_an_unknown_mood_is_a_sentence_with_the_nearest(emodj: Run) -> None:
    ended = emodj("mood", "hapy")
    assert ended.returncode == 2
    assert "did you mean happy?" in ended.stderr


@pytest.mark.parametrize("line", ["4\n", "happy\n", " HAPPY ", "4"])
def test_a_line_answers_off_a_terminal(run_process: Run, music_settings: Path, line: str, tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    answer.write_text(line)
    with answer.open() as stdin:
        command = [sys.executable, "-m", "realtime", "mood", "--config", str(music_settings)]
        ended = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=True)
    assert music_part(ended.stdout) == music_part(run_process("mood", "happy", "--config", music_settings).stdout)
    *listed, question = ended.stderr.splitlines()
    assert [entry.split()[:2] for entry in listed] == [[str(number), mood] for number, mood in enumerate(MOODS, 1)]
    assert question == "mood: "


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("", "no mood was given"),
        ("\n", "no mood was given"),
        ("0\n", "unknown mood '0'"),
        ("8\n", "or a number from 1 to 7"),
        ("hapy\n", "did you mean happy?"),
        ("a" * 10**6, "unknown mood 'aaa"),
        ("\udcff\n", "unknown mood"),
    ],
)
def test_an_invalid_answer_is_a_sentence(answer: str, message: str, music_settings: Path) -> None:
    command = [sys.executable, "-m", "realtime", "mood", "--config", str(music_settings)]
    ended = subprocess.run(command, input=answer.encode(errors="surrogateescape"), capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert message in ended.stderr.decode().splitlines()[-1]


def run_on_terminal(keys: str, *arguments: str | Path) -> tuple[int, str, Terminal]:
    """Press keys once the question is printed; return the status, stdout and the terminal."""
    command = [sys.executable, "-m", "realtime", "mood", *map(str, arguments)]
    environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}

    def start(child_fd: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, stdin=child_fd, stdout=subprocess.PIPE, stderr=child_fd, text=True, env=environment, start_new_session=True
        )

    with in_a_terminal(start, columns=80) as terminal:
        terminal.wait_for("surprise")
        terminal.press(keys)
        status = terminal.wait_for_end()
        assert terminal.echoes()
        assert terminal.process.stdout is not None
        return status, terminal.process.stdout.read(), terminal


UP, DOWN, PAGE_DOWN, CONTROL_N, CONTROL_P = "\x1b[A", "\x1b[B", "\x1b[6~", "\x0e", "\x10"


@pytest.mark.parametrize(
    "keys",
    [
        *(DOWN * 3, "4", "jjj", CONTROL_N * 3),
        *(UP * 4, "kkkk", CONTROL_P * 4, DOWN * 10),
        *("6" + UP + UP, "1" + DOWN * 3, "7" + DOWN * 4),
        *("49", "480", "4s", "4" + PAGE_DOWN),
    ],
)
def test_arrows_and_numbers_choose_on_a_terminal(emodj: Run, music_settings: Path, keys: str) -> None:
    arguments = ("--config", music_settings, "--seed", "1")
    status, output, terminal = run_on_terminal(f"{keys}\r", *arguments)
    assert (status, output) == (0, emodj("mood", "happy", *arguments).stdout), terminal.all


@pytest.mark.parametrize(("key", "status"), [("\x03", 130), ("\x1b", 1)])
def test_ctrl_c_and_escape_choose_nothing_quietly(music_settings: Path, key: str, status: int) -> None:
    ended, output, terminal = run_on_terminal(key, "--config", music_settings)
    assert (ended, output) == (status, "")
    assert "Traceback" not in terminal.all
    assert "emodj:" not in terminal.all


def test_a_named_mood_loads_neither_opencv_nor_the_prompt() -> None:
    program = "import sys; from realtime.cli import main; main(['mood', 'happy']); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"cv2", "prompt_toolkit", "segno", "jeepney"} & set(ended.stderr.split())


# --summary


@pytest.mark.parametrize("suffix", ["html", "md", "json"])
def test_the_summary_of_a_mood_by_hand_is_kept(emodj: Run, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"evening.{suffix}"
    ended = emodj("mood", "sad", "--seed", "5", "--summary", file)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == emodj("mood", "sad", "--seed", "5").stdout
    text = file.read_text(encoding="utf-8")
    movies = json.loads(emodj("movies", "sad", "-n", "3", "--seed", "5", "--json").stdout)["movies"]
    assert all((escape(movie["url"]) if suffix == "html" else movie["url"]) in text for movie in movies)
    if suffix == "json":
        document = json.loads(text)
        assert (document["mood_source"], document["frames"], document["timeline"]) == ("hand", 0, [])
        assert document["movies"] == movies


def test_a_summary_is_refused_before_the_question(emodj: Run, tmp_path: Path) -> None:
    ended = emodj("mood", "--summary", tmp_path / "evening.txt")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        f"emodj: cannot write {tmp_path / 'evening.txt'}: choose a name for the summary that ends in .html, .json or .md"
    ]
