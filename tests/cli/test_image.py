"""`emodj image`: its report, its files, and its answer to invalid pictures."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as Pillow

from realtime.domain import EXPRESSIONS
from realtime.sources import picture_limits
from tests.support.places import ASTRONAUT
from tests.support.waiting import PATIENCE_S, until
from tests.support.x11 import Screen

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]
    Start = Callable[..., subprocess.Popen[str]]

ABOUT = ["mood_source", "mood_shares", "mixed"]
NAMES = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
HAPPY_LIST = "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC"


def blank(path: Path, width: int = 64, height: int = 48) -> Path:
    """A picture without a face; one pixel is white, for a picture of one colour is remarked on."""
    picture = Pillow.new("RGB", (width, height), "grey")
    picture.putpixel((0, 0), (255, 255, 255))
    picture.save(path)
    return path


def images(ended: CompletedProcess[str]) -> list[dict[str, Any]]:
    document = json.loads(ended.stdout)
    assert document.keys() == {"schema", "images"}
    assert document["schema"] == 1
    return document["images"]


# Report


def test_the_report_has_faces_mood_playlist_and_the_link_on_a_separate_line(emodj: Run, photo: Path) -> None:
    ended = emodj("image", photo)
    assert (ended.returncode, ended.stderr) == (0, "")
    head, face, mood, music, link = ended.stdout.splitlines()
    assert head == f"{photo}  260×240, 1 face"
    assert face.split()[:2] == ["1", "happy"]
    assert face.count("%") == 3, "the expression and the next two"
    assert mood.startswith("mood    happy, ")
    assert music == "music   Bright and happy"
    assert link == HAPPY_LIST


def test_the_document_has_the_documented_keys_and_types(emodj: Run, photo: Path) -> None:
    (image,) = images(emodj("image", photo, "--json"))
    assert list(image) == ["path", "width", "height", "faces", "mood", "playlist", "error", *ABOUT]
    assert (image["path"], image["width"], image["height"], image["error"]) == (str(photo), 260, 240, None)
    (face,) = image["faces"]
    assert list(face) == ["box", "expression", "confidence", "probabilities", "unsure", "reason"]
    assert list(face["box"]) == ["left", "top", "width", "height"]
    assert all(type(value) is int for value in face["box"].values())
    assert face["expression"] == "happy"
    assert list(face["probabilities"]) == NAMES == [expression.value for expression in EXPRESSIONS]
    assert all(type(value) is float for value in face["probabilities"].values())
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert face["confidence"] == max(face["probabilities"].values())
    assert (face["unsure"], face["reason"]) == (False, None)
    assert image["mood"] == {"expression": "happy", "share": pytest.approx(face["confidence"], abs=1e-3)}
    wanted = {"strategy": "match", "why": "for happy", "wanted": {"valence": 0.76, "arousal": 0.48}}
    assert image["playlist"] == {"title": "Bright and happy", "url": HAPPY_LIST, **wanted}


def test_an_unclear_face_has_a_reason_and_no_vote(emodj: Run, photo: Path, settings: Callable[[str], Path]) -> None:
    strict = settings("[faces]\nunsure_below = 1\n")
    (image,) = images(emodj("image", photo, "--json", "--config", strict))
    (face,) = image["faces"]
    assert face["unsure"] is True
    assert isinstance(face["reason"], str)
    assert (image["mood"], image["playlist"]) == (None, None)
    output = emodj("image", photo, "--config", strict).stdout
    assert "not sure (low confidence), perhaps happy" in output
    assert output.endswith("mood    none: no face was seen clearly enough\n")


def test_the_mood_is_that_of_all_faces_and_faces_go_from_left_to_right(emodj: Run, tmp_path: Path, astronaut: Any) -> None:
    head = astronaut[10:250, 90:350]
    sides = np.hstack([head[..., ::-1], head[:, ::-1, ::-1]])
    Pillow.fromarray(np.ascontiguousarray(sides)).save(tmp_path / "two.png")
    (image,) = images(emodj("image", tmp_path / "two.png", "--json"))
    lefts = [face["box"]["left"] for face in image["faces"]]
    assert len(lefts) == 2
    assert lefts[0] < 260 < lefts[1]
    shares = [face["probabilities"]["happy"] for face in image["faces"]]
    assert min(shares) - 1e-3 <= image["mood"]["share"] <= max(shares) + 1e-3


def test_boxes_are_those_of_the_upright_picture(emodj: Run, photo: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.jpg"
    with Pillow.open(photo) as picture:
        lying = picture.crop((0, 0, 260, 200)).transpose(Pillow.Transpose.ROTATE_90)
        exif = Pillow.Exif()
        exif[0x0112] = 6
        lying.save(turned, exif=exif, quality=95)
    (image,) = images(emodj("image", turned, "--json"))
    assert (image["width"], image["height"]) == (260, 200)
    box = image["faces"][0]["box"]
    assert abs(box["left"] + box["width"] / 2 - 135) < 15
    assert abs(box["top"] + box["height"] / 2 - 105) < 15


def test_a_playlist_of_the_settings_is_the_one_that_is_named(emodj: Run, photo: Path, settings: Callable[[str], Path]) -> None:
    config_file = settings('[playlists.happy]\ntitle = "Żółte nuty"\nurl = "https://example.org/mine"\n')
    assert emodj("--config", config_file, "image", photo).stdout.endswith("music   Żółte nuty\nhttps://example.org/mine\n")
    (image,) = images(emodj("--config", config_file, "image", photo, "--json"))
    assert (image["playlist"]["title"], image["playlist"]["url"]) == ("Żółte nuty", "https://example.org/mine")


# Inputs


def test_folders_are_read_in_order_and_inner_folders_on_demand(emodj: Run, tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    for path in (tmp_path / "a" / "2.png", tmp_path / "a" / "1.BMP", inside / "0.webp", tmp_path / "a" / ".hidden.png"):
        blank(path)
    (tmp_path / "a" / "notes.txt").write_text("no picture", encoding="utf-8")
    flat = [Path(image["path"]).name for image in images(emodj("image", "--json", tmp_path / "a"))]
    deep = [Path(image["path"]).name for image in images(emodj("image", "--json", "--recursive", tmp_path / "a"))]
    assert flat == ["1.BMP", "2.png"]
    assert sorted(deep) == ["0.webp", "1.BMP", "2.png"]


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "bmp", "tiff", "gif"])
def test_every_common_kind_of_picture_is_read(emodj: Run, photo: Path, kind: str) -> None:
    path = photo.with_name(f"face.{kind}")
    with Pillow.open(photo) as picture:
        picture.save(path)
    (image,) = images(emodj("image", path, "--json"))
    assert image["faces"][0]["expression"] == "happy"


def test_the_standard_input_is_a_picture_too(emodj: Run, photo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(photo.read_bytes())))
    (image,) = images(emodj("image", "-", "--json", "-o", tmp_path / "out/"))
    assert (image["path"], image["faces"][0]["expression"]) == ("-", "happy")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["stdin.png"]


@pytest.mark.parametrize("size", [(1, 1), (20000, 10), (10, 20000)])
def test_odd_sizes_have_no_face_and_no_mood(emodj: Run, tmp_path: Path, size: tuple[int, int]) -> None:
    path = blank(tmp_path / "odd.png", *size)
    (image,) = images(emodj("image", path, "--json", "-o", tmp_path / "drawn.png"))
    assert (image["width"], image["height"]) == size
    assert (image["faces"], image["mood"], image["playlist"], image["error"]) == ([], None, None, None)
    assert emodj("image", path).stdout == f"{path}  {size[0]}×{size[1]}, no face found\n"
    with Pillow.open(tmp_path / "drawn.png") as drawn:
        assert drawn.size == size


def test_a_folder_is_read_by_every_suffix_of_a_picture_and_says_what_it_passed_over(emodj: Run, photo: Path) -> None:
    album = photo.with_name("album")
    album.mkdir()
    for number, suffix in enumerate((".jpg", ".jfif", ".JPE", ".pjpeg", ".mpo")):
        shutil.copy(photo, album / f"{number}{suffix}")
    with Pillow.open(photo) as picture:
        picture.save(album / "5.avif")
    (album / "notes.txt").touch()
    (album / "film.mp4").touch()
    ended = emodj("image", album, "--json")
    assert [Path(image["path"]).name[0] for image in images(ended)] == ["0", "1", "2", "3", "4", "5"]
    assert all(image["mood"]["expression"] == "happy" for image in images(ended))
    assert ended.stderr == f"emodj: {album}: 2 files passed over, not named as a picture (.mp4, .txt)\n"
    assert emodj("-q", "image", album, "--json").stderr == ""


def test_faces_that_were_not_looked_for_are_a_remark(emodj: Run, tmp_path: Path, settings: Callable[[str], Path]) -> None:
    path = blank(tmp_path / "large.png", 3000, 600)
    assert emodj("image", path).stderr == ""
    coarse = settings("[faces.image]\nsearch_width = 300\nsearch_height = 300\n")
    ended = emodj("image", path, "--config", coarse)
    assert ended.stdout == f"{path}  3000×600, no face found\n"
    assert ended.stderr == (
        f"emodj: {path}: faces below about 96 pixels were not looked for; "
        "with a larger search_width and search_height in [faces.image] they are\n"
    )


# Unreadable inputs


def bad_file(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.jpg"
    whole = ASTRONAUT.read_bytes()
    path.write_bytes({"empty": b"", "truncated": whole[: len(whole) // 2], "renamed": b"%PDF-1.7 and so on"}[kind])
    return path


@pytest.mark.parametrize(
    ("kind", "message"), [("empty", "is empty"), ("truncated", "is damaged"), ("renamed", "is not a picture that can be read")]
)
def test_an_invalid_picture_is_a_sentence_and_status_1(emodj: Run, tmp_path: Path, kind: str, message: str) -> None:
    path = bad_file(tmp_path, kind)
    ended = emodj("image", path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"emodj: {path} {message}")
    assert ended.stderr.count("\n") == 1
    ended = emodj("image", path, "--json")
    (image,) = images(ended)
    assert (image["width"], image["height"], image["faces"], image["mood"], image["playlist"]) == (None, None, [], None, None)
    assert f"emodj: {image['error']}\n" == ended.stderr


@pytest.mark.parametrize("name", ["missing.jpg", "photo.jpg/below.jpg", ""])
def test_a_missing_path_is_status_2(emodj: Run, photo: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(photo.parent)
    ended = emodj("image", name)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (f"emodj: no such file: {name}\n" if name else "emodj: an empty path names no picture\n")


def test_an_unreadable_path_is_a_sentence(emodj: Run, photo: Path) -> None:
    ended = emodj("image", "x" * 300 + ".jpg")
    # To Windows it is a file that does not exist
    status, reason = (1, "File name too long") if os.name == "posix" else (2, "no such file")
    assert ended.returncode == status
    assert reason in ended.stderr
    ended = emodj("image", photo, "-o", photo.with_name("x" * 300 + ".png"))
    assert ended.returncode == 1
    assert "cannot write" in ended.stderr


def test_a_folder_without_pictures_is_status_2(emodj: Run, tmp_path: Path) -> None:
    ended = emodj("image", tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"emodj: no picture in {tmp_path}")
    assert "--recursive" in ended.stderr


def test_other_pictures_are_read_and_failures_are_reported_after_them(emodj: Run, tmp_path: Path, photo: Path) -> None:
    empty, missing, folder = bad_file(tmp_path, "empty"), tmp_path / "missing.jpg", tmp_path / "none"
    folder.mkdir()
    ended = emodj("image", empty, photo, missing, folder)
    assert ended.returncode == 7
    assert ended.stdout.startswith(f"{photo}  260×240")
    messages = ended.stderr.splitlines()
    assert messages[:2] == [f"emodj: {empty} is empty", f"emodj: no such file: {missing}"]
    assert messages[2].startswith(f"emodj: no picture in {folder}")
    errors = [image["error"] for image in images(emodj("image", "--json", empty, photo, missing, folder))]
    assert [f"emodj: {error}" for error in errors if error] == messages
    assert errors[1] is None


def test_status_1_if_all_of_several_failed(emodj: Run, tmp_path: Path) -> None:
    ended = emodj("image", tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert (ended.returncode, ended.stderr.count("no such file")) == (1, 2)


@pytest.mark.posix
@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device without an end")
def test_an_input_without_an_end_is_an_error_and_the_others_are_read(emodj: Run, photo: Path, tmp_path: Path) -> None:
    sparse = tmp_path / "sparse.jpg"
    with sparse.open("wb") as file:
        file.truncate(10**11)
    ended = emodj("image", "--json", "/dev/zero", sparse, photo)
    assert ended.returncode == 7
    errors = [image["error"] for image in images(ended)]
    assert errors == [*(f"cannot read {path} (it is larger than 400 MB)" for path in ("/dev/zero", sparse)), None]
    assert ended.stderr.count("\n") == 2


def test_a_standard_input_without_an_end_is_an_error(emodj: Run, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_limits, "MAX_FILE_BYTES", 10**6)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bytes(2 * 10**6))))
    ended = emodj("image", "-", photo)
    assert ended.returncode == 7
    assert ended.stderr == "emodj: cannot read the standard input (it is larger than 1 MB)\n"
    assert ended.stdout.startswith(f"{photo}  260×240, 1 face")


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_a_picture_for_which_the_memory_does_not_suffice_says_so(run_process: Run, photo: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Pillow.new("RGB", (8000, 8000)).save(large)
    program = (
        "import resource, sys, realtime.sources.images\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 10**8, resource.RLIM_INFINITY))\n"
        "from realtime.sources.images import read_image\n"
        "from realtime.errors import EmodjError\n"
        "try:\n    read_image(sys.argv[1])\nexcept EmodjError as error:\n    print(error)\n"
        "print(read_image(sys.argv[2]).shape)\n"
    )
    ended = run_process(large, photo, program=program)
    assert ended.stdout == f"{large} is too large for this computer's memory: shrink it\n(240, 260, 3)\n", ended.stderr


# Invalid networks


def test_a_missing_or_wrong_network_is_status_5(emodj: Run, photo: Path, pair: Path, settings: Callable[[str], Path]) -> None:
    config_file = settings(f"[network]\npair = '{pair}'\n")
    contract = pair.with_suffix(".contract.json")
    kept = {path: path.read_bytes() for path in pair.parent.iterdir()}

    def refusal(change: Callable[[], object]) -> str:
        change()
        ended = emodj("--config", config_file, "image", photo, photo, "--json")
        for path, data in kept.items():
            path.write_bytes(data)
        assert (ended.returncode, ended.stdout) == (5, "")
        assert ended.stderr.count("\n") == 1
        return ended.stderr

    def answer_otherwise() -> None:
        document = json.loads(contract.read_bytes())
        answer = document["golden"][0]["answer"]
        first, *others = answer.values()
        document["golden"][0]["answer"] = dict(zip(answer, [*others, first], strict=True))
        contract.write_text(json.dumps(document), encoding="utf-8")

    assert emodj("--config", config_file, "image", photo).returncode == 0
    for path in (pair, pair.with_suffix(".h5"), pair.with_suffix(".tflite")):
        assert str(path) in refusal(path.unlink)
    assert "compiled network" in refusal(lambda: pair.with_suffix(".tflite").write_bytes(b"rubbish"))
    assert "golden crop" in refusal(answer_otherwise)
    assert "damaged" in refusal(lambda: contract.write_bytes(b"{"))
    cascade = settings(f"[faces.image]\ncascade = '{contract}'\n")
    assert emodj("--config", cascade, "image", photo).returncode == 5


# Output files


def test_the_annotated_picture_is_another_picture_of_the_same_size(emodj: Run, photo: Path) -> None:
    before, drawn = photo.read_bytes(), photo.with_name("drawn.png")
    assert emodj("image", photo, "-o", drawn).returncode == 0
    assert photo.read_bytes() == before
    with Pillow.open(photo) as old, Pillow.open(drawn) as new:
        assert new.size == old.size
        differs = np.any(np.abs(np.asarray(old, np.int16) - np.asarray(new, np.int16)) > 40, axis=2)
    assert 500 < differs.sum() < 260 * 240 / 3


def test_another_file_is_replaced_by_force_only(emodj: Run, photo: Path) -> None:
    other = blank(photo.with_name("other.png"))
    before = other.read_bytes()
    ended = emodj("image", photo, "-o", other)
    assert ended.returncode == 2
    assert "--force" in ended.stderr
    assert other.read_bytes() == before
    assert ended.stdout.startswith(f"{photo}  260×240"), "the report is printed all the same"
    assert emodj("image", photo, "-o", other, "--force").returncode == 0
    assert other.read_bytes() != before


@pytest.mark.posix("needs links")
def test_the_picture_itself_is_never_replaced_whatever_its_name(
    emodj: Run, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = photo.read_bytes()
    monkeypatch.chdir(photo.parent)
    Path("link.jpg").symlink_to(photo)
    Path("hard.jpg").hardlink_to(photo)
    Path("folder").mkdir()
    Path("way").symlink_to(photo.parent)
    for source, output in [
        ("photo.jpg", "photo.jpg"),
        ("photo.jpg", "folder/../photo.jpg"),
        ("photo.jpg", photo),
        ("photo.jpg", "link.jpg"),
        ("photo.jpg", "hard.jpg"),
        ("photo.jpg", "way/photo.jpg"),
        ("photo.jpg", "."),
        ("link.jpg", "photo.jpg"),
    ]:
        ended = emodj("image", source, "-o", output, "--force")
        assert ended.returncode == 2, (source, output)
        assert "never replaced" in ended.stderr
    assert photo.read_bytes() == before
    assert Path("link.jpg").is_symlink()


def test_a_later_input_picture_is_not_replaced_either(emodj: Run, photo: Path) -> None:
    blank(photo.with_name("z.png"))
    before = photo.with_name("z.png").read_bytes()
    (photo.parent / "a").mkdir()
    blank(photo.parent / "a" / "z.png", 10, 10)
    ended = emodj("image", photo.parent / "a" / "z.png", photo.with_name("z.png"), "-o", photo.parent, "--force")
    assert ended.returncode == 1, "the second would replace itself"
    assert photo.with_name("z.png").read_bytes() == before


def test_the_file_behind_the_standard_input_is_not_replaced(run_process: Run, photo: Path) -> None:
    before = photo.read_bytes()
    with photo.open("rb") as stdin:
        ended = run_process("image", "-", "-o", photo, "--force", stdin=stdin)
    assert ended.returncode == 2
    assert "never replaced" in ended.stderr
    assert photo.read_bytes() == before


def test_an_output_folder_gets_the_names_and_folders_of_the_inputs(emodj: Run, photo: Path) -> None:
    album = photo.parent / "album"
    (album / "deep").mkdir(parents=True)
    blank(album / "1.png")
    blank(album / "deep" / "2.gif")
    out = photo.parent / "out"
    assert emodj("image", photo, album, "-r", "-o", out).returncode == 0
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert written == ["1.png", "deep/2.png", "photo.jpg"]


def test_several_pictures_do_not_go_into_one_file(emodj: Run, photo: Path) -> None:
    other = blank(photo.with_name("other.png"))
    for output in (photo.with_name("new.png"), other):
        ended = emodj("image", photo, other, "-o", output)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "one file and there are 2 pictures" in ended.stderr
    assert not photo.with_name("new.png").exists()


def test_the_same_name_from_two_folders_is_written_once(emodj: Run, photo: Path) -> None:
    for name in ("one", "two"):
        photo.with_name(name).mkdir()
        shutil.copy(photo, photo.with_name(name) / "x.jpg")
    out = photo.with_name("out")
    for options in ((), ("--force",)):
        ended = emodj("image", photo.with_name("one"), photo.with_name("two"), "-o", out, "--json", *options)
        shutil.rmtree(out)
        assert ended.returncode == 7
        assert "another picture of the same name" in ended.stderr
        assert [image["error"] is None for image in images(ended)] == [True, False]
        assert all(image["faces"] for image in images(ended))


@pytest.mark.parametrize("name", ["drawn.gif", "drawn.pdf", "drawn.2024"])
def test_an_unsupported_output_format_is_refused_before_the_work(emodj: Run, photo: Path, name: str) -> None:
    ended = emodj("image", photo, "-o", photo.with_name(name))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ".png" in ended.stderr
    assert not photo.with_name(name).exists()
    assert emodj("image", photo, "-o", f"{photo.with_name(name)}/").returncode == 0
    assert (photo.with_name(name) / "photo.jpg").is_file()


def test_an_empty_output_is_refused(emodj: Run, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photo.parent)
    ended = emodj("image", photo, "-o", "")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert [path.name for path in photo.parent.iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize("below", ["x.png", "folder", "folder/", "deep/x.png"])
def test_an_unwritable_output_is_a_sentence_and_status_1(emodj: Run, photo: Path, below: str) -> None:
    blocked = photo.with_name("blocked")
    blocked.touch()
    ended = emodj("image", photo, "--json", "-o", f"{blocked}/{below}")
    assert ended.returncode == 1
    assert ended.stderr.startswith("emodj: cannot ")
    assert str(blocked) in ended.stderr
    (image,) = images(ended)
    assert f"emodj: {image['error']}\n" == ended.stderr
    assert image["faces"][0]["expression"] == "happy", "the report is printed all the same"


def test_a_missing_folder_is_not_created_for_a_file(emodj: Run, photo: Path) -> None:
    ended = emodj("image", photo, "-o", photo.with_name("nowhere") / "x.png")
    assert ended.returncode == 1
    assert "cannot write" in ended.stderr
    assert not photo.with_name("nowhere").exists()


def test_a_failed_write_leaves_no_file(emodj: Run, photo: Path) -> None:
    folder = photo.with_name("there.png")
    folder.mkdir()
    (folder / "photo.jpg").mkdir()
    ended = emodj("image", photo, "-o", folder, "--force")
    assert ended.returncode == 1
    assert [path.name for path in folder.iterdir()] == ["photo.jpg"]


# The playlist


def test_open_opens_the_playlist_once(emodj: Run, photo: Path, browser: Callable[[], list[str]]) -> None:
    ended = emodj("image", photo, "--open")
    assert (ended.returncode, ended.stderr) == (0, "emodj: handed to the browser: Bright and happy\n")
    assert ended.stdout.splitlines().count(HAPPY_LIST) == 1
    assert browser() == [HAPPY_LIST]


def test_open_with_json_prints_the_link_on_stderr(emodj: Run, photo: Path, browser: Callable[[], list[str]]) -> None:
    ended = emodj("image", photo, "--open", "--json")
    assert images(ended)[0]["playlist"]["url"] == HAPPY_LIST
    assert ended.stderr == (f"Bright and happy, for happy\n{HAPPY_LIST}\nemodj: handed to the browser: Bright and happy\n")
    assert browser() == [HAPPY_LIST]


def test_open_with_several_pictures_opens_one_that_fits_all_together(
    emodj: Run, photo: Path, browser: Callable[[], list[str]]
) -> None:
    ended = emodj("image", photo, blank(photo.with_name("blank.png")), photo.with_name("missing.jpg"), "--open")
    assert ended.returncode == 7
    together = ended.stdout.split("\nall together\n")[1].splitlines()
    assert together[0].startswith("mood    happy")
    assert together[-1] == HAPPY_LIST
    assert browser() == [HAPPY_LIST]


def test_nothing_is_opened_without_a_mood_or_without_the_option(
    emodj: Run, photo: Path, browser: Callable[[], list[str]]
) -> None:
    ended = emodj("image", blank(photo.with_name("blank.png")), "--open")
    assert (ended.returncode, ended.stderr) == (0, "emodj: no playlist to open: no face was seen clearly enough\n")
    assert emodj("image", photo).returncode == 0
    assert browser() == []


@pytest.mark.posix("Windows always has a screen")
def test_without_a_browser_the_link_is_printed(emodj: Run, photo: Path) -> None:
    for options in ((), ("--json",)):
        ended = emodj("image", photo, "--open", *options)
        assert ended.returncode == 0
        assert HAPPY_LIST in (ended.stderr if options else ended.stdout).splitlines()
        assert ended.stderr.endswith("emodj: not opened: there is no screen here; open the link yourself\n")


def test_a_strategy_is_named_with_its_choice(emodj: Run, photo: Path) -> None:
    (image,) = images(emodj("image", photo, "--json", "--strategy", "lift"))
    assert (image["playlist"]["strategy"], image["playlist"]["why"]) == ("lift", "to lift happy")
    assert "music   Bright and happy, to lift happy" in emodj("image", photo, "--strategy", "lift").stdout
    assert emodj("image", photo, "--strategy", "cheer").returncode == 2


def test_local_songs_are_named_and_the_next_link_is_opened(
    emodj: Run, photo: Path, settings: Callable[[str], Path], browser: Callable[[], list[str]]
) -> None:
    songs = Path("/my songs").absolute()
    config_file = settings(f"[[playlists.happy]]\npath = '{songs}'\n[[playlists.happy]]\nurl = \"https://example.org/mine\"\n")
    ended = emodj("image", photo, "--open", "--config", config_file)
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-3:] == [str(songs), "music for happy, for happy", "https://example.org/mine"]
    assert browser() == ["https://example.org/mine"]


def test_a_library_with_songs_comes_first_and_a_missing_one_changes_nothing(
    emodj: Run, photo: Path, settings: Callable[[str], Path], tmp_path: Path
) -> None:
    config_file = settings(f"[music]\nlibrary = '{tmp_path / 'library'}'\n")
    ended = emodj("image", photo, "--config", config_file)
    assert ended.returncode == 0
    assert ended.stderr.startswith(f"emodj: music.library: there is no folder or list of songs at {tmp_path / 'library'}")
    assert ended.stdout.splitlines()[-1] == HAPPY_LIST
    (tmp_path / "library" / "sad").mkdir(parents=True)
    assert emodj("image", photo, "--config", config_file).stdout.splitlines()[-1] == HAPPY_LIST
    (tmp_path / "library" / "happy").mkdir()
    (tmp_path / "library" / "happy" / "a.mp3").touch()
    ended = emodj("image", photo, "--config", config_file)
    assert (ended.stderr, ended.stdout.splitlines()[-1]) == ("", str(tmp_path / "library"))


def test_without_any_link_open_names_the_command_that_plays_songs(
    emodj: Run, photo: Path, settings: Callable[[str], Path]
) -> None:
    ended = emodj("image", photo, "--open", "--config", settings('[[playlists.happy]]\npath = "/my songs"\n'))
    assert ended.returncode == 0
    assert "emodj play plays songs" in ended.stderr


def test_a_qr_code_is_printed_on_demand_and_opens_nothing(emodj: Run, photo: Path, browser: Callable[[], list[str]]) -> None:
    assert "█" not in emodj("image", photo).stdout
    coded = emodj("image", photo, "--qr")
    assert coded.stdout.count("█") > 100
    assert (coded.returncode, coded.stderr, browser()) == (0, "", [])


# The progress bar


def on_a_terminal(start: Start, *arguments: str | Path) -> tuple[int, str, str]:
    """Status, stdout, and the output on stderr, which is a terminal."""
    import pty  # POSIX alone has it

    parent_fd, child_fd = pty.openpty()
    with start(*arguments, stderr=child_fd, env={"TERM": "xterm"}) as started:
        os.close(child_fd)
        out = started.communicate(timeout=PATIENCE_S)[0]
    shown = b""
    while True:
        try:
            piece = os.read(parent_fd, 4096)
        except OSError:  # the other side is closed
            piece = b""
        if not piece:
            break
        shown += piece
    os.close(parent_fd)
    return started.returncode, out, shown.decode()


@pytest.mark.posix("needs a terminal of POSIX")
def test_a_terminal_gets_a_progress_bar_and_stdout_does_not(process: Start, photo: Path) -> None:
    blank(photo.with_name("other.png"))
    status, out, shown = on_a_terminal(process, "image", "--json", photo.parent)
    assert status == 0
    assert "reading" in shown
    assert "100%" in shown
    assert len(json.loads(out)["images"]) == 2


@pytest.mark.posix("needs a terminal of POSIX")
def test_no_progress_bar_for_one_picture_nor_with_q_nor_without_a_terminal(
    process: Start, run_process: Run, photo: Path
) -> None:
    assert on_a_terminal(process, "image", photo)[2] == ""
    other = blank(photo.with_name("other.png"))
    assert on_a_terminal(process, "-q", "image", photo, other)[2] == ""
    assert run_process("image", photo, other).stderr == ""


# The window


@pytest.mark.posix("Windows always has a screen")
def test_show_without_a_display_is_status_6_before_anything_is_read(emodj: Run, photo: Path) -> None:
    ended = emodj("image", photo, "--show", "-o", photo.with_name("drawn.png"))
    assert (ended.returncode, ended.stdout) == (6, "")
    assert "DISPLAY" in ended.stderr
    assert not photo.with_name("drawn.png").exists()


@pytest.mark.window
def test_ctrl_c_while_a_picture_is_shown_keeps_the_results(
    display: str,
    photo: Path,
    process: Callable[..., subprocess.Popen[str]],
    ctrl_c: Callable[[subprocess.Popen[str]], None],
) -> None:
    with Screen(display) as screen, process("image", photo, "--json", "--show", env={"DISPLAY": display}) as started:
        try:
            until(lambda: screen.find("emodj"))
            ctrl_c(started)
            out, _ = started.communicate(timeout=PATIENCE_S)
        finally:
            started.kill()
    assert started.returncode == 130
    [found] = json.loads(out)["images"]
    assert found["faces"][0]["expression"] == "happy"


# Explanations


def test_explain_adds_a_panel_below_the_annotated_picture(emodj: Run, photo: Path) -> None:
    plain, why = photo.with_name("plain.png"), photo.with_name("why.png")
    report = emodj("image", photo, "-o", plain)
    explained = emodj("image", photo, "--explain", "-o", why)
    assert (explained.returncode, explained.stdout, explained.stderr) == (0, report.stdout, "")
    with Pillow.open(plain) as before, Pillow.open(why) as after:
        assert before.size == (260, 240)
        assert after.size[1] > 240 + 48
        assert np.array_equal(np.asarray(after)[:240, :260], np.asarray(before))
        panel = np.asarray(after)[240:]
        assert (panel != panel[-1, -1]).any()


def test_of_many_faces_the_largest_are_explained_and_the_others_said(emodj: Run, photo: Path) -> None:
    crowd = photo.with_name("crowd.png")
    with Pillow.open(ASTRONAUT) as astronaut:
        face = astronaut.crop((130, 20, 330, 220))
        picture = Pillow.new("RGB", (8 * 200, 240), "grey")
        for place in range(8):
            picture.paste(face, (200 * place, 20))
        picture.save(crowd)
    ended = emodj("image", crowd, "--explain", "-o", crowd.with_name("why.png"), "--json")
    found = len(images(ended)[0]["faces"])
    assert found == 8
    assert ended.stderr == f"emodj: {crowd}: the 6 largest of 8 faces are explained\n"


def test_a_picture_without_a_face_is_only_annotated(emodj: Run, tmp_path: Path) -> None:
    drawn = tmp_path / "why.png"
    assert emodj("image", blank(tmp_path / "blank.png"), "--explain", "-o", drawn).returncode == 0
    with Pillow.open(drawn) as picture:
        assert picture.size == (64, 48)


def test_explain_without_a_place_for_the_panel_is_a_wrong_option(emodj: Run, photo: Path) -> None:
    ended = emodj("image", photo, "--explain")
    assert ended.returncode == 2
    assert "--explain draws into the annotated picture: add --output FILE, or --show" in ended.stderr
