"""Music files of this computer: libraries, lists, tags, the play queue and the player."""
