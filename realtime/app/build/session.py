"""A live session with its music, movies, source and outputs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from realtime.app.build.face_at_rest import check_face, connect_face_at_rest
from realtime.app.build.faces import build_face_explainer, build_frame_reader
from realtime.errors import EmodjError
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from realtime.app.display import Display
    from realtime.app.outputs import LiveOutputs
    from realtime.app.run import LiveRequest, LiveRun
    from realtime.config.schema import Settings
    from realtime.faces.pipeline import FrameReader
    from realtime.mood.vote import MoodVote
    from realtime.movies.catalog import Movie
    from realtime.music.catalog import MusicChoice, Playlists
    from realtime.music.controller import MusicController
    from realtime.music.feedback import FeedbackCounts
    from realtime.music.feedback_book import FeedbackBook
    from realtime.session.recommendations import Recommender
    from realtime.session.state import Session
    from realtime.sources.select import SourceSpec

    Notify = Callable[[str], None]


log = logging.getLogger(__name__)

SEEDS = 2**32
"""Number of seeds that are drawn from by lot."""


def build_vote(settings: Settings) -> MoodVote:
    """Build the vote of a session."""
    from realtime.mood.vote import MoodVote

    return MoodVote(window_s=settings.mood.window_s, lead=settings.mood.lead, dwell_s=settings.mood.dwell_s)


def build_playlists(settings: Settings, notify: Notify) -> Playlists:
    """Collect the music of the settings; songs of the library come before the lists of each mood that they fit.

    A library that cannot be read, or has no songs for any mood, is reported through `notify`; the other music stays.
    """
    library = settings.music.library
    if library is None:
        return settings.playlists
    from realtime.music.local.library import moods_with_songs

    try:
        moods = moods_with_songs(library)
        if not moods:
            notify(f"music.library: {library} has no songs for any mood: name its folders as moods, as angry or happy")
        return settings.playlists.with_library(library, moods)
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

    return Recommender(read_movie_list(settings, notify), settings.movies.link, read_facts(), seed, counts)


def read_movie_list(settings: Settings, notify: Notify) -> Sequence[Movie]:
    """Read the list of movies of the settings; the one that comes with emodj takes the place of one that cannot be read."""
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
    dj_opens_links: bool = True,
) -> Session:
    """Build the state of a session.

    Args:
        settings: in force.
        music: to choose from.
        recommender: draws movies and facts; None recommends none.
        mirrored: whether the picture is shown as in a mirror at the start.
        welcome: the sentence that the screen shows at the start; None for the usual one.
        counts: thumbs of the person; None without thumbs.
        dj_opens_links: whether the player of the DJ opens links; else it plays songs alone.
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
        dj_opens_links=dj_opens_links,
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
    import secrets
    from functools import partial

    from realtime.app.explanations import ExplanationThread
    from realtime.app.power import PowerPolicy, PowerWatch
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
    reader = build_frame_reader(settings, notify, empty_scan_s=EMPTY_SCAN_S if skips else 0.0, saves=skips)
    connect_face_at_rest(session, reader, settings, notify, request.face)
    session.rest.of_film = source.file is not None
    outputs = _build_outputs(
        settings, source, request, session, stack, book, has_display=has_display, notify=notify, announce=announce
    )
    blank = None if source.file else (settings.camera.width, settings.camera.height)
    explanations = ExplanationThread(partial(build_face_explainer, settings)) if has_display else None
    power = PowerWatch(PowerPolicy({"auto": None, "full": False, "saving": True}[settings.live.power]))
    return LiveRun(session, reader, source, display, outputs, request, blank, notify, explanations, power)


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
