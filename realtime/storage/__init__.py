"""DOC storage."""
