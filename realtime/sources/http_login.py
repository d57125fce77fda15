"""Answer a server that asks for a name and a password: the Basic and the Digest scheme (RFC 7617, RFC 7616)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import unquote
from urllib.request import parse_http_list, parse_keqv_list

if TYPE_CHECKING:
    from collections.abc import Sequence
    from urllib.parse import SplitResult

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_CONTROL = re.compile(r"[\0-\x1f\x7f]")


def login_header(parts: SplitResult, target: str, challenges: Sequence[str], nonce: str | None = None) -> str | None:
    """The header `Authorization` of a GET request, with the name and the password of a URL.

    Args:
        parts: of the URL.
        target: path and query of the request.
        challenges: of the server, one for each of its headers `WWW-Authenticate`.
        nonce: number of this request; a random one if it is None.

    Returns:
        The line; None if the URL has no login, or the server asks for none that is known here. The password itself is sent
        only if the server does not offer Digest.
    """
    if "@" not in parts.netloc:
        return None
    name, _, password = (unquote(part) for part in parts.netloc.rpartition("@")[0].partition(":"))
    for challenge in challenges:
        scheme, _, fields = challenge.partition(" ")
        if scheme.lower() == "digest":
            answer = _digest(name, password, target, fields, nonce or secrets.token_hex(8))
            if answer is not None:
                return f"Authorization: Digest {answer}"
    if any(challenge.partition(" ")[0].lower() == "basic" for challenge in challenges):
        return f"Authorization: Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"
    return None


def _digest(name: str, password: str, target: str, fields: str, client_nonce: str) -> str | None:
    """The fields of a Digest answer; None for a challenge of another kind."""
    try:
        challenge = parse_keqv_list([field for field in parse_http_list(fields) if field])
        realm, server_nonce = challenge["realm"], challenge["nonce"]
    except (ValueError, KeyError, IndexError):
        return None
    algorithm = challenge.get("algorithm", "MD5").upper()
    offered = [option.strip() for option in challenge.get("qop", "").split(",")]
    if algorithm not in _HASHES or not ("auth" in offered or offered == [""]):
        return None

    def digest(text: str) -> str:
        return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()

    secret, action = digest(f"{name}:{realm}:{password}"), digest(f"GET:{target}")
    answer = {"username": name, "realm": realm, "nonce": server_nonce, "uri": target}
    if "opaque" in challenge:
        answer["opaque"] = challenge["opaque"]
    if "auth" in offered:
        response = digest(f"{secret}:{server_nonce}:00000001:{client_nonce}:auth:{action}")
        plain = {"algorithm": algorithm, "qop": "auth", "nc": "00000001"}
        answer["cnonce"] = client_nonce
    else:
        response = digest(f"{secret}:{server_nonce}:{action}")
        plain = {"algorithm": algorithm}
    answer["response"] = response
    quoted = (f'{key}="{_escape(value)}"' for key, value in answer.items())
    return ", ".join([*quoted, *(f"{key}={value}" for key, value in plain.items())])


def _escape(value: str) -> str:
    return _CONTROL.sub("", value).replace("\\", "\\\\").replace('"', '\\"')
