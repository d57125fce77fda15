"""Bytes of a film: each element states its length, and the elements follow each other without a gap."""

from __future__ import annotations

import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from realtime.storage import matroska

EBML, SEGMENT, SEEK_HEAD, VOID, INFO, TRACKS, CLUSTER, CUES = (
    0x1A45DFA3, 0x18538067, 0x114D9B74, 0xEC, 0x1549A966, 0x1654AE6B, 0x1F43B675, 0x1C53BB6B,
)  # fmt: skip


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """Ids and bodies of the elements in the bytes; fails unless they fill the bytes. Unknown size: up to the end."""
    parsed: list[tuple[int, bytes]] = []
    position = 0
    while position < len(data):
        id_length = 9 - data[position].bit_length()
        id_ = int.from_bytes(data[position : position + id_length], "big")
        position += id_length
        count = 9 - data[position].bit_length()
        size = int.from_bytes(data[position : position + count], "big") - (1 << 7 * count)
        position += count
        if size == (1 << 7 * count) - 1:
            size = len(data) - position
        assert position + size <= len(data), "an element breaks off"
        parsed.append((id_, data[position : position + size]))
        position += size
    return parsed


def patched(data: bytes, *patches: tuple[int, bytes]) -> bytes:
    for offset, part in patches:
        data = data[:offset] + part + data[offset + len(part) :]
    return data


@given(st.integers(0, 100_000), st.floats(0, 1e6))
def test_a_cluster_is_one_element_with_a_time_and_a_picture(size: int, time_s: float) -> None:
    jpeg = bytes(size)
    ((id_, body),) = elements(matroska.cluster(time_s, jpeg))
    assert id_ == CLUSTER
    (time_id, time), (block_id, block) = elements(body)
    assert (time_id, int.from_bytes(time, "big")) == (0xE7, round(time_s * 1000))
    assert (block_id, block) == (0xA3, b"\x81\x00\x00\x80" + jpeg)


def test_no_size_is_encoded_like_an_unknown_one() -> None:
    for size in (*range(300), *range(16_300, 16_400)):
        assert [id_ for id_, _ in elements(2 * matroska.cluster(0, bytes(size)))] == [CLUSTER, CLUSTER]
        for _, body in elements(matroska.cluster(0, bytes(size))):
            assert len(elements(body)) == 2


@given(st.integers(1, 2**16), st.integers(1, 2**16), st.floats(0.1, 1000))
def test_a_header_starts_a_film_of_unknown_length(width: int, height: int, fps: float) -> None:
    header = matroska.header(width, height, fps)
    (first, _), (second, segment) = elements(header + matroska.cluster(0, b"jpeg"))
    assert (first, second) == (EBML, SEGMENT)
    assert [id_ for id_, _ in elements(segment)] == [VOID, INFO, TRACKS, CLUSTER]
    assert len(header) == len(matroska.header(1, 1, 1))


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_a_finished_film_states_the_offsets_of_its_parts(sizes: list[int]) -> None:
    film = matroska.header(640, 480, 30)
    points: list[tuple[float, int]] = []
    for index, size in enumerate(sizes):
        points.append((index / 30, len(film)))
        film += matroska.cluster(index / 30, bytes(size))
    cues_offset = len(film)
    film += matroska.cues(points)
    patches = matroska.duration_patch(12.5), matroska.cues_patch(cues_offset), matroska.size_patch(len(film))
    (_, _), (_, segment) = elements(patched(film, *patches))
    parts = elements(segment)
    assert [id_ for id_, _ in parts] == [SEEK_HEAD, INFO, TRACKS, *[CLUSTER] * len(sizes), CUES]
    segment_at = len(film) - len(segment)
    ((_, seek),) = elements(parts[0][1])
    assert int.from_bytes(dict(elements(seek))[0x53AC], "big") == cues_offset - segment_at
    assert struct.unpack(">d", dict(elements(parts[1][1]))[0x4489]) == (12500.0,)
    places = [int.from_bytes(dict(elements(dict(elements(cue))[0xB7]))[0xF1], "big") for _, cue in elements(parts[-1][1])]
    assert places == [offset - segment_at for _, offset in points]
    assert all(low < high for low, high in pairwise(places))
