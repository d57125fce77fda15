"""`emodj spotify build`, with a local server that answers as Spotify answers an app of 2026."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.music.spotify.playlist_builder import RECIPES
from tests.support.spotify_server import Fault, refusal
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Row, Spotify

    Run = Callable[..., CompletedProcess[str]]
    Start = Callable[..., subprocess.Popen[str]]

HAPPY, SAD = Expression.HAPPY, Expression.SAD


@pytest.fixture(autouse=True)
def logged_in(tokens: CredentialStore) -> None:
    """Log in; each test sets the playlists of the account and the results of searches."""
    assert tokens.version() is not None


def add_songs(spotify: Spotify, mood: Expression = HAPPY, count: int = 40) -> None:
    """Let every search for a mood find `count` songs."""
    for query in RECIPES[mood].searches:
        spotify.found[query] = [spotify.track(f"{mood.value} {number} of {query}", "Finder") for number in range(count)]


def changing_requests(spotify: Spotify) -> list[str]:
    """The requests that change something, without those for tokens."""
    return [f"{request.method} {request.path}" for request in spotify.requests if request.method != "GET"]


def playlists_named(spotify: Spotify, mood: str = "happy") -> list[Row]:
    """All playlists with the title for a mood, of any user."""
    return [row for row in spotify.playlists if row and row["name"] == f"emodj: {mood}"]


def songs_in(spotify: Spotify, row: Row) -> list[str]:
    return [item["item"]["uri"] for item in spotify.contents[row["id"]]]


def summary(**shares: float) -> str:
    """The part of the summary of a session that the command reads."""
    return json.dumps({"schema": 1, "shares": {each.value: shares.get(each.value, 0.0) for each in EXPRESSIONS}})


def test_a_dry_run_prints_the_songs_and_makes_no_list(emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)
    mine = spotify.playlist("Happy days", tracks=[spotify.track("Mine", "Me")])
    ended = emodj("spotify", "build", "happy", "--dry-run")
    assert (ended.returncode, ended.stderr) == (0, "")
    *songs, last = ended.stdout.splitlines()
    assert len(songs) == 30
    assert "  1  Mine – Me  (happy, your list Happy days)" in songs
    assert all(re.fullmatch(r" *\d+  .+ – .+  \(happy, (search|your list Happy days)\)", song) for song in songs)
    assert last == "no playlist was made: without --dry-run these 30 songs go into emodj: happy"
    assert not changing_requests(spotify)
    assert spotify.playlists == [mine]


def test_a_private_list_is_made(emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)
    ended = emodj("spotify", "build", "HAPPY")
    assert ended.returncode == 0
    (made,) = playlists_named(spotify)
    link = f"https://open.spotify.com/playlist/{made['id']}"
    sentence = f'emodj: to let p play it, add to your settings: [[playlists.happy]] and below it url = "{link}"\n'
    assert ended.stderr == sentence
    *songs, output, url = ended.stdout.splitlines()
    assert output == "made  emodj: happy, private, 30 songs"
    assert url == link
    assert (made["public"], made["collaborative"], made["owner"]["id"]) == (False, False, "anna")
    assert made["description"].startswith("Made by emodj for happy")
    titles = [spotify.tracks[uri]["name"] for uri in songs_in(spotify, made)]
    assert titles == [re.sub(r"^ *\d+  (.*) – Finder .*$", r"\1", song) for song in songs]
    assert changing_requests(spotify) == ["POST /v1/me/playlists", f"PUT /v1/playlists/{made['id']}/items"]


def test_another_run_replaces_the_songs_of_the_first(emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)
    emodj("spotify", "build", "happy", "-n", "5")
    (made,) = playlists_named(spotify)
    first = songs_in(spotify, made)
    ended = emodj("spotify", "build", "happy", "-n", "4", "--seed", "1")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-2] == "replaced  emodj: happy, private, 4 songs"
    assert playlists_named(spotify) == [made]
    assert len(songs_in(spotify, made)) == 4
    assert songs_in(spotify, made) != first[:4]
    # Another mood has another list, which is no source
    add_songs(spotify, SAD)
    assert emodj("spotify", "build", "sad", "-n", "3").returncode == 0
    assert (len(playlists_named(spotify)), len(playlists_named(spotify, "sad"))) == (1, 1)
    assert len(songs_in(spotify, made)) == 4


def test_a_list_of_that_name_by_another_user_is_not_changed(emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)
    child_fd = spotify.playlist("emodj: happy", owner="bob", tracks=[spotify.track("Theirs", "Bob")])
    spotify.playlist("emodj: Happy", tracks=[spotify.track("Other", "Name")])
    assert emodj("spotify", "build", "happy").returncode == 0
    assert len(playlists_named(spotify)) == 2
    assert songs_in(spotify, child_fd) == [spotify.track("Theirs", "Bob")["uri"]]
    assert not [line for line in changing_requests(spotify) if child_fd["id"] in line]


def test_only_matching_lists_of_the_user_are_read(emodj: Run, spotify: Spotify, settings: Callable[[str], Path]) -> None:
    add_songs(spotify)
    fits = spotify.playlist("Sunny side", tracks=[spotify.track("Own", "A")])
    named = spotify.playlist("Untitled", tracks=[spotify.track("Named", "B")])
    spotify.playlist("Taxes", tracks=[spotify.track("Wrong", "C")])
    spotify.playlist("Happy too", owner="bob", tracks=[spotify.track("Foreign", "D")])
    spotify.playlist("emodj: good", tracks=[spotify.track("Made by us", "E")])
    spotify.playlists.append(None)
    file = settings(
        f'[[playlists.happy]]\nurl = "https://open.spotify.com/playlist/{named["id"]}"\n'
        '[[playlists.happy]]\nurl = "https://example.org/"\n[[playlists.happy]]\npath = "songs"\n'
    )
    ended = emodj("--config", file, "spotify", "build", "happy", "--dry-run")
    assert ended.returncode == 0
    assert "Own – A  (happy, your list Sunny side)" in ended.stdout
    assert "Named – B  (happy, your list Untitled)" in ended.stdout
    read = [request.path.split("/")[3] for request in spotify.requests if request.path.endswith("/items")]
    assert sorted(read) == sorted([fits["id"], named["id"]])
    assert not re.search("Wrong|Foreign|Made by us", ended.stdout)


@pytest.mark.parametrize(("status", "message"), [(404, "Resource not found"), (403, "Forbidden")])
def test_a_list_that_cannot_be_read_is_left_out_with_a_remark(status: int, message: str, emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)
    gone, there = (spotify.playlist(name, tracks=[spotify.track(name, "A")]) for name in ("Happy \x07old", "Happy new"))
    spotify.fail("GET", f"/v1/playlists/{gone['id']}/items", refusal(status, message))
    ended = emodj("spotify", "build", "happy", "--dry-run")
    assert ended.returncode == 0
    assert re.fullmatch(r"emodj: your list Happy .?old is left out: Spotify [^\n]+\n", ended.stderr)
    assert "your list Happy new" in ended.stdout
    assert [request.path for request in spotify.requests].count(f"/v1/playlists/{there['id']}/items") == 1
    spotify.fail("GET", f"/v1/playlists/{gone['id']}/items", refusal(500, "Oops"))
    ended = emodj("spotify", "build", "happy")
    assert ended.returncode == 8
    assert "Spotify has an internal error (500)" in ended.stderr
    assert not changing_requests(spotify)


def test_rows_without_a_playable_track_are_left_out(emodj: Run, spotify: Spotify) -> None:
    song = spotify.track("Song", "A")
    odd = [
        spotify.track("Episode", "B", type="episode"),
        spotify.track("File of mine", "C", is_local=True),
        spotify.track("Not here", "D", is_playable=False),
        spotify.track("", "E"),
    ]
    spotify.playlist("Happy", tracks=[None, *odd, song, None])
    spotify.playlists.insert(0, None)
    for query in RECIPES[HAPPY].searches:
        spotify.found[query] = [None, song, None]
    ended = emodj("spotify", "build", "happy", "--dry-run")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[0] == "  1  Song – A  (happy, your list Happy)"
    assert len(ended.stdout.splitlines()) == 2
    assert ended.stderr == "emodj: only 1 of 30 songs were found\n"


def test_a_search_requests_no_more_than_spotify_returns(emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)
    ended = emodj("spotify", "build", "happy", "-n", "100", "--dry-run")
    assert len(ended.stdout.splitlines()) == 91
    assert ended.stderr == "emodj: only 90 of 100 songs were found\n"
    searches = [(request.query["q"], request.query["offset"]) for request in spotify.requests if request.path == "/v1/search"]
    assert {request.query["limit"] for request in spotify.requests if request.path == "/v1/search"} == {"10"}
    assert sorted(searches) == sorted((query, offset) for query in RECIPES[HAPPY].searches for offset in ("0", "10", "20"))


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_every_mood_has_valid_searches(mood: Expression, emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify, mood)
    ended = emodj("spotify", "build", mood.value, "-n", "1", "--dry-run")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"({mood.value}, search)" in ended.stdout


def test_the_shares_of_a_session_weight_the_songs(
    emodj: Run, run_process: Run, spotify: Spotify, clip: Callable[[int], Path], tmp_path: Path
) -> None:
    add_songs(spotify)
    (tmp_path / "empty.toml").touch()
    line = ("live", "--no-window", "--source", clip(10), "--config", tmp_path / "empty.toml")
    output, log = tmp_path / "summary.json", tmp_path / "session.jsonl"
    session = run_process(*line, "--json", "--log", log)
    assert session.returncode == 0, session.stderr
    output.write_text(session.stdout, encoding="utf-8")
    shares = json.loads(session.stdout)["shares"]
    assert shares["happy"] > 0.5
    for expression, share in shares.items():
        add_songs(spotify, Expression(expression), 40 if share else 0)
    built = [emodj("spotify", "build", "happy", "--from", file, "--json", "--dry-run") for file in (output, log)]
    documents = [json.loads(ended.stdout) for ended in built]
    assert documents[0] == documents[1]
    assert documents[0]["shares"] == pytest.approx(shares, abs=1e-3)
    assert documents[0]["songs"]


def test_the_songs_follow_the_shares(emodj: Run, spotify: Spotify, tmp_path: Path) -> None:
    for mood in (HAPPY, SAD, Expression.FEAR):
        add_songs(spotify, mood)
    file = tmp_path / "session.json"
    file.write_text(summary(happy=0.57, sad=0.39, fear=0.04), encoding="utf-8")
    ended = emodj("spotify", "build", "sad", "--from", file, "-n", "20", "--json")
    document = json.loads(ended.stdout)
    assert Counter(song["mood"] for song in document["songs"]) == {"happy": 12, "sad": 8}
    # The moods are spread over the list, not one after the other
    assert {song["mood"] for song in document["songs"][:4]} == {"happy", "sad"}
    assert (document["mood"], document["title"], document["new"]) == ("sad", "emodj: sad", True)
    (made,) = playlists_named(spotify, "sad")
    assert songs_in(spotify, made) == [song["uri"] for song in document["songs"]]


def test_a_summary_from_the_standard_input(spotify_process: Start, spotify: Spotify) -> None:
    add_songs(spotify)
    add_songs(spotify, SAD)
    # A log has more lines before the summary than the command reads
    text = "\n".join(["x" * 100_000, "{}", summary(happy=0.5, sad=0.5), "", ""])
    with spotify_process("spotify", "build", "happy", "--from", "-", "-n", "4", "--json", "--dry-run") as process:
        out, err = process.communicate(text, timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    assert Counter(song["mood"] for song in json.loads(out)["songs"]) == {"happy": 2, "sad": 2}


NOBODY = json.dumps({"shares": None})


@pytest.mark.parametrize(
    ("text", "output"),
    [
        (NOBODY, r"no face voted in \S+, so it has no shares: leave --from out, or name another session"),
        (f"{summary(happy=1.0)}\n{NOBODY}\n", "no face voted in"),
        ("", "is no summary of a session: name what emodj live --json printed, or what --log wrote"),
        ("{}", "is no summary of a session"),
        ("[1]", "is no summary of a session"),
        ("[" * 50_000, "is no summary of a session"),
        ('{"images": []}', "is no summary of a session"),
        (f'{summary(happy=1.0)}\n{{"frame": 3}}\n', "is no summary of a session"),
        ("\udcff", "is no summary of a session"),
        ('{"shares": {"happy": 1}}', "are not those of the seven expressions"),
        ('{"shares": [1, 0, 0, 0, 0, 0, 0]}', "are not those of the seven expressions"),
        (summary(), "are not those of the seven expressions"),
        (summary(happy=-1.0, sad=1.0), "are not those of the seven expressions"),
        (summary(happy=float("nan"), sad=1.0), "are not those of the seven expressions"),
        (summary(happy=True, sad=0.5), "are not those of the seven expressions"),
        (
            summary(sad=0.7, angry=0.26, happy=0.04),
            r"faces looked happy 4% of the time \(sad 70%, angry 26%\): build one of those",
        ),
        (summary(sad=1.0), r"faces looked happy 0% of the time \(sad 100%\): build one of those"),
    ],
)
def test_an_invalid_summary_is_refused_before_any_request(
    text: str, output: str, emodj: Run, spotify: Spotify, tmp_path: Path
) -> None:
    file = tmp_path / "session"
    file.write_bytes(text.encode(errors="surrogateescape"))
    ended = emodj("spotify", "build", "happy", "--from", file)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.search(output, ended.stderr)
    assert str(file) in ended.stderr
    assert not spotify.requests


def test_a_missing_summary_is_a_sentence(emodj: Run, spotify: Spotify, tmp_path: Path) -> None:
    ended = emodj("spotify", "build", "happy", "--from", tmp_path / "nowhere")
    assert (ended.returncode, ended.stderr) == (2, f"emodj: there is no file {tmp_path / 'nowhere'}\n")
    ended = emodj("spotify", "build", "happy", "--from", tmp_path)
    assert ended.returncode == 2
    ended = emodj("spotify", "build", "happy", "--from", tmp_path / ("n" * 300))
    assert ended.returncode == 2
    # To Windows it is a file that does not exist
    assert ("File name too long" if os.name == "posix" else "there is no file") in ended.stderr
    assert not spotify.requests


def test_the_same_seed_draws_the_same_songs_and_another_one_others(emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)

    def drawn(*options: str) -> list[str]:
        ended = emodj("spotify", "build", "happy", "-n", "8", "--dry-run", *options)
        return [re.sub(r"^ *\d+  ", "", line) for line in ended.stdout.splitlines()[:-1]]

    assert drawn() == drawn("--seed", "0")
    assert set(drawn("--seed", "1")) != set(drawn())
    assert len(set(drawn("--seed", "1"))) == 8


def test_the_document_of_a_run(emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)
    dry = json.loads(emodj("spotify", "build", "happy", "-n", "2", "--json", "--dry-run").stdout)
    assert (dry["url"], dry["new"]) == (None, None)
    first = json.loads(emodj("spotify", "build", "happy", "-n", "2", "--json").stdout)
    again = json.loads(emodj("spotify", "build", "happy", "-n", "2", "--json").stdout)
    (made,) = playlists_named(spotify)
    assert first == dry | {"url": f"https://open.spotify.com/playlist/{made['id']}", "new": True}
    assert again == first | {"new": False}
    assert set(first) == {"schema", "mood", "title", "shares", "songs", "url", "new"}
    assert first["shares"] == {each.value: float(each is HAPPY) for each in EXPRESSIONS}
    assert set(first["songs"][0]) == {"title", "artist", "uri", "mood", "source"}
    assert [song["uri"] for song in first["songs"]] == songs_in(spotify, made)


def test_no_songs_make_no_list(emodj: Run, spotify: Spotify) -> None:
    for options in ((), ("--dry-run",), ("--json",)):
        ended = emodj("spotify", "build", "happy", *options)
        assert (ended.returncode, ended.stdout) == (1, "")
        output = "emodj: no songs were found for happy: give one of your playlists a name with happy in it\n"
        assert ended.stderr == output
    assert not changing_requests(spotify)


def test_a_title_cannot_colour_the_terminal(emodj: Run, spotify: Spotify) -> None:
    spotify.playlist("Happy \x1b[31m\nlist", tracks=[spotify.track("T\x1b]8;;evil\x07", "A\nB")])
    ended = emodj("spotify", "build", "happy", "--dry-run")
    assert len(ended.stdout.splitlines()) == 2
    assert ended.stdout.replace("\n", "").isprintable()


def test_an_empty_list_of_a_failed_run_is_filled_by_the_next_run(emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)
    # The test server gives the same id to the same list made in the same order
    made = spotify.playlist("emodj: happy")
    spotify.playlists.clear()
    spotify.contents.clear()
    spotify.fail("PUT", f"/v1/playlists/{made['id']}/items", refusal(503, "Try later"))
    ended = emodj("spotify", "build", "happy")
    assert (ended.returncode, ended.stdout) == (8, "")
    assert "Spotify has an internal error (503)" in ended.stderr
    assert "the new list emodj: happy is empty, the next run fills it" in ended.stderr
    (empty,) = playlists_named(spotify)
    assert (empty["id"], songs_in(spotify, empty)) == (made["id"], [])
    assert emodj("spotify", "build", "happy").stdout.splitlines()[-2].startswith("replaced  ")
    assert playlists_named(spotify) == [empty]
    assert len(songs_in(spotify, empty)) == 30
    # A list with songs keeps them
    spotify.fail("PUT", f"/v1/playlists/{made['id']}/items", refusal(503, "Try later"))
    ended = emodj("spotify", "build", "happy")
    assert ended.returncode == 8
    assert "empty" not in ended.stderr
    assert len(songs_in(spotify, empty)) == 30


@pytest.mark.parametrize("answer", [{}, {"id": None}, {"id": "../me"}])
def test_a_list_without_an_id_is_ignored(answer: dict[str, object], emodj: Run, spotify: Spotify) -> None:
    add_songs(spotify)
    spotify.fail("POST", "/v1/me/playlists", Fault(201, answer))
    ended = emodj("spotify", "build", "happy")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "emodj: Spotify made no playlist: try again in a moment\n"
    assert changing_requests(spotify) == ["POST /v1/me/playlists"]


def test_without_a_login_the_sentence_names_the_login_command(emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    tokens.delete()
    ended = emodj("spotify", "build", "happy")
    assert (ended.returncode, ended.stdout) == (8, "")
    assert ended.stderr == "emodj: you are not logged in to Spotify: log in with emodj spotify login\n"
    assert not spotify.requests


@pytest.mark.parametrize("options", [["hapy"], ["happy", "-n", "0"], ["happy", "-n", "101"], ["happy", "--seed", "-1"]])
def test_invalid_options_are_refused(options: list[str], emodj: Run, spotify: Spotify) -> None:
    assert emodj("spotify", "build", *options).returncode == 2
    assert not spotify.requests


def test_ctrl_c_ends_build(spotify_process: Start, spotify: Spotify, ctrl_c: Callable[[subprocess.Popen[str]], None]) -> None:
    spotify.always["GET", "/v1/search"] = Fault(silent=True)
    with spotify_process("spotify", "build", "happy") as waiting:
        until(lambda: any(request.path == "/v1/search" for request in spotify.requests))
        ctrl_c(waiting)
        out, err = waiting.communicate(timeout=PATIENCE_S)
    assert (waiting.returncode, out, err.strip()) == (130, "", "")
    assert not changing_requests(spotify)
