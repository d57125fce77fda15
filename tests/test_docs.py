"""README and the pages of docs/ agree with the program."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, get_type_hints

import click
import numpy as np
import pytest

from realtime import cli, errors
from realtime.cli.cameras import document as cameras_document
from realtime.config.fields import CHOICE_KEYS, FIELD_KEYS
from realtime.config.schema import Settings, field_range
from realtime.diary.store import Diary
from realtime.domain import EXPRESSIONS, Threshold
from realtime.movies.movie_list import read_movies
from realtime.music.feedback import FeedbackKey, Kind, Verdict
from realtime.music.feedback_file import FeedbackFile
from realtime.music.spotify.playlist_builder import RECIPES
from realtime.session.keymap import Group, help_rows, player_rows
from realtime.sources.cameras import Device
from realtime.storage import resources
from realtime.training.dataset import EXPRESSION_VOTES, VOTE_COLUMNS, Dataset
from realtime.training.evaluation import measure_robustness, report_document
from tests.support.diaries import diary_entry
from tests.support.places import ASTRONAUT, ROOT
from tests.support.sounds import sound
from tests.support.tmdb_server import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Spotify
    from tests.support.tmdb_server import Tmdb

MOST_WORDS = 600
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "models" / "README.md", ROOT / "benchmarks" / "README.md")
    if path.name != "CHANGELOG.md"
)
MANUAL = [
    ROOT / "README.md",
    DOCS / "network.md",
    *sorted((DOCS / "guide").glob("*.md")),
    *sorted((DOCS / "reference").glob("*.md")),
]
"""The pages for people who use emodj."""

NAMES = {each.value for each in EXPRESSIONS}
SHIPPED = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table but the headings; a bar in code is written as \\|."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {index for index, line in enumerate(lines[1:]) if re.fullmatch(r"[|: -]+", line)}
    cells = [re.split(r"(?<!\\)\|", line.strip("|")) for line in lines]
    return [[cell.strip() for cell in row] for index, row in enumerate(cells) if index not in heads and index - 1 not in heads]


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sections(text: str) -> dict[str, str]:
    """The text below each heading, up to the next one of any depth, by the slug of the heading."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    parts = re.split(r"^#+ (.+)$", prose, flags=re.MULTILINE)
    return {slug(heading): below for heading, below in zip(parts[1::2], parts[2::2], strict=True)}


# The README and all pages together


def test_the_readme_is_short() -> None:
    assert len(read(ROOT / "README.md").split()) <= MOST_WORDS


def test_the_readme_begins_with_an_installation() -> None:
    blocks = re.findall(r"^```sh\n(.+?)^```", read(ROOT / "README.md"), re.MULTILINE | re.DOTALL)
    assert all(block.startswith("python3 -m venv .venv && .venv/bin/pip install ") for block in blocks[:2])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_has_a_target(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        if anchor:
            assert anchor in sections(read(path)), target


def test_no_page_has_the_marks_of_a_merge() -> None:
    assert not [page for page in PAGES if re.search("^(<<<<<<<|>>>>>>>) ", read(page), re.MULTILINE)]


def test_each_decision_has_a_number_of_its_own() -> None:
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "decisions").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_page_is_in_the_index() -> None:
    index = read(DOCS / "README.md")
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - {"README.md"}
    assert not [page for page in pages if not page.startswith("decisions/") and f"]({page})" not in index]


def commands() -> Iterator[click.Command]:
    def inside(command: click.Command) -> Iterator[click.Command]:
        yield command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                yield from inside(found)

    return inside(cli.emodj)


def test_every_option_that_is_named_exists() -> None:
    known = {name for command in commands() for option in command.params for name in (*option.opts, *option.secondary_opts)}
    # Options of pip and uv in the two commands, and those that click adds
    known |= {"--quiet", "--locked", "--only-binary", "--help"}
    # Options of scripts
    known |= {name for path in (ROOT / "scripts").glob("*.py") for name in re.findall(r'"(--[a-z-]+)"', read(path))}
    named = {name for page in MANUAL for name in re.findall(r"(?<![\w-])--[a-z][a-z-]+", read(page))}
    assert named
    assert named <= known, named - known


def test_every_command_is_described() -> None:
    text = "\n".join(map(read, MANUAL))
    for name in cli.COMMANDS:
        assert f"emodj {name}" in text, name


def test_every_command_that_is_named_exists() -> None:
    for page in MANUAL:
        blocks = "".join(re.findall(r"^```\w*\n(.+?)^```", read(page), re.MULTILINE | re.DOTALL))
        named = re.findall(r"`emodj ([a-z]+)\b", read(page)) + re.findall(
            r"(?:^|^\$ |bin/)emodj ([a-z]+)\b", blocks, re.MULTILINE
        )
        assert set(named) <= set(cli.COMMANDS), page


def test_the_version_of_ruff_is_that_of_the_project() -> None:
    project = re.findall(r'"ruff(==[^"]+)"', read(ROOT / "pyproject.toml"))
    hooks = re.findall(r"\[ruff(==[^\]]+)\]", read(ROOT / ".pre-commit-config.yaml"))
    assert set(hooks) == set(project)


# Keys


KEY_ROWS = [row for group in Group for row in help_rows(group)]


def test_the_table_of_keys_is_that_of_the_code() -> None:
    documented = [(tuple(re.findall(r"`([^`]+)`", names)), does) for names, does in rows(read(DOCS / "reference" / "keys.md"))]
    assert documented == [(row.keys, row.does) for row in KEY_ROWS]


def test_the_keys_of_the_terminal_are_those_of_the_code() -> None:
    sentence = next(line for line in read(DOCS / "reference" / "keys.md").splitlines() if line.startswith("`emodj play"))
    assert re.findall(r"`([^` ]+)`", sentence) == [key for row in player_rows() for key in row.keys]


def test_the_keys_of_the_readme_have_the_texts_of_the_code() -> None:
    does = {key: row.does for row in KEY_ROWS for key in row.keys}
    table = rows(read(ROOT / "README.md"))
    assert table
    for cell, documented in table:
        names = re.findall(r"`([^`]+)`", cell)
        if "1" in names:
            assert documented == f"choose the mood by hand; {does['0']}"
        else:
            assert re.split("[:;]", documented)[0] == re.split("[:;]", does[names[0]])[0]


# Exit statuses


def test_every_status_is_in_its_table() -> None:
    table = {int(first) for first, *_ in rows(read(DOCS / "reference" / "exit-status.md")) if first.isdigit()}
    raised = {
        error.status for error in vars(errors).values() if isinstance(error, type) and issubclass(error, errors.EmodjError)
    }
    assert table == raised | {0, 7, 129, 130, 143}


# Settings


def section(at: tuple[str, ...]) -> type:
    """The dataclass that describes a section."""
    found: type = Settings
    for name in at:
        found = get_type_hints(found)[name]
    return found


def test_every_setting_is_in_its_table_with_default_and_range() -> None:
    page = sections(read(DOCS / "reference" / "config.md"))
    wanted = {key for key in FIELD_KEYS if key[0] != "playlists"}
    documented = dict[tuple[str, ...], list[str]]()
    for at in {key[:-1] for key in wanted}:
        for name, *cells in rows(page[slug(f"`[{'.'.join(at)}]`")]):
            documented[*at, name.strip("`")] = cells
    assert set(documented) == wanted
    for key, (default, values, _) in documented.items():
        shipped: Any = SHIPPED
        for name in key:
            shipped = shipped[name]
        assert tomllib.loads(f"it = {default.strip('`')}")["it"] == shipped, key
        try:
            span = field_range(section(key[:-1]), key[-1])
        except KeyError:
            continue
        assert values.removesuffix(" or empty") == f"{span.low:g} to {span.high:g}", key


def test_the_shipped_music_is_in_its_table() -> None:
    text = sections(read(DOCS / "reference" / "config.md"))[slug("`[[playlists.MOOD]]`")]
    table = {cells[0].strip("`"): cells[1:] for cells in rows(text)}
    lists = {name: [(choice["title"], choice["url"]) for choice in choices] for name, choices in SHIPPED["playlists"].items()}
    assert set(table) == set(lists) | set(CHOICE_KEYS)
    for name, choices in lists.items():
        assert re.findall(r"\[([^\]]+)\]\(([^)]+)\)", table[name][0]) == choices


# Documents


JSON_PAGE = sections(read(DOCS / "reference" / "json.md"))


def described(name: str, prefix: str = "") -> set[str]:
    """The fields of a document in the page, such as `images.faces.box.left`."""
    found = set[str]()
    for field, kind, _ in rows(JSON_PAGE[name]):
        path = prefix + field.strip("`")
        found.add(path)
        for inside in re.findall(r"\(#([\w-]+)\)", kind):
            found |= described(inside, f"{path}.")
    return found


def printed(value: object, prefix: str = "") -> set[str]:
    """The fields of a real document; seven numbers by expression are one field, and `about` is not searched."""
    if isinstance(value, list):
        return {path for inside in value for path in printed(inside, prefix)}
    if not isinstance(value, dict):
        return set()
    if set(value) == NAMES:
        return printed(list(value.values()), prefix)
    own = {f"{prefix}{key}" for key in value}
    return own | {path for key, inside in value.items() if key != "about" for path in printed(inside, f"{prefix}{key}.")}


@pytest.fixture
def document(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[Any]]:
    """Run a command line; returns its documents."""

    def run(*arguments: str | Path) -> list[Any]:
        assert cli.main([str(argument) for argument in arguments]) == 0
        out = capsys.readouterr().out
        return [json.loads(line) for line in out.splitlines()] if "--jsonl" in arguments else [json.loads(out)]

    return run


def test_the_document_of_pictures(document: Callable[..., list[Any]]) -> None:
    assert printed(document("image", "--json", ASTRONAUT)) == described("pictures")


def test_the_documents_of_a_session(document: Callable[..., list[Any]]) -> None:
    line, last = document("live", "--no-window", "--source", ASTRONAUT, "--jsonl")
    assert printed(line) == described("frame-of-a-session")
    assert printed(last) == described("session")
    (summary,) = document("live", "--no-window", "--source", ASTRONAUT, "--json")
    assert printed(summary) == described("session")


def test_the_documents_of_a_session_with_the_dj(document: Callable[..., list[Any]], tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "neutral" / "a.wav")
    sound(tmp_path / "songs" / "happy" / "a.wav")
    own = tmp_path / "own.toml"
    own.write_text("[music]\nlibrary = 'songs'\ndj_begin_s = 0\n", encoding="utf-8")
    line, last = document("live", "--config", own, "--no-window", "--dj", "--source", ASTRONAUT, "--jsonl")
    assert printed(line) == described("frame-of-a-session") | described("with-the-dj")
    assert printed(last) == described("session") | described("with-the-dj")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("music-for-a-mood", "mood sad --strategy journey"),
        ("recommended-songs", "songs fear"),
        ("recommended-movies", "movies fear"),
        ("fact", "fact sad"),
        ("playlists", "playlists"),
        ("checked-playlists", "playlists check sad"),
        ("network", "model show"),
        ("networks", "model list"),
        ("promise", "privacy"),
        ("proof", "privacy --prove --watch audit"),
    ],
)
def test_the_documents_of_other_commands(name: str, command: str, document: Callable[..., list[Any]], tmp_path: Path) -> None:
    sound(tmp_path / "song.wav")
    (tmp_path / "songs.m3u8").write_text("song.wav\n", encoding="utf-8")
    (tmp_path / "mine.toml").write_text('[playlists.sad]\npath = "songs.m3u8"\n', encoding="utf-8")
    assert printed(document(*command.split(), "--json", "--config", tmp_path / "mine.toml")) == described(name)


def test_the_documents_of_thumbs(document: Callable[..., list[Any]]) -> None:
    FeedbackFile().add([(FeedbackKey(None, Kind.SONG, "0" * 16), Verdict.LIKE)], create=True)
    assert printed(document("feedback", "--json")) == described("thumbs")
    assert printed(document("feedback", "export")) == described("thumbs")
    assert printed(document("feedback", "reset", "lift", "--yes", "--json")) == described("forgotten-thumbs")


def test_the_document_of_the_diary(document: Callable[..., list[Any]]) -> None:
    Diary(print).add(diary_entry())
    assert printed(document("diary", "show", "--json")) == described("diary")
    assert printed(document("diary", "export", "--format", "json")) == described("diary")


def test_the_document_of_cameras() -> None:
    assert printed(cameras_document([Device(0, "Camera", "/dev/video0")])) == described("cameras")


def test_the_documents_of_spotify(document: Callable[..., list[Any]], spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device("Kitchen", active=True)
    for query in RECIPES[EXPRESSIONS[3]].searches:
        spotify.found[query] = [spotify.track(f"Song {number}", "Artist") for number in range(40)]
    assert printed(document("spotify", "status", "--json")) == described("spotify-status")
    assert printed(document("spotify", "devices", "--json")) == described("spotify-devices")
    assert printed(document("spotify", "build", "happy", "--json")) == described("built-playlist")


def test_the_documents_of_tmdb(document: Callable[..., list[Any]], tmdb: Tmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMDB_TOKEN", TOKEN)
    tmdb.movie("One", "Drama")
    assert printed(document("movies", "sad", "--online", "--json")) == described("recommended-movies")
    assert printed(document("movies", "status", "--json")) == described("key-of-tmdb")


def test_the_document_of_an_evaluation() -> None:
    votes = np.zeros((7, len(VOTE_COLUMNS)), np.float32)
    for row, name in zip(votes, EXPRESSION_VOTES, strict=True):
        row[VOTE_COLUMNS.index(name)] = 10
    no_copies = np.zeros(7, np.bool_)
    faces = Dataset(
        images=np.zeros((7, 48, 48), np.uint8),
        labels=np.arange(7, dtype=np.uint8),
        votes=votes,
        usage=np.full(7, 2, np.uint8),
        copy_of_training=no_copies,
        photo_group=np.arange(7, dtype=np.int32),
    )
    outputs = np.eye(7, dtype=np.float32)
    spoilt = measure_robustness(lambda _: outputs, faces, Threshold(0.5))
    report = report_document(faces, outputs, part="private", threshold=Threshold(0.5, 0.8), parameters=1, robustness=spoilt)
    # The names of the groups are not fields
    report["figures"] = list(report["figures"].values())
    assert printed(report) == described("evaluation")


def test_the_examples_are_the_real_output(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for page, command in (
        ("pictures", f"image {ASTRONAUT.relative_to(ROOT)}"),
        ("music", "mood happy --seed 1"),
        ("movies", "movies sad --strategy lift -n 3 --seed 1"),
        ("movies", "fact sad --seed 1"),
    ):
        assert cli.main(command.split()) == 0
        assert f"$ emodj {command}\n{capsys.readouterr().out}```" in read(DOCS / "guide" / f"{page}.md")


# Figures


def test_the_figures_of_the_list_of_movies_are_those_of_the_list() -> None:
    movies = read_movies(resources.shipped_movies()).movies
    years, countries = [movie.year for movie in movies], {movie.country for movie in movies}
    lifting = sum(movie.mood is None for movie in movies)
    fewest = min(sum(movie.mood is each for movie in movies) for each in EXPRESSIONS)
    page = " ".join(read(DOCS / "guide" / "movies.md").split())
    assert f"{len(movies)} movies from {min(years)} to {max(years)} and from {len(countries)} countries" in page
    assert f"at least {fewest // 10 * 10} for each mood, and {lifting} that only lift" in page


def test_the_figures_are_those_of_the_shipped_network() -> None:
    page = read(DOCS / "network.md")
    about = json.loads(read(ROOT / "models" / "emotiondetector.contract.json"))["about"]
    assert f"{about['parameters']:,} parameters" in page
    groups = ("original labels", "without copies of training", "clear majority")
    documented = re.findall(r"^\|[^|]+\| ([\d,]+) \| ([\d.]+)% \| ([\d.]+)% \| ([\d.]+)% \|", page, re.MULTILINE)
    measured = [
        (f"{figures['images']:,}", *(f"{100 * figures[name]:.1f}" for name in ("accuracy", "macro_f1", "mean_recall")))
        for figures in (about["private_test"][group] for group in groups)
    ]
    for shown, real in zip(documented, measured, strict=True):
        assert shown[0] == real[0]
        # The contract is rounded to four digits, and so a tenth may round the other way
        assert all(abs(float(one) - float(other)) < 0.11 for one, other in zip(shown[1:], real[1:], strict=True))


def test_the_figures_of_damaged_faces_are_those_of_the_card() -> None:
    card = sections(read(ROOT / "models" / "README.md"))["faces-that-are-spoilt"]
    measured = [(answered, right) for _, _, answered, right, _ in rows(card)]
    documented = [tuple(cells[1:]) for cells in rows(sections(read(DOCS / "network.md"))["damaged-faces"])]
    assert sorted(documented) == sorted(measured)
