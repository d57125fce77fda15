"""Place of a fault: file, line, and number of the choice of music."""

import os
from pathlib import Path

import pytest

from realtime.config.files import load_settings
from realtime.config.locations import LARGEST_FILE
from realtime.errors import UsageError
from tests.support.places import SHIPPED_CONFIG


def faults(tmp_path: Path, *texts: str) -> list[str]:
    """Sentences about files with these texts, without the heading; the name of a file is its number."""
    files = [tmp_path / str(number) for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_settings([SHIPPED_CONFIG, *files])
    lines = str(caught.value).replace(f"{tmp_path}{os.sep}", "").splitlines()
    return lines if len(lines) == 1 else [line.removeprefix("  ") for line in lines[1:]]


def test_faults_stand_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = """[camera]
wdth = 3
fps = 0

[mood]
lead = 2
[moods]
[camera.xyz]
"""
    assert faults(tmp_path, text) == [
        "unknown key camera.wdth in 0 (at line 2): did you mean width?",
        "camera.fps in 0 (at line 3) must be a whole number from 1 to 240, not 0",
        "mood.lead in 0 (at line 6) must be a number from 0 to 1, not 2",
        "unknown section moods in 0 (at line 7): did you mean mood?",
        "unknown section camera.xyz in 0 (at line 8): known here: device, fps, height, mirror, width",
    ]


def test_every_fault_of_every_choice_is_reported_with_its_line(tmp_path: Path) -> None:
    text = """[[playlists.sad]]
title = ""
valence = 2

[[playlists.sad]]
ulr = "https://example.org"
arousal = true

[[playlists.sad]]
title = "Neither"

[playlists.lift]
url = 1
"""
    sad = "playlists.sad in 0 (at line {}) has a choice number {} that will not do: {}"
    assert faults(tmp_path, text) == [
        sad.format(2, 1, "a title needs at least one character that can be seen"),
        sad.format(3, 1, "valence must be a number from -1 to 1, not 2"),
        sad.format(6, 2, "unknown key 'ulr': did you mean url?"),
        sad.format(7, 2, "arousal must be a number from -1 to 1, not true"),
        sad.format(9, 3, "it needs either a url or a path"),
        "playlists.lift in 0 (at line 13) has a choice that will not do: url must be text in quotes, not 1",
    ]


def test_a_choice_inside_of_a_value_is_at_the_line_of_its_key(tmp_path: Path) -> None:
    text = '# mine\nplaylists.sad = [\n  {path = "a"},\n  3,\n  {path = "b", ptah = 1},\n]\n'
    assert faults(tmp_path, text) == [
        "playlists.sad in 0 (at line 2) must be a list of tables with a url or a path each, not 3",
        "playlists.sad in 0 (at line 2) has a choice number 3 that will not do: unknown key 'ptah': did you mean path?",
    ]


def test_a_bad_value_is_a_fault_although_a_later_file_has_a_good_one(tmp_path: Path) -> None:
    assert faults(tmp_path, "\ncamera.fps = 0\n", "camera.fps = 30\n") == [
        "camera.fps in 0 (at line 2) must be a whole number from 1 to 240, not 0"
    ]


def test_a_later_file_can_make_the_values_consistent(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("[faces.live]\nmin_face = 400\nsearch_width = 300\nsearch_height = 300\n", encoding="utf-8")
    second.write_text("[faces.live]\nmin_face = 40\n", encoding="utf-8")
    assert load_settings([SHIPPED_CONFIG, first, second]).faces.live.min_face == 40


# Hostile files


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    fits = "#" * LARGEST_FILE
    (tmp_path / "fits").write_text(fits, encoding="utf-8")
    assert load_settings([SHIPPED_CONFIG, tmp_path / "fits"]) == load_settings([SHIPPED_CONFIG])
    assert faults(tmp_path, fits + "\n") == [
        f"the configuration 0 is larger than {LARGEST_FILE} bytes: it is no file of settings"
    ]
    with pytest.raises(UsageError, match="is larger than"):
        load_settings([SHIPPED_CONFIG, Path("/dev/zero")])


@pytest.mark.parametrize("text", ["[{}]\n", "{} = 1\n", "a = {{{} = 1}}\n"])
@pytest.mark.parametrize("name", ["a", '"a"', "'a'", " a "])
def test_names_that_are_nested_too_deeply_are_refused(tmp_path: Path, text: str, name: str) -> None:
    assert faults(tmp_path, text.format(".".join([name] * 10000))) == ["the configuration 0 is nested too deeply"]


def test_dots_in_comments_and_values_are_no_nesting(tmp_path: Path) -> None:
    file = tmp_path / "dots"
    file.write_text(f'# {"." * 100}\n[camera]\ndevice = "/{"a.b/" * 40}"\n', encoding="utf-8")
    assert load_settings([SHIPPED_CONFIG, file]).camera.device.startswith("/a.b/")


def test_a_name_in_a_sentence_is_short_and_without_control_characters(tmp_path: Path) -> None:
    for name in ("a" * 10000, '"' + r"\u001b[2J" * 3000 + '"'):
        (sentence,) = faults(tmp_path, f"[window]\n{name} = 1\n")
        assert sentence.isprintable()
        assert len(sentence) < 500
        (sentence,) = faults(tmp_path, f"[[playlists.sad]]\n{name} = 1\n")
        assert sentence.isprintable()
        assert len(sentence) < 500
