"""Fetch a release, or YuNet, from a local hub: what fails a check leaves nothing."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from realtime.classifier.golden import differences
from realtime.classifier.loading import load_classifier
from realtime.errors import AssetError, EmodjError, ServiceError, UsageError
from realtime.faces import yunet
from realtime.hub import release
from realtime.hub.pull import YUNET, pull_network, pull_yunet
from realtime.hub.release import CARD, COMPILED, CONTRACT, Release, ReleaseName
from realtime.hub.transfer import Hub
from tests.support.hub_server import COMMIT, FakeHub, Fault
from tests.support.places import MODELS, SHARED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realtime.domain import Image

FILES = {name: (MODELS / name).read_bytes() for name in (COMPILED, CONTRACT, CARD)}
NAME = ReleaseName("anna/faces", "v1")
YUNET_FILE = SHARED / "faces" / "yunet" / yunet.FILE_NAME


@pytest.fixture(autouse=True)
def published(hub: FakeHub) -> None:
    hub.publish("anna/faces", FILES)


def ignore(_sentence: str) -> None:
    pass


def pull(hub: FakeHub, networks: Path, name: ReleaseName = NAME, notify: Callable[[str], None] = ignore) -> Release:
    return pull_network(Hub(hub.address), name, networks, shipped=MODELS / CONTRACT, notify=notify)


def change(hub: FakeHub, changes: dict[str, Any], compiled: bytes | None = None) -> None:
    """Publish a contract with other fields, or with another network that it names rightly."""
    document = json.loads(FILES[CONTRACT]) | changes
    if compiled is not None:
        document["compiled_sha256"] = hashlib.sha256(compiled).hexdigest()
        hub.publish("anna/faces", {COMPILED: compiled})
    hub.publish("anna/faces", {CONTRACT: json.dumps(document).encode()})


def test_a_network_is_fetched_at_one_commit_and_runs(hub: FakeHub, tmp_path: Path) -> None:
    said = list[str]()
    kept = pull(hub, tmp_path / "networks", notify=said.append)
    assert (kept.name, kept.commit, kept.problem) == (NAME, COMMIT, None)
    assert {path: (kept.folder / path).read_bytes() for path in FILES} == FILES
    # A branch may move between two requests, so the others name the commit of the first
    assert hub.asked() == [
        f"/anna/faces/resolve/v1/{CONTRACT}",
        f"/anna/faces/resolve/{COMMIT}/{CARD}",
        f"/anna/faces/resolve/{COMMIT}/{COMPILED}",
    ]
    assert said == [
        f"anna/faces@v1: fetching at most 32 MB from {hub.address}",
        f"anna/faces@v1: {CONTRACT}, 0.02 MB",
        f"anna/faces@{COMMIT}: {CARD}, {len(FILES[CARD]) / 10**6:.2g} MB",
        f"anna/faces@{COMMIT}: {COMPILED}, 5.8 MB",
    ]
    classifier, terms = load_classifier(kept.network, shipped=MODELS / CONTRACT, cache_dir=tmp_path / "cache", notify=ignore)
    assert terms == kept.terms
    assert max(differences(classifier, terms.golden).values()) <= 1e-5
    assert not (tmp_path / "cache").exists()


def test_a_hub_that_names_no_commit_is_asked_for_the_revision(hub: FakeHub, tmp_path: Path) -> None:
    hub.commit = None
    assert pull(hub, tmp_path).commit is None
    assert {path.split("/")[4] for path in hub.asked()} == {"v1"}


@pytest.mark.parametrize("pinned", [COMMIT, COMMIT.upper()])
def test_a_commit_that_is_pinned_is_the_one_that_is_kept(hub: FakeHub, tmp_path: Path, pinned: str) -> None:
    name = ReleaseName("anna/faces", pinned)
    assert pull(hub, tmp_path / "right", name).commit == COMMIT
    hub.commit = "b" * 40
    with pytest.raises(ServiceError, match=f"gives a file of anna/faces@{pinned} at the commit {'b' * 40}, not {COMMIT}"):
        pull(hub, tmp_path / "wrong", name)
    assert not (tmp_path / "wrong").exists()


@pytest.mark.parametrize(
    ("commits", "sentence"),
    [
        ((COMMIT, "b" * 40, COMMIT), f"at the commit {'b' * 40}, not {COMMIT}"),
        ((COMMIT, COMMIT, "c" * 40), f"at the commit {'c' * 40}, not {COMMIT}"),
        ((COMMIT, None, "c" * 40), f"at the commit {'c' * 40}, not {COMMIT}"),
        ((None, "b" * 40, "c" * 40), f"at the commit {'c' * 40}, not {'b' * 40}"),
    ],
)
def test_files_of_two_commits_are_refused(hub: FakeHub, tmp_path: Path, commits: tuple[str | None, ...], sentence: str) -> None:
    following = iter(commits)

    def move(said: str) -> None:
        # Before the first request, and after the hub has answered each
        hub.commit = next(following, None)
        assert said.startswith("anna/faces@")

    with pytest.raises(ServiceError, match=f"gives a file of anna/faces@v1 {sentence}"):
        pull(hub, tmp_path / "networks", notify=move)
    assert not (tmp_path / "networks").exists()


def test_a_release_whose_name_differs_in_case_alone_has_one_folder_on_some_disks(hub: FakeHub, tmp_path: Path) -> None:
    kept = pull(hub, tmp_path)
    other = ReleaseName("Anna/Faces", "v1")
    # As a disk that does not tell upper from lower case finds it
    kept.folder.rename(release.release_folder(tmp_path, other))
    with pytest.raises(EmodjError, match=r"^anna/faces@v1 is there already, .* in Anna/Faces@v1: remove anna/faces@v1 first$"):
        pull(hub, tmp_path, other)


@pytest.mark.posix
def test_a_folder_that_cannot_be_read_is_a_sentence(hub: FakeHub, tmp_path: Path) -> None:
    # A name that no disk takes: the administrator, who may run the tests, can read every folder
    with pytest.raises(UsageError, match=r"^cannot read the folder .*: File name too long"):
        pull(hub, tmp_path / ("n" * 300))
    assert hub.requests == []


def test_a_release_that_is_there_is_not_asked_for_again(hub: FakeHub, tmp_path: Path) -> None:
    pull(hub, tmp_path)
    hub.requests.clear()
    with pytest.raises(EmodjError, match=r"anna/faces@v1 is there already: .*remove it first"):
        pull(hub, tmp_path)
    assert hub.requests == []


def test_a_release_that_appears_meanwhile_stays(hub: FakeHub, tmp_path: Path) -> None:
    folder = release.release_folder(tmp_path, NAME)

    def appear(sentence: str) -> None:
        if COMPILED in sentence:
            folder.mkdir()
            (folder / "release.json").write_text("mine", encoding="utf-8")

    with pytest.raises(EmodjError, match="is there already"):
        pull(hub, tmp_path, notify=appear)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert [path.read_text(encoding="utf-8") for path in folder.iterdir()] == ["mine"]


def other_golden() -> dict[str, Any]:
    golden = json.loads(FILES[CONTRACT])["golden"]
    answer = golden[0]["answer"]
    golden[0]["answer"] = answer | {"happy": answer["sad"], "sad": answer["happy"]}
    return {"golden": golden}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"classes": ["happy", "angry", "disgust", "fear", "neutral", "sad", "surprise"]}, "its classes is not"),
        ({"input_range": [-1, 1]}, "its input_range is not"),
        ({"schema": 2}, "its schema is not 1"),
        ({"compiled_sha256": "0" * 64}, "is not the compiled network that .* describes"),
        ({"compiled_sha256": "none"}, "is damaged"),
        ({"golden": []}, "has no golden crops, so its network cannot be checked"),
        (other_golden(), "gives another answer than recorded for the golden crop 'smile-astronaut'"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused(hub: FakeHub, tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    change(hub, changes)
    with pytest.raises(AssetError, match=sentence) as caught:
        pull(hub, tmp_path / "networks")
    assert "anna/faces@v1" in str(caught.value).replace("\\", "/")
    assert not (tmp_path / "networks").exists()


@pytest.mark.parametrize("compiled", [b"", b"not a network", FILES[COMPILED][:100_000]])
def test_a_file_that_is_no_network_is_refused_though_its_digest_is_right(hub: FakeHub, tmp_path: Path, compiled: bytes) -> None:
    change(hub, {}, compiled)
    with pytest.raises(AssetError, match=r"emotiondetector\.tflite cannot be used"):
        pull(hub, tmp_path / "networks")
    assert not (tmp_path / "networks").exists()


def test_the_classes_of_a_network_are_compared_with_smiles(hub: FakeHub, tmp_path: Path) -> None:
    said = list[str]()
    # The shipped crops that must look happy: here a ramp from black to white
    shipped = json.loads(FILES[CONTRACT])
    (ramp,) = (item for item in shipped["golden"] if item["name"] == "ramp")
    shipped["golden"] = [ramp | {"name": "smile-ramp"}]
    (tmp_path / "shipped.contract.json").write_text(json.dumps(shipped), encoding="utf-8")
    pull_network(Hub(hub.address), NAME, tmp_path / "n", shipped=tmp_path / "shipped.contract.json", notify=said.append)
    assert any("calls a plainly smiling face" in sentence for sentence in said)


@pytest.mark.parametrize("path", [COMPILED, CONTRACT, CARD])
@pytest.mark.parametrize(
    ("fault", "error", "sentence"),
    [
        (Fault(404), ServiceError, "has no"),
        (Fault(cut=True), ServiceError, "was cut off"),
        (Fault(302, "http://example.org/a"), ServiceError, "without https"),
        (Fault(body=b"0" * 33 * 10**6), AssetError, "is larger than"),
    ],
)
def test_a_fault_of_any_file_leaves_nothing(
    hub: FakeHub, tmp_path: Path, path: str, fault: Fault, error: type[EmodjError], sentence: str
) -> None:
    hub.content_faults[path] = fault
    with pytest.raises(error, match=sentence):
        pull(hub, tmp_path / "networks")
    assert not (tmp_path / "networks").exists()


def test_the_three_files_have_32_mb_together(hub: FakeHub, tmp_path: Path) -> None:
    hub.publish("anna/faces", {COMPILED: bytes(32 * 10**6 - len(FILES[CONTRACT]) - len(FILES[CARD]) + 1)})
    with pytest.raises(AssetError, match=r"is larger than 32 MB"):
        pull(hub, tmp_path)


@pytest.mark.parametrize("path", [COMPILED, CONTRACT, CARD])
def test_an_end_by_ctrl_c_leaves_nothing(hub: FakeHub, tmp_path: Path, path: str) -> None:
    def interrupt(sentence: str) -> None:
        if path in sentence:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(hub, tmp_path / "networks", notify=interrupt)
    assert not (tmp_path / "networks").exists()


@pytest.mark.posix
def test_a_full_disk_leaves_nothing(hub: FakeHub, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, hard))
    try:
        with pytest.raises(EmodjError, match=r"cannot write .*: free some space"):
            pull(hub, tmp_path / "networks")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "networks").iterdir()) == []


# YuNet


def test_yunet_is_asked_for_at_one_commit_of_its_publisher() -> None:
    assert (YUNET.repository, YUNET.path) == ("opencv/face_detection_yunet", "face_detection_yunet_2023mar.onnx")
    assert len(bytes.fromhex(YUNET.revision)) == 20


@pytest.mark.skipif(not YUNET_FILE.is_file(), reason=f"no YuNet file at {YUNET_FILE}")
def test_yunet_is_kept_and_finds_faces(hub: FakeHub, tmp_path: Path, astronaut: Image) -> None:
    hub.publish(YUNET.repository, {YUNET.path: YUNET_FILE.read_bytes()})
    path = tmp_path / "networks" / yunet.FILE_NAME
    pull_yunet(Hub(hub.address), path, notify=ignore)
    assert len(yunet.YuNetDetector(path, search_side=320).detect(astronaut)) == 1


@pytest.mark.parametrize("status", [404, 401])
def test_yunet_that_a_hub_does_not_have_is_a_sentence_of_its_own(hub: FakeHub, tmp_path: Path, status: int) -> None:
    hub.faults[YUNET.path] = Fault(status)
    with pytest.raises(ServiceError, match=r": get the file elsewhere, and name its path in faces\.yunet_model$"):
        pull_yunet(Hub(hub.address), tmp_path / yunet.FILE_NAME, notify=ignore)


def test_yunet_is_kept_by_its_digest_alone(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "networks" / yunet.FILE_NAME
    hub.publish(YUNET.repository, {YUNET.path: b"another network"})
    with pytest.raises(AssetError, match=r"face_detection_yunet_2023mar\.onnx .* is not .* as published by OpenCV Zoo"):
        pull_yunet(Hub(hub.address), path, notify=ignore)
    assert not path.parent.exists()
    monkeypatch.setattr(yunet, "SHA256", hashlib.sha256(b"another network").hexdigest())
    pull_yunet(Hub(hub.address), path, notify=ignore)
    assert path.read_bytes() == b"another network"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
