"""DOC app."""
