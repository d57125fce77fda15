import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from realtime.errors import AssetError
from realtime.storage import resources


def installed_in(folder: Path) -> ModuleType:
    """The module `resources`, copied into a package folder elsewhere."""
    (folder / "storage").mkdir()
    copy = shutil.copy(resources.__file__, folder / "storage" / "resources.py")
    spec = importlib.util.spec_from_file_location("installed_resources", copy)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_shipped_files_are_found() -> None:
    assert list(resources.cascades_folder().glob("haarcascade_*.xml"))
    assert resources.models_folder().name == "models"
    assert resources.shipped_config().read_text(encoding="utf-8")
    assert resources.resource_root() / "config.toml" == resources.shipped_config()


def test_a_wheel_holds_the_files_in_its_package(tmp_path: Path) -> None:
    (tmp_path / "_assets" / "models").mkdir(parents=True)
    assert installed_in(tmp_path).models_folder() == tmp_path / "_assets" / "models"


def test_a_checkout_holds_the_files_beside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "realtime"
    package.mkdir()
    assert installed_in(package).resource_root() == tmp_path


def test_a_missing_file_is_named() -> None:
    with pytest.raises(AssetError, match=r"no_such_file\.xml is missing: .*install it again"):
        resources.resource_path("cascades", "no_such_file.xml")


def test_the_list_of_songs_lies_in_the_package(tmp_path: Path) -> None:
    assert resources.shipped_songs().read_text(encoding="utf-8").startswith("mood,")
    # Also in a wheel, where the other files lie in another folder
    (tmp_path / "_assets").mkdir()
    installed = installed_in(tmp_path)
    with pytest.raises(AssetError, match=r"songs\.csv is missing"):
        installed.shipped_songs()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "songs.csv").touch()
    assert installed.shipped_songs() == tmp_path / "data" / "songs.csv"
