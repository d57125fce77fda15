"""Frame in, faces out: detection, quality, tracking and labels."""
