"""The mood of the faces of a session. Pure.

vote     the rolling vote: which expression leads, and when the mood is mixed
affect   valence and arousal of each expression
"""
