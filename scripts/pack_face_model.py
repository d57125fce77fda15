"""Pack ICT-FaceKit's light model into one file for scripts/draw_faces.py: python scripts/pack_face_model.py FaceXModel ict.npz.

The model (MIT) is the folder FaceXModel of https://github.com/ICT-VGL/ICT-FaceKit, 157 files of 2.5 MB.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import numpy as np

from realtime.errors import EmodjError
from realtime.storage import atomic
from realtime.training.drawn.model_folder import read_model_folder


def main() -> int:
    """Read the folder and write the archive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="FaceXModel")
    parser.add_argument("out", type=Path, help="NumPy archive to write")
    options = parser.parse_args()
    try:
        arrays = read_model_folder(options.folder)
        archive = io.BytesIO()
        np.savez_compressed(archive, **arrays)
        atomic.write({options.out: archive.getvalue()})
    except EmodjError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    print(
        f"{len(arrays['vertices'])} vertices and {len(arrays['identity']) + len(arrays['expression'])} shapes in {options.out}"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
