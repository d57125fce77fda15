import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from realtime.errors import UsageError
from realtime.training import formats
from realtime.training.formats import MAX_LINE_LENGTH, read_table

HEADER = "emotion,pixels,Usage"
VOTES = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
BALLOTS = ("Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0", "PrivateTest,,0,0,0,0,0,0,0,0,0,0")

Table = Callable[..., Path]


def face(emotion: int | str = 3, grey: int | str = 7, usage: str = "Training", count: int = 2304) -> str:
    return f"{emotion},{' '.join([str(grey)] * count)},{usage}"


ROWS = (face(), face(6, 8, "PrivateTest"))


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Write the table, and the votes beside it where there are some."""

    def write(
        rows: Sequence[str] = ROWS, ballots: Sequence[str] | None = None, header: str = HEADER, votes: str = VOTES
    ) -> Path:
        path = tmp_path / "fer2013.csv"
        path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        if ballots is not None:
            (tmp_path / "fer2013new.csv").write_text("\n".join([votes, *ballots, ""]), encoding="utf-8")
        return path

    return write


def refusal(path: Path, named: str = "fer2013.csv") -> str:
    with pytest.raises(UsageError) as caught:
        read_table(path)
    sentence = str(caught.value)
    assert str(path.with_name(named)) in sentence
    assert "\n" not in sentence
    return sentence


def test_the_order_of_the_original_labels_becomes_the_alphabetical_one(table: Table) -> None:
    # angry, disgust, fear, happy, sad, surprise, neutral
    data = read_table(table([face(emotion, 10 + emotion) for emotion in range(7)]))
    assert data.labels.tolist() == [0, 1, 2, 3, 5, 6, 4]
    assert data.images[:, 47, 47].tolist() == [10, 11, 12, 13, 14, 15, 16]


def test_pixels_are_read_by_rows(table: Table) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (48, 48))
    data = read_table(table([f"0,{' '.join(map(str, pixels.ravel()))},Training"]))
    np.testing.assert_array_equal(data.images, [pixels])
    assert data.images.dtype == data.labels.dtype == data.usage.dtype == np.uint8


def test_usages_are_numbered(table: Table) -> None:
    rows = [face(grey=grey, usage=used) for grey, used in enumerate(("Training", "PublicTest", "PrivateTest"))]
    assert read_table(table(rows)).usage.tolist() == [0, 1, 2]


def test_without_a_votes_file_there_are_no_votes(table: Table) -> None:
    data = read_table(table())
    assert not data.has_votes
    assert data.votes.shape == (2, 10)
    assert data.face_mask().all()


def test_each_row_has_its_votes_and_a_row_without_a_name_shows_no_face(table: Table) -> None:
    data = read_table(table(ballots=BALLOTS))
    assert data.votes.tolist() == [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0], [0] * 9 + [10]]
    assert data.votes.dtype == np.float32
    assert data.expression_votes()[0].tolist() == [3, 2, 0, 0, 4, 1, 0]
    assert data.face_mask().tolist() == [True, False]


def test_votes_are_found_by_the_names_of_their_columns(table: Table) -> None:
    columns, fields = VOTES.split(","), BALLOTS[0].split(",")
    data = read_table(table(ROWS[:1], [",".join(fields[::-1])], votes=",".join(columns[::-1])))
    assert data.votes.tolist() == [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0]]


def test_equal_faces_are_one_photo_and_keep_their_own_votes(table: Table) -> None:
    rows = [face(), face(grey=9, usage="PrivateTest"), face(usage="PublicTest"), face(grey=9)]
    ballots = [f"{row.split(',')[2]},x.png,{number},0,0,0,0,0,0,0,0,0" for number, row in enumerate(rows)]
    data = read_table(table(rows, ballots))
    assert data.photo_group.tolist() == [0, 1, 0, 1]
    assert data.copy_of_training.tolist() == [False, True, True, False]
    assert data.votes[:, 0].tolist() == [0, 1, 2, 3]


def test_column_order_and_spaces_around_names_do_not_matter(table: Table) -> None:
    rows = [",".join([*row.split(",")[::2], row.split(",")[1]]) for row in ROWS]
    data = read_table(table(rows, header="emotion, Usage, pixels"))
    assert data.labels.tolist() == [3, 4]
    assert data.usage.tolist() == [0, 2]
    assert data.images[:, 0, 0].tolist() == [7, 8]


def test_a_byte_order_mark_quotes_empty_lines_and_other_columns_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    emotion, pixels, used = ROWS[0].split(",")
    path.write_bytes(f'\ufeffpixels,emotion,Usage,note\r\n\r\n"{pixels}","{emotion}","{used}",me\r\n\r\n'.encode())
    assert read_table(path).labels.tolist() == [3]


@pytest.mark.parametrize("column", ["emotion", "pixels", "Usage"])
def test_a_missing_column_is_named(table: Table, column: str) -> None:
    sentence = refusal(table(header=HEADER.replace(column, "other")))
    assert f"has no column {column}: it needs emotion, pixels, Usage" in sentence


def test_a_missing_column_of_votes_is_named(table: Table) -> None:
    sentence = refusal(table(ballots=BALLOTS, votes=VOTES.replace("fear", "dread")), "fer2013new.csv")
    assert "has no column fear" in sentence


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (face(count=2303), "has 2303 pixels: a face has 2304 (48×48)"),
        (face(count=2305), "has 2305 pixels"),
        (face(count=0), "has 0 pixels"),
        (face(grey=256), "has a pixel that is not a whole number of 0 to 255"),
        (face(grey=-1), "has a pixel that is not a whole number"),
        (face(grey="7.5"), "has a pixel that is not a whole number"),
        (face(grey="x"), "has a pixel that is not a whole number"),
        (face(7), "has the emotion '7': it must be 0 to 6"),
        (face(-1), "has the emotion '-1'"),
        (face("happy"), "has the emotion 'happy'"),
        (face(""), "has the emotion ''"),
        (face(usage="Test"), "has the Usage 'Test': it must be Training, PublicTest or PrivateTest"),
        (face(usage=""), "has the Usage ''"),
        (face().rsplit(",", 1)[0], "has 2 fields and its header 3"),
        (face() + ",more", "has 4 fields and its header 3"),
    ],
)
def test_a_bad_row_is_refused_by_its_line(table: Table, row: str, reason: str) -> None:
    path = table([*ROWS, row])
    sentence = refusal(path)
    assert sentence.startswith(f"line 4 of {path} ")
    assert reason in sentence


def test_lines_are_counted_as_an_editor_does(table: Table) -> None:
    assert refusal(table([ROWS[0], "", face(9)])).startswith("line 4 of")


def test_a_table_without_a_row_is_refused(table: Table, tmp_path: Path) -> None:
    assert "has no face in it" in refusal(table([]))
    (tmp_path / "fer2013.csv").write_bytes(b"")
    assert "has no column emotion" in refusal(tmp_path / "fer2013.csv")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"emotion,pixels,Usage\n0," + b"7 " * 70_000 + b",Training\n"])
def test_binary_data_and_long_fields_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(content)
    assert "cannot read" in refusal(path)


@pytest.mark.parametrize(
    ("ballot", "reason"),
    [
        ("Training,x.png,4,0,0,1,3,2,0,0,0,11", "votes that are not ten numbers of 0 to 10"),
        ("Training,x.png,-1,0,0,1,3,2,0,0,0,0", "votes that are not ten numbers"),
        ("Training,x.png,many,0,0,1,3,2,0,0,0,0", "votes that are not ten numbers"),
        ("Training,x.png,nan,0,0,1,3,2,0,0,0,0", "votes that are not ten numbers"),
        ("Training,x.png,4", "has 3 fields and its header 12"),
        ("Testing,x.png,4,0,0,1,3,2,0,0,0,0", "has the Usage 'Testing'"),
        ("PublicTest,x.png,4,0,0,1,3,2,0,0,0,0", "is of PublicTest, its face"),
    ],
)
def test_bad_votes_are_refused_by_their_line(table: Table, ballot: str, reason: str) -> None:
    sentence = refusal(table([ROWS[0], ROWS[0]], [BALLOTS[0], ballot]), "fer2013new.csv")
    assert sentence.startswith("line 3 of")
    assert reason in sentence


@pytest.mark.parametrize("count", [0, 1, 3])
def test_votes_for_another_number_of_faces_are_refused(table: Table, count: int) -> None:
    sentence = refusal(table([ROWS[0], ROWS[0]], [BALLOTS[0]] * count), "fer2013new.csv")
    assert f"has votes for {count} faces and" in sentence
    assert "has 2: are both files complete" in sentence


@pytest.mark.posix
def test_a_file_without_line_ends_is_not_read_whole(table: Table) -> None:
    path = table()
    with path.open("r+b") as file:
        file.truncate(10**12)
    assert f"it has more than {MAX_LINE_LENGTH} characters" in refusal(path)


def test_more_faces_than_a_dataset_may_have_are_refused(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_FACES", 2)
    assert len(read_table(table([ROWS[0]] * 2))) == 2
    assert "has more than 2 faces" in refusal(table([ROWS[0]] * 3))


@pytest.mark.skipif(os.name == "nt", reason="a device of POSIX")
def test_a_device_is_no_data() -> None:
    with pytest.raises(UsageError, match="/dev/zero is neither a folder nor a file"):
        formats.read_dataset(Path("/dev/zero"))
