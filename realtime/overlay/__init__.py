"""The image that the user sees: boxes, labels, panels and text, drawn into a copy of the frame."""
