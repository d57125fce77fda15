"""Readers of a batch, which other processes and other computers put together too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.app.build.faces import (
    build_detector,
    choose_threshold,
    network_cache,
    new_labels,
    new_tracker,
    shipped_pair,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.batch.reading import BatchReaders
    from realtime.classifier.contract import Contract
    from realtime.classifier.runtime import Classifier
    from realtime.config.schema import FaceSettings, NetworkSettings, Settings, TrackingSettings
    from realtime.domain import Threshold
    from realtime.faces.pipeline import FaceReader, FrameReader

    Notify = Callable[[str], None]


def load_batch_readers(
    network: NetworkSettings, faces: FaceSettings, tracking: TrackingSettings, notify: Notify, *, num_threads: int = 1
) -> BatchReaders:
    """Load what reads the files of a batch; the sections of the settings can be pickled, so that another process calls this.

    Args:
        network: section of the settings.
        faces: likewise.
        tracking: likewise.
        notify: says a sentence that is neither data nor an error.
        num_threads: processor cores for the network.

    Raises:
        AssetError: a cascade or the network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime.classifier.contract import contract_path
    from realtime.classifier.loading import load_classifier

    shipped = shipped_pair()
    pair = network.pair or shipped
    classifier, terms = load_classifier(
        pair,
        shipped=contract_path(shipped),
        cache_dir=network_cache(),
        notify=notify,
        num_threads=num_threads,
    )
    return _batch_readers(faces, tracking, classifier, terms)


def open_batch_readers(
    side_ratio: float,
    unsure_below: Threshold | None,
    faces: FaceSettings,
    tracking: TrackingSettings,
    model: bytes,
    notify: Notify,
) -> BatchReaders:
    """The same with a network that another computer has sent.

    Args:
        side_ratio: of the network's contract.
        unsure_below: likewise.
        faces: section of the settings.
        tracking: likewise.
        model: the compiled network, which `read_network` has checked.
        notify: says a sentence that is neither data nor an error.

    Raises:
        AssetError: a cascade or the network cannot be used.
    """
    from realtime.classifier.contract import Contract, digest_of
    from realtime.classifier.runtime import open_classifier

    terms = Contract("", digest_of(model), side_ratio, unsure_below=unsure_below)
    return _batch_readers(faces, tracking, open_classifier(model, notify=notify), terms)


def read_network(settings: Settings, notify: Notify) -> tuple[bytes, Contract]:
    """The compiled network of the settings, checked, and its contract.

    Raises:
        AssetError: the network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime.classifier.contract import contract_path
    from realtime.classifier.loading import load_compiled

    shipped = shipped_pair()
    return load_compiled(
        settings.network.pair or shipped, shipped=contract_path(shipped), cache_dir=network_cache(), notify=notify
    )


def network_name(terms: Contract) -> str:
    """What tells one network from another: the SHA-256 of its compiled form, and on which terms it is used."""
    return f"{terms.compiled_digest} {terms.side_ratio:g} {terms.unsure_below}"


def _batch_readers(faces: FaceSettings, tracking: TrackingSettings, classifier: Classifier, terms: Contract) -> BatchReaders:
    from dataclasses import replace

    from realtime.batch.reading import BatchReaders
    from realtime.faces.pipeline import FaceReader, FrameReader

    pictures = FaceReader(build_detector(faces, faces.image), classifier, terms.side_ratio, choose_threshold(faces, terms))

    def frames_with(wrap: Callable[[FaceReader], FaceReader]) -> FrameReader:
        live = wrap(replace(pictures, detector=build_detector(faces, faces.live)))
        labels = new_labels(tracking, pictures.unsure_below)
        return FrameReader(live, new_tracker(tracking), labels, hold_s=tracking.hold_s, empty_scan_s=0.0)

    return BatchReaders(pictures, frames_with, network_name(terms))
