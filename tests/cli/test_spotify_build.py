"""`emodj spotify build`, at a Spotify that answers as apps of 2026 are answered."""

from __future__ import annotations

import json
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
    """Somebody is; what they have and what searches find stands in each test."""
    assert tokens.version() is not None


def furnish(spotify: Spotify, mood: Expression = HAPPY, count: int = 40) -> None:
    """Let every search for a mood find so many songs."""
    for query in RECIPES[mood].searches:
        spotify.found[query] = [spotify.track(f"{mood.value} {number} of {query}", "Finder") for number in range(count)]


def commands(spotify: Spotify) -> list[str]:
    """What was asked that changes something, but for tokens."""
    return [f"{asked.method} {asked.path}" for asked in spotify.asked if asked.method != "GET"]


def ours(spotify: Spotify, mood: str = "happy") -> list[Row]:
    """The lists that are called so, whoever made them."""
    return [row for row in spotify.playlists if row and row["name"] == f"emodj: {mood}"]


def songs_of(spotify: Spotify, row: Row) -> list[str]:
    return [item["item"]["uri"] for item in spotify.contents[row["id"]]]


def summary(**shares: float) -> str:
    """What a session printed, as far as it matters here."""
    return json.dumps({"schema": 1, "shares": {each.value: shares.get(each.value, 0.0) for each in EXPRESSIONS}})


def test_a_dry_run_shows_the_songs_and_makes_nothing(emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)
    mine = spotify.playlist("Happy days", tracks=[spotify.track("Mine", "Me")])
    ended = emodj("spotify", "build", "happy", "--dry-run")
    assert (ended.returncode, ended.stderr) == (0, "")
    *songs, last = ended.stdout.splitlines()
    assert len(songs) == 30
    assert "  1  Mine – Me  (happy, your list Happy days)" in songs
    assert all(re.fullmatch(r" *\d+  .+ – .+  \(happy, (search|your list Happy days)\)", song) for song in songs)
    assert last == "nothing was made: without --dry-run these 30 songs go into emodj: happy"
    assert not commands(spotify)
    assert spotify.playlists == [mine]


def test_a_private_list_is_made(emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)
    ended = emodj("spotify", "build", "HAPPY")
    assert ended.returncode == 0
    (made,) = ours(spotify)
    link = f"https://open.spotify.com/playlist/{made['id']}"
    says = f'emodj: for p to play it, add to your settings: [[playlists.happy]] and below it url = "{link}"\n'
    assert ended.stderr == says
    *songs, said, url = ended.stdout.splitlines()
    assert said == "made  emodj: happy, private, 30 songs"
    assert url == link
    assert (made["public"], made["collaborative"], made["owner"]["id"]) == (False, False, "anna")
    assert made["description"].startswith("Made by emodj for happy")
    titles = [spotify.tracks[uri]["name"] for uri in songs_of(spotify, made)]
    assert titles == [re.sub(r"^ *\d+  (.*) – Finder .*$", r"\1", song) for song in songs]
    assert commands(spotify) == ["POST /v1/me/playlists", f"PUT /v1/playlists/{made['id']}/items"]


def test_another_run_puts_other_songs_in_place_of_the_first(emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)
    emodj("spotify", "build", "happy", "-n", "5")
    (made,) = ours(spotify)
    first = songs_of(spotify, made)
    ended = emodj("spotify", "build", "happy", "-n", "4", "--seed", "1")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-2] == "replaced  emodj: happy, private, 4 songs"
    assert ours(spotify) == [made]
    assert len(songs_of(spotify, made)) == 4
    assert songs_of(spotify, made) != first[:4]
    # Another mood has a list of its own, and is no source
    furnish(spotify, SAD)
    assert emodj("spotify", "build", "sad", "-n", "3").returncode == 0
    assert (len(ours(spotify)), len(ours(spotify, "sad"))) == (1, 1)
    assert len(songs_of(spotify, made)) == 4


def test_a_list_of_that_name_that_is_somebody_elses_is_not_touched(emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)
    theirs = spotify.playlist("emodj: happy", owner="bob", tracks=[spotify.track("Theirs", "Bob")])
    spotify.playlist("emodj: Happy", tracks=[spotify.track("Other", "Name")])
    assert emodj("spotify", "build", "happy").returncode == 0
    assert len(ours(spotify)) == 2
    assert songs_of(spotify, theirs) == [spotify.track("Theirs", "Bob")["uri"]]
    assert not [line for line in commands(spotify) if theirs["id"] in line]


def test_lists_of_ones_own_that_fit_are_read_and_no_others(
    emodj: Run, spotify: Spotify, settings: Callable[[str], Path]
) -> None:
    furnish(spotify)
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
    read = [asked.path.split("/")[3] for asked in spotify.asked if asked.path.endswith("/items")]
    assert sorted(read) == sorted([fits["id"], named["id"]])
    assert not re.search("Wrong|Foreign|Made by us", ended.stdout)


@pytest.mark.parametrize(("status", "message"), [(404, "Resource not found"), (403, "Forbidden")])
def test_a_list_that_cannot_be_read_is_left_out_with_a_remark(status: int, message: str, emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)
    gone, there = (spotify.playlist(name, tracks=[spotify.track(name, "A")]) for name in ("Happy \x07old", "Happy new"))
    spotify.fail("GET", f"/v1/playlists/{gone['id']}/items", refusal(status, message))
    ended = emodj("spotify", "build", "happy", "--dry-run")
    assert ended.returncode == 0
    assert re.fullmatch(r"emodj: your list Happy .?old is left out: Spotify [^\n]+\n", ended.stderr)
    assert "your list Happy new" in ended.stdout
    assert [asked.path for asked in spotify.asked].count(f"/v1/playlists/{there['id']}/items") == 1
    spotify.fail("GET", f"/v1/playlists/{gone['id']}/items", refusal(500, "Oops"))
    ended = emodj("spotify", "build", "happy")
    assert ended.returncode == 8
    assert "Spotify has a fault of its own (500)" in ended.stderr
    assert not commands(spotify)


def test_what_stands_for_nothing_is_left_out(emodj: Run, spotify: Spotify) -> None:
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


def test_a_search_asks_for_no_more_than_spotify_gives(emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)
    ended = emodj("spotify", "build", "happy", "-n", "100", "--dry-run")
    assert len(ended.stdout.splitlines()) == 91
    assert ended.stderr == "emodj: only 90 of 100 songs were found\n"
    asked = [(asked.query["q"], asked.query["offset"]) for asked in spotify.asked if asked.path == "/v1/search"]
    assert {asked.query["limit"] for asked in spotify.asked if asked.path == "/v1/search"} == {"10"}
    assert sorted(asked) == sorted((query, offset) for query in RECIPES[HAPPY].searches for offset in ("0", "10", "20"))


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_every_mood_has_searches_that_spotify_takes(mood: Expression, emodj: Run, spotify: Spotify) -> None:
    furnish(spotify, mood)
    ended = emodj("spotify", "build", mood.value, "-n", "1", "--dry-run")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"({mood.value}, search)" in ended.stdout


def test_what_a_session_printed_weighs_the_songs(
    emodj: Run, alone: Run, spotify: Spotify, clip: Callable[[int], Path], tmp_path: Path
) -> None:
    furnish(spotify)
    line = ("live", "--no-window", "--source", clip(10), "--config", "/dev/null")
    said, log = tmp_path / "said.json", tmp_path / "evening.jsonl"
    session = alone(*line, "--json", "--log", log)
    assert session.returncode == 0, session.stderr
    said.write_text(session.stdout, encoding="utf-8")
    shares = json.loads(session.stdout)["shares"]
    assert shares["happy"] > 0.5
    for expression, share in shares.items():
        furnish(spotify, Expression(expression), 40 if share else 0)
    built = [emodj("spotify", "build", "happy", "--from", file, "--json", "--dry-run") for file in (said, log)]
    documents = [json.loads(ended.stdout) for ended in built]
    assert documents[0] == documents[1]
    assert documents[0]["shares"] == pytest.approx(shares, abs=1e-3)
    assert documents[0]["songs"]


def test_the_songs_follow_the_shares(emodj: Run, spotify: Spotify, tmp_path: Path) -> None:
    for mood in (HAPPY, SAD, Expression.FEAR):
        furnish(spotify, mood)
    file = tmp_path / "evening.json"
    file.write_text(summary(happy=0.57, sad=0.39, fear=0.04), encoding="utf-8")
    ended = emodj("spotify", "build", "sad", "--from", file, "-n", "20", "--json")
    document = json.loads(ended.stdout)
    assert Counter(song["mood"] for song in document["songs"]) == {"happy": 12, "sad": 8}
    # Spread over the list, and not one after the other
    assert {song["mood"] for song in document["songs"][:4]} == {"happy", "sad"}
    assert (document["mood"], document["title"], document["new"]) == ("sad", "emodj: sad", True)
    (made,) = ours(spotify, "sad")
    assert songs_of(spotify, made) == [song["uri"] for song in document["songs"]]


def test_a_summary_from_the_standard_input(at_spotify: Start, spotify: Spotify) -> None:
    furnish(spotify)
    furnish(spotify, SAD)
    # A log has lines before it, more than are read
    text = "\n".join(["x" * 100_000, "{}", summary(happy=0.5, sad=0.5), "", ""])
    with at_spotify("spotify", "build", "happy", "--from", "-", "-n", "4", "--json", "--dry-run") as process:
        out, err = process.communicate(text, timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    assert Counter(song["mood"] for song in json.loads(out)["songs"]) == {"happy": 2, "sad": 2}


NOBODY = json.dumps({"shares": None})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NOBODY, r"nobody voted in \S+, so there are no shares: leave --from out, or name another session"),
        (f"{summary(happy=1.0)}\n{NOBODY}\n", "nobody voted in"),
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
def test_what_is_no_such_summary_is_refused_before_anybody_is_asked(
    text: str, said: str, emodj: Run, spotify: Spotify, tmp_path: Path
) -> None:
    file = tmp_path / "evening"
    file.write_bytes(text.encode(errors="surrogateescape"))
    ended = emodj("spotify", "build", "happy", "--from", file)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.search(said, ended.stderr)
    assert str(file) in ended.stderr
    assert not spotify.asked


def test_a_summary_that_is_not_there_is_said(emodj: Run, spotify: Spotify, tmp_path: Path) -> None:
    ended = emodj("spotify", "build", "happy", "--from", tmp_path / "nowhere")
    assert (ended.returncode, ended.stderr) == (2, f"emodj: there is no file {tmp_path / 'nowhere'}\n")
    ended = emodj("spotify", "build", "happy", "--from", tmp_path)
    assert ended.returncode == 2
    ended = emodj("spotify", "build", "happy", "--from", tmp_path / ("n" * 300))
    assert ended.returncode == 2
    assert "File name too long" in ended.stderr
    assert not spotify.asked


def test_the_same_seed_draws_the_same_songs_and_another_one_others(emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)

    def drawn(*options: str) -> list[str]:
        ended = emodj("spotify", "build", "happy", "-n", "8", "--dry-run", *options)
        return [re.sub(r"^ *\d+  ", "", line) for line in ended.stdout.splitlines()[:-1]]

    assert drawn() == drawn("--seed", "0")
    assert set(drawn("--seed", "1")) != set(drawn())
    assert len(set(drawn("--seed", "1"))) == 8


def test_the_document_of_a_run(emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)
    dry = json.loads(emodj("spotify", "build", "happy", "-n", "2", "--json", "--dry-run").stdout)
    assert (dry["url"], dry["new"]) == (None, None)
    first = json.loads(emodj("spotify", "build", "happy", "-n", "2", "--json").stdout)
    again = json.loads(emodj("spotify", "build", "happy", "-n", "2", "--json").stdout)
    (made,) = ours(spotify)
    assert first == dry | {"url": f"https://open.spotify.com/playlist/{made['id']}", "new": True}
    assert again == first | {"new": False}
    assert set(first) == {"schema", "mood", "title", "shares", "songs", "url", "new"}
    assert first["shares"] == {each.value: float(each is HAPPY) for each in EXPRESSIONS}
    assert set(first["songs"][0]) == {"title", "artist", "uri", "mood", "source"}
    assert [song["uri"] for song in first["songs"]] == songs_of(spotify, made)


def test_nothing_that_is_found_makes_no_list(emodj: Run, spotify: Spotify) -> None:
    for options in ((), ("--dry-run",), ("--json",)):
        ended = emodj("spotify", "build", "happy", *options)
        assert (ended.returncode, ended.stdout) == (1, "")
        said = "emodj: no songs were found for happy: give one of your lists a name with happy in it\n"
        assert ended.stderr == said
    assert not commands(spotify)


def test_a_title_of_somebodys_cannot_paint_the_terminal(emodj: Run, spotify: Spotify) -> None:
    spotify.playlist("Happy \x1b[31m\nlist", tracks=[spotify.track("T\x1b]8;;evil\x07", "A\nB")])
    ended = emodj("spotify", "build", "happy", "--dry-run")
    assert len(ended.stdout.splitlines()) == 2
    assert ended.stdout.replace("\n", "").isprintable()


def test_a_list_that_was_made_and_could_not_be_filled_is_filled_by_the_next_run(emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)
    # The same list at the same time of its life has the same id
    made = spotify.playlist("emodj: happy")
    spotify.playlists.clear()
    spotify.contents.clear()
    spotify.fail("PUT", f"/v1/playlists/{made['id']}/items", refusal(503, "Try later"))
    ended = emodj("spotify", "build", "happy")
    assert (ended.returncode, ended.stdout) == (8, "")
    assert "Spotify has a fault of its own (503)" in ended.stderr
    assert "the list emodj: happy is there and empty, the next run fills it" in ended.stderr
    (empty,) = ours(spotify)
    assert (empty["id"], songs_of(spotify, empty)) == (made["id"], [])
    assert emodj("spotify", "build", "happy").stdout.splitlines()[-2].startswith("replaced  ")
    assert ours(spotify) == [empty]
    assert len(songs_of(spotify, empty)) == 30
    # One that was full is as full as before
    spotify.fail("PUT", f"/v1/playlists/{made['id']}/items", refusal(503, "Try later"))
    ended = emodj("spotify", "build", "happy")
    assert ended.returncode == 8
    assert "empty" not in ended.stderr
    assert len(songs_of(spotify, empty)) == 30


@pytest.mark.parametrize("answer", [{}, {"id": None}, {"id": "../me"}])
def test_a_list_without_an_id_is_none(answer: dict[str, object], emodj: Run, spotify: Spotify) -> None:
    furnish(spotify)
    spotify.fail("POST", "/v1/me/playlists", Fault(201, answer))
    ended = emodj("spotify", "build", "happy")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "emodj: Spotify made no playlist: try again in a moment\n"
    assert commands(spotify) == ["POST /v1/me/playlists"]


def test_without_a_login_it_says_how_to_get_one(emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    tokens.delete()
    ended = emodj("spotify", "build", "happy")
    assert (ended.returncode, ended.stdout) == (8, "")
    assert ended.stderr == "emodj: you are not logged in to Spotify: log in with emodj spotify login\n"
    assert not spotify.asked


@pytest.mark.parametrize("options", [["hapy"], ["happy", "-n", "0"], ["happy", "-n", "101"], ["happy", "--seed", "-1"]])
def test_what_cannot_be_built_is_refused(options: list[str], emodj: Run, spotify: Spotify) -> None:
    assert emodj("spotify", "build", *options).returncode == 2
    assert not spotify.asked


def test_ctrl_c_ends_it(at_spotify: Start, spotify: Spotify, ctrl_c: Callable[[subprocess.Popen[str]], None]) -> None:
    spotify.always["GET", "/v1/search"] = Fault(silent=True)
    with at_spotify("spotify", "build", "happy") as waiting:
        until(lambda: any(asked.path == "/v1/search" for asked in spotify.asked))
        ctrl_c(waiting)
        out, err = waiting.communicate(timeout=PATIENCE_S)
    assert (waiting.returncode, out, err.strip()) == (130, "", "")
    assert not commands(spotify)
