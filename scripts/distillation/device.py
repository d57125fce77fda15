"""The device that everything runs on."""

from __future__ import annotations

import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.backends.cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = True


def half_precision() -> torch.autocast:
    """Compute in bfloat16 on the GPU."""
    return torch.autocast(DEVICE.type, dtype=torch.bfloat16, cache_enabled=False, enabled=DEVICE.type == "cuda")
