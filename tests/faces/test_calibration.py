import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier.contract import read_contract
from realtime.domain import EXPRESSIONS, Box, Expression, Face, FaceReading, top
from realtime.faces.calibration import (
    LEAST,
    MIN_READINGS,
    MOST,
    NEUTRAL,
    Calibration,
    RestSample,
    compute_offsets,
    describe_offsets,
    describe_result,
    find_refusal,
    log_means,
    measure,
    sample_of,
)
from realtime.faces.pipeline import calibrate
from tests.support.places import ROOT

HAPPY, SAD = EXPRESSIONS.index(Expression.HAPPY), EXPRESSIONS.index(Expression.SAD)
REFERENCE = (-6.3, -7.6, -6.5, -6.6, -0.27, -4.8, -7.3)
REST = (0.001, 0.0, 0.001, 0.001, 0.98, 0.017, 0.0)
SADLY = (0.001, 0.0, 0.001, 0.001, 0.4, 0.597, 0.0)

distributions = st.lists(st.floats(1e-6, 1), min_size=7, max_size=7).map(lambda row: tuple(each / sum(row) for each in row))
references = distributions.map(lambda row: log_means([row]))
calibrations = st.lists(st.floats(-MOST, 0), min_size=7, max_size=7).map(
    lambda row: Calibration(tuple(0.0 if index == NEUTRAL else each for index, each in enumerate(row)))
)


def reading(probabilities: tuple[float, ...] = REST) -> FaceReading:
    return FaceReading(probabilities, 0.5, 0.4)


def samples(count: int, probabilities: tuple[float, ...] = REST, track: int = 1) -> list[RestSample]:
    return [RestSample(1, reading(probabilities), track)] * count


def face(probabilities: tuple[float, ...] = REST) -> Face:
    return Face(Box(0, 0, 40, 40), probabilities)


@given(st.lists(distributions, min_size=1, max_size=40), references)
def test_offsets_lie_between_the_cap_and_zero_and_neutral_has_none(
    rows: list[tuple[float, ...]], reference: tuple[float, ...]
) -> None:
    offsets = compute_offsets(log_means(rows), reference, len(rows))
    assert all(-MOST <= each <= 0 for each in offsets)
    assert offsets[NEUTRAL] == 0
    Calibration(offsets)


@given(calibrations, distributions)
def test_no_expression_gains_odds_against_neutral(calibration: Calibration, row: tuple[float, ...]) -> None:
    after = calibration.apply(row)
    assert math.fsum(after) == pytest.approx(1)
    for before, now in zip(row, after, strict=True):
        assert now / after[NEUTRAL] <= before / row[NEUTRAL] * (1 + 1e-9)
    assert after[NEUTRAL] >= row[NEUTRAL] * (1 - 1e-9)


@given(calibrations, distributions)
def test_a_neutral_face_stays_neutral(calibration: Calibration, row: tuple[float, ...]) -> None:
    assert top(row) is not Expression.NEUTRAL or top(calibration.apply(row)) is Expression.NEUTRAL


@given(references, st.integers(1, 1000))
def test_a_typical_neutral_face_has_no_offset(reference: tuple[float, ...], count: int) -> None:
    assert compute_offsets(reference, reference, count) == (0.0,) * 7


@given(calibrations, st.lists(distributions, min_size=2, max_size=4))
def test_several_faces_stay_as_they_are(calibration: Calibration, rows: list[tuple[float, ...]]) -> None:
    faces = [face(row) for row in rows]
    assert calibrate(faces, calibration) == faces


def test_the_only_face_is_corrected_and_marked() -> None:
    (corrected,) = calibrate([face(SADLY)], Calibration(tuple(-1.0 if index == SAD else 0.0 for index in range(7))))
    assert (corrected.expression, corrected.calibrated) == (Expression.NEUTRAL, True)
    assert corrected.probabilities[SAD] == pytest.approx(0.597 * math.exp(-1) / (0.403 + 0.597 * math.exp(-1)))
    assert calibrate([face()], None) == [face()]


def test_few_readings_prove_little() -> None:
    means = tuple(mean - (index == NEUTRAL) * 0.1 + (index == HAPPY) * 0.5 for index, mean in enumerate(REFERENCE))
    full = 0.6
    assert compute_offsets(means, REFERENCE, 15)[HAPPY] == pytest.approx(-full / 2)
    assert compute_offsets(means, REFERENCE, 1500)[HAPPY] == pytest.approx(-full, rel=0.02)


def test_a_probability_of_zero_has_a_bounded_logarithm() -> None:
    assert log_means([(0.0, 0, 0, 0, 1, 0, 0)]) == tuple(0 if index == NEUTRAL else math.log(LEAST) for index in range(7))
    with pytest.raises(ValueError, match="at least one row"):
        log_means([])


@pytest.mark.parametrize(
    ("offsets", "why"),
    [
        ((0.0,) * 6, "expected 7"),
        ((-1.1, *(0.0,) * 6), "must lie in -1..0"),
        ((0.1, *(0.0,) * 6), "must lie in -1..0"),
        ((math.nan, *(0.0,) * 6), "must lie in -1..0"),
        ((0.0, 0.0, 0.0, 0.0, -0.5, 0.0, 0.0), "neutral has no offset"),
    ],
)
def test_offsets_out_of_range_are_refused(offsets: tuple[float, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Calibration(offsets)


def test_half_strength_halves_the_offsets_and_forgets_the_light() -> None:
    offsets = tuple(-0.8 if index == SAD else 0.0 for index in range(7))
    assert Calibration(offsets, 0.5, 0.3).scaled(0.5) == Calibration(tuple(each / 2 for each in offsets))


def test_a_face_that_looks_sad_at_rest_is_read_as_neutral_on_the_same_pictures() -> None:
    result = measure([*samples(60, SADLY), *samples(40)], REFERENCE)
    assert (result.count, result.neutral_before, result.neutral_after) == (100, 40, 100)
    assert result.calibration.offsets[SAD] == pytest.approx(-1)
    assert (result.calibration.brightness, result.calibration.size) == (pytest.approx(0.5), pytest.approx(0.4))
    assert describe_result(result)[0] == "neutral in 40 of 100 pictures before, in 100 after"
    assert describe_result(result)[1] == "sad is turned down to 37%"


def test_nothing_is_turned_down_for_a_plain_face() -> None:
    result = measure(samples(50, (0.001, 0.0, 0.001, 0.001, 0.996, 0.001, 0.0)), REFERENCE)
    assert not result.calibration.changes
    assert describe_result(result) == ("neutral in 50 of 50 pictures: nothing needs to be turned down",)
    assert describe_offsets(result.calibration) == "nothing is turned down"


def test_all_that_is_turned_down_is_named_the_strongest_first() -> None:
    offsets = tuple({HAPPY: -0.1, SAD: -1.0}.get(index, 0.0) for index in range(7))
    assert describe_offsets(Calibration(offsets)) == "sad is turned down to 37%, happy to 90%"


SMILE = (0.0, 0.0, 0.0, 0.7, 0.3, 0.0, 0.0)
CROSS = (0.7, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0)
DARK = RestSample(1, None, 1, "too dark")


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        ([], "no face was seen"),
        ([RestSample(0)] * 100, "no face was seen"),
        ([*samples(80), *[RestSample(2)] * 20], "several faces were seen"),
        (samples(MIN_READINGS - 1), "clearly in only 19 of 19 pictures:"),
        ([*samples(40), *[DARK] * 60], "clearly in only 40 of 100 pictures (too dark)"),
        ([*samples(50), *samples(50, track=2)], "another one took its place"),
        ([*samples(60, SMILE), *samples(40)], "the face looked happy in most pictures"),
    ],
)
def test_seconds_that_were_not_at_rest_are_refused(seen: list[RestSample], sentence: str) -> None:
    assert sentence in (find_refusal(seen) or "")


@pytest.mark.parametrize(
    "seen",
    [
        samples(MIN_READINGS),
        samples(100, CROSS),
        [*samples(50, SMILE), *samples(50)],
        [*samples(95), *[RestSample(2)] * 5, DARK],
        [*samples(90), *samples(10, track=2)],
    ],
)
def test_what_a_face_at_rest_may_look_like_is_not_refused(seen: list[RestSample]) -> None:
    assert find_refusal(seen) is None


def test_a_sample_is_of_one_face_alone() -> None:
    one = Face(Box(0, 0, 4, 4), REST, 7, reading=reading())
    assert sample_of([one]) == RestSample(1, reading(), 7)
    assert sample_of([one, face()]) == RestSample(2)
    assert sample_of([]) == RestSample(0)


def test_the_shipped_network_says_how_it_reads_neutral_faces() -> None:
    neutral = read_contract(ROOT / "models" / "emotiondetector.contract.json").neutral
    assert neutral is not None, "run scripts/neutral_reference.py for the new network"
    assert top(neutral) is Expression.NEUTRAL
    assert all(math.log(LEAST) <= mean <= 0 for mean in neutral)
