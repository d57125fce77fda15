"""Build the parts of a command from its settings: the one place where a setting meets a constructor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, overload

import platformdirs

from realtime import assets
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.cli.context import Context
    from realtime.contract import Contract
    from realtime.pipeline import Detector, FaceReader
    from realtime.playlists import Playlists
    from realtime.settings import Faces, Search, Settings

log = logging.getLogger(__name__)

CORES = 2
"""Processor cores for the network: half the time for the same work, and old laptops have two."""


def detector(faces: Faces, search: Search) -> Detector:
    """The detector of a search.

    Raises:
        AssetError: a cascade, or YuNet's file, cannot be used.
    """
    if faces.detector == "yunet" and faces.yunet_model:
        from realtime.yunet import YuNetDetector

        log.info("faces are found with %s", faces.yunet_model)
        # It sees faces of half the size that a cascade sees
        return YuNetDetector(faces.yunet_model, search_side=max(search.search_width, search.search_height) // 2)
    from realtime.detector import HaarDetector

    scan, closer, profile = _cascade(search.cascade), _cascade(search.close_cascade), _cascade(search.profile_cascade)
    log.info("faces are found with %s", ", ".join(str(path) for path in (scan, closer, profile) if path))
    return HaarDetector(
        scan,
        search_size=(search.search_width, search.search_height),
        scale_factor=search.scale_factor,
        min_neighbors=search.min_neighbors,
        min_face=search.min_face,
        closer=closer,
        profile=profile,
    )


@overload
def _cascade(name: Path) -> Path: ...
@overload
def _cascade(name: Path | None) -> Path | None: ...
def _cascade(name: Path | None) -> Path | None:
    return name if name is None or name.is_absolute() else assets.cascades() / name


def face_reader(settings: Settings, search: Search, context: Context) -> FaceReader:
    """Detector and network, ready to read pictures.

    Raises:
        AssetError: cascade or network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime import contract
    from realtime.pipeline import FaceReader

    finder = detector(settings.faces, search)
    shipped = shipped_pair()
    pair = settings.network.pair or shipped
    log.info("expressions are read by %s", pair)
    classifier, terms = contract.load(
        pair,
        shipped=contract.contract_path(shipped),
        cache_dir=platformdirs.user_cache_path("emodj"),
        notify=context.remark,
        num_threads=CORES,
    )
    return FaceReader(finder, classifier, terms.side_ratio, threshold(settings, terms))


def unsure_below(settings: Settings, pair: Path) -> float:
    """The threshold that a network is used with: that of the settings, else of its contract, else the common one.

    Raises:
        AssetError: the contract beside the pair, or the pair, cannot be read.
    """
    from realtime import contract

    return threshold(settings, contract.own(pair))


def threshold(settings: Settings, terms: Contract | None) -> float:
    """The same for a network whose contract is at hand, None if it has none."""
    from realtime.contract import UNSURE_BELOW

    for chosen in (settings.faces.unsure_below, terms and terms.unsure_below):
        if chosen is not None:
            return chosen
    return UNSURE_BELOW


def playlists(settings: Settings, context: Context) -> Playlists:
    """All music of the settings; a person's own songs come before the lists of each mood that they fit.

    A library that cannot be read is no reason to do without the rest, so that is a remark.
    """
    library = settings.music.library
    if library is None:
        return settings.playlists
    from realtime.music.library import moods_in

    try:
        return settings.playlists.preferring(library, moods_in(library))
    except EmodjError as error:
        context.remark(f"music.library: {error}")
        return settings.playlists


def shipped_pair() -> Path:
    """The network that comes with emodj."""
    return assets.models() / "emotiondetector.json"
