"""Readers of faces from the settings: detector, network, tracker and labels."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, overload

from realtime.background import BackgroundCall
from realtime.domain import Threshold
from realtime.storage import resources
from realtime.storage.user_folders import NoHomeError, cache_folder, networks_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.classifier.contract import Contract
    from realtime.classifier.runtime import Classifier
    from realtime.config.schema import FaceSettings, SearchSettings, Settings, TrackingSettings
    from realtime.faces.explainer import FaceExplainer
    from realtime.faces.labels import LabelHysteresis
    from realtime.faces.pipeline import Detector, FaceReader, FrameReader
    from realtime.faces.tracker import Tracker

    Notify = Callable[[str], None]


log = logging.getLogger(__name__)

CORES = 2
"""Processor cores for the network: half the time for the same work, and old laptops have two."""


def build_detector(faces: FaceSettings, search: SearchSettings) -> Detector:
    """Build the detector of a search.

    Raises:
        AssetError: a cascade, or YuNet's file, cannot be used.
        UsageError: YuNet's file is in no path of the settings, and the user has no home, where it could be.
    """
    if faces.detector == "yunet":
        from realtime.faces.yunet import YuNetDetector

        model = faces.yunet_model or pulled_yunet()
        log.info("faces are found with %s", model)
        # YuNet finds faces of half the size that a cascade finds
        return YuNetDetector(model, search_side=max(search.search_width, search.search_height) // 2)
    from realtime.faces.haar import FINE_RATIO, HaarDetector

    scan, closer, profile = _cascade(search.cascade), _cascade(search.close_cascade), _cascade(search.profile_cascade)
    log.info("faces are found with %s", ", ".join(str(path) for path in (scan, closer, profile) if path))
    return HaarDetector(
        scan,
        search_size=(search.search_width, search.search_height),
        scale_factor=search.scale_factor,
        min_neighbors=search.min_neighbors,
        min_face=search.min_face,
        close_cascade=closer,
        profile_cascade=profile,
        # A session has no time for it
        fine_ratio=FINE_RATIO if search is faces.image else 1.0,
    )


def smallest_face(faces: FaceSettings, width: int, height: int) -> int:
    """The side of the smallest face that is looked for in a picture of a width and a height; all in pixels."""
    from realtime.faces.haar import FINE_FACE, FINE_RATIO, search_scale

    search = faces.image
    side = search.min_face / search_scale(width, height, (search.search_width, search.search_height))
    if faces.detector == "yunet":
        return round(side)
    return round(min(side, max(side / FINE_RATIO, FINE_FACE)))


def pulled_yunet() -> Path:
    """Where `emodj model pull yunet` puts YuNet's file. Raises `NoHomeError` for a user without a home."""
    from realtime.faces.yunet import FILE_NAME

    return networks_folder() / FILE_NAME


@overload
def _cascade(name: Path) -> Path: ...


@overload
def _cascade(name: Path | None) -> Path | None: ...


def _cascade(name: Path | None) -> Path | None:
    return name if name is None or name.is_absolute() else resources.cascades_folder() / name


def build_face_reader(
    settings: Settings, search: SearchSettings, notify: Notify, detector: Callable[[], Detector] | None = None
) -> FaceReader:
    """Build detector and network, ready to read pictures.

    Args:
        settings: in force.
        search: the section of the settings for the detector.
        notify: says a sentence that is neither data nor an error.
        detector: returns the detector of the search, once the network is loaded; None builds it meanwhile.

    Raises:
        AssetError: cascade or network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime.faces.pipeline import FaceReader

    if detector is None:
        with BackgroundCall("detector", lambda: build_detector(settings.faces, search)) as built:
            return build_face_reader(settings, search, notify, built.result)
    classifier, terms = _load_network(settings, notify, CORES)
    limit, digest, neutral = threshold(settings, terms), terms.compiled_digest, terms.neutral
    return FaceReader(detector(), classifier, terms.side_ratio, limit, network=digest, neutral=neutral)


def build_face_explainer(settings: Settings) -> FaceExplainer:
    """Load the network once more, for a thread that explains labels; errors as of `build_face_reader`.

    What there is to remark about the network was said when it was loaded to read faces.
    """
    from realtime.faces.explainer import FaceExplainer

    # The other core is for the session
    classifier, terms = _load_network(settings, log.info, 1)
    return FaceExplainer(classifier, terms.side_ratio)


def _load_network(settings: Settings, notify: Notify, num_threads: int) -> tuple[Classifier, Contract]:
    from realtime.classifier.contract import contract_path
    from realtime.classifier.loading import load_classifier

    shipped = shipped_pair()
    pair = settings.network.pair or shipped
    log.info("expressions are read by %s", pair)
    return load_classifier(
        pair,
        shipped=contract_path(shipped),
        cache_dir=network_cache(),
        notify=notify,
        num_threads=num_threads,
    )


def network_cache() -> Path:
    """The folder for compiled networks; without a home one that cannot be made, which is said when a network is compiled."""
    try:
        return cache_folder()
    except NoHomeError:
        return Path(os.devnull) / "no-home"


def shipped_pair() -> Path:
    """Path of the network that comes with emodj."""
    return resources.models_folder() / "emotiondetector.json"


def shipped_settings() -> Settings:
    """The settings that emodj comes with, without any file of a person."""
    from realtime.config.files import load_settings

    return load_settings([resources.shipped_config()])


def unsure_below(settings: Settings, pair: Path) -> Threshold:
    """The confidence threshold of a network: from the settings, else from its contract, else `UNSURE_BELOW`.

    Raises:
        AssetError: the contract beside the pair, or the pair, cannot be read.
    """
    from realtime.classifier import contract

    return threshold(settings, contract.matching_contract(pair))


def threshold(settings: Settings, terms: Contract | None) -> Threshold:
    """The same for a network whose contract is loaded; `terms` is None for a network without one."""
    return choose_threshold(settings.faces, terms)


def choose_threshold(faces: FaceSettings, terms: Contract | None) -> Threshold:
    """The same from the section of the settings."""
    from realtime.classifier.contract import UNSURE_BELOW

    if faces.unsure_below is not None:
        return Threshold(faces.unsure_below)
    return (terms and terms.unsure_below) or Threshold(UNSURE_BELOW)


def build_frame_reader(settings: Settings, notify: Notify, *, empty_scan_s: float = 0.0, saves: bool = False) -> FrameReader:
    """Build the reader of a session's frames.

    Args:
        settings: in force.
        notify: says a sentence that is neither data nor an error.
        empty_scan_s: seconds between two scans while no face is known; 0 scans every frame.
        saves: whether what did not change is neither searched nor read again for a moment, as fits a live source.

    Raises:
        AssetError: a cascade or the network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime.faces.pipeline import FrameReader

    faces, hold_s = build_face_reader(settings, settings.faces.live, notify), settings.tracking.hold_s
    called = build_labels(settings, faces.unsure_below)
    tracker = build_tracker(settings)
    return FrameReader(faces, tracker, called, hold_s=hold_s, empty_scan_s=empty_scan_s, saves=saves)


def build_tracker(settings: Settings) -> Tracker:
    """Build the tracker of a session."""
    return new_tracker(settings.tracking)


def new_tracker(tracking: TrackingSettings) -> Tracker:
    """Build a tracker from the section of the settings."""
    from realtime.faces.tracker import Tracker

    return Tracker(
        match_overlap=tracking.match_overlap,
        forget_after_s=tracking.forget_after_s,
        smoothing_s=tracking.smoothing_s,
        confirm_s=tracking.confirm_s,
    )


def build_labels(settings: Settings, unsure_below: Threshold) -> LabelHysteresis:
    """Build the label hysteresis of a session with the threshold of its network."""
    return new_labels(settings.tracking, unsure_below)


def new_labels(tracking: TrackingSettings, unsure_below: Threshold) -> LabelHysteresis:
    """Build a label hysteresis from the section of the settings."""
    from realtime.faces.labels import LabelHysteresis

    slack, lead, dwell_s = tracking.unsure_slack, tracking.label_lead, tracking.label_dwell_s
    return LabelHysteresis(unsure_below=unsure_below, slack=slack, lead=lead, dwell_s=dwell_s)
