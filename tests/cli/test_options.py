"""The sentences of the network commands about data without a part."""

from pathlib import Path

import numpy as np
import pytest

from realtime import cli
from realtime.cli.options import require_parts
from realtime.errors import UsageError
from realtime.training.dataset import build_dataset

NOTHING = build_dataset(np.zeros((0, 48, 48), np.uint8), np.zeros(0, np.uint8), np.zeros(0, np.uint8))


@pytest.mark.parametrize(("part", "name"), [("training", "train"), ("public", "validation"), ("private", "test")])
def test_the_sentence_about_a_folder_names_the_folder_of_the_part(tmp_path: Path, part: str, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_parts(NOTHING, (part,), tmp_path)
    assert (
        str(caught.value) == f"{tmp_path} has no image in its {part} part: put them into {tmp_path / name}, one folder a class"
    )


@pytest.mark.parametrize(("part", "name"), [("training", "Training"), ("public", "PublicTest"), ("private", "PrivateTest")])
def test_the_sentence_about_a_table_names_the_usage_of_the_part(tmp_path: Path, part: str, name: str) -> None:
    with pytest.raises(UsageError, match=f"no image in its {part} part: no row of it has the Usage {name}$"):
        require_parts(NOTHING, (part,), tmp_path / "fer2013.csv")


def test_the_sentence_about_an_archive_names_the_part(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no image in its public part$"):
        require_parts(NOTHING, ("public", "private"), tmp_path / "fer2013.npz")


def test_present_parts_pass(tmp_path: Path) -> None:
    data = build_dataset(np.zeros((2, 48, 48), np.uint8), np.zeros(2, np.uint8), np.array([0, 2], np.uint8))
    require_parts(data, ("training", "private"), tmp_path)
    with pytest.raises(UsageError, match="public"):
        require_parts(data, ("training", "public"), tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["live", "--duration", "nan"],
        ["live", "--duration", "-NaN"],
        ["calibrate", "--seconds", "nan"],
        ["train", "--mixup", "nan"],
        ["train", "--teacher-share", "nan"],
    ],
)
def test_an_option_that_is_no_number_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    assert f"Invalid value for '{arguments[1]}'" in (said := capsys.readouterr().err)
    assert "nan" in said.lower()
