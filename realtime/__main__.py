"""`python -m realtime` does what `emodj` does."""

import sys

from realtime.cli import run

sys.exit(run())
