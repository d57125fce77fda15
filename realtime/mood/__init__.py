"""DOC mood."""
