"""DOC config."""
