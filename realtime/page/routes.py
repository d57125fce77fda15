"""Addresses of the page, and what each answers. The guard has checked host, origin, key and size before.

Everything below `/api/` is asked by POST, answers with JSON, and says in plain text what failed:

    visit     begins a visit of a tab: its name, and the choices that the page shows
    alive     keeps a visit
    end       ends a visit: its tab was closed or loaded anew
    prepare   loads detector and network
    picture   a picture: the document of `emodj image --json`
    why       why a face of a picture has its label: a map to draw over it, and a sentence
    preview   a picture as a small JPEG, for browsers that cannot show its format
    frame     a frame of the camera: a document of `emodj live --jsonl`
    choose    mood by hand, strategy; or that no picture is shown
    rest      measures the face at rest of a tab, uses it, drops it or forgets it
    offers    music, songs, movies and a fact for the mood
    list      opens a list of songs
    song      title and address of a song of a list
    thumb     a thumb on a song, a link or a movie that was offered; or that a song was heard or skipped
    dj        what the tab's player does, once a second; the DJ answers what it shall do
    summary   the session until now: in lines, and as the three files of `emodj live --summary`
    restart   a new session
    spotify   presses a button of Spotify's player, plays a list there, or tells what plays
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError
from realtime.mood.vote import mood_of_pictures
from realtime.music.feedback import THUMBS, Verdict, describe_none_offered, describe_verdict
from realtime.music.planner import Strategy, plan_music
from realtime.music.taste import THUMBS_OFF
from realtime.page.dj import lead_music, read_report
from realtime.page.guard import MAX_BODY_BYTES
from realtime.page.offers import Shelf, offer
from realtime.page.static_files import read_static_files
from realtime.page.summary_lines import line_documents
from realtime.page.visits import MAX_VISITS, FullError, GoneError, Visit, Visits
from realtime.printable import clean_text, one_line
from realtime.session.documents import (
    AnalysedPicture,
    encode_line,
    frame_document,
    kept_summary_document,
    pictures_document,
)
from realtime.session.keymap import Answer
from realtime.session.summary_html import summary_html
from realtime.session.summary_markdown import summary_markdown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from realtime.domain import Mood
    from realtime.music.feedback_book import FeedbackBook
    from realtime.page.analysis import Analysis
    from realtime.page.spotify import SpotifyRemote
    from realtime.session.documents import Document
    from realtime.session.face_at_rest import FaceAtRest
    from realtime.session.state import Session

VISIT_HEADER = "x-emodj-visit"
NAME_HEADER = "x-emodj-name"
STRETCH_HEADER = "x-emodj-stretch"
FACE_HEADER = "x-emodj-face"

NO_THUMBS_IN_NETWORK = "with --lan, the page has no thumbs: those of others in your network would count as yours"

_MOOD_FIELDS = ("mood", "mood_source", "mood_shares", "mixed")
_MAX_NUMBER = 10**6
_MAX_NAME = 1000

STRATEGY_WORDS = {
    Strategy.MATCH: "like the mood",
    Strategy.LIFT: "towards calm and content",
    Strategy.JOURNEY: "from the mood to calm, in up to four steps",
}


@dataclass(frozen=True)
class PageParts:
    """What the page is made of.

    Attributes:
        analysis: reads pictures and frames.
        new_session: makes the session of a visit.
        shelf: music, movies and facts.
        volume: of songs at the start, 0..1.
        shuffle: whether songs come in random order at the start.
        mirrored: whether the camera is shown as in a mirror at the start.
        in_network: whether other computers may open the page.
        spotify: the Spotify player of the user; None where others could steer it.
        notices: sentences about the settings, for each tab.
        book: thumbs; None without thumbs.
    """

    analysis: Analysis
    new_session: Callable[[], Session]
    shelf: Shelf
    volume: float
    shuffle: bool
    mirrored: bool
    in_network: bool
    spotify: SpotifyRemote | None = None
    notices: tuple[str, ...] = ()
    book: FeedbackBook | None = None


class BadRequestError(Exception):
    """A request that our own page does not send; the message says what is wrong."""


def build_app(parts: PageParts, clock: Callable[[], float] = time.monotonic, most_visits: int = MAX_VISITS) -> Starlette:
    """Build the application; it belongs behind the guard.

    Args:
        parts: what it is made of.
        clock: monotonic time, seconds.
        most_visits: number of tabs at the same time.
    """
    page = _Page(parts, clock, most_visits)
    asked = {
        "visit": page.begin_visit,
        "alive": page.keep_visit,
        "end": page.end_visit,
        "prepare": page.prepare,
        "picture": page.read_picture,
        "why": page.explain,
        "preview": page.preview,
        "frame": page.read_frame,
        "choose": page.choose,
        "rest": page.measure_rest,
        "offers": page.offer,
        "list": page.open_list,
        "song": page.name_song,
        "thumb": page.judge,
        "dj": page.lead_music,
        "summary": page.sum_up,
        "restart": page.restart,
        "spotify": page.control_spotify,
    }
    routes = [Route(f"/api/{name}", _answering(answer), methods=["POST"]) for name, answer in asked.items()]
    routes.append(Route("/songs/{name}/{number:int}", _answering(page.send_song), methods=["GET"]))
    for path, file in read_static_files().items():
        routes.append(Route(path, _answering(_sender(file.content, file.media_type)), methods=["GET"]))
    return Starlette(routes=routes, exception_handlers={404: _not_found})


class _Page:
    """The answers of the page, each to one request."""

    def __init__(self, parts: PageParts, clock: Callable[[], float], most_visits: int) -> None:
        self._parts = parts
        self._clock = clock
        self._visits = Visits(parts.new_session, clock, most_visits)
        self._disk = anyio.CapacityLimiter(2)

    async def begin_visit(self, _request: Request) -> Response:
        name, visit = self._visits.begin()
        parts = self._parts
        remote = parts.spotify
        logged_in = remote is not None and await anyio.to_thread.run_sync(lambda: remote.is_logged_in, limiter=self._disk)
        return _json(
            {
                "visit": name,
                "expressions": [each.value for each in EXPRESSIONS],
                "strategies": [{"name": each.value, "words": STRATEGY_WORDS[each]} for each in Strategy],
                "strategy": visit.session.strategy.value,
                "volume": parts.volume,
                "shuffle": parts.shuffle,
                "mirrored": parts.mirrored,
                "in_network": parts.in_network,
                "thumbs": parts.book is not None,
                "dj": visit.session.dj_on,
                "spotify": remote.shown if remote is not None and logged_in else None,
                "largest": MAX_BODY_BYTES,
                "notices": list(parts.notices),
            }
        )

    async def keep_visit(self, request: Request) -> Response:
        self._visit(request)
        return _json({})

    async def end_visit(self, request: Request) -> Response:
        self._visits.end(request.headers.get(VISIT_HEADER, ""))
        return _json({})

    async def prepare(self, request: Request) -> Response:
        self._visit(request)
        await self._parts.analysis.prepare()
        return _json({})

    async def read_picture(self, request: Request) -> Response:
        visit, name, notices = self._visit(request), _file_name(request), list[str]()
        faces, width, height = await self._parts.analysis.read_picture(await request.body(), name, notices.append)
        mood = mood_of_pictures(faces)
        # Without thumbs, since it is the document of a command that knows none; what is offered beside it follows them
        plan = plan_music(self._parts.shelf.playlists, mood, visit.session.strategy)
        visit.show_picture(mood)
        picture = AnalysedPicture(name, width, height, faces, mood, plan)
        # As text, so that what the page saves is what `emodj image --json` prints, to the last digit
        text = encode_line(pictures_document([picture]), indent=2).decode()
        return _json({"json": text, "notices": list(map(one_line, notices)), **_mood_fields(visit.mood())})

    async def explain(self, request: Request) -> Response:
        self._visit(request)
        number = _small_number(request, FACE_HEADER, "a number of a face")
        try:
            return _json(await self._parts.analysis.explain(await request.body(), _file_name(request), number))
        except IndexError as error:
            raise BadRequestError("the picture has no such face") from error

    async def preview(self, request: Request) -> Response:
        self._visit(request)
        return Response(await self._parts.analysis.preview(await request.body(), _file_name(request)), media_type="image/jpeg")

    async def read_frame(self, request: Request) -> Response:
        visit, stretch, now_s = self._visit(request), _small_number(request, STRETCH_HEADER, "a stretch"), self._clock()
        session = visit.session
        if visit.reader is None:
            visit.reader = await self._parts.analysis.new_frame_reader()
        session.rest.use_network(visit.reader.neutral)
        visit.reader.use(session.rest.calibration)
        faces = await self._parts.analysis.read_frame(visit.reader, await request.body(), visit.frames, now_s, stretch)
        if session is visit.session:
            # It was not started anew in the meantime
            visit.add_frame(faces, now_s, stretch)
        return _json({**frame_document(visit.seconds, faces, visit.mood()), **_rest_fields(visit.session.rest)})

    async def choose(self, request: Request) -> Response:
        visit, asked = self._visit(request), await _asked(request)
        if "picture" in asked:
            visit.show_picture(None)
        try:
            if "mood" in asked:
                visit.choose_mood(None if asked["mood"] is None else Expression(asked["mood"]), self._clock())
            if "strategy" in asked:
                visit.choose_strategy(Strategy(asked["strategy"]), self._clock())
        except ValueError as error:
            raise BadRequestError("there is no such mood or strategy") from error
        return _json(_mood_fields(visit.mood()))

    async def measure_rest(self, request: Request) -> Response:
        visit, asked = self._visit(request), await _asked(request)
        rest = visit.session.rest
        match _text(asked, "do"):
            case "begin" if visit.reader is None:
                raise EmodjError("switch the camera on first: your face at rest is measured in its pictures")
            case "begin":
                if not rest.asks:
                    rest.begin()
            case "forget":
                if rest.calibration is not None:
                    rest.press()
            case "yes" | "no" as answer:
                if rest.asks:
                    rest.answer(Answer.YES if answer == "yes" else Answer.NO)
            case _:
                raise BadRequestError("a face at rest is begun, answered with yes or no, or forgotten")
        return _json(_rest_fields(rest))

    async def offer(self, request: Request) -> Response:
        visit, asked = self._visit(request), await _asked(request)
        if asked.get("again") is True:
            visit.draw_again()
        mood = visit.mood()
        if mood is None:
            return _json(_mood_fields(None))
        offered = await anyio.to_thread.run_sync(
            offer,
            self._parts.shelf,
            mood,
            visit.session.strategy,
            visit.seed,
            visit.songs,
            self._parts.book,
            limiter=self._disk,
        )
        return _json({**offered, **_mood_fields(mood)})

    async def open_list(self, request: Request) -> Response:
        visit, asked = self._visit(request), await _asked(request)
        found = await anyio.to_thread.run_sync(visit.songs.open, _text(asked, "list"), limiter=self._disk)
        name, book, is_shuffled, order = _text(asked, "list"), self._parts.book, asked.get("shuffled") is True, None
        if book is not None:
            order = await anyio.to_thread.run_sync(
                lambda: visit.songs.order(name, book, shuffled=is_shuffled), limiter=self._disk
            )
            if order == []:
                raise EmodjError(describe_none_offered())
        return _json({"count": len(found.songs), "order": order, "notices": list(map(one_line, found.notices))})

    async def name_song(self, request: Request) -> Response:
        visit, asked = self._visit(request), await _asked(request)
        number = asked.get("number")
        if not isinstance(number, int):
            raise BadRequestError("a song has a number")
        listed = await anyio.to_thread.run_sync(visit.songs.song, _text(asked, "list"), number, limiter=self._disk)
        offered = visit.songs.judged(listed.thumb)
        left_out = False
        if self._parts.book is not None and offered is not None:
            # The player of the page asks for a song when it begins to play
            self._parts.book.begin_play(offered[0])
            left_out = self._parts.book.feedback.of(offered[0]).left_out
        return _json({**asdict(listed), "left_out": left_out})

    async def judge(self, request: Request) -> Response:
        visit, asked, book = self._visit(request), await _asked(request), self._parts.book
        if book is None:
            return _json({"said": NO_THUMBS_IN_NETWORK if self._parts.in_network else THUMBS_OFF})
        try:
            verdict = Verdict(asked.get("verdict"))
        except ValueError as error:
            raise BadRequestError("there is no such verdict") from error
        offered = visit.songs.judged(_text(asked, "choice"))
        if offered is None:
            return _json({"said": "this is not offered any more: nothing was counted"})
        key, title = offered
        book.add(key, verdict)
        problem = await anyio.to_thread.run_sync(book.save, limiter=self._disk)
        tally = book.feedback.of(key)
        said = describe_verdict(title, key, tally, verdict) if verdict in THUMBS else ""
        return _json({"said": "; ".join(filter(None, [said, problem and one_line(problem)])), "left_out": tally.left_out})

    async def lead_music(self, request: Request) -> Response:
        visit, asked = self._visit(request), await _asked(request)
        try:
            report = read_report(asked)
        except ValueError as error:
            raise BadRequestError(str(error)) from error
        return _json(lead_music(visit, self._parts.shelf, report, self._clock()))

    async def send_song(self, request: Request) -> Response:
        name, number = str(request.path_params["name"]), int(request.path_params["number"])
        visit = self._visits.with_list(name)
        if visit is None:
            return PlainTextResponse("this list of songs is gone: choose it again\n", 404)
        path, media_type = await anyio.to_thread.run_sync(visit.songs.file, name, number, limiter=self._disk)
        # It answers a `Range`, which the browser's player needs to seek
        return FileResponse(path, media_type=media_type)

    async def sum_up(self, request: Request) -> Response:
        summary = self._visit(request).session.summary()
        now = datetime.now().astimezone()
        return _json(
            {
                "lines": list(line_documents(summary)),
                "json": encode_line(kept_summary_document(summary), indent=2).decode(),
                "markdown": summary_markdown(summary, now),
                "html": summary_html(summary, now),
            }
        )

    async def restart(self, request: Request) -> Response:
        visit = self._visit(request)
        strategy = visit.session.strategy
        visit.restart()
        visit.choose_strategy(strategy, self._clock())
        return _json(_mood_fields(None))

    async def control_spotify(self, request: Request) -> Response:
        self._visit(request)
        asked, remote = await _asked(request), self._parts.spotify
        if remote is None:
            raise EmodjError("with --lan the page does not control your Spotify: others in your network could")
        if "play" in asked:
            return _json(await remote.play(_text(asked, "play")))
        if "press" not in asked:
            return _json(await remote.poll())
        try:
            return _json(await remote.press(_text(asked, "press")))
        except KeyError as error:
            raise BadRequestError("there is no such button") from error

    def _visit(self, request: Request) -> Visit:
        return self._visits.get(request.headers.get(VISIT_HEADER, ""))


def _mood_fields(mood: Mood | None) -> Document:
    """The fields of a document about a mood: name and share, where it comes from, all shares, whether it is mixed."""
    document = frame_document(0.0, (), mood)
    return {name: document[name] for name in _MOOD_FIELDS}


def _rest_fields(rest: FaceAtRest) -> Document:
    """What the page shows of a face at rest; nothing where there is nothing to show, as in most frames.

    `card` is null while nothing is measured or asked, `state` without a correction in use, `said` without a new sentence.
    """
    card, said = rest.card(), rest.take_remark()
    if card is None and said is None and rest.state is None:
        return {}
    shown = None if card is None else {"lines": list(card.lines), "seconds_left": card.seconds_left}
    return {"rest": {"card": shown, "state": rest.state, "said": said}}


def _answering(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Turn the errors of an answer into a sentence in plain text and a status: one place for all of them."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except GoneError:
            return PlainTextResponse("emodj has forgotten this tab, which was silent for long: it starts anew\n", 410)
        except FullError:
            return PlainTextResponse("as many tabs of emodj are open as it serves: close one, and reload this tab\n", 503)
        except BadRequestError as error:
            return PlainTextResponse(f"{error}\n", 400)
        except EmodjError as error:
            return PlainTextResponse(one_line(str(error)) + "\n", 422)

    return answered


async def _not_found(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("there is nothing at this address: open the link that emodj printed\n", 404)


def _sender(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    async def send(_request: Request) -> Response:
        return Response(content, media_type=media_type)

    return send


def _json(document: Document) -> Response:
    return Response(encode_line(document), media_type="application/json")


async def _asked(request: Request) -> dict[str, Any]:
    """The JSON object of a request; an empty body is an empty object."""
    body = await request.body()
    try:
        asked: object = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadRequestError("this is no JSON") from error
    if not isinstance(asked, dict):
        raise BadRequestError("this is no JSON object")
    return asked


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise BadRequestError(f"{name} is a text")
    return value


def _file_name(request: Request) -> str:
    """The name of a picture, for its document and for sentences."""
    return clean_text(unquote(request.headers.get(NAME_HEADER, "")[:_MAX_NAME])) or "the picture"


def _small_number(request: Request, header: str, what: str) -> int:
    """The number in a header; 0 without it."""
    text = request.headers.get(header, "0")
    if not (text.isascii() and text.isdigit() and int(text[:10]) <= _MAX_NUMBER):
        raise BadRequestError(f"{what} is a small number")
    return int(text[:10])
