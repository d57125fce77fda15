"""Sources of pictures: cameras, video files, streams and still pictures."""
