from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.sources import multipart
from realtime.sources.multipart import ChunkDecoder, MultipartError, MultipartParser

PARTS = [b"\xff\xd8first\r\n--other\r\n\xff\xd9", b"\xff\xd8second\n\n\xff\xd9", b"x"]


def body(parts: list[bytes], *, lengths: bool, line: bytes = b"\r\n", boundary: bytes = b"--frame") -> bytes:
    """A body as cameras send it, with the boundary of another part behind the last one."""
    pieces: list[bytes] = []
    for part in parts:
        length = b"content-LENGTH: %d" % len(part) + line if lengths else b""
        pieces.append(boundary + line + b"Content-Type: image/jpeg" + line + length + line + part + line)
    return b"".join(pieces) + boundary


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The same bytes, cut at some places."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize("line", [b"\r\n", b"\n"])
@given(places=st.lists(st.integers(0, 10**6), max_size=6))
def test_a_body_is_cut_into_its_parts_however_it_arrives(lengths: bool, line: bytes, places: list[int]) -> None:  # noqa: FBT001
    parser = MultipartParser()
    data = b"a preamble" + line + body(PARTS, lengths=lengths, line=line)
    assert [part for piece in cut(data, places) for part in parser.feed(piece)] == PARTS


@given(places=st.lists(st.integers(0, 10**6), max_size=6))
def test_the_boundary_may_stand_right_behind_a_jpeg(places: list[int]) -> None:
    pictures = [b"\xff\xd8first\xff\xd9", b"\xff\xd8second--b\xff\xd9", b"\xff\xd8third\xff\xd9"]
    data = b"".join(b"--bound\r\n\r\n" + picture for picture in pictures) + b"--bound"
    parser = MultipartParser()
    assert [part for piece in cut(data, places) for part in parser.feed(piece)] == pictures


@pytest.mark.parametrize("wrong", [-30_000, -500, -3, 3, 30, 500])
@given(places=st.lists(st.integers(0, 10**6), max_size=6))
def test_wrong_lengths_damage_one_part_at_most(wrong: int, places: list[int]) -> None:
    pictures = [b"%d" % number * 60_000 for number in range(4)]
    line = b"--b\r\nContent-Length: %d\r\n\r\n%s\r\n"
    parser = MultipartParser()
    data = b"".join(line % (60_000 + wrong, picture) for picture in pictures) + b"--b\r\n"
    parts = [part for piece in cut(data, places) for part in parser.feed(piece)]
    assert parts[-2:] == pictures[2:]
    assert len(set(parts) - set(pictures)) <= 1


def test_a_part_with_a_length_does_not_wait_for_the_boundary() -> None:
    assert MultipartParser().feed(b"--b\r\nContent-Length: 6\r\n\r\nabcdef") == [b"abcdef"]


@pytest.mark.parametrize(
    "data",
    [
        b"no boundary at all" * 9999,
        b"a line\n" * 9999,
        b"--b\r\n" + b"X: y\r\n" * 9999,
        b"--b\r\nX: " + b"y" * 99999,
        b"--b\r\n\r\npart\r\n--b\r\n\r\n".replace(b"part", b"x" * 200_000),
        b"--b\r\nContent-Length: 100001\r\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [1000, 10**9])
def test_nothing_grows_without_a_bound(data: bytes, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "MAX_PART", 100_000)
    parser = MultipartParser()
    with pytest.raises(MultipartError):
        list(map(parser.feed, [data[start : start + size] for start in range(0, len(data), size)]))


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_are_parts_or_an_error(pieces: list[bytes]) -> None:
    with suppress(MultipartError):
        parts = list(map(MultipartParser().feed, pieces))
        assert all(all(some) for some in parts)
    with suppress(MultipartError):
        assert len(b"".join(map(ChunkDecoder().feed, pieces))) <= len(b"".join(pieces))


@given(places=st.lists(st.integers(0, 10**6), max_size=6))
def test_chunks_are_joined_however_they_arrive(places: list[int]) -> None:
    decoder = ChunkDecoder()
    data = b"5\r\nhello\r\n0A;name=value\r\n, world\r\n!\r\n1\r\n?\r\n0\r\n\r\nbehind"
    assert b"".join(map(decoder.feed, cut(data, places))) == b"hello, world\r\n!?"
    assert decoder.ended


@pytest.mark.parametrize("data", [b"x\r\n", b"-5\r\n", b"\r\n", b"5\r\nhello!\r\n", b"1" * 9999, b"f" * 20 + b"\n"])
def test_a_body_that_is_not_in_chunks_is_refused(data: bytes) -> None:
    with pytest.raises(MultipartError, match="sends a damaged answer"):
        ChunkDecoder().feed(data)
