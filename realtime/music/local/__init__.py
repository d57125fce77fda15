"""DOC local."""
