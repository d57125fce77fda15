"""Where settings are read from: the files, in the order in which they win, and the TOML in each."""

from __future__ import annotations

import errno
import os
import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime.errors import UsageError
from realtime.reading import read_file
from realtime.storage.user_folders import NoHomeError, config_folder

CONFIG_VARIABLE = "EMODJ_CONFIG"
"""Environment variable that names a file where no option does."""
LARGEST_FILE = 2**18
"""Bytes of a settings file; the shipped one, with all its comments, has 10,000."""
# tomllib's time and memory grow with the square of the names that dots join; settings have three
_TOO_DEEP = re.compile(r"""(?:(?:(?<![\w-])[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){32}""")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A settings file that was read.

    Attributes:
        path: where it lies.
        text: what it holds.
        table: the same as Python values.
    """

    path: Path
    text: str
    table: dict[str, Any]


def user_file() -> Path:
    """Where a person's own file belongs on this platform; it need not exist. Raises `NoHomeError` for a user without a home."""
    return config_folder() / "config.toml"


def config_files(shipped: Path, explicit: Path | None = None) -> list[Path]:
    """List the files to read, later ones win: the shipped one, the user's file if it exists, the explicit one.

    A user without a home has no file.

    Args:
        shipped: `config.toml` as it comes with emodj.
        explicit: the file of `--config`; without it the environment variable counts, if it is set and not empty.
    """
    files = [shipped]
    with suppress(NoHomeError):
        files += [] if _absent(user_file()) else [user_file()]
    named = os.environ.get(CONFIG_VARIABLE, "") if explicit is None else explicit
    # A shell leaves the ~ of --config=~/mine.toml alone
    return [*files, expand_path(Path(named))] if named else files


def _absent(file: Path) -> bool:
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        # It may be there and we may not look: reading it will say so
        return False
    return False


def _is_folder(file: Path) -> bool:
    try:
        return file.is_dir()
    except (OSError, ValueError):
        return False


def expand_path(path: Path) -> Path:
    """Put the home in place of a `~`; a person who does not exist stays, and is missed when the file is opened."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def read_toml(file: Path) -> TomlFile:
    """Read a file, of which nothing is checked but that it is TOML.

    Raises:
        UsageError: it cannot be read, is larger than `LARGEST_FILE`, no UTF-8 text or no TOML.
    """
    try:
        # Editors on Windows put a byte order mark in front
        text = read_file(file, LARGEST_FILE).decode("utf-8-sig")
        if _TOO_DEEP.search(text):
            raise UsageError(f"the configuration {file} is nested too deeply")
        return TomlFile(file, text, tomllib.loads(text))
    except FileNotFoundError as error:
        raise UsageError(f"there is no configuration file {file}") from error
    except OSError as error:
        # Windows refuses to open a folder as it refuses a file of others
        if isinstance(error, IsADirectoryError) or _is_folder(file):
            raise UsageError(f"the configuration {file} is a directory: name the file in it") from error
        if error.errno == errno.EFBIG:
            raise UsageError(
                f"the configuration {file} is larger than {LARGEST_FILE} bytes: it is no file of settings"
            ) from error
        raise UsageError(f"cannot read the configuration {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"the configuration {file} is no UTF-8 text (at line {line}): save it as UTF-8") from error
    except RecursionError as error:
        raise UsageError(f"the configuration {file} is nested too deeply") from error
    except ValueError as error:  # TOMLDecodeError is one, and so is a number of more than 4300 digits
        raise UsageError(f"the configuration {file} is not valid TOML: {error}") from error
