"""Parts of scripts/distil.py: faces with their targets, views, networks, training, and the way to and from Keras."""
