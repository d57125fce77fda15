"""Where pictures come from: cameras, files, streams and still pictures."""
