"""The wheel: its files, the same wheel from the sdist, and its programs in an empty environment."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.support.places import ASTRONAUT, ROOT

UV = Path(sys.executable).with_name("uv")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

PAGE_FILES = (
    *("index.html", "page.css", "icon.svg", "sample.jpg"),
    *(
        "camera.js",
        "dj.js",
        "elements.js",
        "main.js",
        "mood.js",
        "offers.js",
        "picture.js",
        "player.js",
        "rest.js",
        "server.js",
    ),
    *("spotify.js", "stage.js", "summary.js", "thumb.svg", "thumbs.js"),
)

ASSETS = {
    "realtime/_assets/config.toml": "config.toml",
    **{
        f"realtime/_assets/{name}": name
        for name in (
            "models/emotiondetector.json",
            "models/emotiondetector.h5",
            "models/emotiondetector.tflite",
            "models/emotiondetector.contract.json",
            "models/README.md",
            "cascades/haarcascade_frontalface_alt.xml",
            "cascades/haarcascade_frontalface_alt2.xml",
            "cascades/haarcascade_frontalface_default.xml",
            "cascades/haarcascade_profileface.xml",
            "cascades/LICENSE.txt",
        )
    },
    **{
        f"realtime/{name}": f"realtime/{name}"
        for name in (
            *("py.typed", "data/songs.csv", "data/movies.csv", "data/facts.csv"),
            *(f"page/static/{name}" for name in PAGE_FILES),
            *("fonts/Inter-Medium.otf", "fonts/Inter-SemiBold.otf", "fonts/LICENSE.txt"),
        )
    },
}
"""Files of the wheel that are no code, and where each lies in a checkout."""

LICENCES = {"LICENSE", "cascades/LICENSE.txt", "realtime/fonts/LICENSE.txt"}


def uv(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run uv without a network: after `uv sync` its cache holds all files."""
    if not UV.exists():
        skip_or_fail("uv is not installed beside this Python: uv sync")
    command = [str(UV), *map(str, arguments), "--offline", "--no-progress"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **variables}, cwd=ROOT)


def skip_or_fail(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


# Module fixtures run before `home` replaces the home folder, in which uv keeps its cache


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from nothing else."""
    folder = tmp_path_factory.mktemp("dist")
    ended = uv("build", "--out-dir", folder, ROOT)
    if "network" in ended.stderr and ended.returncode:
        skip_or_fail(f"uv's cache does not hold what a build needs (uv sync fills it): {ended.stderr[-300:]}")
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def direct(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that was built from the checkout itself."""
    del built  # the first build reports an incomplete cache
    folder = tmp_path_factory.mktemp("direct")
    ended = uv("build", "--wheel", "--out-dir", folder, ROOT)
    assert ended.returncode == 0, ended.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel, what it declares in the locked versions, and nothing else."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    options = ("--locked", "--no-dev", "--no-install-project", "--python", sys.executable)
    ended = uv("sync", *options, UV_PROJECT_ENVIRONMENT=str(place))
    if ended.returncode:
        skip_or_fail(f"uv's cache does not hold what emodj needs (uv sync fills it): {ended.stderr[-300:]}")
    ended = uv("pip", "install", "--no-deps", "--python", place, wheel)
    assert ended.returncode == 0, ended.stderr
    ended = uv("pip", "check", "--python", place)
    assert ended.returncode == 0, ended.stderr
    return place / "bin"


def run_installed(program: Path, *arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def contents(wheel: Path) -> dict[str, str]:
    """Digest of each file of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


# Files of the wheel


def test_the_wheel_holds_the_package_its_assets_and_nothing_else(wheel: Path) -> None:
    code = {str(path.relative_to(ROOT)) for path in (ROOT / "realtime").rglob("*.py")}
    about = f"emodj-{PROJECT['version']}.dist-info"
    notes = {f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    licences = {f"{about}/licenses/{name}" for name in LICENCES}
    assert sorted(contents(wheel)) == sorted(code | set(ASSETS) | notes | licences)
    assert "realtime/__main__.py" in code


def test_every_asset_is_that_of_the_checkout_byte_for_byte(wheel: Path) -> None:
    packed = contents(wheel)
    for name, origin in ASSETS.items():
        assert packed[name] == hashlib.sha256((ROOT / origin).read_bytes()).hexdigest(), name


def test_the_assets_hold_no_code(wheel: Path) -> None:
    assert not [name for name in contents(wheel) if name.startswith("realtime/_assets") and name.endswith((".py", ".pyc"))]


def test_the_metadata_has_the_dependencies_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        about = f"emodj-{PROJECT['version']}.dist-info"
        metadata = Parser().parsestr(archive.read(f"{about}/METADATA").decode())
        assert "emodj = realtime.cli:run" in archive.read(f"{about}/entry_points.txt").decode()
    assert (metadata["Name"], metadata["Version"], metadata["License-Expression"]) == ("emodj", PROJECT["version"], "MIT")
    assert set(metadata.get_all("License-File", [])) == LICENCES
    needs = metadata.get_all("Requires-Dist", [])
    always = {need for need in needs if "extra ==" not in need}
    assert len(always) == len(PROJECT["dependencies"])
    assert not [need for need in always if need.startswith(("tensorflow", "keras"))]
    assert any(need.startswith("tensorflow") and "extra == 'train'" in need for need in needs)


def test_the_sdist_builds_the_same_wheel_as_the_checkout(wheel: Path, direct: Path) -> None:
    assert contents(direct) == contents(wheel)


def test_the_sdist_holds_the_files_of_its_tests_and_no_private_ones(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "CHANGELOG.md", "LICENSE", "uv.lock", "pyproject.toml", "config.toml"} <= names
    assert {"tests/conftest.py", "tests/data/astronaut.jpg", "models/emotiondetector.h5"} <= names
    assert {"cascades/LICENSE.txt", "realtime/fonts/LICENSE.txt"} <= names
    assert not [name for name in names if name.split("/")[0] in {"runs", ".ci", ".venv", "dist", "shared"}]


# Programs of the wheel


def test_the_wheel_reads_a_picture_in_an_empty_environment_and_another_folder(installed: Path, tmp_path: Path) -> None:
    photo = shutil.copy(ASTRONAUT, tmp_path / "photo.jpg")
    ended = run_installed(installed / "emodj", "image", photo, "--json", "-o", "drawn.png", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    (image,) = json.loads(ended.stdout)["images"]
    assert image["faces"][0]["expression"] == "happy"
    assert image["playlist"]["url"].startswith("https://open.spotify.com/playlist/")
    assert (tmp_path / "drawn.png").stat().st_size > 100_000


def test_the_wheel_runs_a_session_without_a_window(installed: Path, tmp_path: Path) -> None:
    ended = run_installed(installed / "emodj", "live", "--no-window", "--source", ASTRONAUT, "--json", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["mood"]["expression"] == "happy"


def test_the_installed_program_uses_the_wheel_and_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    ended = run_installed(installed / "emodj", "config", "path", folder=tmp_path)
    shipped = Path(ended.stdout.splitlines()[0])
    assert shipped.is_relative_to(installed.parent)
    assert shipped.parts[-3:] == ("realtime", "_assets", "config.toml")
    assert run_installed(installed / "emodj", "model", "show", folder=tmp_path).stdout.count(str(installed.parent)) == 1
    version = run_installed(installed / "python", "-m", "realtime", "--version", folder=tmp_path)
    assert version.stdout == f"emodj {PROJECT['version']}\n"


def test_a_command_that_needs_tensorflow_names_its_installation(installed: Path, tmp_path: Path) -> None:
    assert run_installed(installed / "python", "-c", "import tensorflow", folder=tmp_path).returncode == 1
    pair = shutil.copytree(ROOT / "models", tmp_path / "models") / "emotiondetector.json"
    ended = run_installed(installed / "emodj", "model", "compile", pair, folder=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.endswith("pip install tensorflow\n")


def test_every_command_of_the_wheel_has_help(installed: Path, tmp_path: Path) -> None:
    for command in ("image", "live", "config", "train", "evaluate", "model"):
        ended = run_installed(installed / "emodj", command, "--help", folder=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
