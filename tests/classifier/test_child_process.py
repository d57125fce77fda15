import errno
import io
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from realtime.classifier.child_process import ChildProcess
from realtime.errors import AssetError, EmodjError

MODULE = "tests.support.child"
NETWORK = Path("/models/net.json")


def child(**options: Any) -> ChildProcess:
    return ChildProcess(MODULE, NETWORK, **{"memory_bytes": 2**28, **options})


def test_requests_are_answered_in_order() -> None:
    with child() as process:
        for payload in (b"abc", b"", b"\n" * 10**6):
            assert process.request({"do": "echo"}, payload)[1] == payload[::-1]


def test_what_a_library_prints_does_not_reach_the_answers_or_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with child() as process:
        assert process.request({"do": "print"}, b"answer")[1] == b"answer"
    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_child_is_raised_with_its_status() -> None:
    with child() as process:
        with pytest.raises(AssetError, match=r"^net\.json is not good$"):
            process.request({"do": "refuse"})
        with pytest.raises(EmodjError, match=r"^it does not work$") as caught:
            process.request({"do": "fail"})
        assert caught.value.status == 1
        with pytest.raises(AssetError, match=rf"^{re.escape(str(NETWORK))} cannot be used: first line$"):
            process.request({"do": "raise", "path": str(NETWORK)})


@pytest.mark.parametrize("inside", [False, True])
def test_a_full_disk_is_no_fault_of_the_network(*, inside: bool) -> None:
    with (
        child() as process,
        pytest.raises(EmodjError, match=r"net\.json cannot be read now: the disk with .* is full$") as caught,
    ):
        process.request({"do": "fill", "path": str(NETWORK), "inside": inside})
    assert caught.value.status == 1


def test_a_missing_folder_for_temporary_files_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(EmodjError, match=r"there is no folder for temporary files \(.+\): set TMPDIR$"):
        child()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_request_for_too_much_memory_is_refused() -> None:
    with child() as process, pytest.raises(AssetError, match=r"^/models/net\.json .* needs more than 0\.2 GB of memory"):
        process.request({"do": "grow", "path": str(NETWORK), "size": 2**30})


@pytest.mark.posix("Windows ends a process without a signal")
@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL"])
def test_a_child_that_ends_by_a_signal_is_a_sentence(name: str) -> None:
    with child() as process, pytest.raises(AssetError, match=rf"net\.json cannot be used: it is damaged .*ended: {name}"):
        process.request({"do": "die", "signal": signal.Signals[name]})


def test_a_child_that_exits_is_a_sentence_at_each_request() -> None:
    with child() as process:
        for _ in range(2):
            # The second one finds a pipe without a reader
            with pytest.raises(AssetError, match=r"net\.json cannot be used: it is damaged .*ended: status 7"):
                process.request({"do": "exit", "status": 7}, bytes(10**6))


def test_a_child_whose_pipe_windows_calls_invalid_has_ended() -> None:
    class Closed(io.BytesIO):
        """The input of a process of Windows that has ended."""

        def write(self, data: object, /) -> int:
            """Refuse as Windows does."""
            raise OSError(errno.EINVAL, f"Invalid argument: {data!r}")

    with child() as process:
        running = process._child  # pyright: ignore[reportPrivateUsage] - the process does not name its child
        assert running is not None
        assert running.stdin is not None
        # It ends as soon as its input does
        running.stdin.close()
        running.stdin = Closed()
        with pytest.raises(AssetError, match=r"net\.json cannot be used: it is damaged .*ended: status 0"):
            process.request({"do": "echo"})


def test_a_request_without_an_end_is_stopped() -> None:
    with child(timeout_s=0.5) as process, pytest.raises(AssetError, match=r"takes longer than 0\.5 seconds"):
        process.request({"do": "hang"})


def test_the_folder_of_the_child_is_removed_also_with_files_in_it() -> None:
    with child() as process:
        process.request({"do": "leave"})
        folder = process.folder
        assert [path.name for path in folder.iterdir()] == ["left"]
    assert not folder.exists()
    process.close()


def test_libraries_write_into_the_folder_of_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", "/home/person/keras")
    with child() as process:
        for name in ("KERAS_HOME", "MPLCONFIGDIR", "TMPDIR"):
            assert process.request({"do": "environment", "name": name})[1].decode() == str(process.folder)


def test_no_module_of_the_current_folder_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "json.py").write_text("raise SystemExit('taken')", encoding="utf-8")
    with child() as process:
        places = process.request({"do": "modules"})[1].decode().split(" ")
    assert "" not in places
    assert str(tmp_path) not in places
