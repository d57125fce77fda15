"""Where music is opened or played."""
