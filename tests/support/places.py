"""Where the files lie that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
ASTRONAUT = ROOT / "tests" / "data" / "astronaut.jpg"
CASCADES = ROOT / "cascades"
MODELS = ROOT / "models"
SHIPPED_CONFIG = ROOT / "config.toml"

SHARED = ROOT.parent / "shared"
"""Data beside a checkout, too large for it: tests that read it skip where it is missing."""
