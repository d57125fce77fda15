"""Parts of scripts/quantise.py: compiled networks, the inputs of their convolutions, and the rounding of kernels."""
