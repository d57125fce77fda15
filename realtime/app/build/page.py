"""The parts of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.app.build.faces import build_detector, build_face_reader, build_labels, build_tracker
from realtime.app.build.session import SEEDS, build_feedback, build_playlists, build_session, read_movie_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.config.schema import Settings
    from realtime.faces.pipeline import FaceReader, FrameReader
    from realtime.page.routes import PageParts
    from realtime.session.state import Session

    Notify = Callable[[str], None]


def build_page(settings: Settings, notify: Notify, *, in_network: bool) -> PageParts:
    """Build the parts of the page; detector and network are loaded when a tab needs them.

    Args:
        settings: in force.
        notify: says a sentence that is neither data nor an error.
        in_network: whether other computers may open the page.
    """
    import secrets
    from dataclasses import replace

    from realtime.faces.pipeline import EMPTY_SCAN_S, FrameReader
    from realtime.facts import read_facts
    from realtime.movies.tmdb import TmdbFilters
    from realtime.music.controller import SpotifyAccount
    from realtime.page.analysis import Analysis, PageReaders, UnsharedClassifier
    from realtime.page.offers import Shelf
    from realtime.page.routes import NO_THUMBS_IN_NETWORK, PageParts
    from realtime.page.spotify import SpotifyRemote
    from realtime.session.recommendations import Recommender

    music, chosen = build_playlists(settings, notify), settings.movies
    # Others in the network neither change the thumbs of the owner nor learn them from what is offered
    book = None if in_network else build_feedback(settings, notify)
    movies, facts = read_movie_list(settings, notify), read_facts()
    tmdb = TmdbFilters(chosen.language, chosen.region, chosen.min_votes, chosen.min_rating) if chosen.online else None

    def load() -> PageReaders:
        pictures = build_face_reader(settings, settings.faces.image, notify)
        pictures = replace(pictures, classifier=UnsharedClassifier(pictures.classifier))
        frames = replace(pictures, detector=build_detector(settings.faces, settings.faces.live))
        return PageReaders(pictures, frames, new_frame_reader)

    def new_frame_reader(faces: FaceReader) -> FrameReader:
        labels, hold_s = build_labels(settings, faces.unsure_below), settings.tracking.hold_s
        return FrameReader(faces, build_tracker(settings), labels, hold_s=hold_s, empty_scan_s=EMPTY_SCAN_S, saves=True)

    def new_session() -> Session:
        recommender = Recommender(movies, chosen.link, facts, secrets.randbelow(SEEDS), book)
        mirrored = settings.camera.mirror
        return build_session(settings, music, recommender, mirrored=mirrored, counts=book, dj_opens_links=False)

    account = SpotifyAccount(settings.music.spotify_device)
    lacks = list[str]()
    if in_network and account.is_logged_in:
        lacks.append("with --lan, the page has no buttons for your Spotify: others in your network could press them")
    if in_network and settings.music.learn:
        lacks.append(NO_THUMBS_IN_NETWORK)
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
        notices=tuple(lacks),
    )
