"""DOC faces."""
