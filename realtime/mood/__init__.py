"""The mood of the faces of a session: the rolling vote, and valence and arousal of each expression. Pure."""
