"""Music in the order of its thumbs, and presses of the thumb keys."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import POINTS
from realtime.music.catalog import MusicChoice, Playlists
from realtime.music.feedback import Kind, Tally, Verdict
from realtime.music.planner import Strategy, plan_music
from realtime.music.selector import REPEAT_GUARD_S, MusicSelector
from realtime.music.songs import Song
from realtime.music.taste import (
    HOLD_S,
    NOTHING_TO_JUDGE,
    THUMBS_OFF,
    Taste,
    ThumbKeys,
    key_of_music,
    key_of_song,
)
from tests.support.lists import PLAYLISTS
from tests.support.thumbs import Thumbs


def links(count: int, mood: Expression = Expression.HAPPY) -> tuple[MusicChoice, ...]:
    return tuple(
        MusicChoice(f"{mood.value} {number}", f"https://example.org/{mood.value}/{number}", None, POINTS[mood], mood)
        for number in range(count)
    )


HAPPY, SAD = Mood.by_hand(Expression.HAPPY), Mood.by_hand(Expression.SAD)
TWELVE = links(12)
MUSIC = Playlists({Expression.HAPPY: TWELVE, Expression.SAD: links(3, Expression.SAD)})


def thumbs_on(choice: MusicChoice, *verdicts: Verdict) -> Thumbs:
    thumbs = Thumbs()
    for verdict in verdicts:
        thumbs.add(key_of_music(choice), verdict)
    return thumbs


@given(st.sampled_from(EXPRESSIONS), st.sampled_from(Strategy), st.integers(0, 5), st.integers(0, 99), st.integers(0, 3))
def test_without_thumbs_a_plan_is_what_it_is_without_taste(
    mood: Expression, strategy: Strategy, step: int, seed: int, plays: int
) -> None:
    taste = Taste(Thumbs(), seed)
    for choice in PLAYLISTS.all()[:plays]:
        taste.note_played(choice)
    for music in (PLAYLISTS, MUSIC):
        assert plan_music(music, Mood.by_hand(mood), strategy, step, taste) == plan_music(
            music, Mood.by_hand(mood), strategy, step
        )


def test_without_thumbs_each_press_opens_what_it_opens_without_taste() -> None:
    with_taste = MusicSelector(PLAYLISTS, Strategy.MATCH, Taste(Thumbs(), 1))
    without = MusicSelector(PLAYLISTS, Strategy.MATCH)
    for press in range(20):
        for selector in (with_taste, without):
            if press % 5 == 4:
                selector.next_strategy()
        mood = HAPPY if press % 2 else SAD
        assert with_taste.request(mood, press * 2.0) == without.request(mood, press * 2.0)


def test_thumbs_of_another_mood_change_nothing() -> None:
    thumbs = thumbs_on(MUSIC.moods[Expression.SAD][0], Verdict.DISLIKE)
    assert plan_music(MUSIC, HAPPY, Strategy.MATCH, taste=Taste(thumbs, 3)) == plan_music(MUSIC, HAPPY, Strategy.MATCH)


def test_two_thumbs_down_leave_a_link_out_and_all_of_them_leave_no_plan() -> None:
    thumbs = thumbs_on(TWELVE[0], Verdict.DISLIKE, Verdict.DISLIKE)
    plan = plan_music(MUSIC, HAPPY, Strategy.MATCH, taste=Taste(thumbs, 3))
    assert plan is not None
    assert set(plan.choices) == set(TWELVE[1:])
    for choice in TWELVE[1:]:
        thumbs.add(key_of_music(choice), Verdict.DISLIKE)
        thumbs.add(key_of_music(choice), Verdict.DISLIKE)
    taste = Taste(thumbs, 3)
    assert plan_music(MUSIC, HAPPY, Strategy.MATCH, taste=taste) is None
    assert "two thumbs down: emodj feedback reset" in str(
        MusicSelector(MUSIC, Strategy.MATCH, taste).request(HAPPY, 0).sentence
    )


def test_a_plan_says_the_thumbs_of_its_best_choice() -> None:
    liked = thumbs_on(TWELVE[5], *[Verdict.LIKE] * 999)
    plan = plan_music(MUSIC, HAPPY, Strategy.MATCH, taste=Taste(liked, 3))
    assert plan is not None
    assert (plan.best, plan.learnt) == (TWELVE[5], Tally(999, 0))


def test_lift_takes_the_nearest_music_first_whatever_is_liked() -> None:
    thumbs = thumbs_on(MUSIC.moods[Expression.SAD][0], *[Verdict.LIKE] * 9)
    plan = plan_music(MUSIC, SAD, Strategy.LIFT, taste=Taste(thumbs, 3))
    assert plan is not None
    assert [choice.mood for choice in plan.choices] == [Expression.HAPPY] * 12 + [Expression.SAD] * 3


def test_nothing_comes_again_within_a_quarter_of_the_list() -> None:
    selector = MusicSelector(MUSIC, Strategy.MATCH, Taste(thumbs_on(TWELVE[2], Verdict.LIKE, Verdict.LIKE), 5))
    opened = list[str]()
    for press in range(60):
        command = selector.request(HAPPY, press * 2 * REPEAT_GUARD_S).command
        assert command is not None
        assert command.plan is not None
        opened.append(command.plan.best.title)
    assert all(title not in opened[max(0, place - 3) : place] for place, title in enumerate(opened))
    assert opened.count(TWELVE[2].title) > 60 / 12


def test_a_double_press_opens_one_link_although_each_press_draws_anew() -> None:
    for seed in range(20):
        selector = MusicSelector(MUSIC, Strategy.MATCH, Taste(thumbs_on(TWELVE[2], Verdict.LIKE), seed))
        assert selector.request(HAPPY, 10).command is not None
        assert selector.request(HAPPY, 10.5).command is None
        selector.forget_request()
        assert selector.request(HAPPY, 11).command is not None


def test_the_same_seed_opens_the_same() -> None:
    def opened(seed: int) -> list[str]:
        selector = MusicSelector(MUSIC, Strategy.MATCH, Taste(thumbs_on(TWELVE[2], Verdict.LIKE), seed))
        return [str(selector.request(HAPPY, press * 9.0).sentence) for press in range(9)]

    assert opened(4) == opened(4)
    assert len({tuple(opened(seed)) for seed in range(9)}) > 5


def test_a_song_and_a_list_of_one_place_are_counted_apart() -> None:
    path = Path("/music/a.m3u8")
    song = key_of_song(Song(path=path), Expression.HAPPY)
    music = key_of_music(MusicChoice("a", None, path, POINTS[Expression.HAPPY], Expression.HAPPY))
    assert song.digest == music.digest
    assert (song.kind, music.kind) == (Kind.SONG, Kind.MUSIC)


SUBJECT = key_of_music(TWELVE[0]), "Song A"


def test_a_key_that_is_held_down_is_one_thumb() -> None:
    thumbs = Thumbs()
    keys = ThumbKeys(thumbs)
    answers = [keys.press(SUBJECT, Verdict.LIKE, 10 + 0.03 * press) for press in range(100)]
    assert answers[0] == ("liked: Song A, for happy", True)
    assert set(answers[1:]) == {(None, False)}
    assert len(thumbs.given) == 1


def test_each_thumb_counts_once_for_each_time_that_something_plays() -> None:
    thumbs = Thumbs()
    keys = ThumbKeys(thumbs)
    assert keys.press(SUBJECT, Verdict.DISLIKE, 0)[1]
    assert keys.press(SUBJECT, Verdict.DISLIKE, 2 * HOLD_S) == ("already disliked: Song A, for happy", False)
    keys.note_change()
    assert keys.press(SUBJECT, Verdict.DISLIKE, 4 * HOLD_S) == ("not offered again: Song A, for happy", True)


def test_a_thumb_on_nothing_and_thumbs_that_are_off_are_said() -> None:
    assert ThumbKeys(Thumbs()).press(None, Verdict.LIKE, 0) == (NOTHING_TO_JUDGE, False)
    assert ThumbKeys(None).press(SUBJECT, Verdict.LIKE, 0) == (THUMBS_OFF, False)
