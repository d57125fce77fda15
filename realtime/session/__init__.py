"""What a live session knows and what each key does. Pure: no device, disk, clock, network or thread."""
