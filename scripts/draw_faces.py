"""Draw faces that pose expressions, to train a network with them: python scripts/draw_faces.py ict.npz --out drawn.npz.

The face model is ICT-FaceKit's light model (MIT), packed by scripts/pack_face_model.py. docs/network.md says more.
"""

from __future__ import annotations

import os

# One thread for each process: the matrices are small
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import io
import sys
from pathlib import Path

import cv2
import numpy as np

from realtime.domain import CROP_SIDE, EXPRESSIONS
from realtime.errors import EmodjError
from realtime.storage import atomic
from realtime.training.drawn.drawn_set import draw_faces, draw_pairs
from realtime.training.drawn.face_mesh import load_face_mesh
from realtime.training.drawn.styles import STYLES

COLUMNS = 16
"""Faces in a row of the contact sheet."""


def main() -> int:
    """Draw, and write the file and the contact sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="the packed face model")
    parser.add_argument("--count", type=positive, default=24_000, help="faces, or groups with --pairs")
    parser.add_argument("--out", type=Path, required=True, help="NumPy archive to write")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--style", choices=list(STYLES), default="mixed", help="what the set is like; not with --pairs")
    parser.add_argument("--pairs", action="store_true", help="groups of faces that are equal but for one attribute")
    parser.add_argument("--sheet", type=Path, help="PNG of some of the faces, a row for each expression")
    options = parser.parse_args()
    if options.pairs and options.style != "mixed":
        parser.error("--pairs has one style: leave --style out")
    places = [place for place in (options.out, options.sheet) if place]
    for place in places:
        if not place.parent.is_dir():
            parser.error(f"there is no folder {place.parent}: make it, or choose another place")
    try:
        load_face_mesh(options.model)
        of_set = (options.model, options.count, options.seed, options.jobs)
        arrays = draw_pairs(*of_set) if options.pairs else draw_faces(*of_set, STYLES[options.style])
        archive = io.BytesIO()
        np.savez_compressed(archive, **arrays)
        sheet = cv2.imencode(".png", contact_sheet(arrays["images"], arrays["labels"]))[1]
        atomic.write(dict(zip(places, (archive.getvalue(), sheet.tobytes()), strict=False)))
    except EmodjError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    print(f"{len(arrays['labels'])} faces in {options.out}")
    return 0


def positive(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return int(text)


def contact_sheet(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The first faces of each expression, one row for each in the order of `Expression`, at twice their size."""
    rows = np.full((len(EXPRESSIONS), COLUMNS, CROP_SIDE, CROP_SIDE), 255, np.uint8)
    for label in range(len(EXPRESSIONS)):
        first = images[labels == label][:COLUMNS]
        rows[label, : len(first)] = first
    sheet = rows.transpose(0, 2, 1, 3).reshape(len(EXPRESSIONS) * CROP_SIDE, COLUMNS * CROP_SIDE)
    return cv2.resize(sheet, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)


if __name__ == "__main__":
    raise SystemExit(main())
