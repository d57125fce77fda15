"""DOC session."""
