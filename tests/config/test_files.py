import os
import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import reading
from realtime.config.fields import CHOICE_KEYS, FIELD_KEYS
from realtime.config.files import MAX_FAULTS, dump_toml, load_settings
from realtime.config.locations import CONFIG_VARIABLE, config_files, user_file
from realtime.config.schema import (
    CameraSettings,
    DiarySettings,
    FaceSettings,
    MovieSettings,
    MusicSettings,
    NetworkSettings,
    Range,
    SearchSettings,
    Settings,
    TrackingSettings,
    VoteSettings,
    WindowSettings,
    field_range,
)
from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import UsageError
from realtime.mood.affect import POINTS, Point
from realtime.music.catalog import CALM, LONGEST_TITLE, MusicChoice, Playlists
from realtime.music.planner import Strategy
from tests.support.places import SHIPPED_CONFIG


@pytest.fixture
def user_toml(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def refusal(*files: Path) -> str:
    with pytest.raises(UsageError) as caught:
        load_settings([SHIPPED_CONFIG, *files])
    assert caught.value.status == 2
    return str(caught.value)


def load_text(file: Path, text: str) -> Settings:
    file.write_text(text, encoding="utf-8")
    return load_settings([SHIPPED_CONFIG, file])


def refuse_text(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return refusal(file)


# The shipped file


def flat(table: Mapping[str, Any], at: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    entries: dict[tuple[str, ...], Any] = {}
    for name, value in table.items():
        entries |= flat(value, (*at, name)) if isinstance(value, dict) else {(*at, name): value}
    return entries


def defaults() -> dict[tuple[str, ...], Any]:
    return flat(tomllib.loads(SHIPPED_CONFIG.read_text(encoding="utf-8")))


def names(section: type, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, kind in get_type_hints(section).items():
        if kind is Playlists:
            yield from ((name, part) for part in [*(each.value for each in EXPRESSIONS), "lift"])
        elif isinstance(kind, type) and is_dataclass(kind):
            yield from names(kind, (*at, name))
        else:
            yield (*at, name)


def test_the_shipped_file_has_the_keys_of_the_dataclasses_and_no_others() -> None:
    assert sorted(defaults()) == sorted(names(Settings)) == sorted(FIELD_KEYS)


def test_every_key_of_the_shipped_file_has_a_comment_above_it() -> None:
    # One comment above all choices of music describes their keys
    settings, *choices = SHIPPED_CONFIG.read_text(encoding="utf-8").split("[[playlists.")
    for name in CHOICE_KEYS:
        assert f"\n#   {name}" in settings
    assert {line.partition(" = ")[0] for choice in choices for line in choice.splitlines() if " = " in line} <= set(CHOICE_KEYS)
    lines = settings.splitlines()
    bare = [
        line for above, line in zip(["", *lines], lines, strict=False) if " = " in line and line[0] != "#" and above[:2] != "# "
    ]
    assert bare == []


NUMBERED = {
    "faces": FaceSettings,
    "faces.live": SearchSettings,
    "faces.image": SearchSettings,
    "camera": CameraSettings,
    "tracking": TrackingSettings,
    "mood": VoteSettings,
    "music": MusicSettings,
    "movies": MovieSettings,
    "diary": DiarySettings,
}


def test_the_comment_of_a_number_gives_the_range_that_is_checked() -> None:
    above, section, checked = "", "", 0
    for line in SHIPPED_CONFIG.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition(" = ")
        if line.startswith("["):
            section = line.strip("[]")
        elif equals and value[0].isdigit() and section in NUMBERED:
            known = field_range(NUMBERED[section], name)
            assert f"{known.low:g} to {known.high:g}." in above, line
            checked += 1
        above = line
    assert checked == sum(isinstance(value, int | float) and not isinstance(value, bool) for value in defaults().values())


def test_the_defaults_are_those_of_the_shipped_file() -> None:
    settings = load_settings([SHIPPED_CONFIG])
    assert settings.network == NetworkSettings(pair=None)
    cascades = Path("haarcascade_frontalface_default.xml"), Path("haarcascade_frontalface_alt2.xml"), None
    assert settings.faces.live == SearchSettings(*cascades, 640, 360, 1.2, 2, 36)
    assert (settings.faces.detector, settings.faces.yunet_model, settings.faces.unsure_below) == ("haar", None, None)
    assert settings.camera == CameraSettings(device="0", width=640, height=480, fps=30, mirror=True)
    times = {"dj_begin_s": 5.0, "dj_hold_s": 30.0, "dj_decent_s": 240.0, "dj_away_s": 120.0}
    assert settings.music == MusicSettings(
        Strategy.MATCH, None, 0.7, shuffle=False, spotify_device="", learn=True, dj=False, **times
    )
    link = "https://en.wikipedia.org/w/index.php?search={title}+{year}+film"
    assert settings.movies == MovieSettings(
        None, link, online=False, language="en-US", region="", min_votes=300, min_rating=6.5
    )
    assert set(settings.playlists.moods) == set(Expression)


def test_every_mood_has_music_near_its_point_and_lift_has_calm_pleasant_music() -> None:
    playlists = load_settings([SHIPPED_CONFIG]).playlists
    for expression, choices in playlists.moods.items():
        assert choices
        for choice in choices:
            assert choice.mood is expression
            assert choice.point.distance(POINTS[expression]) < 0.25, choice.title
    assert playlists.lift
    for choice in playlists.lift:
        assert choice.mood is None
        assert choice.point.valence > 0.3
        assert choice.point.arousal < 0.2
    titles = [choice.title for choice in playlists.all()]
    assert len(set(titles)) == len(titles)


def test_the_shipped_cascades_exist() -> None:
    settings = load_settings([SHIPPED_CONFIG])
    for search in (settings.faces.live, settings.faces.image):
        for cascade in filter(None, (search.cascade, search.close_cascade, search.profile_cascade)):
            assert (SHIPPED_CONFIG.parent / "cascades" / cascade).is_file()


def test_no_dataclass_has_a_default() -> None:
    for section in (
        Settings,
        NetworkSettings,
        FaceSettings,
        SearchSettings,
        CameraSettings,
        TrackingSettings,
        VoteSettings,
        WindowSettings,
        MusicSettings,
        MovieSettings,
    ):
        assert all(field.default is MISSING and field.default_factory is MISSING for field in fields(section)), section


def test_the_ranges_are_exported_for_options() -> None:
    assert field_range(CameraSettings, "fps") == Range(1, 240)
    with pytest.raises(KeyError):
        field_range(CameraSettings, "mirror")


# Search for the files


def test_the_users_file_is_read_if_it_exists(home: Path) -> None:
    assert home in user_file().parents
    assert config_files(SHIPPED_CONFIG) == [SHIPPED_CONFIG]
    user_file().parent.mkdir(parents=True)
    assert config_files(SHIPPED_CONFIG) == [SHIPPED_CONFIG]
    user_file().touch()
    assert config_files(SHIPPED_CONFIG) == [SHIPPED_CONFIG, user_file()]


@pytest.mark.posix
def test_a_users_file_that_is_a_broken_link_is_refused(home: Path) -> None:
    user_file().parent.mkdir(parents=True)
    user_file().symlink_to(home / "missing.toml")
    assert refusal(*config_files(SHIPPED_CONFIG)[1:]) == f"there is no configuration file {user_file()}"


@pytest.mark.posix
def test_a_users_folder_that_cannot_be_read_is_refused(home: Path) -> None:
    assert home in user_file().parents
    user_file().parent.parent.mkdir(parents=True, exist_ok=True)
    user_file().parent.symlink_to(user_file().parent)
    assert refusal(*config_files(SHIPPED_CONFIG)[1:]).startswith(f"cannot read the configuration {user_file()}: ")


def test_a_file_in_the_place_of_the_users_folder_is_no_users_file(home: Path) -> None:
    assert home in user_file().parents
    user_file().parent.parent.mkdir(parents=True, exist_ok=True)
    user_file().parent.touch()
    assert config_files(SHIPPED_CONFIG) == [SHIPPED_CONFIG]


@pytest.mark.usefixtures("homeless")
@pytest.mark.parametrize("value", ["", "relative"])
def test_a_user_without_a_home_has_no_file(home: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", value)
    # Settings are never searched below the current folder
    for folder in (home, home / value, home / "~"):
        (folder / ".config" / "emodj").mkdir(parents=True, exist_ok=True)
        (folder / ".config" / "emodj" / "config.toml").write_text('[camera]\ndevice = "9"\n', encoding="utf-8")
    assert config_files(SHIPPED_CONFIG) == [SHIPPED_CONFIG]
    assert config_files(SHIPPED_CONFIG, Path("option.toml")) == [SHIPPED_CONFIG, Path("option.toml")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_pipe_that_nobody_writes_to_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIPE_TIMEOUT_S", 0.05)
    os.mkfifo(home / "pipe.toml")
    assert refusal(home / "pipe.toml") == (
        f"cannot read the configuration {home / 'pipe.toml'}: the pipe gave nothing for 0.05 seconds"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_settings_can_come_through_a_pipe(home: Path) -> None:
    os.mkfifo(home / "pipe.toml")
    writer = threading.Thread(target=lambda: (home / "pipe.toml").write_text('[camera]\ndevice = "9"\n', encoding="utf-8"))
    writer.start()
    assert load_settings([SHIPPED_CONFIG, home / "pipe.toml"]).camera.device == "9"
    writer.join()


def test_the_option_wins_over_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, "~/environment.toml")
    assert config_files(SHIPPED_CONFIG) == [SHIPPED_CONFIG, home / "environment.toml"]
    assert config_files(SHIPPED_CONFIG, Path("option.toml")) == [SHIPPED_CONFIG, Path("option.toml")]
    assert config_files(SHIPPED_CONFIG, Path("~/option.toml")) == [SHIPPED_CONFIG, home / "option.toml"]
    assert config_files(SHIPPED_CONFIG, Path("~nobody-of-this-name/a.toml"))[-1] == Path("~nobody-of-this-name/a.toml")
    monkeypatch.setenv(CONFIG_VARIABLE, "")
    assert config_files(SHIPPED_CONFIG) == [SHIPPED_CONFIG]


def test_the_current_directory_is_not_searched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text('[camera]\ndevice = "9"\n', encoding="utf-8")
    work = home / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    (work / "config.toml").write_text('[camera]\ndevice = "9"\n', encoding="utf-8")
    assert load_settings(config_files(SHIPPED_CONFIG)).camera.device == "0"


def test_later_files_win_key_by_key(tmp_path: Path) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text('[camera]\ndevice = "1"\nwidth = 1280\n[[playlists.sad]]\nurl = "https://example.org"\n', encoding="utf-8")
    second.write_text('[camera]\ndevice = "2"\n', encoding="utf-8")
    shipped = load_settings([SHIPPED_CONFIG])
    settings = load_settings([SHIPPED_CONFIG, first, second])
    assert settings.camera == replace(shipped.camera, device="2", width=1280)
    sad = MusicChoice("music for sad", "https://example.org", None, POINTS[Expression.SAD], Expression.SAD)
    assert settings.playlists == Playlists({**shipped.playlists.moods, Expression.SAD: (sad,)}, shipped.playlists.lift)
    assert replace(settings, camera=shipped.camera, playlists=shipped.playlists) == shipped


# Values


def test_an_integer_is_accepted_for_a_float(user_toml: Path) -> None:
    window_s = load_text(user_toml, "[mood]\nwindow_s = 20\n").mood.window_s
    assert window_s == 20
    assert isinstance(window_s, float)


def test_a_threshold_is_empty_or_a_number(user_toml: Path) -> None:
    thresholds = [
        load_text(user_toml, f"[faces]\nunsure_below = {value}\n").faces.unsure_below for value in ('""', "0", "0.4", "1")
    ]
    assert thresholds == [None, 0, 0.4, 1]


def test_a_byte_order_mark_and_windows_line_ends_are_read(user_toml: Path) -> None:
    user_toml.write_bytes(b"\xef\xbb\xbf[camera]\r\nfps = 3\r\n")
    assert load_settings([SHIPPED_CONFIG, user_toml]).camera.fps == 3


def test_a_spotify_link_becomes_canonical(user_toml: Path) -> None:
    settings = load_text(user_toml, '[playlists.happy]\nurl = "spotify:album:4aawyAB9vmqN3uQ7FjRGTy"\n')
    (choice,) = settings.playlists.moods[Expression.HAPPY]
    assert choice.url == "https://open.spotify.com/album/4aawyAB9vmqN3uQ7FjRGTy"


@pytest.mark.posix
def test_a_choice_of_music_has_a_path_or_a_link_and_a_point(user_toml: Path) -> None:
    text = """
[[playlists.happy]]
title = "Mine"
path = "songs/happy"
valence = 1
arousal = -0.5
[[playlists.happy]]
url = "https://example.org/"
[[playlists.lift]]
path = "/music/calm.m3u8"
"""
    playlists = load_text(user_toml, text).playlists
    assert playlists.moods[Expression.HAPPY] == (
        MusicChoice("Mine", None, user_toml.parent / "songs/happy", Point(1, -0.5), Expression.HAPPY),
        MusicChoice("music for happy", "https://example.org/", None, POINTS[Expression.HAPPY], Expression.HAPPY),
    )
    assert playlists.lift == (MusicChoice("music that lifts", None, Path("/music/calm.m3u8"), CALM),)


def test_a_mood_may_have_no_music(user_toml: Path) -> None:
    assert load_text(user_toml, "playlists.sad = []\n").playlists.moods[Expression.SAD] == ()


def test_the_path_of_the_library_starts_from_the_folder_of_its_file(user_toml: Path) -> None:
    assert load_text(user_toml, '[music]\nlibrary = "songs"\nstrategy = "lift"\n').music.library == user_toml.parent / "songs"


TABLE = "must be a list of tables with a url or a path each, not "


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("1", TABLE + "1"),
        ("['https://example.org']", TABLE + "'https://example.org'"),
        ("{title = 'x'}", "has a choice that will not do: it needs either a url or a path"),
        ("{url = 'https://a.org', path = 'x'}", "has a choice that will not do: it needs either a url or a path"),
        ("[{path = 'x'}, {ulr = 'x'}]", "has a choice number 2 that will not do: unknown key 'ulr': did you mean url?"),
        ("{xyz = 1}", "has a choice that will not do: unknown key 'xyz': known are title, url, path, valence, arousal"),
        ("{url = 'http://example.org'}", "has a choice that will not do: a link starts with https:// or spotify:"),
        ("{url = 1}", "has a choice that will not do: url must be text in quotes, not 1"),
        ("{path = ''}", "has a choice that will not do: a path of music is not empty"),
        ("{path = 'x', title = ''}", "has a choice that will not do: a title needs at least one character that can be seen"),
        (
            f"{{path = 'x', title = '{'a' * 200}'}}",
            "has a choice that will not do: a title has at most 40 characters, not 200",
        ),
        ("{path = 'x', valence = 2}", "has a choice that will not do: valence must be a number from -1 to 1, not 2"),
    ],
)
def test_an_invalid_choice_of_music_is_refused_with_its_line(user_toml: Path, value: str, sentence: str) -> None:
    assert refuse_text(user_toml, f"playlists.sad = {value}\n") == f"playlists.sad in {user_toml} (at line 1) {sentence}"


def test_relative_paths_start_from_the_folder_of_their_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "net").mkdir()
    monkeypatch.chdir(home)
    file = Path("net/mine.toml")
    settings = load_text(
        file, '[network]\npair = "big.json"\n[faces.live]\ncascade = "./own.xml"\n[faces.image]\ncascade = "~/c.xml"\n'
    )
    assert settings.network.pair == home / "net" / "big.json"
    assert settings.faces.live.cascade == home / "net" / "own.xml"
    assert settings.faces.image.cascade == home / "c.xml"
    finder = load_text(
        file, '[faces]\ndetector = "yunet"\nyunet_model = "y.onnx"\n[faces.live]\nclose_cascade = "./near.xml"\n'
    ).faces
    assert (finder.detector, finder.yunet_model) == ("yunet", home / "net" / "y.onnx")
    assert (finder.live.close_cascade, finder.live.profile_cascade) == (home / "net" / "near.xml", None)
    assert load_text(file, '[network]\npair = "/big.JSON"\n').network.pair == Path("/big.JSON").absolute()
    assert load_text(file, '[network]\npair = "net.tflite"\n').network.pair == home / "net" / "net.tflite"
    assert load_text(file, '[faces.live]\ncascade = "other.xml"\n').faces.live.cascade == Path("other.xml")


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("camera.fps", "-1", "must be a whole number from 1 to 240, not -1"),
        ("camera.fps", "1.0", "must be a whole number from 1 to 240, not 1.0"),
        ("camera.fps", "true", "must be a whole number from 1 to 240, not true"),
        ("camera.fps", "'0'", "must be a whole number from 1 to 240, not '0'"),
        ("camera.fps", "[0]", "must be a whole number from 1 to 240, not a list"),
        ("camera.fps", "{a = 1}", "must be a whole number from 1 to 240, not a section"),
        ("camera.fps", "0x" + "f" * 5000, "not a number of more than 15 digits"),
        ("camera.device", "1", "must be text in quotes, not 1"),
        ("camera.device", "' '", "must be a camera's number, a part of its name or the path of its device, not ' '"),
        ("camera.device", '"\\u0000"', "the path of its device, not '\\x00'"),
        ("camera.mirror", "1", "must be true or false, not 1"),
        ("camera.mirror", "'yes'", "must be true or false, not 'yes'"),
        ("mood.window_s", "0.4", "must be a number from 0.5 to 600, not 0.4"),
        ("mood.window_s", "600.5", "must be a number from 0.5 to 600, not 600.5"),
        ("mood.window_s", "nan", "must be a number from 0.5 to 600, not nan"),
        ("mood.window_s", "inf", "must be a number from 0.5 to 600, not inf"),
        ("mood.window_s", "1e999", "must be a number from 0.5 to 600, not inf"),
        ("mood.window_s", "false", "must be a number from 0.5 to 600, not false"),
        ("mood.lead", "true", "must be a number from 0 to 1, not true"),
        ("mood.window_s", "2026-11-20", "must be a number from 0.5 to 600, not 2026-11-20"),
        ("faces.live.scale_factor", "1", "must be a number from 1.01 to 2, not 1"),
        ("faces.live.cascade", "''", "must be the name of a cascade file or a path, not empty"),
        ("faces.live.cascade", '"a\\u0000b"', "must be a path without control characters, not 'a\\x00b'"),
        ("faces.detector", "'dlib'", 'must be "haar" or "yunet", not \'dlib\''),
        ("live.power", "'low'", 'must be "auto", "full" or "saving", not \'low\''),
        ("live.power", "true", 'must be "auto", "full" or "saving", not true'),
        ("faces.unsure_below", "1.1", 'must be empty ("") or a number from 0 to 1, not 1.1'),
        ("faces.unsure_below", "'none'", "must be empty (\"\") or a number from 0 to 1, not 'none'"),
        ("faces.yunet_model", "1", "must be text in quotes, not 1"),
        ("network.pair", "7", "must be text in quotes, not 7"),
        (
            "network.pair",
            "'net.h5'",
            "of a .keras file, or of a .tflite file with its .contract.json, not 'net.h5'",
        ),
        ("music.strategy", "'cheer'", "must be one of match, lift, journey, not 'cheer'"),
        ("music.library", "1", "must be text in quotes, not 1"),
        ("movies.list", "true", "must be text in quotes, not true"),
        (
            "movies.link",
            '"http://a.b/{title}"',
            "must be an https link with {title} in it, but does not start with https://: 'http://a.b/{title}'",
        ),
        ("movies.online", '"yes"', "must be true or false, not 'yes'"),
        ("movies.language", '"German"', 'must be a language as "de", or with a country as "en-US", not \'German\''),
        ("movies.language", '""', 'must be a language as "de", or with a country as "en-US", not \'\''),
        ("movies.language", '"de&page=9"', 'must be a language as "de", or with a country as "en-US", not \'de&page=9\''),
        ("movies.region", '"Germany"', "must be empty or a country in two letters as \"DE\", not 'Germany'"),
        ("movies.min_votes", "-1", "must be a whole number from 0 to 100000, not -1"),
        ("movies.min_rating", "11", "must be a number from 0 to 10, not 11"),
        ("movies.link", '"https://a.b/"', "must be an https link with {title} in it, but has no {title}: 'https://a.b/'"),
        ("music.volume", "70", "must be a number from 0 to 1, not 70"),
    ],
)
def test_an_invalid_value_is_refused_with_key_file_and_allowed_values(
    user_toml: Path, key: str, value: str, sentence: str
) -> None:
    message = refuse_text(user_toml, f"{key} = {value}\n")
    assert message.startswith(f"{key} in {user_toml} (at line 1) ")
    assert message.endswith(sentence)
    assert len(message) < 400


def test_yunet_is_one_word(user_toml: Path) -> None:
    faces = load_text(user_toml, 'faces.detector = "yunet"\n').faces
    assert (faces.detector, faces.yunet_model) == ("yunet", None)


def test_both_ends_of_a_range_are_allowed(user_toml: Path) -> None:
    lowest, highest = "window_s = 0.5\nlead = 0\ndwell_s = 0\n", "window_s = 600\nlead = 1\ndwell_s = 60\n"
    assert load_text(user_toml, f"[mood]\n{lowest}").mood == VoteSettings(window_s=0.5, lead=0.0, dwell_s=0.0)
    assert load_text(user_toml, f"[mood]\n{highest}").mood == VoteSettings(window_s=600.0, lead=1.0, dwell_s=60.0)


def test_inconsistent_values_are_refused(user_toml: Path) -> None:
    message = refuse_text(user_toml, "[faces.live]\nmin_face = 400\n")
    assert message == "faces.live: min_face = 400 finds nothing in a frame that is shrunk to 640x360 pixels"


# Keys


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[mood]\nwindows_s = 3", "unknown key mood.windows_s in {} (at line 2): did you mean window_s?"),
        ("[moods]\nwindow_s = 3", "unknown section moods in {} (at line 1): did you mean mood?"),
        ("[faces.life]\nmin_face = 30", "unknown section faces.life in {} (at line 1): did you mean live?"),
        ("[[playlists.anger]]\nurl = ''", "unknown key playlists.anger in {} (at line 1): did you mean angry?"),
        ("min_face = 30", "unknown key min_face in {} (at line 1): did you mean faces.image.min_face or faces.live.min_face?"),
        ("[window]\nxyz = 1", "unknown key window.xyz in {} (at line 2): known here: bars, info"),
        ('"mood.lead" = 0.2', "unknown key 'mood.lead' in {} (at line 1): did you mean mood?"),
        ("[image]\nmin_face = 30", "unknown section image in {} (at line 1): did you mean faces.image?"),
        (
            "[camera]\nindex = 1",
            'unknown key camera.index in {} (at line 2): it is camera.device now, text in quotes: device = "1"',
        ),
        (
            "xyz = 1",
            (
                "unknown key xyz in {} (at line 1): known here: "
                "camera, diary, faces, live, mood, movies, music, network, playlists, tracking, window"
            ),
        ),
        ('[window]\n"\\u001b[2J" = 1', "unknown key window.'\\x1b[2J' in {} (at line 2): known here: bars, info"),
        ("[window]\n'' = 1", "unknown key window.'' in {} (at line 2): known here: bars, info"),
        ("mood = 3", "mood in {} (at line 1) must be a section, [mood], not 3"),
        ("[[mood]]\nlead = 0.2", "mood in {} (at line 1) must be a section, [mood], not a list"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_name(user_toml: Path, text: str, sentence: str) -> None:
    assert refuse_text(user_toml, text) == sentence.format(user_toml)


def test_a_file_that_is_no_file_of_settings_is_reported_in_few_lines(user_toml: Path) -> None:
    heading, *faults, rest = refuse_text(user_toml, "\n".join(f"x{number} = 1" for number in range(1000))).splitlines()
    assert heading == "1000 faults in the configuration"
    assert faults[0].startswith("  unknown key x0 in")
    assert (len(faults), rest) == (MAX_FAULTS, f"  and {1000 - MAX_FAULTS} more")


def test_all_faults_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    broken, wrong, odd = (tmp_path / f"{name}.toml" for name in ("broken", "wrong", "odd"))
    broken.write_text("[mood", encoding="utf-8")
    wrong.write_text("[camera]\nfps = 0\nindx = 1\n", encoding="utf-8")
    odd.write_text("[mood]\nlead = 2\n", encoding="utf-8")
    heading, *faults = refusal(broken, wrong, odd, tmp_path / "missing.toml").splitlines()
    assert heading == "5 faults in the configuration"
    wanted = [
        str(broken),
        f"camera.fps in {wrong}",
        f"camera.indx in {wrong}",
        f"mood.lead in {odd}",
        str(tmp_path / "missing.toml"),
    ]
    assert len(faults) == len(wanted)
    assert all(part in fault and fault.startswith("  ") for part, fault in zip(wanted, faults, strict=True))


def test_a_key_that_no_file_sets_is_reported(user_toml: Path) -> None:
    user_toml.write_text(SHIPPED_CONFIG.read_text(encoding="utf-8").replace("\nlead = 0.1\n", "\n"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"mood\.lead is set in none of"):
        load_settings([user_toml])
    assert load_settings([user_toml, SHIPPED_CONFIG]) == load_settings([SHIPPED_CONFIG])


# Files that cannot be read


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[camera]\nfps = \n", "line 2"),
        ("[camera]\nfps = 1\nfps = 2\n", "line 3"),
        ("[camera", "end of document"),
        ("a = \x00", "line 1"),
    ],
)
def test_broken_toml_is_refused_with_file_and_line(user_toml: Path, text: str, place: str) -> None:
    message = refuse_text(user_toml, text)
    assert message.startswith(f"the configuration {user_toml} is not valid TOML: ")
    assert place in message
    assert message.isprintable()


def test_too_long_numbers_and_too_deep_nesting_are_refused(user_toml: Path) -> None:
    assert "is not valid TOML" in refuse_text(user_toml, f"[camera]\nfps = {'9' * 5000}\n")
    assert "is nested too deeply" in refuse_text(user_toml, f"a = {'[' * 20000}")


@pytest.mark.posix
def test_a_binary_file_a_directory_and_a_missing_file_are_refused(user_toml: Path) -> None:
    user_toml.write_bytes(b"[camera]\n# caf\xe9\n")
    assert refusal(user_toml) == f"the configuration {user_toml} is no UTF-8 text (at line 2): save it as UTF-8"
    assert refusal(user_toml.parent) == f"the configuration {user_toml.parent} is a directory: name the file in it"
    assert refusal(user_toml / "below") == f"cannot read the configuration {user_toml / 'below'}: Not a directory"
    missing = user_toml.parent / "missing.toml"
    assert refusal(missing) == f"there is no configuration file {missing}"


def test_an_empty_file_changes_nothing(user_toml: Path) -> None:
    assert load_text(user_toml, "") == load_settings([SHIPPED_CONFIG])


# Writing


def number(section: type, name: str) -> st.SearchStrategy[Any]:
    known = field_range(section, name)
    whole = get_type_hints(section)[name] is int
    return st.integers(int(known.low), int(known.high)) if whole else st.floats(known.low, known.high)


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1, max_size=20).filter(
    lambda name: name not in {".", ".."}
)
PATHS = NAMES.map(lambda name: Path("/models").absolute() / name)
LINE = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
TITLES = st.text(LINE, max_size=LONGEST_TITLE - 1).map(lambda text: text + "x")
SIGNS = st.characters(exclude_categories=["C", "Z"], exclude_characters='"<>\\^`{|}')
LINKS = st.text(SIGNS, max_size=30).map("https://example.org/".__add__)
CASCADES = st.one_of(NAMES.map(Path), PATHS)
SEARCHES = st.builds(
    SearchSettings,
    cascade=CASCADES,
    close_cascade=st.none() | CASCADES,
    profile_cascade=st.none() | CASCADES,
    search_width=st.integers(1000, 8192),
    search_height=st.integers(1000, 8192),
    **{name: number(SearchSettings, name) for name in ("scale_factor", "min_neighbors", "min_face")},
)
AXIS = st.floats(-1, 1)


def choices(mood: Expression | None) -> st.SearchStrategy[tuple[MusicChoice, ...]]:
    point = st.builds(Point, AXIS, AXIS)
    one = st.one_of(
        st.builds(MusicChoice, TITLES, LINKS, st.none(), point, st.just(mood)),
        st.builds(MusicChoice, TITLES, st.none(), PATHS, point, st.just(mood)),
    )
    return st.lists(one, max_size=3).map(tuple)


SETTINGS = st.builds(
    Settings,
    network=st.builds(NetworkSettings, pair=st.none() | PATHS.map(lambda path: path.with_name(path.name + ".json"))),
    faces=st.builds(
        FaceSettings,
        detector=st.sampled_from(["haar", "yunet"]),
        yunet_model=st.none() | PATHS,
        unsure_below=st.none() | number(FaceSettings, "unsure_below"),
        calibration=st.sampled_from(["", "ana", "ana lia"]),
        live=SEARCHES,
        image=SEARCHES,
    ),
    camera=st.builds(
        CameraSettings,
        device=NAMES.filter(str.strip),
        mirror=st.booleans(),
        **{name: number(CameraSettings, name) for name in ("width", "height", "fps")},
    ),
    tracking=st.builds(
        TrackingSettings, **{field.name: number(TrackingSettings, field.name) for field in fields(TrackingSettings)}
    ),
    mood=st.builds(VoteSettings, **{field.name: number(VoteSettings, field.name) for field in fields(VoteSettings)}),
    window=st.builds(WindowSettings, bars=st.booleans(), info=st.booleans()),
    music=st.builds(
        MusicSettings,
        st.sampled_from(Strategy),
        PATHS,
        number(MusicSettings, "volume"),
        shuffle=st.booleans(),
        spotify_device=NAMES.map(str.strip),
        dj=st.booleans(),
        **{name: number(MusicSettings, name) for name in ("dj_begin_s", "dj_hold_s", "dj_decent_s", "dj_away_s")},
    ),
    movies=st.builds(
        MovieSettings,
        PATHS,
        st.sampled_from(["https://example.org/{title}", "https://a.b/?q={year}+{title}"]),
        online=st.booleans(),
        language=st.sampled_from(["de", "en-US"]),
        region=st.sampled_from(["", "DE"]),
        min_votes=number(MovieSettings, "min_votes"),
        min_rating=number(MovieSettings, "min_rating"),
    ),
    playlists=st.builds(
        Playlists,
        st.fixed_dictionaries({each: choices(each) for each in EXPRESSIONS}),
        choices(None),
    ),
)


@given(SETTINGS)
def test_written_settings_are_read_back_equal(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> None:
    file = tmp_path_factory.getbasetemp() / "round_trip.toml"
    file.write_bytes(dump_toml(settings).encode())
    assert load_settings([file]) == settings
    # Every key is written, so nothing of the shipped file is left below it
    assert load_settings([SHIPPED_CONFIG, file]) == settings


def test_written_settings_have_the_keys_and_values_of_the_shipped_file() -> None:
    written = flat(tomllib.loads(dump_toml(load_settings([SHIPPED_CONFIG]))))
    assert list(written.items()) == list(defaults().items())
