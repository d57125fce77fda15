"""The picture that a person sees: boxes, labels, panels and text, drawn into a copy of the frame."""
