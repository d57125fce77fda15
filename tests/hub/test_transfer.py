"""One file of a hub, at a local server with faults."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from realtime.errors import AssetError, EmodjError, ServiceError, UsageError
from realtime.hub.transfer import ADDRESS, Fetched, Hub, RemoteFile, open_hub
from tests.support.hub_server import COMMIT, FakeHub, Fault
from tests.support.slow_answers import STARTS

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT = b"network" * 1000
FILE = RemoteFile("anna/faces", "v1", "a.tflite", most=len(CONTENT))
PATH = "/anna/faces/resolve/v1/a.tflite"
TOKEN = "hf_secret"  # noqa: S105
QUICK_S = 0.3


@pytest.fixture(autouse=True)
def published(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    hub.publish("anna/faces", {"a.tflite": CONTENT})


def fetch(hub: FakeHub, file: RemoteFile = FILE, *, token: str | None = None, timeout_s: float = 60) -> Fetched:
    return Hub(hub.address, token, timeout_s=timeout_s).fetch(file, lambda _: None)


def test_a_file_comes_from_another_host_and_its_commit_from_the_hub(hub: FakeHub) -> None:
    sizes = list[int | None]()
    assert Hub(hub.address).fetch(FILE, sizes.append) == Fetched(CONTENT, COMMIT)
    assert hub.requests == [("hub", PATH, None), ("contents", PATH, None)]
    assert sizes == [len(CONTENT)]


def test_a_hub_may_answer_itself_and_name_no_commit(hub: FakeHub) -> None:
    hub.faults["a.tflite"] = Fault()
    hub.commit = None
    assert fetch(hub) == Fetched(CONTENT, None)
    hub.commit = "main\tor another"
    assert fetch(hub).commit is None


def test_an_answer_without_a_size_is_read_to_its_end(hub: FakeHub) -> None:
    hub.content_faults["a.tflite"] = Fault(unmeasured=True)
    sizes = list[int | None]()
    assert Hub(hub.address).fetch(FILE, sizes.append).data == CONTENT
    assert sizes == [None]


def test_the_revision_is_one_part_of_the_address(hub: FakeHub) -> None:
    fetch(hub, RemoteFile("anna/faces", "v1", "a.tflite", most=10**6))
    with pytest.raises(ServiceError):
        fetch(hub, RemoteFile("anna/faces", "../v1?x", "a.tflite", most=10**6))
    assert hub.asked()[-1] == "/anna/faces/resolve/../v1?x/a.tflite"


# Refusals


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault(404), r"127\.0\.0\.1 has no a\.tflite of anna/faces@v1: check the name and the revision"),
        (Fault(401), r"does not give a\.tflite of anna/faces@v1 \(401\): check the name, and a private one needs HF_TOKEN"),
        (Fault(403), r"does not give .* \(403\)"),
        (Fault(429), r"is busy \(429\): try again later"),
        (Fault(503), r"is busy \(503\): try again later"),
        (Fault(418), r"refuses a\.tflite of anna/faces@v1 \(418\)"),
        (Fault(302, "{hub}{path}"), "redirects .* more than 5 times"),
        (Fault(302, None), "to a page without https"),
        (Fault(302, "http://example.org/a"), "to a page without https, which anybody between could change"),
        (Fault(302, "file:///etc/passwd"), "to a page without https"),
        (Fault(302, "ftp://127.0.0.1/a"), "to a page without https"),
        (Fault(302, "https:///a"), "to a page without https"),
        (Fault(302, "https://[::1/a"), "to a page without https"),
        (Fault(302, "https://anna:word@127.0.0.1/a"), "to a page without https"),
    ],
)
def test_a_refusal_is_a_sentence(hub: FakeHub, fault: Fault, sentence: str) -> None:
    hub.faults["a.tflite"] = fault
    with pytest.raises(ServiceError, match=sentence):
        fetch(hub)
    assert {server for server, _, _ in hub.requests} == {"hub"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_redirect_is_followed(hub: FakeHub, status: int) -> None:
    hub.faults["a.tflite"] = Fault(status, "{cdn}{path}")
    assert fetch(hub).data == CONTENT


def test_a_redirect_of_the_contents_is_checked_too(hub: FakeHub) -> None:
    hub.content_faults["a.tflite"] = Fault(302, "http://example.org/a")
    with pytest.raises(ServiceError, match="to a page without https"):
        fetch(hub)


def test_a_hub_with_https_may_not_send_to_this_computer(hub: FakeHub) -> None:
    far = Hub("https://example.org")
    with pytest.raises(ServiceError, match="to a page without https"):
        far._redirect("https://example.org/a", f"{hub.address}/a", FILE)  # pyright: ignore[reportPrivateUsage]
    assert (
        far._redirect("https://example.org/a", "/b", FILE)  # pyright: ignore[reportPrivateUsage]
        == "https://example.org/b"
    )


@pytest.mark.parametrize("fault", [Fault(body=CONTENT + b"!"), Fault(body=CONTENT + b"!", unmeasured=True)])
def test_a_file_that_is_too_large_is_not_read(hub: FakeHub, fault: Fault) -> None:
    hub.content_faults["a.tflite"] = fault
    with pytest.raises(
        AssetError, match=r"a\.tflite of anna/faces@v1 is larger than 0\.007 MB: emodj reads no such file of this size"
    ):
        fetch(hub)


def test_an_answer_that_is_cut_off_is_refused(hub: FakeHub) -> None:
    hub.content_faults["a.tflite"] = Fault(body=CONTENT[:-200], cut=True)
    with pytest.raises(ServiceError, match="was cut off or damaged: try again"):
        fetch(hub)


@pytest.mark.parametrize("part", STARTS)
def test_all_files_share_one_deadline(hub: FakeHub, part: str) -> None:
    hub.content_faults["slow"] = Fault(slow=part)
    hub.publish("anna/faces", {"slow": b"x"})
    opened = Hub(hub.address, timeout_s=QUICK_S)
    slow = RemoteFile("anna/faces", "v1", "slow", most=10**6)
    with pytest.raises(ServiceError, match=r"slow of anna/faces@v1 did not arrive within 0\.3 s"):
        opened.fetch(slow, lambda _: None)
    before = len(hub.requests)
    with pytest.raises(ServiceError, match=r"a\.tflite of anna/faces@v1 did not arrive within 0\.3 s"):
        opened.fetch(FILE, lambda _: None)
    assert len(hub.requests) == before


def test_a_hub_that_cannot_be_reached_is_a_sentence(hub: FakeHub) -> None:
    place = hub.address.rpartition(":")[0] + ":1"
    with pytest.raises(ServiceError, match=r"^127\.0\.0\.1 cannot be reached for a\.tflite of anna/faces@v1 \("):
        Hub(place).fetch(FILE, lambda _: None)


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 70}.org"])
def test_a_text_that_can_be_no_host_is_a_sentence(hub: FakeHub, host: str) -> None:
    with pytest.raises(ServiceError, match=r"cannot be found: is this computer online\?"):
        Hub(f"https://{host}").fetch(FILE, lambda _: None)
    hub.faults["a.tflite"] = Fault(302, f"https://{host}/x")
    with pytest.raises(ServiceError, match=r"cannot be found: is this computer online\?"):
        fetch(hub)


# The token


def test_the_token_is_sent_to_a_private_hub_alone_and_never_to_another_host(hub: FakeHub) -> None:
    hub.token = TOKEN
    opened = Hub(hub.address, TOKEN)
    assert opened.fetch(FILE, lambda _: None).data == CONTENT
    assert hub.requests == [("hub", PATH, None), ("hub", PATH, f"Bearer {TOKEN}"), ("contents", PATH, None)]
    hub.requests.clear()
    # The next file of the same repository needs no refusal first
    opened.fetch(FILE, lambda _: None)
    assert hub.requests == [("hub", PATH, f"Bearer {TOKEN}"), ("contents", PATH, None)]


def test_a_redirect_within_the_hub_keeps_the_token(hub: FakeHub) -> None:
    hub.token = TOKEN
    hub.publish("anna/new", {"b.tflite": CONTENT})
    hub.faults["a.tflite"] = Fault(307, "{hub}/anna/new/resolve/v1/b.tflite")
    assert fetch(hub, token=TOKEN).data == CONTENT
    assert hub.requests[-2:] == [
        ("hub", "/anna/new/resolve/v1/b.tflite", f"Bearer {TOKEN}"),
        ("contents", "/anna/new/resolve/v1/b.tflite", None),
    ]


def test_a_public_hub_gets_no_token(hub: FakeHub) -> None:
    assert fetch(hub, token=TOKEN).data == CONTENT
    assert {token for _, _, token in hub.requests} == {None}


def test_a_wrong_token_is_refused_and_not_shown(hub: FakeHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    hub.token = "hf_another"  # noqa: S105
    with pytest.raises(ServiceError, match="check the name; HF_TOKEN may not read it") as caught:
        fetch(hub, token=TOKEN)
    assert TOKEN not in f"{caught.value}{caplog.text}"


@pytest.mark.parametrize("token", ["two words", "line\nX-Header: 1", "ümlaut", "x" * 2000])
def test_a_text_that_is_no_token_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(UsageError, match="HF_TOKEN in your environment is not a token") as caught:
        Hub(ADDRESS, token)
    assert token not in str(caught.value)


# The environment


def test_the_environment_names_hub_and_token() -> None:
    assert open_hub({}).address == "https://huggingface.co"
    opened = open_hub({"HF_ENDPOINT": " https://hub.example.org/ ", "HF_TOKEN": f"{TOKEN}\n"})
    assert (opened.address, opened.host, opened.token) == ("https://hub.example.org", "hub.example.org", TOKEN)
    assert open_hub({"HF_ENDPOINT": "", "HF_TOKEN": "", "EMODJ_OFFLINE": "0"}).token is None


@pytest.mark.parametrize(
    "address",
    [
        *("http://example.org", "http://10.0.0.1", "huggingface.co", "file:///models", "https://", "https://a b"),
        *(
            "https://anna:word@example.org",
            "https://example.org:port",
            "https://example.org?x=1",
            "http://127.0.0.1.example.org",
        ),
    ],
)
def test_only_https_and_this_computer_are_hubs(address: str) -> None:
    with pytest.raises(UsageError, match="HF_ENDPOINT must be the https address of a hub"):
        open_hub({"HF_ENDPOINT": address})


@pytest.mark.parametrize("environment", [{"EMODJ_OFFLINE": "1"}, {"EMODJ_OFFLINE": "yes", "HF_TOKEN": TOKEN}])
def test_a_variable_forbids_to_ask(environment: Mapping[str, str]) -> None:
    with pytest.raises(EmodjError, match="EMODJ_OFFLINE in your environment forbids") as caught:
        open_hub(environment)
    assert caught.value.status == ServiceError.status
