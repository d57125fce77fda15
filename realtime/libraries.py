"""The native libraries that emodj uses: the variables that OpenCV reads, and why a library cannot be loaded.

A library that pip installed still cannot be loaded where the system lacks a part of it: Linux without libGL, the editions N of
Windows without Media Foundation, Windows without the Visual C++ runtime, or a macOS that is older than its wheel.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import PureWindowsPath
from traceback import walk_tb

OPENCV_VARIABLES = {
    # emodj reports the faults of OpenCV, FFmpeg and Qt in a sentence
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "QT_LOGGING_RULES": "*=false",
    # Without it, Media Foundation of Windows takes 4 to 20 seconds to open a camera (opencv#17687, #26495)
    "OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0",
    # OpenBLAS, in OpenCV and in NumPy, for products of large matrices: emodj has none, and its idle threads spin for 40 ms
    # (`perf stat -e task-clock python -c "import cv2"`, with and without it)
    "OPENBLAS_NUM_THREADS": "1",
    # In a thread, OpenCV cannot ask macOS for permission: `sources/camera_permission.py` does it in the main thread
    "OPENCV_AVFOUNDATION_SKIP_AUTH": "1",
}
"""Variables of the environment that OpenCV and what it brings read when they are loaded, and some of them later."""

_NAMES = {
    "PIL": "Pillow",
    "ai_edge_litert": "LiteRT",
    "cv2": "OpenCV",
    "numpy": "NumPy",
    "pydantic_core": "pydantic-core",
    "tensorflow": "TensorFlow",
}
"""What people call a library whose module has another name."""

_MISSING_FILE = re.compile(r"(?P<file>lib[^\s:/]+\.so[.\d]*): cannot open shared object file")
"""Matches what the loader of Linux says about a file that it does not find."""

_DEBIAN_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libstdc++.so.6": "libstdc++6",
}
"""Package of Debian and Ubuntu that holds a file which the wheels need and do not bring (`readelf -d`)."""

_VISUAL_CPP = "install the Visual C++ runtime of Microsoft (https://aka.ms/vs/17/release/vc_redist.x64.exe)"
_MEDIA_FEATURES = "Windows N also needs the Media Feature Pack (Settings > System > Optional features)"
_OLDER_OPENCV = (
    "this OpenCV may need a newer macOS: update macOS, or try pip install --only-binary :all: 'opencv-python>=4.12,<4.13'"
)
_AGAIN = "install emodj again, in an empty virtual environment"


def configure_opencv() -> None:
    """Set the variables of OpenCV; call it before OpenCV is loaded. A variable that is set already stays."""
    for name, value in OPENCV_VARIABLES.items():
        if name not in os.environ:
            set_variable(name, value)


def set_variable(name: str, value: str | None) -> None:
    """Set a variable of the environment where OpenCV and its FFmpeg read it; None removes it.

    FFmpeg of OpenCV for Windows reads the environment from a C library of its own, msvcrt. That one copies all variables when
    it is loaded, and does not see what Python changes later.
    """
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - only Windows needs it

        # An empty value removes the variable
        ctypes.CDLL("msvcrt")._putenv(os.fsencode(f"{name}={value or ''}"))  # noqa: SLF001 - its name in C


def explain_import_error(error: ImportError, platform: str = sys.platform) -> str:
    """A sentence that says which library cannot be loaded, why, and what to install.

    Args:
        error: raised by an import.
        platform: as in `sys.platform`.
    """
    module = _failed_module(error)
    reason = next((line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if module == "realtime":
        return f"this installation of emodj is incomplete ({reason}): install it again"
    name = _NAMES.get(module, module)
    if isinstance(error, ModuleNotFoundError):
        return f"the library {name} is not installed: {_AGAIN}"
    return f"the library {name} cannot be loaded ({reason}): {_advise(module, reason, platform)}"


def _advise(module: str, reason: str, platform: str) -> str:
    if missing := _MISSING_FILE.search(reason):
        file = missing["file"]
        package = _DEBIAN_PACKAGES.get(file)
        return f"install the package that holds {file}" + (f", in Debian and Ubuntu {package}" if package else "")
    if platform == "win32":
        return f"{_VISUAL_CPP}; {_MEDIA_FEATURES}" if module == "cv2" else _VISUAL_CPP
    if platform == "darwin" and module == "cv2":
        return _OLDER_OPENCV
    return _AGAIN


def _failed_module(error: ImportError) -> str:
    """Name of the package that failed: of its file, else the one that the error names, else of the code that raised it."""
    # Windows names only the last part of a module: `_pydantic_core`
    folders = PureWindowsPath(error.path or "").parts
    if "site-packages" in folders[:-1]:
        return folders[folders.index("site-packages") + 1].partition(".")[0]
    if error.name:
        return error.name.partition(".")[0]
    modules = [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    return next((module for module in reversed(modules) if module != "importlib"), "")
