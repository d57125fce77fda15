"""Put the parts of emodj together from its settings: the one place that knows both.

`run.py` and `live.py` start the threads of a session that is put together here.
"""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, overload

from realtime.domain import Threshold
from realtime.errors import EmodjError, UsageError
from realtime.printable import quoted
from realtime.storage import resources
from realtime.storage.user_folders import NoHomeError, cache_folder, networks_folder, state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from realtime.app.display import Display
    from realtime.app.outputs import LiveOutputs
    from realtime.app.run import LiveRequest, LiveRun
    from realtime.batch.reading import BatchReaders
    from realtime.classifier.contract import Contract
    from realtime.classifier.runtime import Classifier
    from realtime.config.schema import FaceSettings, NetworkSettings, SearchSettings, Settings, TrackingSettings
    from realtime.faces.calibration import Calibration
    from realtime.faces.explainer import FaceExplainer
    from realtime.faces.labels import LabelHysteresis
    from realtime.faces.pipeline import Detector, FaceReader, FrameReader
    from realtime.faces.tracker import Tracker
    from realtime.mood.vote import MoodVote
    from realtime.movies.catalog import Movie
    from realtime.music.catalog import MusicChoice, Playlists
    from realtime.music.controller import MusicController
    from realtime.music.feedback import FeedbackCounts
    from realtime.music.feedback_book import FeedbackBook
    from realtime.page.routes import PageParts
    from realtime.session.recommendations import Recommender
    from realtime.session.state import Session
    from realtime.sources.select import SourceSpec

    Notify = Callable[[str], None]

log = logging.getLogger(__name__)

CORES = 2
"""Processor cores for the network: half the time for the same work, and old laptops have two."""


SEEDS = 2**32
"""Number of seeds that are drawn from by lot."""


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


def build_face_reader(settings: Settings, search: SearchSettings, notify: Notify) -> FaceReader:
    """Build detector and network, ready to read pictures.

    Raises:
        AssetError: cascade or network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime.faces.pipeline import FaceReader

    detector = build_detector(settings.faces, search)
    classifier, terms = _load_network(settings, notify, CORES)
    limit, digest, neutral = threshold(settings, terms), terms.compiled_digest, terms.neutral
    return FaceReader(detector, classifier, terms.side_ratio, limit, network=digest, neutral=neutral)


def build_face_explainer(settings: Settings) -> FaceExplainer:
    """Load the network once more, for a thread that explains labels; errors as of `build_face_reader`.

    What there is to remark about the network was said when it was loaded to read faces.
    """
    from realtime.faces.explainer import FaceExplainer

    # The other core is for the session
    classifier, terms = _load_network(settings, log.info, 1)
    return FaceExplainer(classifier, terms.side_ratio)


def _load_network(settings: Settings, notify: Notify, num_threads: int) -> tuple[Classifier, Contract]:
    from realtime.classifier import contract

    shipped = shipped_pair()
    pair = settings.network.pair or shipped
    log.info("expressions are read by %s", pair)
    return contract.load_classifier(
        pair,
        shipped=contract.contract_path(shipped),
        cache_dir=_network_cache(),
        notify=notify,
        num_threads=num_threads,
    )


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
    from realtime.classifier import contract

    shipped = shipped_pair()
    pair = network.pair or shipped
    classifier, terms = contract.load_classifier(
        pair,
        shipped=contract.contract_path(shipped),
        cache_dir=_network_cache(),
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
    from realtime.classifier import contract

    shipped = shipped_pair()
    return contract.load_compiled(
        settings.network.pair or shipped, shipped=contract.contract_path(shipped), cache_dir=_network_cache(), notify=notify
    )


def network_name(terms: Contract) -> str:
    """What tells one network from another: the SHA-256 of its compiled form, and on which terms it is used."""
    return f"{terms.compiled_digest} {terms.side_ratio:g} {terms.unsure_below}"


def _batch_readers(faces: FaceSettings, tracking: TrackingSettings, classifier: Classifier, terms: Contract) -> BatchReaders:
    from dataclasses import replace

    from realtime.batch.reading import BatchReaders
    from realtime.faces.pipeline import FaceReader, FrameReader

    pictures = FaceReader(build_detector(faces, faces.image), classifier, terms.side_ratio, _threshold(faces, terms))

    def frames_with(wrap: Callable[[FaceReader], FaceReader]) -> FrameReader:
        live = wrap(replace(pictures, detector=build_detector(faces, faces.live)))
        labels = _build_labels(tracking, pictures.unsure_below)
        return FrameReader(live, _build_tracker(tracking), labels, hold_s=tracking.hold_s, empty_scan_s=0.0)

    return BatchReaders(pictures, frames_with, network_name(terms))


def _network_cache() -> Path:
    """The folder for compiled networks; without a home one that cannot be made, which is said when a network is compiled."""
    try:
        return cache_folder()
    except NoHomeError:
        return Path(os.devnull) / "no-home"


def unsure_below(settings: Settings, pair: Path) -> Threshold:
    """The confidence threshold of a network: from the settings, else from its contract, else `UNSURE_BELOW`.

    Raises:
        AssetError: the contract beside the pair, or the pair, cannot be read.
    """
    from realtime.classifier import contract

    return threshold(settings, contract.matching_contract(pair))


def threshold(settings: Settings, terms: Contract | None) -> Threshold:
    """The same for a network whose contract is loaded; `terms` is None for a network without one."""
    return _threshold(settings.faces, terms)


def _threshold(faces: FaceSettings, terms: Contract | None) -> Threshold:
    from realtime.classifier.contract import UNSURE_BELOW

    if faces.unsure_below is not None:
        return Threshold(faces.unsure_below)
    return (terms and terms.unsure_below) or Threshold(UNSURE_BELOW)


def build_vote(settings: Settings) -> MoodVote:
    """Build the vote of a session."""
    from realtime.mood.vote import MoodVote

    return MoodVote(window_s=settings.mood.window_s, lead=settings.mood.lead, dwell_s=settings.mood.dwell_s)


def build_frame_reader(settings: Settings, notify: Notify, *, empty_scan_s: float = 0.0) -> FrameReader:
    """Build the reader of a session's frames.

    Args:
        settings: in force.
        notify: says a sentence that is neither data nor an error.
        empty_scan_s: seconds between two scans while no face is known; 0 scans every frame.

    Raises:
        AssetError: a cascade or the network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime.faces.pipeline import FrameReader

    faces, hold_s = build_face_reader(settings, settings.faces.live, notify), settings.tracking.hold_s
    called = build_labels(settings, faces.unsure_below)
    return FrameReader(faces, build_tracker(settings), called, hold_s=hold_s, empty_scan_s=empty_scan_s)


def kept_faces_folder() -> Path:
    """The folder of kept faces at rest, which need not exist. Raises `NoHomeError` for a user without a home."""
    return state_folder() / "faces"


def check_face(name: str) -> None:
    """Check that a face at rest of that name is kept. Raises `UsageError` if there is none, or it is no name."""
    from realtime.faces.kept_face import face_path

    if not face_path(kept_faces_folder(), name).exists():
        raise UsageError(f"no face at rest is kept as {quoted(name)}: emodj calibrate --name {quoted(name)} measures one")


def with_kept_face(faces: FaceReader, name: str, notify: Notify) -> FaceReader:
    """The same reader, which corrects the only face of a picture by a kept face at rest; as it is where that does not apply."""
    from dataclasses import replace

    return replace(faces, calibration=load_calibration(name, faces.network, notify))


def load_calibration(name: str, network: str, notify: Notify) -> Calibration | None:
    """Load a kept face at rest, at half strength, since it is of another day; `notify` says that, or why it is not used.

    Args:
        name: under which it is kept.
        network: SHA-256 of the compiled network.
        notify: says a sentence that is neither data nor an error.

    Raises:
        UsageError: there is no such face, or it is no name.
        EmodjError: its file cannot be read.
    """
    from realtime.faces.calibration import KEPT_STRENGTH
    from realtime.faces.kept_face import DamagedFaceError, read_face

    check_face(name)
    try:
        face = read_face(kept_faces_folder(), name)
    except DamagedFaceError as error:
        notify(str(error))
        return None
    if face is None:
        return None
    shown = f"the face at rest {quoted(name)} of {face.day}"
    if face.network != network:
        notify(f"{shown} was measured with another network, and is not used: measure it anew with emodj calibrate")
        return None
    notify(f"calibrated with {shown}, at half strength, while one face is in view")
    return face.calibration.scaled(KEPT_STRENGTH)


def connect_face_at_rest(
    session: Session, reader: FrameReader, settings: Settings, notify: Notify, face: str | None = None
) -> None:
    """Let a session measure faces at rest with the network of a reader, and use a kept one.

    Args:
        session: gets the correction; its loop hands it to the reader.
        reader: of its frames.
        settings: in force; that a face which they name is not kept is only said.
        notify: says a sentence that is neither data nor an error.
        face: name of a kept face; None for that of the settings.

    Raises:
        UsageError: there is no face of the name `face`.
        EmodjError: its file cannot be read.
    """
    session.rest.use_network(reader.neutral)
    name = face if face is not None else settings.faces.calibration
    if face is None and not name:
        return
    try:
        session.rest.use(load_calibration(name, reader.network, notify))
    except UsageError as error:
        if face is not None:
            raise
        notify(f"faces.calibration: {error}")


def build_tracker(settings: Settings) -> Tracker:
    """Build the tracker of a session."""
    return _build_tracker(settings.tracking)


def _build_tracker(tracking: TrackingSettings) -> Tracker:
    from realtime.faces.tracker import Tracker

    return Tracker(
        match_overlap=tracking.match_overlap,
        forget_after_s=tracking.forget_after_s,
        smoothing_s=tracking.smoothing_s,
        confirm_s=tracking.confirm_s,
    )


def build_labels(settings: Settings, unsure_below: Threshold) -> LabelHysteresis:
    """Build the label hysteresis of a session with the threshold of its network."""
    return _build_labels(settings.tracking, unsure_below)


def _build_labels(tracking: TrackingSettings, unsure_below: Threshold) -> LabelHysteresis:
    from realtime.faces.labels import LabelHysteresis

    slack, lead, dwell_s = tracking.unsure_slack, tracking.label_lead, tracking.label_dwell_s
    return LabelHysteresis(unsure_below=unsure_below, slack=slack, lead=lead, dwell_s=dwell_s)


def build_playlists(settings: Settings, notify: Notify) -> Playlists:
    """Collect the music of the settings; songs of the library come before the lists of each mood that they fit.

    A library that cannot be read is reported through `notify`; the other music stays.
    """
    library = settings.music.library
    if library is None:
        return settings.playlists
    from realtime.music.local.library import moods_with_songs

    try:
        return settings.playlists.with_library(library, moods_with_songs(library))
    except EmodjError as error:
        notify(f"music.library: {error}")
        return settings.playlists


def build_feedback(settings: Settings, notify: Notify) -> FeedbackBook | None:
    """Read the thumbs of the person; None if the settings turn them off.

    A file that cannot be read is reported through `notify`; thumbs are counted anew then.
    """
    if not settings.music.learn:
        return None
    from realtime.music.feedback_book import FeedbackBook
    from realtime.music.feedback_file import FeedbackFile

    file, feedback, notice = FeedbackFile(), None, None
    try:
        feedback, notice = file.read()
    except EmodjError as error:
        notice = str(error)
    if notice is not None:
        notify(notice)
    return FeedbackBook(file, feedback)


def build_recommender(settings: Settings, notify: Notify, seed: int, counts: FeedbackCounts | None = None) -> Recommender:
    """Build what draws movies and facts, from the list of movies of the settings and the facts that come with emodj.

    A list that cannot be read is reported through `notify`; the list that comes with emodj takes its place.

    Args:
        settings: in force.
        notify: says a sentence that is neither data nor an error.
        seed: 0 or more.
        counts: thumbs of the person; None draws without.

    Raises:
        AssetError: a list that comes with emodj is missing.
    """
    from realtime.facts import read_facts
    from realtime.session.recommendations import Recommender

    return Recommender(_read_movies(settings, notify), settings.movies.link, read_facts(), seed, counts)


def _read_movies(settings: Settings, notify: Notify) -> Sequence[Movie]:
    from realtime.movies.movie_list import read_movies

    own, found = settings.movies.list, None
    try:
        found = None if own is None else read_movies(own)
    except EmodjError as error:
        notify(f"movies.list: {error}; the list that comes with emodj is used")
    found = found or read_movies(resources.shipped_movies())
    for sentence in found.notices:
        notify(sentence)
    return found.movies


def shipped_pair() -> Path:
    """Path of the network that comes with emodj."""
    return resources.models_folder() / "emotiondetector.json"


def shipped_settings() -> Settings:
    """The settings that emodj comes with, without any file of a person."""
    from realtime.config.files import load_settings

    return load_settings([resources.shipped_config()])


def build_source(
    settings: Settings, source: str | None, stack: ExitStack, *, in_order: bool, notify: Notify = log.info
) -> SourceSpec:
    """Select the source that `source` names, a path or a URL; None selects the camera of the settings.

    On macOS this waits for the person who is asked whether emodj may use the camera; so call it in the main thread.

    Args:
        settings: in force.
        source: a path, a URL or None.
        stack: closes what is opened here.
        in_order: a recording on a server is read frame by frame, and so is opened at once.
        notify: says a sentence that is neither data nor an error.

    Raises:
        UsageError: a file that does not exist.
        SourceError: a file that is no video, or a stream that cannot be opened.
    """
    from realtime.sources.camera_permission import request_camera_permission
    from realtime.sources.select import CameraRequest, select_source

    camera = settings.camera
    request = CameraRequest(camera.device, camera.width, camera.height, camera.fps)
    selected = select_source(source, request, stack, in_order=in_order)
    if selected.cameras is not None:
        request_camera_permission(notify)
    return selected


def build_session(
    settings: Settings,
    music: Playlists,
    recommender: Recommender | None,
    *,
    mirrored: bool,
    welcome: str | None = None,
    counts: FeedbackCounts | None = None,
) -> Session:
    """Build the state of a session.

    Args:
        settings: in force.
        music: to choose from.
        recommender: draws movies and facts; None recommends none.
        mirrored: whether the picture is shown as in a mirror at the start.
        welcome: the sentence that the screen shows at the start; None for the usual one.
        counts: thumbs of the person; None without thumbs.
    """
    from realtime.music.dj import DjRules
    from realtime.session.state import WELCOME, Session

    chosen = settings.music
    return Session(
        build_vote(settings),
        music,
        strategy=settings.music.strategy,
        mirrored=mirrored,
        bars=settings.window.bars,
        info=settings.window.info,
        welcome=welcome or WELCOME,
        recommender=recommender,
        counts=counts,
        dj=DjRules(chosen.dj_begin_s, chosen.dj_hold_s, chosen.dj_decent_s, chosen.dj_away_s),
        dj_on=chosen.dj,
    )


def build_film_parts(settings: Settings, notify: Notify) -> tuple[FrameReader, Session]:
    """Build what reads every frame of a film, without music and movies.

    Raises:
        AssetError: a cascade or the network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    session = build_session(settings, settings.playlists, None, mirrored=False)
    return build_frame_reader(settings, notify), session


def build_music(
    settings: Settings, announce: Callable[[MusicChoice, str], None], book: FeedbackBook | None = None
) -> MusicController:
    """Build the music player of a session.

    Args:
        settings: in force.
        announce: gets each link, and why it fits, before it is opened.
        book: thumbs of the person; None without thumbs.
    """
    from realtime.music.controller import MusicController

    def prepare(title: str) -> None:
        from realtime.overlay.text import preload_fonts

        preload_fonts(title)

    music = settings.music
    return MusicController(
        announce,
        prepare,
        library=music.library,
        volume=music.volume,
        shuffle=music.shuffle,
        spotify_device=music.spotify_device,
        book=book,
    )


def build_page(settings: Settings, notify: Notify, *, in_network: bool) -> PageParts:
    """Build the parts of the page; detector and network are loaded when a tab needs them.

    Args:
        settings: in force.
        notify: says a sentence that is neither data nor an error.
        in_network: whether other computers may open the page.
    """
    from dataclasses import replace

    from realtime.faces.pipeline import EMPTY_SCAN_S, FrameReader
    from realtime.facts import read_facts
    from realtime.movies.tmdb import TmdbFilters
    from realtime.music.controller import SpotifyAccount
    from realtime.page.analysis import Analysis, PageReaders, UnsharedClassifier
    from realtime.page.offers import Shelf
    from realtime.page.routes import PageParts
    from realtime.page.spotify import SpotifyRemote
    from realtime.session.recommendations import Recommender

    music, chosen = build_playlists(settings, notify), settings.movies
    book = build_feedback(settings, notify)
    movies, facts = _read_movies(settings, notify), read_facts()
    tmdb = TmdbFilters(chosen.language, chosen.region, chosen.min_votes, chosen.min_rating) if chosen.online else None

    def load() -> PageReaders:
        pictures = build_face_reader(settings, settings.faces.image, notify)
        pictures = replace(pictures, classifier=UnsharedClassifier(pictures.classifier))
        frames = replace(pictures, detector=build_detector(settings.faces, settings.faces.live))
        return PageReaders(pictures, frames, new_frame_reader)

    def new_frame_reader(faces: FaceReader) -> FrameReader:
        labels, hold_s = build_labels(settings, faces.unsure_below), settings.tracking.hold_s
        return FrameReader(faces, build_tracker(settings), labels, hold_s=hold_s, empty_scan_s=EMPTY_SCAN_S)

    def new_session() -> Session:
        recommender = Recommender(movies, chosen.link, facts, secrets.randbelow(SEEDS), book)
        return build_session(settings, music, recommender, mirrored=settings.camera.mirror, counts=book)

    account = SpotifyAccount(settings.music.spotify_device)
    no_spotify = "with --lan, the page has no buttons for your Spotify: others in your network could press them"
    return PageParts(
        analysis=Analysis(load),
        new_session=new_session,
        shelf=Shelf(music, settings.music.library, movies, chosen.link, facts, tmdb),
        volume=settings.music.volume,
        shuffle=settings.music.shuffle,
        mirrored=settings.camera.mirror,
        in_network=in_network,
        book=book,
        spotify=None if in_network else SpotifyRemote(account, music),
        notices=(no_spotify,) if in_network and account.is_logged_in else (),
    )


def build_window() -> Display:
    """Build the window of a session; it opens at the first frame. Call `app.window.check_display` before."""
    from realtime.app.window import Window, WindowDisplay
    from realtime.app.window_state import WindowState

    return WindowDisplay(Window("emodj"), WindowState("emodj"))


def build_live(
    settings: Settings,
    source: SourceSpec,
    request: LiveRequest,
    stack: ExitStack,
    *,
    display: Display | None,
    notify: Notify,
    announce: Callable[[MusicChoice, str], None],
) -> LiveRun:
    """Build a live session with all its parts.

    Args:
        settings: in force.
        source: where its frames come from.
        request: options of the session.
        stack: closes what is opened here.
        display: shows the session and returns keys: `build_window()`, or another one. None: it runs without.
        notify: says a sentence that is neither data nor an error.
        announce: gets each link, and why it fits, before it is opened.

    Raises:
        AssetError: a cascade or the network cannot be used.
        UsageError: the film or the log exists already, or has no place.
        EmodjError: the disk refuses; or a network without a compiled form, and no TensorFlow to compile it.
    """
    from functools import partial

    from realtime.app.explanations import ExplanationThread
    from realtime.app.run import LiveRun
    from realtime.faces.pipeline import EMPTY_SCAN_S

    written = [file.name for file in (request.record, request.log, request.summary) if file is not None]
    written += ["your diary"] if request.diary else []
    playlists = build_playlists(settings, notify)
    if settings.music.dj and not playlists.all():
        notify("the DJ is on, and your settings name no music to play: see playlists and music.library in config.toml")
    welcome = f"analysed on this computer, written to {' and '.join(written)}" if written else None
    has_display = display is not None
    seed = request.seed
    if seed is None:
        seed = 0 if source.file is not None and not has_display else secrets.randbelow(SEEDS)
    book = build_feedback(settings, notify)
    session = build_session(
        settings,
        playlists,
        build_recommender(settings, notify, seed, book),
        mirrored=request.mirrored,
        welcome=welcome,
        counts=book,
    )
    # A file that is read as fast as it goes misses no face
    skips = has_display or source.file is None
    if request.face is not None:
        check_face(request.face)
    reader = build_frame_reader(settings, notify, empty_scan_s=EMPTY_SCAN_S if skips else 0.0)
    connect_face_at_rest(session, reader, settings, notify, request.face)
    outputs = _build_outputs(
        settings, source, request, session, stack, book, has_display=has_display, notify=notify, announce=announce
    )
    blank = None if source.file else (settings.camera.width, settings.camera.height)
    explanations = ExplanationThread(partial(build_face_explainer, settings)) if has_display else None
    return LiveRun(session, reader, source, display, outputs, request, blank, notify, explanations)


def _build_outputs(
    settings: Settings,
    source: SourceSpec,
    request: LiveRequest,
    session: Session,
    stack: ExitStack,
    book: FeedbackBook | None,
    *,
    has_display: bool,
    notify: Notify,
    announce: Callable[[MusicChoice, str], None],
) -> LiveOutputs:
    from realtime.app.outputs import LiveOutputs
    from realtime.app.worker import Worker

    music = build_music(settings, announce, book)
    stack.callback(music.stop_accepting)
    recorder = film = log = None
    if request.record is not None:
        from realtime.storage.recorder import Film, Recorder

        if source.file is not None and not has_display:
            film = stack.enter_context(Film(request.record, fps=source.file.rate))
        else:
            recorder = stack.enter_context(Recorder(request.record, fps=settings.camera.fps))
        session.set_recording(on=True)
    switcher = None if source.cameras is None else stack.enter_context(Worker("cameras", source.cameras.next))
    if request.log is not None:
        from realtime.storage.jsonl_log import JsonlLog

        # Closed in the thread that writes it: a disk that never answers would hold up the end of the process
        log = JsonlLog(request.log)
    return stack.enter_context(
        LiveOutputs(
            session,
            music,
            switcher,
            stdout=request.stdout,
            recorder=recorder,
            film=film,
            log=log,
            notify=notify,
            waits=not has_display,
        )
    )
