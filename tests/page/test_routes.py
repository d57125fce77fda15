"""What each address answers, asked as the scripts of the page ask."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from realtime import cli
from realtime.page.static_files import FOLDER
from tests.support.page_server import PageClient, serving_page

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.domain import Image


def jpeg(image: NDArray[Any]) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def turned(photo: Path) -> bytes:
    """The same picture on its side, with the EXIF note that it is so."""
    exif = Pillow.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Pillow.open(photo).rotate(90, expand=True).save(file, "JPEG", exif=exif, quality=95)
    return file.getvalue()


def huge_png() -> bytes:
    """A PNG of 57 bytes that states 60000×60000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


# The page itself


def test_the_page_and_each_file_that_it_names_is_sent(page: PageClient) -> None:
    index = page.request("GET", "/")
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    for path in FOLDER.iterdir():
        if path.name != "index.html":
            answer = page.request("GET", f"/{path.name}")
            assert (answer.status, answer.body) == (200, path.read_bytes())


@pytest.mark.parametrize(
    "path", ["/index.html", "/../routes.py", "/%2e%2e/routes.py", "/static/main.js", "/songs/a/0/../..", "//"]
)
def test_no_other_file_is_sent(page: PageClient, path: str) -> None:
    assert page.request("GET", path).status == 404


# Pictures


def test_a_picture_gets_the_answer_of_the_command(tab: PageClient, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["image", str(photo), "--json"]) == 0
    printed = capsys.readouterr().out
    answer = tab.ask("picture", photo.read_bytes(), {"x-emodj-name": quote(str(photo))}).document
    assert answer["json"] == printed
    assert answer["mood"] == json.loads(printed)["images"][0]["mood"]
    assert answer["mood"]["expression"] == "happy"


def test_a_name_outside_of_ascii_is_kept(tab: PageClient, photo: Path) -> None:
    answer = tab.ask("picture", photo.read_bytes(), {"x-emodj-name": quote("Jürgen 日本.jpg")}).document
    assert json.loads(answer["json"])["images"][0]["path"] == "Jürgen 日本.jpg"


def test_a_turned_picture_is_read_upright(tab: PageClient, photo: Path) -> None:
    (entry,) = json.loads(tab.ask("picture", turned(photo)).document["json"])["images"]
    assert (entry["width"], entry["height"]) == (260, 240)
    assert entry["faces"][0]["expression"] == "happy"
    preview = cv2.imdecode(np.frombuffer(tab.ask("preview", turned(photo)).body, np.uint8), cv2.IMREAD_COLOR)
    assert preview is not None
    assert preview.shape == (240, 260, 3)


def test_a_face_of_a_picture_is_explained_by_a_map_and_a_sentence(tab: PageClient, photo: Path) -> None:
    (entry,) = json.loads(tab.ask("picture", photo.read_bytes()).document["json"])["images"]
    answer = tab.ask("why", photo.read_bytes(), {"x-emodj-face": "0"}).document
    assert answer["said"].startswith("happy 100%; 2nd guess: ")
    assert "happy if covered: up to +" in answer["said"]
    kind, _, data = answer["map"].partition(",")
    assert kind == "data:image/png;base64"
    painted = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED)
    assert painted is not None
    assert painted.shape == (48, 48, 4)
    # The largest drop has the opacity of three quarters, in the orange of the window
    assert painted[:, :, 3].max() == 191
    assert painted[np.unravel_index(painted[:, :, 3].argmax(), (48, 48))][:3].tolist() in ([0, 159, 230], [178, 114, 0])
    box, square = entry["faces"][0]["box"], answer["square"]
    assert square["side"] >= box["width"]
    assert abs(square["left"] + square["side"] / 2 - box["left"] - box["width"] / 2) <= 1


@pytest.mark.parametrize(
    ("number", "status", "sentence"),
    [
        ("1", 400, "the picture has no such face"),
        ("-1", 400, "a number of a face is a small number"),
        ("9" * 30, 400, "a number of a face is a small number"),
    ],
)
def test_a_face_that_a_picture_does_not_have_is_refused(
    number: str, status: int, sentence: str, tab: PageClient, photo: Path
) -> None:
    answer = tab.ask("why", photo.read_bytes(), {"x-emodj-face": number})
    assert (answer.status, answer.sentence) == (status, sentence)


def test_the_limits_of_pictures_hold_for_explanations(tab: PageClient) -> None:
    for data in (b"some text", b"", huge_png()):
        refused = tab.ask("picture", data)
        asked = tab.ask("why", data)
        assert (asked.status, asked.sentence) == (refused.status, refused.sentence)
    assert tab.ask("why", b"", {"x-emodj-key": "x" * 22}).status == 403
    assert tab.ask("why", b"", {"x-emodj-visit": "x"}).status == 410


def test_a_picture_without_a_face_has_no_mood(tab: PageClient) -> None:
    answer = tab.ask("picture", jpeg(np.full((80, 120, 3), 128, np.uint8))).document
    assert json.loads(answer["json"])["images"][0]["faces"] == []
    assert (answer["mood"], answer["mixed"]) == (None, False)
    assert "music" not in tab.ask("offers").document


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"some text", "notes.txt is not a picture that can be read, whatever its name says"),
        (b"", "notes.txt is empty"),
        (huge_png(), "notes.txt has 60000×60000 pixels, more than the 200 million that are read"),
        (b"\xff\xd8\xff\xe0 and no more", "notes.txt is damaged"),
    ],
)
@pytest.mark.parametrize("question", ["picture", "preview"])
def test_what_is_no_picture_is_said(tab: PageClient, question: str, data: bytes, sentence: str) -> None:
    answer = tab.ask(question, data, {"x-emodj-name": "notes.txt"})
    assert answer.status == 422
    assert answer.sentence.startswith(sentence)


def test_a_large_picture_gets_a_small_preview(tab: PageClient) -> None:
    file = io.BytesIO()
    Pillow.new("RGB", (3200, 800), "red").save(file, "TIFF", compression="tiff_lzw")
    preview = Pillow.open(io.BytesIO(tab.ask("preview", file.getvalue()).body))
    assert (preview.format, preview.size) == ("JPEG", (1600, 400))


# Camera


def test_frames_vote_on_the_mood_of_their_tab(tab: PageClient, page: PageClient, astronaut: Image) -> None:
    frame = jpeg(cv2.resize(astronaut, (360, 360)))
    answers = [tab.ask("frame", frame, {"x-emodj-stretch": "1"}).document for _ in range(3)]
    assert answers[0]["schema"] == 1
    assert [face["track"] for face in answers[-1]["faces"]] == [1]
    assert answers[-1]["mood"]["expression"] == "happy"
    assert 0 == answers[0]["t"] <= answers[-1]["t"]
    other = PageClient(page.link)
    other.begin()
    assert other.ask("offers").document["mood"] is None
    summary = tab.ask("summary").document
    assert json.loads(summary["json"])["frames"] == 3
    assert {line["name"]: line["text"] for line in summary["lines"]}["mood"].startswith("happy, ")
    assert summary["markdown"].startswith("# ")
    assert "<script" not in summary["html"]


def test_a_frame_has_a_bound(tab: PageClient) -> None:
    large = tab.ask("frame", jpeg(np.zeros((2001, 2000, 3), np.uint8)))
    assert large.status == 422
    assert large.sentence.startswith("the frame has 2000×2001 pixels, more than the 4 million that a session takes")
    png = cv2.imencode(".png", np.zeros((10, 10, 3), np.uint8))[1].tobytes()
    assert tab.ask("frame", png).sentence == "a frame of the camera is a JPEG, and this is none: reload the page"
    assert tab.ask("frame", b"\xff\xd8\xff").status == 422


def test_four_tabs_at_once_get_their_own_answers(page: PageClient, astronaut: Image) -> None:
    frame = jpeg(cv2.resize(astronaut, (240, 240)))

    def session(_number: int) -> int:
        client = PageClient(page.link)
        client.begin()
        for _ in range(4):
            assert client.ask("frame", frame).status == 200
        return json.loads(client.ask("summary").document["json"])["frames"]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(session, range(4))) == [4, 4, 4, 4]


# Choices


def test_a_mood_by_hand_replaces_that_of_the_picture(tab: PageClient, photo: Path) -> None:
    tab.ask("picture", photo.read_bytes())
    answer = tab.ask("choose", {"mood": "sad"}).document
    assert (answer["mood"], answer["mood_source"]) == ({"expression": "sad", "share": 1.0}, "hand")
    answer = tab.ask("choose", {"mood": None}).document
    assert (answer["mood"]["expression"], answer["mood_source"]) == ("happy", "faces")


def test_the_strategy_stays_after_a_restart(tab: PageClient) -> None:
    tab.ask("choose", {"mood": "sad", "strategy": "lift"})
    assert tab.ask("offers").document["music"]["why"] == "to lift sad"
    assert tab.ask("restart").document["mood"] is None
    tab.ask("choose", {"mood": "sad"})
    assert tab.ask("offers").document["music"]["strategy"] == "lift"


@pytest.mark.parametrize(
    ("question", "asked", "sentence"),
    [
        ("choose", {"mood": "merry"}, "there is no such mood or strategy"),
        ("choose", {"strategy": "dance"}, "there is no such mood or strategy"),
        ("choose", b"[]", "this is no JSON object"),
        ("choose", b"{", "this is no JSON"),
        ("choose", b"[" * 100_000, "this is no JSON"),
        ("list", {}, "list is a text"),
        ("song", {"list": "a", "number": "1"}, "a song has a number"),
    ],
)
def test_a_question_that_the_page_does_not_ask_is_refused(tab: PageClient, question: str, asked: object, sentence: str) -> None:
    answer = tab.ask(question, asked)
    assert (answer.status, answer.sentence) == (400, sentence)


@pytest.mark.parametrize("stretch", ["-1", "a", "1e9", "9999999999", "\u0661"])
def test_a_strange_stretch_is_refused(tab: PageClient, stretch: str) -> None:
    assert tab.ask("frame", b"", {"x-emodj-stretch": quote(stretch)}).status == 400


@pytest.mark.parametrize(
    "question", ["alive", "prepare", "picture", "preview", "frame", "choose", "offers", "summary", "restart", "rest"]
)
def test_without_a_visit_a_tab_begins_anew(page: PageClient, question: str) -> None:
    answer = page.ask(question, {}, {"x-emodj-visit": "unknown"})
    assert answer.status == 410
    assert "starts anew" in answer.sentence


def test_the_sample_has_a_face(tab: PageClient) -> None:
    sample = tab.request("GET", "/sample.jpg").body
    assert tab.ask("picture", sample).document["mood"]["expression"] == "happy"


def test_a_tab_that_is_closed_makes_room_for_another_one() -> None:
    with serving_page(most_visits=1) as first:
        first.begin()
        other = PageClient(first.link)
        answer = other.ask("visit")
        assert answer.status == 503
        assert answer.sentence == "as many tabs of emodj are open as it serves: close one, and reload this tab"
        assert first.ask("alive").status == 200
        assert first.ask("end").status == 200
        other.begin()
        assert other.ask("alive").status == 200
        assert first.ask("alive").status == 410
