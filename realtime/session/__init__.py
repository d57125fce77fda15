"""State of a live session, its keys, its view and its documents. Pure: no device, disk, clock, network or thread."""
