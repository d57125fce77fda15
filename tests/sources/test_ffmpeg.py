from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.sources.ffmpeg import FILE_OPTIONS, HTTP_OPTIONS, RTSP_OPTIONS, VARIABLE, merge_options, open_capture
from tests.support.films import write_film

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def film(tmp_path: Path) -> str:
    return str(write_film(tmp_path / "film.mkv", [np.full((48, 64, 3), 80, np.uint8)], [0]))


@pytest.mark.parametrize(
    ("personal", "merged"),
    [
        ("", "format_whitelist;mov|probesize;1"),
        ("rtsp_transport;udp", "format_whitelist;mov|probesize;1|rtsp_transport;udp"),
        ("probesize;9|fflags;nobuffer", "format_whitelist;mov|probesize;9|fflags;nobuffer"),
        # A person who names a format may name any
        ("input_format;lavfi", "probesize;1|input_format;lavfi"),
    ],
)
def test_the_options_of_a_person_win(personal: str, merged: str) -> None:
    assert merge_options({"format_whitelist": "mov", "probesize": "1"}, personal) == merged


def test_rtsp_comes_over_tcp_alone_unless_a_person_wants_another_transport() -> None:
    ours = dict(pair.split(";") for pair in merge_options(RTSP_OPTIONS, "").split("|"))
    assert (ours["rtsp_transport"], ours["protocol_whitelist"]) == ("tcp", "tcp,tls")
    theirs = dict(pair.split(";") for pair in merge_options(RTSP_OPTIONS, "rtsp_transport;udp").split("|"))
    assert (theirs["rtsp_transport"], theirs["protocol_whitelist"]) == ("udp", "rtp,srtp,tcp,tls,udp")


@pytest.mark.parametrize("personal", [None, "probesize;5000000"])
def test_the_variable_of_the_process_stays_as_it_is(personal: str | None, film: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if personal is not None:
        monkeypatch.setenv(VARIABLE, personal)
    assert open_capture(film, FILE_OPTIONS).isOpened()
    assert os.environ.get(VARIABLE) == personal


def test_formats_and_protocols_are_those_of_the_options(film: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not open_capture(film, {**FILE_OPTIONS, "format_whitelist": "mov"}).isOpened()
    assert not open_capture(film, {**FILE_OPTIONS, "protocol_whitelist": "http"}).isOpened()
    monkeypatch.setenv(VARIABLE, "format_whitelist;mov")
    assert not open_capture(film, FILE_OPTIONS).isOpened()


@pytest.mark.posix("OpenCV for Windows has no filters of FFmpeg")
def test_a_person_may_open_a_graph_of_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "input_format;lavfi")
    capture = open_capture("testsrc=size=64x48:rate=10", FILE_OPTIONS)
    assert capture.read()[0]
    capture.release()


def test_no_format_reads_the_addresses_in_another_file() -> None:
    followed = {"hls", "applehttp", "sdp", "concat", "dash", "imf", "lavfi", "webm_dash_manifest", "tee"}
    for options in (FILE_OPTIONS, HTTP_OPTIONS, RTSP_OPTIONS):
        assert not followed & set(options["format_whitelist"].split(","))
    assert "image2" not in HTTP_OPTIONS["format_whitelist"]
    protocols = {protocol for options in (HTTP_OPTIONS, RTSP_OPTIONS) for protocol in options["protocol_whitelist"].split(",")}
    assert not protocols & {"file", "cache", "concat", "crypto", "data", "ftp", "gopher", "hls", "pipe", "subfile"}
