"""A session that is put together for another display; the threshold of a network; the smallest face of a picture."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from realtime.app import power_supply
from realtime.app.build import build_live, build_playlists, build_source, smallest_face, unsure_below
from realtime.app.headless import SessionLimits
from realtime.app.run import LiveRequest
from realtime.classifier.contract import UNSURE_BELOW, Contract, contract_path, pair_digest, write_contract_file
from realtime.config.files import load_settings
from realtime.config.schema import LiveSettings
from realtime.domain import Threshold
from realtime.storage import resources
from tests.support.waiting import until

if TYPE_CHECKING:
    from realtime.config.schema import PowerName, Settings
    from realtime.domain import Image
    from realtime.music.catalog import MusicChoice
    from realtime.session.view import ViewState


@dataclass
class PageDisplay:
    """A display that is no window: it presses "1" once a face is shown, and "q" once the mood is shown as chosen by hand."""

    closed: bool = False
    shapes: set[tuple[int, ...]] = field(default_factory=set)
    view: ViewState | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def show(self, image: Image, view: ViewState) -> Image:
        self.shapes.add(image.shape)
        self.view = view
        return image

    def poll(self, _wait_ms: int) -> str | None:
        if self.view is None or not self.view.faces:
            return None
        return "q" if self.view.mood is not None and self.view.mood.source == "hand" else "1"

    @property
    def hidden(self) -> bool:
        return False

    def toggle_full_screen(self) -> None:
        raise AssertionError("no key asked for it")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A pair with invalid content: only the digest of its bytes is used."""
    path = tmp_path / "net.json"
    path.write_text("{}", encoding="utf-8")
    path.with_suffix(".h5").write_bytes(b"weights")
    return path


def settings(threshold: float | None = None) -> Settings:
    shipped = load_settings([resources.shipped_config()])
    return replace(shipped, faces=replace(shipped.faces, unsure_below=threshold))


def ignore_link(_choice: MusicChoice, _why: str) -> None:
    pass


def test_a_session_runs_on_a_display_that_is_no_window(clip: Path) -> None:
    display, remarks = PageDisplay(), list[str]()
    with ExitStack() as stack:
        chosen = settings()
        source = build_source(chosen, str(clip), stack, in_order=False)
        request = LiveRequest(mirrored=False, wait=False, limits=SessionLimits(), summary=Path("evening.html"), seed=9)
        run = build_live(chosen, source, request, stack, display=display, notify=remarks.append, announce=ignore_link)
        run.run()
        summary = run.session.summary()
    assert display.closed
    assert display.shapes == {(480, 640, 3)}
    assert summary.frames > 0
    assert summary.mood is not None
    assert summary.mood.source == "hand"
    assert summary.seed == 9
    assert run.session.welcome == "analysed on this computer, written to evening.html"
    assert remarks == []


@pytest.mark.parametrize(("power", "saves"), [("full", False), ("saving", True), ("auto", True)])
def test_a_session_saves_power_as_its_settings_say(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, power: PowerName, *, saves: bool
) -> None:
    if power == "auto" and not sys.platform.startswith("linux"):
        pytest.skip("only Linux says it in files")
    battery = tmp_path / "supplies" / "BAT0"
    battery.mkdir(parents=True)
    (battery / "type").write_text("Battery\n")
    (battery / "status").write_text("Discharging\n")
    monkeypatch.setattr(power_supply, "SUPPLIES", tmp_path / "supplies")
    remarks: list[str] = []
    with ExitStack() as stack:
        chosen = replace(settings(), live=LiveSettings(power))
        source = build_source(chosen, str(clip), stack, in_order=False)
        request = LiveRequest(mirrored=False, wait=False, limits=SessionLimits())
        run = build_live(chosen, source, request, stack, display=None, notify=remarks.append, announce=ignore_link)
        assert run.power is not None
        with run.power as watch:
            until(lambda: watch.saving(0.0) == saves)


@pytest.mark.parametrize(
    ("chosen", "own", "threshold"),
    [(None, 0.7, 0.7), (0.2, 0.7, 0.2), (0.0, 0.7, 0.0), (None, 0.0, 0.0), (None, None, UNSURE_BELOW), (0.2, None, 0.2)],
)
def test_the_threshold_of_the_settings_wins_over_that_of_the_network(
    pair: Path, chosen: float | None, own: float | None, threshold: float
) -> None:
    write_contract_file(
        contract_path(pair),
        Contract(pair_digest(pair), pair_digest(pair), unsure_below=None if own is None else Threshold(own)),
    )
    assert unsure_below(settings(chosen), pair) == Threshold(threshold)


def test_a_pair_without_a_contract_has_the_default_threshold(pair: Path) -> None:
    assert unsure_below(settings(), pair) == Threshold(UNSURE_BELOW) == Threshold(0.55)


def test_the_contract_of_another_pair_is_ignored(pair: Path) -> None:
    write_contract_file(contract_path(pair), Contract(pair_digest(pair), pair_digest(pair), unsure_below=Threshold(0.7, 0.9)))
    pair.with_suffix(".h5").write_bytes(b"other weights")
    assert unsure_below(settings(), pair) == Threshold(UNSURE_BELOW)


@pytest.mark.parametrize(
    ("width", "height", "smallest"), [(640, 480, 24), (3000, 2000, 40), (6000, 4000, 45), (4000, 6000, 45), (12000, 9000, 90)]
)
def test_the_smallest_face_of_a_picture_is_known(width: int, height: int, smallest: int, tmp_path: Path) -> None:
    faces = settings().faces
    assert smallest_face(faces, width, height) == smallest
    yunet = replace(faces, detector="yunet", yunet_model=tmp_path / "yunet.onnx")
    assert smallest_face(yunet, 6000, 4000) == 112


def test_a_library_without_songs_is_said_and_the_lists_stay(tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    chosen, notices = settings(), list[str]()
    music = build_playlists(replace(chosen, music=replace(chosen.music, library=tmp_path)), notices.append)
    assert music == chosen.playlists
    (notice,) = notices
    assert f"{tmp_path} has no songs for any mood" in notice
