from __future__ import annotations

from io import BytesIO

import pytest

from realtime.report.log_reader import LogReader
from realtime.report.utf16 import is_utf16, read_as_utf8
from tests.support.logs import session_lines


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_a_log_in_utf16_says_what_it_says_in_utf8(mark: str) -> None:
    # More than one piece of the buffer, with characters of four bytes that lie across its edges
    text = b"".join(session_lines(90)).decode() + '{"a": "' + "🌞" * 9000 + '"}\n'
    data = ("\ufeff" + text).encode(mark)
    assert is_utf16(data)
    assert not is_utf16(text.encode())
    assert read_as_utf8(BytesIO(data)).read() == text.encode()
    assert [*LogReader(read_as_utf8(BytesIO(data))).observations()] == [*LogReader(BytesIO(text.encode())).observations()]


def test_what_is_no_utf16_costs_its_line_alone() -> None:
    lines = [*session_lines(5)]
    whole = b"\xff\xfe" + b"".join(lines).decode().encode("utf-16-le")
    reader = LogReader(read_as_utf8(BytesIO(whole[:-9])))
    assert sum(1 for _ in reader.observations()) == len(lines) - 1
    assert reader.broken == 1
    damaged = "\ufeff".encode("utf-16-le") + b"\x00\xd8\n\x00" + whole[2:]
    reader = LogReader(read_as_utf8(BytesIO(damaged)))
    assert sum(1 for _ in reader.observations()) == len(lines)
    assert reader.broken == 1
