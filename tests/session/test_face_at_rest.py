import pytest

from realtime.domain import EXPRESSIONS, Box, Expression, Face, FaceReading
from realtime.faces.calibration import Calibration, log_means
from realtime.mood.vote import MoodVote
from realtime.session.face_at_rest import AVERAGED, DROPPED, FORGOTTEN, INTERRUPTED, LOOK_NEUTRAL, NO_REFERENCE, SECONDS, Phase
from realtime.session.keymap import Action
from realtime.session.state import Session
from tests.support.lists import PLAYLISTS, make_recommender

RATE = 10
SADLY = (0.001, 0.0, 0.001, 0.001, 0.4, 0.597, 0.0)
PLAIN = (0.001, 0.0, 0.001, 0.001, 0.98, 0.017, 0.0)
SMILE = (0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0)
REFERENCE = log_means([PLAIN])
SAD_DOWN = Calibration(tuple(-1.0 if expression is Expression.SAD else 0.0 for expression in EXPRESSIONS), 0.5, 0.4)


def make_face(probabilities: tuple[float, ...] = SADLY, left: int = 0, *, light: float = 0.5, size: float = 0.4) -> Face:
    return Face(Box(left, 0, 10, 10), probabilities, 1, reading=FaceReading(probabilities, light, size))


def make_session(reference: tuple[float, ...] | None = REFERENCE) -> Session:
    vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
    session = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False, recommender=make_recommender())
    session.rest.use_network(reference)
    return session


def show(session: Session, seconds: float, *faces: Face, start_s: float = 0.0) -> float:
    """Show the faces for so many seconds, and return the time of the next frame."""
    for step in range(round(seconds * RATE)):
        session.add_frame(faces, start_s + step / RATE)
    return start_s + round(seconds * RATE) / RATE


def notice(session: Session, now_s: float = 0.0) -> str | None:
    return session.view(now_s, "").notice


def test_the_face_is_measured_shown_and_used_after_a_yes() -> None:
    session = make_session()
    assert session.handle_key("k", 0) is None
    card = session.view(0, "").at_rest
    assert card is not None
    assert (card.lines, card.seconds_left) == ((LOOK_NEUTRAL,), SECONDS)
    now_s = show(session, 3, make_face())
    card = session.view(0, "").at_rest
    assert card is not None
    assert card.seconds_left == 6
    show(session, 6, make_face(), start_s=now_s)
    card = session.view(0, "").at_rest
    assert card is not None
    assert card.lines[1] == "neutral in 0 of 81 pictures before, in 81 after"
    assert card.lines[2].startswith("sad is turned down to 37%, angry to 47%")
    assert [(hint.keys, hint.word) for hint in card.keys] == [("k", "use it"), ("Esc", "drop it")]
    assert session.rest.calibration is None
    assert session.handle_key("K", 10) is None
    view = session.view(10, "")
    assert (view.at_rest, view.calibrated) == (None, "calibrated")
    assert session.rest.calibration is not None
    assert "until the session ends" in (view.notice or "")


def test_escape_drops_the_result_and_does_not_end_the_session() -> None:
    session = make_session()
    session.handle_key("k", 0)
    show(session, 9, make_face())
    assert session.handle_key("escape", 9) is None
    assert (notice(session, 9), session.rest.calibration, session.view(9, "").at_rest) == (DROPPED, None, None)
    assert session.handle_key("escape", 10) is Action.QUIT


@pytest.mark.parametrize("key", ["k", "escape"])
def test_a_key_stops_a_measurement(key: str) -> None:
    session = make_session()
    session.handle_key("k", 0)
    show(session, 4, make_face())
    assert session.handle_key(key, 4) is None
    assert (notice(session, 4), session.rest.phase, session.rest.calibration) == (DROPPED, Phase.IDLE, None)


def test_other_keys_keep_their_effect_meanwhile() -> None:
    session = make_session()
    session.handle_key("k", 0)
    assert session.handle_key("q", 0) is Action.QUIT
    session.handle_key("6", 0)
    assert session.view(0, "").mood is not None
    assert session.rest.phase is Phase.MEASURING


def test_the_key_forgets_what_is_in_use() -> None:
    session = make_session()
    session.rest.use(SAD_DOWN)
    session.handle_key("k", 0)
    assert (session.rest.calibration, notice(session), session.view(0, "").calibrated) == (None, FORGOTTEN, None)
    session.handle_key("k", 0)
    assert session.rest.phase is Phase.MEASURING


def test_nothing_is_asked_if_nothing_would_change() -> None:
    session = make_session()
    session.handle_key("k", 0)
    show(session, 9, make_face(PLAIN))
    assert (session.rest.phase, session.rest.calibration) == (Phase.IDLE, None)
    assert notice(session) == "neutral in 81 of 81 pictures: nothing needs to be turned down"


def test_a_measurement_that_is_refused_says_why() -> None:
    session = make_session()
    session.handle_key("k", 0)
    show(session, 9, make_face(SMILE))
    assert session.rest.phase is Phase.IDLE
    assert (notice(session) or "").startswith("not measured: the face looked happy")


def test_a_network_without_a_reference_measures_nothing() -> None:
    session = make_session(None)
    session.handle_key("k", 0)
    assert (notice(session), session.rest.phase) == (NO_REFERENCE, Phase.IDLE)


@pytest.mark.parametrize("by", ["freeze", "outage"])
def test_an_interruption_ends_a_measurement_and_says_so(by: str) -> None:
    session = make_session()
    session.handle_key("k", 0)
    now_s = show(session, 4, make_face())
    if by == "freeze":
        session.handle_key("space", now_s)
    else:
        session.add_frame([make_face()], now_s, 1)
    assert (notice(session, now_s), session.rest.phase) == (INTERRUPTED, Phase.IDLE)


def test_an_interruption_leaves_what_is_in_use() -> None:
    session = make_session()
    session.rest.use(SAD_DOWN)
    session.handle_key("space", 0)
    assert session.rest.calibration == SAD_DOWN


def test_a_clock_that_stands_ends_a_measurement_in_time() -> None:
    session = make_session()
    session.rest.begin()
    for _ in range(20_000):
        session.rest.add([make_face()], 5.0)
    assert session.rest.phase is Phase.ASKING


def test_several_faces_are_said_on_the_screen() -> None:
    session = make_session()
    session.rest.use(SAD_DOWN)
    session.add_frame([make_face(), make_face(left=50)], 0)
    assert session.view(0, "").calibrated == "off: several faces"
    session.add_frame([make_face()], 0.1)
    assert session.view(0, "").calibrated == "calibrated"


@pytest.mark.parametrize(
    ("light", "size", "changed"), [(0.2, 0.4, "light"), (0.7, 0.4, None), (0.5, 0.15, "distance"), (0.4, 0.5, None)]
)
def test_another_light_or_distance_is_said_once(light: float, size: float, changed: str | None) -> None:
    session = make_session()
    session.rest.use(SAD_DOWN)
    session.add_frame([make_face(light=light, size=size)], 0)
    assert session.view(0, "").calibrated == "calibrated"
    for step in range(4 * AVERAGED):
        session.add_frame([make_face(light=light, size=size)], step / RATE)
    said = notice(session)
    assert session.view(0, "").calibrated == (f"calibrated in other {changed}" if changed else "calibrated")
    assert (said or "").startswith(f"the {changed} has changed") is (changed is not None)
    assert session.rest.take_remark() is None


def test_a_session_that_only_measures_is_finished_then() -> None:
    session = make_session()
    assert not session.finished
    session.measure_only(3)
    assert not session.finished
    show(session, 4, make_face())
    assert session.finished
    assert session.rest.result is not None


def test_a_film_may_be_shorter_than_the_measurement() -> None:
    session = make_session()
    session.measure_only(8)
    show(session, 3, make_face())
    session.rest.finish()
    assert session.rest.result is not None
    assert session.rest.result.count == 30


def test_the_summary_says_that_faces_were_corrected() -> None:
    session = make_session()
    session.add_frame([make_face()], 0)
    assert not session.summary().calibrated
    session.add_frame([Face(Box(0, 0, 10, 10), PLAIN, 1, calibrated=True)], 0.1)
    session.add_frame([make_face()], 0.2)
    assert session.summary().calibrated
