"""DOC overlay."""
