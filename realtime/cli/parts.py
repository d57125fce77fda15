"""Build the parts of a command from its settings: the one place where a setting meets a constructor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import platformdirs

from realtime import assets

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.cli.context import Context
    from realtime.detector import HaarDetector
    from realtime.pipeline import FaceReader
    from realtime.settings import Search, Settings

log = logging.getLogger(__name__)


def detector(search: Search) -> HaarDetector:
    """The detector of a search.

    Raises:
        AssetError: its cascade cannot be used.
    """
    from realtime.detector import HaarDetector

    cascade = search.cascade if search.cascade.is_absolute() else assets.cascades() / search.cascade
    log.info("faces are found with %s", cascade)
    return HaarDetector(
        cascade,
        search_size=(search.search_width, search.search_height),
        scale_factor=search.scale_factor,
        min_neighbors=search.min_neighbors,
        min_face=search.min_face,
    )


def face_reader(settings: Settings, search: Search, context: Context) -> FaceReader:
    """Detector and network, ready to read pictures.

    Raises:
        AssetError: cascade or network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime import contract
    from realtime.pipeline import FaceReader

    finder = detector(search)
    shipped = shipped_pair()
    pair = settings.network.pair or shipped
    log.info("expressions are read by %s", pair)
    classifier, terms = contract.load(
        pair,
        shipped=contract.contract_path(shipped),
        cache_dir=platformdirs.user_cache_path("emodj"),
        notify=context.remark,
    )
    return FaceReader(finder, classifier, terms.side_ratio, settings.faces.unsure_below)


def shipped_pair() -> Path:
    """The network that comes with emodj."""
    return assets.models() / "emotiondetector.json"
