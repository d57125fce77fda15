"""The settings: what may be set, and the files that it is read from."""
