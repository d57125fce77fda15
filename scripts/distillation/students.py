"""The student as a file of arrays, which a machine without Keras can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from distillation.networks import Student

if TYPE_CHECKING:
    from pathlib import Path


def write(student: Student, path: Path) -> None:
    """Write a student as a file of arrays."""
    np.savez(path, **{name: array.detach().cpu().numpy() for name, array in student.state_dict().items()})


def read(path: Path) -> Student:
    """Read a student from a file of arrays."""
    student = Student()
    with np.load(path, allow_pickle=False) as file:
        student.load_state_dict({name: torch.from_numpy(file[name]) for name in file.files})
    return student
