"""Local music files: libraries, song lists, tags, the play queue and the player."""
