"""What the faces of a session add up to: the rolling vote, and valence and arousal of each expression. Pure."""
