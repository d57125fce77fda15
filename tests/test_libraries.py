from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from realtime.libraries import explain_import_error, set_variable
from tests.support.places import ASTRONAUT, ROOT

if TYPE_CHECKING:
    from pathlib import Path

NO_LIBGL = "libGL.so.1: cannot open shared object file: No such file or directory"
NO_DLL = "DLL load failed while importing {}: The specified module could not be found."


PATHS = {
    "cv2": "/home/me/.venv/lib/python3.12/site-packages/cv2/cv2.abi3.so",
    "_pywrap": "C:\\me\\Lib\\site-packages\\ai_edge_litert\\_pywrap.pyd",
    "single": "/usr/lib/python3/site-packages/single.abi3.so",
}


def broken(module: str, reason: str) -> ImportError:
    """The error of a library whose native part cannot be loaded. Windows names only the last part of its module."""
    return ImportError(reason, name=module, path=PATHS[module])


@pytest.mark.parametrize(
    ("module", "reason", "platform", "advice"),
    [
        ("cv2", NO_LIBGL, "linux", "install the package that holds libGL.so.1, in Debian and Ubuntu libgl1"),
        ("cv2", NO_LIBGL.replace("GL.so.1", "new.so"), "linux", "install the package that holds libnew.so"),
        ("cv2", "version `GLIBC_2.28' not found", "linux", "install emodj again, in an empty virtual environment"),
        ("cv2", NO_DLL.format("cv2"), "win32", "Windows N also needs the Media Feature Pack"),
        ("_pywrap", NO_DLL.format("_pywrap"), "win32", "install the Visual C++ runtime"),
        ("single", "undefined symbol: x", "linux", "install emodj again"),
        ("cv2", "dlopen(cv2.abi3.so): Symbol not found: _x", "darwin", "update macOS, or try pip install --only-binary"),
    ],
)
def test_the_sentence_names_the_library_the_reason_and_what_to_install(
    module: str, reason: str, platform: str, advice: str
) -> None:
    sentence = explain_import_error(broken(module, reason), platform)
    name = {"cv2": "OpenCV", "_pywrap": "LiteRT"}.get(module, module)
    assert sentence.startswith(f"the library {name} cannot be loaded ({reason.rstrip('.')}): ")
    assert advice in sentence
    assert ("Media" in sentence) is (platform == "win32" and module == "cv2")


def test_the_ffmpeg_of_windows_sees_a_variable_that_is_set_later(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, bytes]] = []

    class CLibrary:
        """A C library of Windows, with its own copy of the environment."""

        def __init__(self, name: str) -> None:
            self._name = name

        def _putenv(self, entry: bytes) -> int:
            told.append((self._name, entry))
            return 0

    monkeypatch.setenv("EMODJ_TEST", "before")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "CDLL", CLibrary)
    set_variable("EMODJ_TEST", "a;b|c")
    assert os.environ["EMODJ_TEST"] == "a;b|c"
    set_variable("EMODJ_TEST", None)
    set_variable("EMODJ_TEST", None)
    assert "EMODJ_TEST" not in os.environ
    assert told == [("msvcrt", b"EMODJ_TEST=a;b|c"), ("msvcrt", b"EMODJ_TEST="), ("msvcrt", b"EMODJ_TEST=")]


def test_a_library_that_is_not_installed_and_a_part_of_emodj_that_is_missing_are_told_apart() -> None:
    assert explain_import_error(ModuleNotFoundError("No module named 'cv2'", name="cv2")).startswith(
        "the library OpenCV is not installed: install emodj again"
    )
    missing = ModuleNotFoundError("No module named 'realtime.faces'", name="realtime.faces")
    assert explain_import_error(missing).startswith(
        "this installation of emodj is incomplete (No module named 'realtime.faces')"
    )


def test_without_a_name_the_library_is_the_one_whose_code_raised_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "grumpy").mkdir()
    (tmp_path / "grumpy" / "__init__.py").write_text("from . import core\n")
    (tmp_path / "grumpy" / "core.py").write_text("raise ImportError('\\n\\nPLEASE READ THIS.\\n\\nMore lines.')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError) as caught:
        __import__("grumpy")
    assert explain_import_error(caught.value) == (
        "the library grumpy cannot be loaded (PLEASE READ THIS): install emodj again, in an empty virtual environment"
    )


def read_picture(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`emodj image` with the libraries in `folder` in the place of the real ones."""
    return subprocess.run(
        [sys.executable, "-m", "realtime", *options, "image", str(ASTRONAUT), "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def without_opencv(tmp_path: Path) -> Path:
    (tmp_path / "cv2.py").write_text(f"raise ImportError({NO_LIBGL!r}, name='cv2')\n")
    return tmp_path


def test_a_command_says_in_a_sentence_that_opencv_cannot_be_loaded(without_opencv: Path) -> None:
    ended = read_picture(without_opencv)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"emodj: the library OpenCV cannot be loaded ({NO_LIBGL}): "
        "install the package that holds libGL.so.1, in Debian and Ubuntu libgl1\n"
    )
    assert "Traceback" in read_picture(without_opencv, "-vv").stderr


def test_commands_that_need_no_opencv_run_without_it(without_opencv: Path) -> None:
    for arguments in (["--help"], ["mood", "happy"], ["config", "show"]):
        command = [sys.executable, "-m", "realtime", *arguments]
        environment = os.environ | {"PYTHONPATH": str(without_opencv)}
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")


def test_opencv_reads_the_network_where_litert_cannot_be_loaded_and_emodj_says_so(tmp_path: Path) -> None:
    whole = read_picture(tmp_path)
    (tmp_path / "ai_edge_litert").mkdir()
    (tmp_path / "ai_edge_litert" / "__init__.py").touch()
    (tmp_path / "ai_edge_litert" / "interpreter.py").write_text(f"raise ImportError({NO_DLL.format('_wrapper')!r})\n")
    ended = read_picture(tmp_path)
    assert ended.returncode == 0
    assert ended.stderr.startswith("emodj: the library LiteRT cannot be loaded (DLL load failed while importing _wrapper:")
    assert ended.stderr.endswith("; until then OpenCV reads the network, with the same answers\n")
    assert ended.stderr.count("\n") == 1
    assert '"expression": "happy"' in whole.stdout
    assert '"expression": "happy"' in ended.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_opencv_and_numpy_load_without_threads_for_products_of_matrices() -> None:
    program = (
        "from realtime.libraries import configure_opencv; configure_opencv(); "
        "import cv2, os; print(*os.listdir('/proc/self/task'))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=True)
    assert len(ended.stdout.split()) == 1
