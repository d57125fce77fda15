"""Build the parts of a command from its settings: the one place where a setting meets a constructor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, overload

import platformdirs

from realtime.errors import EmodjError
from realtime.storage import resources

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.classifier.contract import Contract
    from realtime.cli.context import Context
    from realtime.config.schema import FaceSettings, SearchSettings, Settings
    from realtime.faces.labels import LabelHysteresis
    from realtime.faces.pipeline import Detector, FaceReader, FrameReader
    from realtime.faces.tracker import Tracker
    from realtime.mood.vote import MoodVote
    from realtime.music.catalog import Playlists


def build_vote(settings: Settings) -> MoodVote:
    """The vote of a session, with its settings."""
    from realtime.mood.vote import MoodVote

    return MoodVote(window_s=settings.mood.window_s, lead=settings.mood.lead, dwell_s=settings.mood.dwell_s)


def build_frame_reader(settings: Settings, context: Context, *, empty_scan_s: float = 0.0) -> FrameReader:
    """What reads the frames of a session, with its settings; of an empty room one in so many seconds.

    Raises:
        AssetError: a cascade or the network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime.app.build import build_face_reader
    from realtime.faces.pipeline import FrameReader

    faces, hold_s = build_face_reader(settings, settings.faces.live, context), settings.tracking.hold_s
    called = build_labels(settings, faces.unsure_below)
    return FrameReader(faces, build_tracker(settings), called, hold_s=hold_s, empty_scan_s=empty_scan_s)


def build_tracker(settings: Settings) -> Tracker:
    """What follows the faces of a session, with its settings."""
    from realtime.faces.tracker import Tracker

    tracking = settings.tracking
    return Tracker(
        match_overlap=tracking.match_overlap,
        forget_after_s=tracking.forget_after_s,
        smoothing_s=tracking.smoothing_s,
        confirm_s=tracking.confirm_s,
    )


def build_labels(settings: Settings, unsure_below: float) -> LabelHysteresis:
    """What holds the labels of a session, with its settings and the threshold of its faces."""
    from realtime.faces.labels import LabelHysteresis

    tracking = settings.tracking
    slack, lead, dwell_s = tracking.unsure_slack, tracking.label_lead, tracking.label_dwell_s
    return LabelHysteresis(unsure_below=unsure_below, slack=slack, lead=lead, dwell_s=dwell_s)


log = logging.getLogger(__name__)
CORES = 2
"""Processor cores for the network: half the time for the same work, and old laptops have two."""


def build_detector(faces: FaceSettings, search: SearchSettings) -> Detector:
    """The detector of a search.

    Raises:
        AssetError: a cascade, or YuNet's file, cannot be used.
    """
    if faces.detector == "yunet" and faces.yunet_model:
        from realtime.faces.yunet import YuNetDetector

        log.info("faces are found with %s", faces.yunet_model)
        # It sees faces of half the size that a cascade sees
        return YuNetDetector(faces.yunet_model, search_side=max(search.search_width, search.search_height) // 2)
    from realtime.faces.haar import HaarDetector

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
    return name if name is None or name.is_absolute() else resources.cascades_folder() / name


def build_face_reader(settings: Settings, search: SearchSettings, context: Context) -> FaceReader:
    """Detector and network, ready to read pictures.

    Raises:
        AssetError: cascade or network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime.classifier import contract
    from realtime.faces.pipeline import FaceReader

    finder = build_detector(settings.faces, search)
    shipped = shipped_pair()
    pair = settings.network.pair or shipped
    log.info("expressions are read by %s", pair)
    classifier, terms = contract.load_classifier(
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
    from realtime.classifier import contract

    return threshold(settings, contract.matching_contract(pair))


def threshold(settings: Settings, terms: Contract | None) -> float:
    """The same for a network whose contract is at hand, None if it has none."""
    from realtime.classifier.contract import UNSURE_BELOW

    for chosen in (settings.faces.unsure_below, terms and terms.unsure_below):
        if chosen is not None:
            return chosen
    return UNSURE_BELOW


def build_playlists(settings: Settings, context: Context) -> Playlists:
    """All music of the settings; a person's own songs come before the lists of each mood that they fit.

    A library that cannot be read is no reason to do without the rest, so that is a remark.
    """
    library = settings.music.library
    if library is None:
        return settings.playlists
    from realtime.music.local.library import moods_with_songs

    try:
        return settings.playlists.preferring(library, moods_with_songs(library))
    except EmodjError as error:
        context.remark(f"music.library: {error}")
        return settings.playlists


def shipped_pair() -> Path:
    """The network that comes with emodj."""
    return resources.models_folder() / "emotiondetector.json"
