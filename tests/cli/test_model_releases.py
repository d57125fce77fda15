"""`emodj model pull`, `list`, `use`, `remove` and `push`, with a local hub."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realtime.config.locations import user_file
from realtime.faces import yunet
from realtime.hub.pull import YUNET
from realtime.hub.release import CARD, COMPILED, CONTRACT
from realtime.storage.user_folders import networks_folder
from tests.support.hub_server import COMMIT, FakeHub, Fault
from tests.support.places import MODELS, SHARED

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]

FILES = {name: (MODELS / name).read_bytes() for name in (COMPILED, CONTRACT, CARD)}
DIGEST = hashlib.sha256(FILES[COMPILED]).hexdigest()
NAME = "anna/faces@v1"
YUNET_FILE = SHARED / "faces" / "yunet" / yunet.FILE_NAME
TOKEN = "hf_secret"  # noqa: S105


@pytest.fixture(autouse=True)
def published(hub: FakeHub) -> None:
    hub.publish("anna/faces", FILES)


def test_a_network_is_pulled_used_and_removed(emodj: Run, hub: FakeHub, home: Path, portrait: Path) -> None:
    ended = emodj("model", "pull", NAME)
    assert ended.returncode == 0, ended.stderr
    assert DIGEST in ended.stdout
    assert COMMIT in ended.stdout
    assert "accuracy 88.5%" in ended.stdout
    assert f"emodj: {NAME}: fetching at most 32 MB from {hub.address}\n" in ended.stderr
    assert f"{COMPILED}, 5.8 MB" in ended.stderr
    # Nothing uses it yet, and nothing was written beside it
    assert not user_file().exists()
    assert Path(json.loads(emodj("model", "show", "--json").stdout)["network"]).parent == MODELS

    ended = emodj("model", "use", NAME)
    path = networks_folder() / "anna--faces@v1" / COMPILED
    line = f'pair = "~/{path.relative_to(home).as_posix()}"'
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"network.{line} in {user_file()}\n", "")
    assert user_file().read_text(encoding="utf-8") == f"[network]\n{line}\n"
    hub.requests.clear()
    shown = json.loads(emodj("model", "show", "--json").stdout)
    assert (shown["network"], shown["fits"], shown["compiled_sha256"]) == (str(path), True, DIGEST)
    assert shown["card"] == FILES[CARD].decode()
    checked = emodj("model", "check")
    assert checked.returncode == 0
    assert [line.split()[:2] for line in checked.stdout.splitlines()][1] == ["compiled", "ok"]
    read = emodj("image", portrait, "--json")
    assert json.loads(read.stdout)["images"][0]["faces"][0]["expression"] == "happy"
    # A network that was fetched is never asked for again
    assert hub.requests == []

    ended = emodj("model", "remove", NAME)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "is in use: `emodj model use built-in` first" in ended.stderr
    assert emodj("model", "use", "built-in").returncode == 0
    assert user_file().read_text(encoding="utf-8") == '[network]\npair = ""\n'
    ended = emodj("model", "remove", NAME)
    assert (ended.returncode, ended.stdout) == (0, f"{NAME} is removed\n")
    assert list(networks_folder().iterdir()) == []
    assert emodj("model", "remove", NAME).returncode == 2


def test_the_list_names_all_networks_and_marks_the_one_in_use(emodj: Run, pair: Path) -> None:
    ended = emodj("model", "list")
    assert ended.stdout.startswith("* built-in\n    sha256    ")
    assert ended.stdout.endswith("\nfaces are found by haar\n")
    emodj("model", "pull", NAME)
    emodj("model", "pull", "anna/faces@v2")
    emodj("model", "use", NAME)
    (networks_folder() / "anna--faces@v2" / CONTRACT).write_bytes(b"{")
    lines = emodj("model", "list").stdout.splitlines()
    assert [line for line in lines if line[2] != " "][:3] == ["  built-in", f"* {NAME}", "  anna/faces@v2"]
    assert f"    commit    {COMMIT}" in lines
    assert lines[-2].startswith("    damaged   ")
    assert lines[-2].endswith("`emodj model remove anna/faces@v2`")
    rows = json.loads(emodj("model", "list", "--json").stdout)["networks"]
    assert [row["in_use"] for row in rows] == [False, True, False]
    assert [row["compiled_sha256"] for row in rows] == [DIGEST, DIGEST, None]
    assert rows[1]["figures"][-1] == {"group": "clear majority", "images": 2720, "accuracy": 0.8849, "macro_f1": 0.7863}
    user_file().write_text(f"[network]\npair = '{pair}'\n", encoding="utf-8")
    rows = json.loads(emodj("model", "list", "--json").stdout)["networks"]
    assert [row["name"] for row in rows if row["in_use"]] == [str(pair)]


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_has_the_built_in_network_alone(emodj: Run) -> None:
    assert emodj("model", "list").stdout.startswith("* built-in\n")
    ended = emodj("model", "pull", NAME)
    assert (ended.returncode, ended.stderr) == (2, "emodj: this user has no home folder: set HOME to the path of one\n")


def test_a_network_that_is_not_there_or_damaged_is_not_used(emodj: Run) -> None:
    ended = emodj("model", "use", NAME)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"`emodj model pull {NAME}` fetches it" in ended.stderr
    emodj("model", "pull", NAME)
    folder = networks_folder() / "anna--faces@v1"
    (folder / COMPILED).write_bytes(FILES[COMPILED][:-1])
    ended = emodj("model", "use", NAME)
    assert ended.returncode == 5
    assert f"`emodj model remove {NAME}`, then pull it again" in ended.stderr
    (folder / CONTRACT).unlink()
    assert emodj("model", "use", NAME).returncode == 5
    assert not user_file().exists()


def test_a_damaged_network_in_use_is_refused_when_it_runs(emodj: Run, portrait: Path) -> None:
    emodj("model", "pull", NAME)
    emodj("model", "use", NAME)
    (networks_folder() / "anna--faces@v1" / COMPILED).write_bytes(FILES[COMPILED][:-1])
    ended = emodj("image", portrait)
    assert (ended.returncode, ended.stdout) == (5, "")
    assert "fetch it again, or choose another network: `emodj model use`" in ended.stderr
    assert emodj("model", "check").returncode == 5
    assert "(does not fit)" in emodj("model", "show").stdout


def test_another_file_of_settings_that_wins_is_said(emodj: Run, settings: Callable[[str], Path], pair: Path) -> None:
    emodj("model", "pull", NAME)
    ended = emodj("--config", settings(f"[network]\npair = '{pair}'\n"), "model", "use", NAME)
    assert ended.returncode == 0
    assert "sets network.pair too, and wins" in ended.stderr


def test_what_a_person_wrote_stays(emodj: Run) -> None:
    emodj("model", "pull", NAME)
    user_file().parent.mkdir(parents=True, exist_ok=True)
    user_file().write_text("# mine\n[music]\nvolume = 0.5 # quiet\n", encoding="utf-8")
    emodj("model", "use", NAME)
    assert user_file().read_text(encoding="utf-8").startswith("# mine\n[music]\nvolume = 0.5 # quiet\n\n[network]\n")


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault(404), 8), (Fault(302, "http://example.org"), 8), (Fault(body=b"\x1b[31m"), 5)]
)
def test_a_hub_that_fails_is_a_sentence_with_a_status(emodj: Run, hub: FakeHub, fault: Fault, status: int) -> None:
    hub.content_faults[CONTRACT] = fault
    ended = emodj("model", "pull", NAME)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert "Traceback" not in ended.stderr
    assert "\x1b" not in ended.stderr
    assert not networks_folder().exists()


def test_a_variable_forbids_every_request(emodj: Run, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMODJ_OFFLINE", "1")
    for words in (["pull", NAME], ["pull", "yunet"], ["push", NAME, "--yes"]):
        ended = emodj("model", *words)
        assert (ended.returncode, ended.stdout) == (8, "")
        assert "EMODJ_OFFLINE in your environment forbids" in ended.stderr
    assert hub.requests == []


def test_no_output_shows_the_token(emodj: Run, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.token = TOKEN
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    right = emodj("model", "pull", NAME, "-vv")
    hub.token = "hf_another"  # noqa: S105
    wrong = emodj("model", "pull", "anna/faces@v2", "-vv")
    assert (right.returncode, wrong.returncode) == (0, 8)
    assert TOKEN not in right.stdout + right.stderr + wrong.stdout + wrong.stderr


# YuNet


def test_yunet_without_its_file_names_the_command_that_fetches_it(
    emodj: Run, portrait: Path, settings: Callable[[str], Path]
) -> None:
    ended = emodj("--config", settings('[faces]\ndetector = "yunet"\n'), "image", portrait)
    assert ended.returncode == 5
    assert ended.stderr.endswith("`emodj model pull yunet` fetches it\n")
    ended = emodj("model", "use", "yunet")
    assert (ended.returncode, user_file().exists()) == (5, False)


@pytest.mark.skipif(not YUNET_FILE.is_file(), reason=f"no YuNet file at {YUNET_FILE}")
def test_yunet_is_pulled_used_and_removed(emodj: Run, hub: FakeHub, portrait: Path) -> None:
    hub.publish(YUNET.repository, {YUNET.path: YUNET_FILE.read_bytes()})
    assert emodj("model", "pull", "yunet").returncode == 0
    assert (networks_folder() / yunet.FILE_NAME).read_bytes() == YUNET_FILE.read_bytes()
    assert emodj("model", "use", "yunet").stdout == f'faces.detector = "yunet" in {user_file()}\n'
    assert len(json.loads(emodj("image", portrait, "--json").stdout)["images"][0]["faces"]) == 1
    assert json.loads(emodj("model", "list", "--json").stdout)["detector"] == "yunet"
    assert emodj("model", "remove", "yunet").returncode == 2
    assert emodj("model", "use", "haar").returncode == 0
    assert emodj("model", "remove", "yunet").stdout == "yunet is removed\n"
    assert emodj("model", "remove", "yunet").returncode == 2


def test_another_file_is_not_kept_as_yunet(emodj: Run, hub: FakeHub) -> None:
    hub.publish(YUNET.repository, {YUNET.path: b"another"})
    ended = emodj("model", "pull", "yunet")
    assert ended.returncode == 5
    assert "as published by OpenCV Zoo" in ended.stderr
    assert not networks_folder().exists()


# Publish


def test_a_dry_run_writes_a_folder_and_asks_nobody(emodj: Run, hub: FakeHub, tmp_path: Path) -> None:
    out = tmp_path / "release"
    ended = emodj("model", "push", NAME, "--dry-run", "--out", out, "--licence", "MIT")
    assert (ended.returncode, ended.stdout) == (0, f"{out}\n")
    assert {path.name for path in out.iterdir()} == set(FILES)
    card = (out / CARD).read_text(encoding="utf-8")
    assert card.startswith('---\nlicense: "mit"\nlibrary_name: "litert"\n')
    assert "It is not for work, school" in card
    assert emodj("model", "push", NAME, "--dry-run", "--out", out).returncode == 1
    assert hub.requests == []
    # What was laid can be pulled
    hub.publish("anna/faces", {path.name: path.read_bytes() for path in out.iterdir()})
    assert emodj("model", "pull", NAME).returncode == 0


def test_the_folder_of_a_dry_run_is_named_after_the_release(
    emodj: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert emodj("model", "push", NAME, "--dry-run").stdout == "anna--faces@v1\n"
    assert len(list((tmp_path / "anna--faces@v1").iterdir())) == 3


def test_an_upload_is_asked_for_and_needs_an_evaluation(emodj: Run, hub: FakeHub, pair: Path) -> None:
    ended = emodj("model", "push", NAME)
    assert ended.returncode == 2
    assert "--yes uploads without a question" in ended.stderr
    assert emodj("model", "push", NAME, "--yes").returncode == 1
    assert emodj("model", "push", NAME, "--licence", "my own\n").returncode == 2
    pair.with_name("README.md").unlink()
    ended = emodj("model", "push", NAME, pair, "--dry-run")
    assert ended.returncode == 5
    assert f"run `emodj evaluate DATA --model {pair} --out FOLDER`" in ended.stderr
    assert hub.requests == []


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.posix
def test_what_an_upload_lacks_is_said_before_the_question(emodj: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for switch in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_UPDATE_CHECK", "HF_HUB_DISABLE_XET"):
        monkeypatch.setenv(switch, "0")
    for token, sentence in (("", "an upload needs HF_TOKEN"), (TOKEN, "an upload needs the library huggingface_hub")):
        monkeypatch.setenv("HF_TOKEN", token)
        monkeypatch.setattr(sys, "stdin", _Terminal("n\n"))
        ended = emodj("model", "push", NAME)
        assert ended.returncode == 1
        assert sentence in ended.stderr
        assert "for everybody to see" not in ended.stderr


def test_the_built_in_network_without_a_file_of_settings_writes_none(emodj: Run) -> None:
    ended = emodj("model", "use", "built-in")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "built-in is in use already\n", "")
    assert not user_file().exists()


@pytest.mark.posix
def test_a_network_in_use_by_another_path_is_in_use(emodj: Run, home: Path) -> None:
    emodj("model", "pull", NAME)
    link = home / "link"
    link.symlink_to(networks_folder())
    user_file().parent.mkdir(parents=True, exist_ok=True)
    pair = link / "anna--faces@v1" / COMPILED
    user_file().write_text(f"[network]\npair = '{pair}'\n", encoding="utf-8")
    rows = json.loads(emodj("model", "list", "--json").stdout)["networks"]
    assert [(row["name"], row["in_use"]) for row in rows] == [("built-in", False), (NAME, True)]
    ended = emodj("model", "remove", NAME)
    assert ended.returncode == 2
    assert "is in use" in ended.stderr
    assert pair.exists()


def test_a_release_whose_name_differs_in_case_alone_stays(emodj: Run) -> None:
    emodj("model", "pull", NAME)
    # As a disk that does not tell upper from lower case finds it
    folder = (networks_folder() / "anna--faces@v1").rename(networks_folder() / "Anna--faces@v1")
    for command in ("use", "remove"):
        ended = emodj("model", command, "Anna/faces@v1")
        assert ended.returncode == 2
        assert "Anna/faces@v1 is not on this computer" in ended.stderr
    assert folder.exists()
