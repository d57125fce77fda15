"""Thumbs by the page: what they are counted for, and what the answers change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from realtime.app.build import build_page, shipped_settings
from realtime.storage.user_folders import state_folder
from tests.support.page_server import PageClient, serving_page
from tests.support.sounds import sound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[PageClient]:
    for name in "abc":
        sound(tmp_path / "happy" / f"{name}.ogg", title=f"Song {name}")
    settings = shipped_settings()
    with serving_page(replace(settings, music=replace(settings.music, library=tmp_path))) as client:
        client.begin()
        client.ask("choose", {"mood": "happy"})
        yield client


def kept() -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    counts: dict[str, dict[str, dict[str, dict[str, float]]]] = json.loads((state_folder() / "feedback.json").read_bytes())[
        "counts"
    ]
    return counts


def test_a_link_and_a_movie_get_a_thumb(tab: PageClient) -> None:
    assert not state_folder().exists()
    offered = tab.ask("offers").document
    link, movie = offered["music"]["choices"][1], offered["movies"]["movies"][0]
    assert tab.ask("thumb", {"choice": link["thumb"], "verdict": "like"}).document == {
        "said": f"liked: {link['title']}, for happy",
        "left_out": False,
    }
    answer = tab.ask("thumb", {"choice": movie["thumb"], "verdict": "dislike"}).document
    assert answer["said"] == (
        f"disliked: {movie['title']} ({movie['year']}), for happy; a second dislike, another time, leaves it out"
    )
    counts = kept()
    assert list(counts) == ["happy"]
    assert [*counts["happy"]["music"].values()] == [{"likes": 1.0, "dislikes": 0.0, "downs": 0}]
    assert [*counts["happy"]["movie"].values()] == [{"likes": 0.0, "dislikes": 1.0, "downs": 1}]


def test_a_song_with_two_thumbs_down_is_offered_no_more(tab: PageClient) -> None:
    songs = tab.ask("offers").document["songs"]
    name = songs["list"]
    assert tab.ask("list", {"list": name}).document["order"] is None
    song = tab.ask("song", {"list": name, "number": 1}).document
    for left_out in (False, True):
        answer = tab.ask("thumb", {"choice": song["thumb"], "verdict": "dislike"}).document
        assert answer["left_out"] is left_out
    assert answer["said"] == "not offered again: Song b, for happy"
    for is_shuffled in (False, True):
        assert sorted(tab.ask("list", {"list": name, "shuffled": is_shuffled}).document["order"]) == [0, 2]
    shown = tab.ask("offers").document["songs"]["songs"]
    assert sorted(each["title"] for each in shown) == ["Song a", "Song c"]


def test_a_list_whose_songs_are_all_left_out_says_so(tab: PageClient) -> None:
    name = tab.ask("offers").document["songs"]["list"]
    for number in range(3):
        song = tab.ask("song", {"list": name, "number": number}).document
        assert song["left_out"] is False
        for _ in range(2):
            tab.ask("thumb", {"choice": song["thumb"], "verdict": "dislike"})
        assert tab.ask("song", {"list": name, "number": number}).document["left_out"] is True
    for is_shuffled in (False, True):
        answer = tab.ask("list", {"list": name, "shuffled": is_shuffled})
        assert answer.status == 422
        assert answer.sentence == "every song of the list has two thumbs down: emodj feedback reset offers them again"


def test_a_song_that_is_heard_counts_from_the_first_thumb_on(tab: PageClient) -> None:
    name = tab.ask("offers").document["songs"]["list"]
    first, second = (tab.ask("song", {"list": name, "number": number}).document["thumb"] for number in (0, 1))
    assert tab.ask("thumb", {"choice": first, "verdict": "heard"}).document["said"] == ""
    assert not state_folder().exists()
    tab.ask("thumb", {"choice": second, "verdict": "like"})
    assert [each["likes"] for each in kept()["happy"]["song"].values()] == [1.0]
    tab.ask("thumb", {"choice": first, "verdict": "heard"})
    assert sorted(each["likes"] for each in kept()["happy"]["song"].values()) == [0.5, 1.0]


def test_a_thumb_stands_for_the_play_in_which_it_is_given_alone(tab: PageClient) -> None:
    song = {"list": tab.ask("offers").document["songs"]["list"], "number": 0}
    thumb = tab.ask("song", song).document["thumb"]
    tab.ask("thumb", {"choice": thumb, "verdict": "like"})
    tab.ask("song", song)
    tab.ask("thumb", {"choice": thumb, "verdict": "heard"})
    assert [*kept()["happy"]["song"].values()] == [{"likes": 1.5, "dislikes": 0.0, "downs": 0}]
    tab.ask("thumb", {"choice": thumb, "verdict": "like"})
    tab.ask("thumb", {"choice": thumb, "verdict": "heard"})
    assert [*kept()["happy"]["song"].values()] == [{"likes": 2.5, "dislikes": 0.0, "downs": 0}]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"choice": "happy-song-0123456789abcdef", "verdict": "like"}, 200),
        ({"choice": "../../etc/passwd", "verdict": "like"}, 200),
        ({"choice": 7, "verdict": "like"}, 400),
        ({"choice": "happy-song-0123456789abcdef", "verdict": "love"}, 400),
        ({"choice": "happy-song-0123456789abcdef", "verdict": ["like"]}, 400),
        ({"verdict": "like"}, 400),
        ([], 400),
    ],
)
def test_what_was_not_offered_is_not_counted(tab: PageClient, asked: object, status: int) -> None:
    answer = tab.ask("thumb", asked)
    assert answer.status == status
    assert status == 400 or answer.document["said"] == "this is not offered any more: nothing was counted"
    assert not state_folder().exists()


def test_without_the_key_nothing_is_counted(tab: PageClient) -> None:
    choice = tab.ask("offers").document["music"]["choices"][1]["thumb"]
    answer = tab.ask("thumb", {"choice": choice, "verdict": "like"}, {"x-emodj-key": "x" * 22})
    assert answer.status == 403
    assert not state_folder().exists()


def test_thumbs_that_are_off_count_nothing_and_read_nothing() -> None:
    state_folder().mkdir(parents=True)
    file = state_folder() / "feedback.json"
    file.write_bytes(b"damaged")
    settings = shipped_settings()
    with serving_page(replace(settings, music=replace(settings.music, learn=False))) as client:
        assert client.begin()["thumbs"] is False
        client.ask("choose", {"mood": "happy"})
        choice = client.ask("offers").document["music"]["choices"][0]["thumb"]
        assert "thumbs are off" in client.ask("thumb", {"choice": choice, "verdict": "like"}).document["said"]
    assert [path.name for path in state_folder().iterdir()] == ["feedback.json"]
    assert file.read_bytes() == b"damaged"


def test_the_document_of_a_picture_is_that_of_the_command_whatever_thumbs_say(tab: PageClient) -> None:
    picture = tab.request("GET", "/sample.jpg").body

    def playlist() -> object:
        answer = tab.ask("picture", picture, {"x-emodj-name": "sample.jpg"})
        return json.loads(answer.document["json"])["images"][0]["playlist"]

    before, offered = playlist(), tab.ask("offers").document["music"]["choices"]
    for _ in range(2):
        tab.ask("thumb", {"choice": offered[0]["thumb"], "verdict": "dislike"})
    assert playlist() == before
    # What is offered beside it follows thumbs
    assert offered[0]["title"] not in [each["title"] for each in tab.ask("offers").document["music"]["choices"]]


def test_others_in_the_network_give_no_thumbs_and_do_not_learn_those_of_the_owner() -> None:
    state_folder().mkdir(parents=True)
    file = state_folder() / "feedback.json"
    file.write_bytes(b"unread")
    with serving_page(in_network=True) as client:
        begun = client.begin()
        assert begun["thumbs"] is False
        assert "with --lan, the page has no thumbs: those of others in your network would count as yours" in begun["notices"]
        client.ask("choose", {"mood": "happy"})
        choice = client.ask("offers").document["music"]["choices"][0]["thumb"]
        said = client.ask("thumb", {"choice": choice, "verdict": "like"}).document["said"]
        assert said == "with --lan, the page has no thumbs: those of others in your network would count as yours"
    assert [path.name for path in state_folder().iterdir()] == ["feedback.json"]
    assert file.read_bytes() == b"unread"


def test_no_sentence_about_thumbs_for_a_network_where_they_are_off() -> None:
    settings = shipped_settings()
    off = replace(settings, music=replace(settings.music, learn=False))
    assert build_page(off, lambda _: None, in_network=True).notices == ()
