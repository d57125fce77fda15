"""Paths of the files that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
ASTRONAUT = ROOT / "tests" / "data" / "astronaut.jpg"
CASCADES = ROOT / "cascades"
MODELS = ROOT / "models"
SHIPPED_CONFIG = ROOT / "config.toml"

SHARED = ROOT.parent / "shared"
"""Folder beside the checkout with data too large for it; tests that read it skip where it is missing."""
