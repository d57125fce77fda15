"""DOC sources."""
