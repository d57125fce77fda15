"""Read a network in whatever form somebody saved it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import BadZipFile

from realtime import network
from realtime.errors import AssetError
from realtime.quiet import quiet

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.network import KerasNetwork

SUFFIX = ".keras"
"""How the name of a network ends that Keras 3 saved in one file (`model.save`)."""


def load(path: Path) -> KerasNetwork:
    """Read a pair by its `.json`, or one `.keras` file, and check that it is a network such as emodj can run.

    Raises:
        AssetError: as `network.load_pair`; or Keras cannot read the file, or it would run code of its own.
        EmodjError: TensorFlow is not installed.
    """
    if path.suffix != SUFFIX:
        return network.load_pair(path)
    if not path.is_file():
        raise AssetError(f"{path} is missing: a network is NAME.keras, or a pair of NAME.json and NAME.h5 in one folder")
    keras = network.tensorflow(f"{path.name}, a network that Keras saved,").keras
    try:
        with quiet():
            loaded = keras.models.load_model(path, compile=False)
    except (*network.REFUSALS, BadZipFile) as error:
        raise AssetError(f"{path} is no network that Keras can read: {network.first_line(error)}") from error
    network.check_shapes(loaded, path)
    network.check_answers(loaded, path)
    return loaded
