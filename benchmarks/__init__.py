"""Figures of emodj beside those of a reference, measured in one run. Not part of the package, nor of its tests."""
