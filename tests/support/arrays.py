"""Files of NumPy whose headers claim what their bytes do not hold."""

from __future__ import annotations

import struct


def claim_array(kind: str, shape: str) -> bytes:
    """A `.npy` file whose header says `kind` and `shape`, such as "<f4" and "(1000000,)", with a few bytes after it."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(64)
