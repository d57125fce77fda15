import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.music.commands import MusicKind
from realtime.music.planner import Strategy
from realtime.session import documents
from realtime.session.dj import DjEvent
from realtime.session.documents import AnalysedPicture, Document
from realtime.session.summary import Summary
from realtime.session.timeline import MoodSpan
from tests.support.lists import FACTS, PLAN, make_recommender
from tests.support.lists import PLAN_DOCUMENT as PLAYLIST_DOCUMENT
from tests.support.summaries import replaced_summary

PROBABILITIES = (0.02, 0.01, 0.03, 0.876543, 0.023457, 0.01, 0.03)
NAMED = {"angry": 0.02, "disgust": 0.01, "fear": 0.03, "happy": 0.8765, "neutral": 0.0235, "sad": 0.01, "surprise": 0.03}
FACE = Face(Box(11, 22, 33, 44), PROBABILITIES)
MOOD = Mood(PROBABILITIES, Expression.HAPPY)
FACE_DOCUMENT = {
    "box": {"left": 11, "top": 22, "width": 33, "height": 44},
    "expression": "happy",
    "confidence": 0.8765,
    "probabilities": NAMED,
    "unsure": False,
    "reason": None,
}
MOOD_DOCUMENT = {"expression": "happy", "share": 0.8765}
MOOD_FIELDS = {"mood_source": "faces", "mood_shares": NAMED, "mixed": False}
NO_MOOD_FIELDS = {"mood_source": None, "mood_shares": None, "mixed": False}

rows = st.tuples(*[st.integers(0, 100)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))
sizes = st.integers(1, 10**5)
faces = st.builds(
    Face,
    st.builds(Box, sizes, sizes, sizes, sizes),
    rows,
    track=st.none() | st.integers(1),
    reason=st.none() | st.just("low confidence"),
)


def read_back(document: Document) -> Document:
    """The document after a round trip through JSON."""
    return json.loads(json.dumps(document, allow_nan=False))


def fields(document: Document) -> list[str]:
    """Names of all fields; an inner field has a path."""
    names: list[str] = []
    for name, value in document.items():
        names.append(name)
        value_inside = value[0] if isinstance(value, list) and value else value
        names += [f"{name}.{inner_field}" for inner_field in fields(value_inside)] if isinstance(value_inside, dict) else []
    return names


def test_the_document_of_pictures() -> None:
    pictures = [
        AnalysedPicture("a.jpg", 640, 480, (FACE, FACE), MOOD, PLAN),
        AnalysedPicture("-", 1, 1),
        AnalysedPicture("broken.jpg", error="broken.jpg is cut off"),
    ]
    nothing = {"width": None, "height": None, "faces": [], "mood": None, "playlist": None, **NO_MOOD_FIELDS}
    assert read_back(documents.pictures_document(pictures)) == {
        "schema": 1,
        "images": [
            {
                "path": "a.jpg",
                "width": 640,
                "height": 480,
                "faces": [FACE_DOCUMENT, FACE_DOCUMENT],
                "mood": MOOD_DOCUMENT,
                "playlist": PLAYLIST_DOCUMENT,
                "error": None,
                **MOOD_FIELDS,
            },
            {**nothing, "path": "-", "width": 1, "height": 1, "error": None},
            {**nothing, "path": "broken.jpg", "error": "broken.jpg is cut off"},
        ],
    }
    assert documents.pictures_document([]) == {"schema": 1, "images": []}


def test_the_line_of_a_frame() -> None:
    tracked = Face(FACE.box, FACE.probabilities, 3, "low confidence")
    assert read_back(documents.frame_document(1.23456, [tracked], MOOD)) == {
        "schema": 1,
        "t": 1.2346,
        "faces": [{**FACE_DOCUMENT, "track": 3, "unsure": True, "reason": "low confidence"}],
        "mood": MOOD_DOCUMENT,
        **MOOD_FIELDS,
    }
    assert read_back(documents.frame_document(0, [], None)) == {
        "schema": 1,
        "t": 0,
        "faces": [],
        "mood": None,
        **NO_MOOD_FIELDS,
    }


def test_a_corrected_face_is_marked_and_others_have_no_such_field() -> None:
    corrected = replace(FACE, calibrated=True)
    (entry, plain) = documents.frame_document(0, [corrected, FACE], MOOD)["faces"]
    assert entry == {**FACE_DOCUMENT, "track": None, "calibrated": True}
    assert "calibrated" not in plain
    assert documents.summary_document(Summary(MOOD, PROBABILITIES, 1, 0, None, calibrated=True))["calibrated"] is True


def test_the_document_of_a_session() -> None:
    assert read_back(documents.summary_document(Summary(MOOD, PROBABILITIES, 120, 4.00006, PLAN))) == {
        "schema": 1,
        "mood": MOOD_DOCUMENT,
        "shares": NAMED,
        "frames": 120,
        "seconds": 4.0001,
        "playlist": PLAYLIST_DOCUMENT,
        **MOOD_FIELDS,
        "movies": [],
        "mood_used": None,
        "fact": None,
        "seed": None,
    }
    nothing = {"schema": 1, "mood": None, "shares": None, "frames": 0, "seconds": 0, "playlist": None, **NO_MOOD_FIELDS}
    nothing |= {"movies": [], "mood_used": None, "fact": None, "seed": None}
    assert read_back(documents.summary_document(Summary(None, None, 0, 0.0, None))) == nothing


def test_the_document_of_a_session_with_recommendations() -> None:
    movies = make_recommender().movies(MOOD, Strategy.MATCH, 1)
    assert movies is not None
    (movie,) = movies.plan.movies
    summary = Summary(MOOD, PROBABILITIES, 1, 1, PLAN, movies, FACTS[9], 7)
    document = read_back(documents.summary_document(summary))
    about = {"title": movie.title, "year": movie.year, "genres": ["Drama"], "country": "Japan"}
    assert document["movies"] == [{**about, "url": movies.links[0]}]
    assert document["fact"] == {"mood": "happy", "fact": "A fact about happy, number 1.", "source": "Study 1"}
    assert document["seed"] == 7
    assert document["mood_used"] == "happy"


def test_the_document_names_the_mood_whose_movies_are_used() -> None:
    document = read_back(documents.summary_document(replaced_summary()))
    assert (document["mood"]["expression"], document["mood_used"]) == ("sad", "happy")


def test_a_summary_that_is_kept_has_the_mood_over_time_too() -> None:
    spans = (MoodSpan(0, 0.25, PROBABILITIES, Expression.HAPPY, "faces"), MoodSpan(0.5, 0.75, None, None, "hand"))
    summary = Summary(MOOD, PROBABILITIES, 1, 1, PLAN, timeline=spans)
    document = read_back(documents.kept_summary_document(summary))
    assert document["timeline"] == [
        {"start": 0, "end": 0.25, "shares": NAMED, "expression": "happy", "mood_source": "faces"},
        {"start": 0.5, "end": 0.75, "shares": None, "expression": None, "mood_source": "hand"},
    ]
    assert {**documents.summary_document(summary), "timeline": document["timeline"]} == document


def test_fields_have_the_documented_order() -> None:
    face = ["box", "expression", "confidence", "probabilities", "unsure", "reason"]
    (image,) = documents.pictures_document([AnalysedPicture("a.jpg", 640, 480, (FACE,), MOOD, PLAN)])["images"]
    assert list(image) == [
        "path",
        "width",
        "height",
        "faces",
        "mood",
        "playlist",
        "error",
        "mood_source",
        "mood_shares",
        "mixed",
    ]
    assert list(image["faces"][0]) == face
    assert list(image["faces"][0]["probabilities"]) == [expression.value for expression in EXPRESSIONS]
    frame = documents.frame_document(0, [FACE], MOOD)
    assert list(frame) == ["schema", "t", "faces", "mood", "mood_source", "mood_shares", "mixed"]
    assert list(frame["faces"][0]) == [*face, "track"]
    assert list(documents.summary_document(Summary(MOOD, PROBABILITIES, 1, 1, PLAN))) == [
        "schema",
        "mood",
        "shares",
        "frames",
        "seconds",
        "playlist",
        "mood_source",
        "mood_shares",
        "mixed",
        "movies",
        "mood_used",
        "fact",
        "seed",
    ]


def test_what_the_dj_did_is_one_more_field() -> None:
    begun = DjEvent(4.00006, "begin", MOOD, "happy for 5 s: music begins, for happy", PLAN)
    faded = DjEvent(200, "fade", None, "nobody seen for 2 minutes: the music fades", None)
    frame = documents.frame_document(0, [FACE], MOOD, [begun, faded])
    assert frame == {**documents.frame_document(0, [FACE], MOOD), "dj": frame["dj"]}
    assert frame["dj"] == [
        {
            "t": 4.0001,
            "what": "begin",
            "mood": MOOD.leader and MOOD.leader.value,
            "why": "happy for 5 s: music begins, for happy",
            "title": PLAN.best.title,
            "url": PLAN.best.place,
        },
        {"t": 200, "what": "fade", "mood": None, "why": faded.why, "title": None, "url": None},
    ]
    (changed,) = documents.frame_document(0, [], MOOD, [replace(begun, what="changed", kind=MusicKind.LINK)])["dj"]
    assert changed == {**frame["dj"][0], "what": "changed", "kind": "link"}
    summary = Summary(MOOD, PROBABILITIES, 1, 1, PLAN)
    documented = documents.summary_document(summary)
    assert documents.summary_document(replace(summary, dj=(begun, faded))) == {**documented, "dj": frame["dj"]}
    assert documents.summary_document(replace(summary, dj=())) == {**documented, "dj": []}


@pytest.mark.parametrize("mood", [None, Mood(PROBABILITIES, None)])
def test_a_mood_without_a_leader_is_none(mood: Mood | None) -> None:
    assert documents.frame_document(0, [], mood)["mood"] is None


def test_a_mixed_mood_has_shares_but_no_expression() -> None:
    mixed = Mood(PROBABILITIES, None)
    for document in (
        documents.frame_document(0, [], mixed),
        documents.summary_document(Summary(mixed, PROBABILITIES, 1, 1, PLAN)),
    ):
        assert {name: document[name] for name in MOOD_FIELDS} == {**MOOD_FIELDS, "mixed": True}
        assert document["mood"] is None


def test_a_mood_by_hand_has_the_source_hand() -> None:
    sad = dict.fromkeys(NAMED, 0.0) | {"sad": 1.0}
    by_hand = Mood(tuple(sad.values()), Expression.SAD, "hand")
    for document in (
        documents.frame_document(0, [], by_hand),
        documents.summary_document(Summary(by_hand, PROBABILITIES, 1, 1, PLAN)),
    ):
        assert {name: document[name] for name in MOOD_FIELDS} == {"mood_source": "hand", "mood_shares": sad, "mixed": False}


def test_the_share_of_a_mood_is_that_of_its_leader() -> None:
    second_place = Mood((0.0, 0.0, 0.0, 0.4, 0.6, 0.0, 0.0), Expression.HAPPY)
    assert documents.frame_document(0, [], second_place)["mood"] == {"expression": "happy", "share": 0.4}


@given(st.lists(faces, max_size=3), st.floats(0, 1e6), rows, st.sampled_from(EXPRESSIONS))
def test_any_frame_document_has_the_same_fields(
    found_faces: list[Face], time_s: float, shares: tuple[float, ...], leader: Expression
) -> None:
    document = documents.frame_document(time_s, found_faces, Mood(shares, leader))
    assert read_back(document) == document, "nothing but plain JSON in it"
    expected = fields({"schema": 1, "t": 0, "faces": [{**FACE_DOCUMENT, "track": 1}], "mood": MOOD_DOCUMENT, **MOOD_FIELDS})
    assert fields(document) == (expected if found_faces else [name for name in expected if not name.startswith("faces.")])
    for face, face_document in zip(found_faces, document["faces"], strict=True):
        assert face_document["confidence"] == max(face_document["probabilities"].values())
        assert face_document["probabilities"][face_document["expression"]] == face_document["confidence"]
        assert face_document["unsure"] is (face_document["reason"] is not None)
        assert sum(face_document["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        assert Box(**face_document["box"]) == face.box
