"""`python -m realtime` does what `emodj` does."""

import sys

from realtime.cli import main

sys.exit(main())
