"""The queue that follows thumbs: which song comes next."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import Expression
from realtime.music.feedback import Verdict
from realtime.music.local.learnt_queue import LearntQueue, SongPicker
from realtime.music.local.queue import new_queue
from realtime.music.songs import Song
from realtime.music.taste import key_of_song
from tests.support.thumbs import Thumbs

HAPPY = Expression.HAPPY


def songs(count: int) -> list[Song]:
    return [Song(path=Path(f"/music/{number}.mp3")) for number in range(count)]


def give_thumbs(liked: str = "", disliked: str = "") -> Thumbs:
    """Thumbs on songs 0, 1, 2 …; a digit for each."""
    thumbs = Thumbs()
    for digits, verdict in ((liked, Verdict.LIKE), (disliked, Verdict.DISLIKE)):
        for digit in digits:
            thumbs.add(key_of_song(songs(10)[int(digit)], HAPPY), verdict)
    return thumbs


def make_picker(count: int, liked: str = "", disliked: str = "", *, once: bool = False, seed: int = 1) -> SongPicker:
    """A picker for songs 0, 1, 2 …; a digit for each thumb."""
    return SongPicker(songs(count), HAPPY, give_thumbs(liked, disliked), seed=seed, once=once)


def play(queue: LearntQueue, count: int) -> list[int]:
    played = list[int]()
    for _ in range(count):
        queue = queue.skip(1)
        played.append(queue.current)
    return played


def test_in_order_liked_songs_come_first_and_disliked_last_in_each_round() -> None:
    queue = LearntQueue(make_picker(6, liked="44", disliked="1"), shuffled=False)
    assert play(queue, 12) == [4, 0, 2, 3, 5, 1] * 2


def test_two_thumbs_down_leave_a_song_out() -> None:
    for shuffled in (False, True):
        assert 1 not in play(LearntQueue(make_picker(6, disliked="11"), shuffled=shuffled), 60)


@given(
    count=st.integers(1, 10),
    liked=st.text("0123456789", max_size=6),
    disliked=st.text("0123456789", max_size=3),
    later=st.lists(st.tuples(st.integers(0, 39), st.sampled_from(Verdict)), max_size=12),
    seed=st.integers(0, 20),
    shuffled=st.booleans(),
    once=st.booleans(),
)
def test_nothing_comes_again_within_a_quarter_of_the_list(
    count: int,
    liked: str,
    disliked: str,
    later: list[tuple[int, Verdict]],
    seed: int,
    *,
    shuffled: bool,
    once: bool,
) -> None:
    thumbs = give_thumbs(liked, disliked)
    queue = LearntQueue(SongPicker(songs(count), HAPPY, thumbs, seed=seed, once=once), shuffled=shuffled)
    played = list[int]()
    for place in range(40):
        offered = [not thumbs.feedback.of(key_of_song(song, HAPPY)).left_out for song in songs(count)]
        queue = queue.skip(1)
        if sum(offered) > count // 4:
            assert queue.current not in played[max(0, place - count // 4) :]
        assert offered[queue.current] or not any(offered)
        played.append(queue.current)
        for when, verdict in later:
            if when == place:
                thumbs.add(key_of_song(songs(count)[queue.current], HAPPY), verdict)


def test_in_order_a_song_that_is_liked_late_in_its_round_waits_in_the_next_one() -> None:
    thumbs = give_thumbs("0")
    queue = LearntQueue(SongPicker(songs(8), HAPPY, thumbs, seed=1), shuffled=False).skip(7)
    assert queue.current == 6
    for _ in range(2):
        thumbs.add(key_of_song(songs(8)[6], HAPPY), Verdict.LIKE)
    assert play(queue, 9) == [7, 0, 6, 1, 2, 3, 4, 5, 7]


def test_shuffled_what_is_liked_comes_most_often_and_everything_comes() -> None:
    played = play(LearntQueue(make_picker(8, liked="333", disliked="5"), shuffled=True), 800)
    counts = [played.count(song) for song in range(8)]
    assert max(counts) == counts[3] > 800 / 8 * 1.5
    assert min(counts) == counts[5] > 0


def test_once_each_song_has_one_turn_also_if_they_are_shuffled() -> None:
    queue = LearntQueue(make_picker(6, liked="4", disliked="22", once=True), shuffled=True).skip(1)
    played = list[int]()
    while not queue.played_all:
        played.append(queue.current)
        queue = queue.skip(1)
    assert sorted(played) == [0, 1, 3, 4, 5]


def test_back_and_forward_find_the_same_songs() -> None:
    queue = LearntQueue(make_picker(8, liked="3"), shuffled=True)
    played = play(queue, 6)
    later = queue.skip(6).skip(-4)
    # The queue of `play` and this one draw anew, so only the way back and forward again is compared
    assert later.skip(2).current == later.skip(1).skip(1).current
    assert len(played) == 6
    before = later.skip(-9)
    assert before.skip(9).current == later.current


@pytest.mark.parametrize("plays", [0, 1, 5, 11, 12, 30])
def test_a_plain_queue_goes_on_in_its_round(plays: int) -> None:
    plain = new_queue(12).skip(plays)
    picker = make_picker(12, liked="9")
    queue = LearntQueue.follow(plain, picker)
    assert (queue.current, queue.count) == (plain.current, 12)
    assert queue.skip(-min(plays, 12)).current == plain.skip(-min(plays, 12)).current if plays else True
    rest = play(queue, 11 - plays % 12)
    # The liked song comes next unless it was heard in this round; the others keep their order
    expected = [song for song in range(12) if song > plays % 12]
    assert sorted(rest) == expected
    if 9 in rest:
        assert rest == [9, *[song for song in expected if song != 9]]


def test_a_shuffled_queue_remembers_what_must_not_come_again() -> None:
    for seed in range(10):
        plain = new_queue(12, seed).skip(7)
        before = [plain.skip(step).current for step in (-2, -1, 0)]
        queue = LearntQueue.follow(plain, make_picker(12, liked="0123456789", seed=seed))
        assert queue.skip(1).current not in before


def test_a_change_of_the_order_keeps_the_current_song() -> None:
    queue = LearntQueue(make_picker(6, liked="4"), shuffled=True).skip(3)
    in_order = queue.in_order()
    assert (in_order.current, in_order.shuffled) == (queue.current, False)
    following = play(in_order, 5)
    assert sorted([queue.current, *following]) == [*range(6)]
    shuffled = in_order.shuffle(3)
    assert (shuffled.current, shuffled.shuffled) == (queue.current, True)


def test_songs_that_cannot_be_played_are_not_chosen_while_others_remain() -> None:
    picker = make_picker(6, liked="4")
    picker.unplayable.update({4, 5})
    assert set(play(LearntQueue(picker, shuffled=True), 60)) == {0, 1, 2, 3}
    picker.unplayable.update(range(6))
    assert set(play(LearntQueue(picker, shuffled=True), 60)) <= set(range(6))


def test_answers_of_another_mood_are_none() -> None:
    thumbs = Thumbs()
    thumbs.add(key_of_song(songs(1)[0], Expression.SAD), Verdict.LIKE)
    picker = SongPicker(songs(3), HAPPY, thumbs, seed=1)
    assert (picker.has_answers(), picker.offers_none()) == (False, False)
    thumbs.add(key_of_song(Song(path=Path("/elsewhere.mp3")), HAPPY), Verdict.LIKE)
    assert not picker.has_answers()
    thumbs.add(key_of_song(songs(3)[2], HAPPY), Verdict.LIKE)
    assert picker.has_answers()
