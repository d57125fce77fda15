"""Which movies fit a mood: the list, and the choice among it. The strategies and points are those of the music."""
