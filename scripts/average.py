"""Average tuned networks, and go a part of the way to them from the network before: run it after scripts/tune.py.

    python scripts/average.py start.npz tuned.npz … --pair before.json --share 0.7 --out student.npz

The mean of networks that were tuned from the same start is often better than each (Wortsman et al. 2022, arXiv:2203.05482), and
so is a part of the way to it (Wortsman et al. 2022, arXiv:2109.01903): the whole way reads drawn faces best and photos worse.
scripts/offsets.py says how good each share is. No module of emodj imports this script.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from distillation import students
from distillation.networks import Student
from tune import restore_correction

if TYPE_CHECKING:
    from collections.abc import Sequence


def average(before: Student, tuned: Sequence[Student], share: float) -> Student:
    """The student whose weights lie between those of `before` and the mean of the others; share 1 is this mean."""
    first, others = before.state_dict(), [each.state_dict() for each in tuned]
    weights = {
        name: torch.lerp(value, torch.stack([each[name] for each in others]).mean(0), share)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }
    student = Student().eval()
    student.load_state_dict(weights)
    return student


def main() -> None:
    """Average, and write the student as a file of arrays."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start", type=Path, help="the network before, as a file of arrays")
    parser.add_argument("tuned", type=Path, nargs="+", help="files of scripts/tune.py")
    parser.add_argument("--pair", type=Path, required=True, help="the pair before, with its contract beside it")
    parser.add_argument("--share", type=float, default=0.7, help="of the way from before to the mean, 0..1")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    before = students.read(options.start).eval()
    restore_correction(before, options.pair)
    students.write(average(before, [students.read(path).eval() for path in options.tuned], options.share), options.out)


if __name__ == "__main__":
    main()
