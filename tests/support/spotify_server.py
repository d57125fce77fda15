"""A local Spotify server: its login and its Web API, with the responses that an app registered in 2026 gets."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from tests.support.faulty_server import Fault, Request, Row, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

READ, MODIFY, LISTS = "user-read-playback-state", "user-modify-playback-state", "playlist-read-private"
SCOPES = f"{READ} {MODIFY} {LISTS} playlist-read-collaborative playlist-modify-private playlist-modify-public"
EDITORIAL = "37i9dQZF1"  # prefix of the ids of Spotify's editorial playlists: they can be played, not read
_CONTEXT_URI, _SONG_URI = (
    re.compile(f"spotify:({kinds}):[0-9A-Za-z]{{22}}") for kinds in ("playlist|album|artist|show", "track|episode")
)
_ROW_FIELDS = {"added_at": "2026-11-20T20:00:00Z", "is_local": False}
_USER = {"id": "anna", "account_id": "0Anna", "display_name": "Anna", "type": "user", "uri": "spotify:user:anna"}


def refusal(status: int, message: str, reason: str | None = None, headers: Mapping[str, str] | None = None) -> Fault:
    """An error response in the format of the Web API."""
    error = {"status": status, "message": message} | ({"reason": reason} if reason else {})
    return Fault(status, {"error": error}, headers or {})


@dataclass
class Spotify:
    """One account, its server and the requests that the server received. A test may change all attributes while it runs.

    Attributes:
        requests: the requests, in order.
        faults, always: responses that replace real ones, by method and path; each of `faults` is used once, in order.
        grants: what the user does on the login page.
        codes, access, refresh: valid codes, each with the query of its login; valid tokens, each with its scope.
        issued, secrets: all tokens that were issued; all codes and verifiers that were received or sent.
        tracks: songs by URI; the server invents any other song that a request names.
        playlists, contents: playlists of the user, None for one that the API withholds; the rows of each by its id.
        found: search results, songs and playlists, by the exact query; None for one that the API withholds.
        unplayable: ids of playlists that cannot be played.
        odd_bodies: whether play, next and previous answer 200 with a body that is not JSON.
        queue, index: songs of the player and the current one. Next after the last song stops at the first; the first song
            has no previous one.
    """

    address: str = ""
    requests: list[Request] = field(default_factory=list[Request])
    faults: dict[tuple[str, str], list[Fault]] = field(default_factory=dict[tuple[str, str], list[Fault]])
    always: dict[tuple[str, str], Fault] = field(default_factory=dict[tuple[str, str], Fault])
    client_id: str = "0123456789abcdef0123456789abcdef"
    grants: Literal["agree", "refuse", "nothing"] = "agree"
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    access: dict[str, str] = field(default_factory=dict[str, str])
    refresh: dict[str, str] = field(default_factory=dict[str, str])
    issued: set[str] = field(default_factory=set[str])
    secrets: set[str] = field(default_factory=set[str])
    me: Row = field(default_factory=lambda: dict[str, Any](_USER))
    premium: bool = True
    devices: list[Row] = field(default_factory=list[Row])
    tracks: dict[str, Row] = field(default_factory=dict[str, Row])
    playlists: list[Row | None] = field(default_factory=list["Row | None"])
    contents: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    found: dict[str, list[Row | None]] = field(default_factory=dict[str, "list[Row | None]"])
    unplayable: set[str] = field(default_factory=set[str])
    odd_bodies: bool = False
    context: str | None = None
    queue: list[Row] = field(default_factory=list[Row])
    index: int = 0
    is_playing: bool = False
    shuffle: bool = False
    progress_ms: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    closing: threading.Event = field(default_factory=threading.Event)

    def fail(self, method: str, path: str, *faults: Fault) -> None:
        """Answer the next requests of that method and path with faults, in order."""
        self.faults.setdefault((method, path), []).extend(faults)

    def device(self, name: str, *, active: bool = False, **more: object) -> Row:
        """Add a device; `more` replaces fields such as `type`, `is_restricted`, `supports_volume` or `volume_percent`."""
        row: Row = {"id": _make_id(name, 40), "name": name, "is_active": active, "type": "Computer", "is_restricted": False}
        self.devices.append(row | {"supports_volume": True, "volume_percent": 50} | more)
        return self.devices[-1]

    def track(self, name: str, artist: str, ident: str | None = None, **more: object) -> Row:
        """Add a song; the same name and artist give the same id, unless `ident` is given."""
        row: Row = {"id": ident or _make_id(f"{name} {artist}"), "name": name, "type": "track", "duration_ms": 180_000}
        row |= {"artists": [{"id": _make_id(artist), "name": artist, "type": "artist"}], "album": {"name": "Album"}} | more
        row["uri"] = f"spotify:{row['type']}:{row['id']}"
        self.tracks[row["uri"]] = row
        return row

    def playlist(self, name: str, *, owner: str | None = None, tracks: Sequence[Row | None] = (), **more: object) -> Row:
        """Add a playlist of the user, or of `owner`; None stands for a song that is no longer available."""
        row: Row = {"id": _make_id(f"{len(self.contents)} {name}"), "name": name, "description": "", "public": True}
        row |= {"collaborative": False, "owner": {"id": owner or self.me["id"]}, "type": "playlist"} | more
        row["uri"] = f"spotify:playlist:{row['id']}"
        self.contents[row["id"]] = [_ROW_FIELDS | {"item": track} for track in tracks]
        self.playlists.append(row)
        return row

    def issue(self, scope: str = SCOPES) -> Row:
        """Issue tokens, as after a login."""
        access, refresh = f"BQ{secrets.token_urlsafe(48)}", f"AQ{secrets.token_urlsafe(48)}"
        self.access[access] = self.refresh[refresh] = scope
        self.issued |= {access, refresh}
        token = {"access_token": access, "token_type": "Bearer", "scope": scope, "expires_in": 3600}
        return token | {"refresh_token": refresh}

    def revoke(self) -> None:
        """Make all refresh tokens invalid."""
        with self.lock:
            self.refresh.clear()

    def expire_access(self) -> None:
        """Make all access tokens invalid; the refresh tokens stay valid."""
        with self.lock:
            self.access.clear()

    def answer(self, request: Request) -> Fault:
        """The response to a request."""
        self.requests.append(request)
        where = request.method, request.path
        faults = self.faults.get(where)
        if faults or where in self.always:
            return faults.pop(0) if faults else self.always[where]
        try:
            return self._answer(request)
        except _RefusedError as refused:
            return refused.args[0]

    def _answer(self, request: Request) -> Fault:
        if request.path.startswith("/v1/"):
            why = "The access token expired" if request.bearer in self.issued else "Invalid access token"
            _require(request.bearer in self.access, refusal(401, why if request.bearer else "No token provided"))
        # An empty scope: none is needed, or the handler decides which one
        routes: Sequence[tuple[str, str, Callable[[Request], Fault]]] = (
            (r"GET /authorize", "", self._authorize),
            (r"POST /api/token", "", self._token),
            (r"GET /v1/me", "", lambda _: Fault(200, self.me)),
            (r"GET /v1/search", "", self._search),
            (r"GET /v1/me/player", READ, self._get_state),
            (r"GET /v1/me/player/devices", READ, lambda _: Fault(200, {"devices": self.devices})),
            (r"PUT /v1/me/player/(play|pause|shuffle|volume)|POST /v1/me/player/(next|previous)", MODIFY, self._command),
            (r"GET /v1/me/playlists", LISTS, self._get_playlists),
            (r"POST /v1/me/playlists", "", self._create_playlist),
            (r"GET /v1/playlists/[^/]+/items", LISTS, self._handle_playlist),
            (r"PUT /v1/playlists/[^/]+(/items)?|POST /v1/playlists/[^/]+/items", "", self._handle_playlist),
            # Endpoints that apps registered in 2026 may not use
            (r"\w+ /v1/(playlists/[^/]+/tracks|users/.*|browse/.*)", "", lambda _: refusal(403, "Forbidden")),
        )
        for pattern, scope, answer in routes:
            if re.fullmatch(pattern, f"{request.method} {request.path}"):
                self._allow(request, scope)
                return answer(request)
        return refusal(404, "Service not found")

    def _allow(self, request: Request, scope: str) -> None:
        _require(not scope or scope in self.access[request.bearer or ""].split(), refusal(403, "Insufficient client scope"))

    def _authorize(self, request: Request) -> Fault:
        query = request.query
        redirect_uri, parameters = query.get("redirect_uri", ""), {"state": query.get("state", "")}
        known = re.fullmatch(r"http://127\.0\.0\.1:\d{1,5}/callback", redirect_uri)
        _require(query.get("client_id") == self.client_id, Fault(400, b"INVALID_CLIENT: Invalid client"))
        _require(known, Fault(400, b"INVALID_CLIENT: Invalid redirect URI"))
        _require(query.get("response_type") == "code", Fault(400, b"response_type must be code"))
        _require(query.get("code_challenge_method") == "S256", Fault(400, b"code_challenge_method must be S256"))
        _require(self.grants != "nothing", Fault(200, b"<html>Log in</html>"))
        if self.grants == "agree":
            parameters["code"] = f"AQ{secrets.token_urlsafe(48)}"
            self.codes[parameters["code"]] = query
            self.secrets.add(parameters["code"])
        else:
            parameters["error"] = "access_denied"
        return Fault(
            302, headers={"Location": f"{redirect_uri}?{urlencode({name: text for name, text in parameters.items() if text})}"}
        )

    def _token(self, request: Request) -> Fault:
        form = request.fields
        grant, old, code, verifier = (form.get(name, "") for name in ("grant_type", "refresh_token", "code", "code_verifier"))
        _require(form.get("client_id") == self.client_id, _token_error("Invalid client", "invalid_client"))
        if grant == "refresh_token":
            _require(
                old in self.refresh, _token_error("Refresh token revoked" if old in self.issued else "Invalid refresh token")
            )
            return Fault(200, self.issue(self.refresh.pop(old)))
        _require(grant == "authorization_code", Fault(400, {"error": "unsupported_grant_type"}))
        self.secrets |= {verifier} - {""}
        login = self.codes.pop(code, {})
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        _require(login.get("client_id") == form["client_id"], _token_error("Invalid authorization code"))
        _require(login.get("redirect_uri") == form.get("redirect_uri"), _token_error("Invalid redirect URI"))
        _require(login.get("code_challenge") == challenge, _token_error("code_verifier was incorrect"))
        return Fault(200, self.issue(login.get("scope", "")))

    def _paginate(self, request: Request, rows: Sequence[object], usual: int = 20, most: int = 50, last: int = 100_000) -> Row:
        texts = {"limit": str(usual), "offset": "0"} | request.query
        for name, low, high in (("limit", 1, most), ("offset", 0, last)):
            _require(texts[name].isdecimal() and low <= int(texts[name]) <= high, refusal(400, f"Invalid {name}"))
        limit, offset = int(texts["limit"]), int(texts["offset"])
        links = [f"{self.address}{request.path}?{urlencode(texts | {'offset': to})}" for to in (offset - limit, offset + limit)]
        page: Row = {"items": rows[offset : offset + limit], "limit": limit, "offset": offset, "total": len(rows)}
        page["previous"], page["next"] = links[0] if offset >= limit else None, links[1] if offset + limit < len(rows) else None
        return page

    def _search(self, request: Request) -> Fault:
        query, kinds = request.query.get("q", ""), request.query.get("type", "").split(",")
        _require(query, refusal(400, "No search query"))
        _require(set(kinds) <= {"track", "playlist"}, refusal(400, "Bad search type field"))
        found = {kind: [row for row in self.found.get(query, []) if not row or row["type"] == kind] for kind in kinds}
        return Fault(200, {f"{kind}s": self._paginate(request, rows, 5, 10, 1000) for kind, rows in found.items()})

    def _get_state(self, request: Request) -> Fault:
        device = next((device for device in self.devices if device["is_active"]), None)
        if device is None:
            return Fault(204)
        item = self.queue[self.index] if self.queue else None
        kind = item["type"] if item else "unknown"
        # Episodes are sent only to a client that requests them
        item = item if kind in ["track", *request.query.get("additional_types", "").split(",")] else None
        context = self.context and {"uri": self.context, "type": self.context.split(":")[1]}
        disallows = {"resuming" if self.is_playing else "pausing": True} | ({} if self.index else {"skipping_prev": True})
        state: Row = {"device": device, "shuffle_state": self.shuffle, "repeat_state": "off", "is_playing": self.is_playing}
        state |= {"context": context, "item": item, "currently_playing_type": kind, "progress_ms": self.progress_ms}
        return Fault(200, state | {"timestamp": 0, "actions": {"disallows": disallows}})

    def _command(self, request: Request) -> Fault:
        _require(self.premium, _player_error("Premium required", "PREMIUM_REQUIRED"))
        ident = request.query.get("device_id")
        targets = [device for device in self.devices if (device["id"] == ident if ident else device["is_active"])]
        _require(targets or not ident, refusal(404, "Device not found"))
        _require(targets, _player_error("No active device found", "NO_ACTIVE_DEVICE", 404))
        _require(not targets[0]["is_restricted"], _player_error("Restricted device"))
        command = request.path.rpartition("/")[2]
        match command:
            case "play":
                self._play(targets[0], request.fields)
            case "pause":
                _require(self.is_playing, _player_error("Restriction violated"))
                self.is_playing = False
            case "shuffle":
                _require(request.query.get("state") in {"true", "false"}, refusal(400, "Invalid state"))
                self.shuffle = request.query["state"] == "true"
            case "volume":
                text = request.query.get("volume_percent", "")
                _require(text.isdecimal() and int(text) <= 100, refusal(400, "Invalid volume_percent"))
                _require(
                    targets[0]["supports_volume"], _player_error("Cannot control device volume", "VOLUME_CONTROL_DISALLOW")
                )
                targets[0]["volume_percent"] = int(text)
            case _:
                index = self.index + (1 if command == "next" else -1)
                _require(self.queue and index >= 0, _player_error("Restriction violated"))
                self.is_playing, self.index, self.progress_ms = index < len(self.queue), index % len(self.queue), 0
        odd = self.odd_bodies and command in {"play", "next", "previous"}
        return Fault(200, b"CAESFgoUZ2xhZCB0byBiZSBvZGQ") if odd else Fault(204)

    def _play(self, device: Row, body: Row) -> None:
        context, uris = body.get("context_uri"), body.get("uris")
        if context is None and uris is None:
            _require(self.queue and not (self.is_playing and device["is_active"]), _player_error("Restriction violated"))
        else:
            self.queue = self._songs(uris) if context is None else self._songs_of(context)
            self.context, self.index, self.progress_ms = context, 0, 0
        self.is_playing = bool(self.queue)
        for other in self.devices:
            other["is_active"] = other is device

    def _songs_of(self, context: Any) -> list[Row]:
        _require(_CONTEXT_URI.fullmatch(str(context)), refusal(400, "Invalid context uri"))
        ident = context.rpartition(":")[2]
        _require(ident not in self.unplayable, refusal(404, "Resource not found"))
        if ident in self.contents:
            return [row["item"] for row in self.contents[ident] if row["item"]]
        # A playlist that the test did not define has three invented songs
        return self._songs([f"spotify:track:{ident[:21]}{end}" for end in "abc"])

    def _songs(self, uris: Any) -> list[Row]:
        good = isinstance(uris, list) and len(uris) <= 100 and all(_SONG_URI.fullmatch(str(uri)) for uri in uris)
        _require(good, refusal(400, "Invalid uris"))
        made_up = {uri: uri.split(":") for uri in uris if uri not in self.tracks}
        for _, kind, ident in made_up.values():
            self.track(f"Song {ident[-4:]}", "Somebody", ident, type=kind)
        return [self.tracks[uri] for uri in uris]

    def _get_playlists(self, request: Request) -> Fault:
        together = "playlist-read-collaborative" in self.access[request.bearer or ""].split()
        rows = [row for row in self.playlists if together or not (row and row["collaborative"])]
        counted = [row and row | {"items": {"total": len(self.contents.get(row["id"], []))}} for row in rows]
        return Fault(200, self._paginate(request, counted))

    def _create_playlist(self, request: Request) -> Fault:
        body: Row = {"public": True, "collaborative": False, "description": ""} | request.fields
        self._allow(request, f"playlist-modify-{'public' if body['public'] else 'private'}")
        _require(body.get("name"), refusal(400, "Missing required field: name"))
        more = {name: body[name] for name in ("public", "collaborative", "description")}
        return Fault(201, self.playlist(body["name"], **more) | {"items": {"total": 0}})

    def _handle_playlist(self, request: Request) -> Fault:
        ident = request.path.split("/")[3]
        row = next((row for row in self.playlists if row and row["id"] == ident), None)
        if row is None or ident.startswith(EDITORIAL):
            return refusal(404, "Resource not found")
        mine = row["owner"]["id"] == self.me["id"]
        _require(mine or (request.method == "GET" and row["collaborative"]), refusal(403, "Forbidden"))
        if request.method == "GET":
            return Fault(200, self._paginate(request, self.contents[ident]))
        self._allow(request, f"playlist-modify-{'public' if row['public'] else 'private'}")
        if not request.path.endswith("/items"):
            row |= {name: value for name, value in request.fields.items() if name in {"name", "description"}}
            return Fault(200)
        rows = [_ROW_FIELDS | {"item": song} for song in self._songs(request.fields.get("uris"))]
        self.contents[ident] = self.contents[ident] + rows if request.method == "POST" else rows
        return Fault(201 if request.method == "POST" else 200, {"snapshot_id": secrets.token_urlsafe(24)})


class _RefusedError(Exception): ...


def _require(holds: object, refused: Fault) -> None:
    if not holds:
        raise _RefusedError(refused)


def _token_error(why: str, error: str = "invalid_grant") -> Fault:
    return Fault(400, {"error": error, "error_description": why})


def _player_error(message: str, reason: str = "UNKNOWN", status: int = 403) -> Fault:
    return refusal(status, f"Player command failed: {message}", reason)


def _make_id(text: str, length: int = 22) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


@contextmanager
def serving_spotify() -> Generator[Spotify]:
    """Run the server of an account; a test fills the account."""
    spotify = Spotify()
    with serving(spotify) as spotify.address:
        yield spotify
