"""DOC classifier."""
