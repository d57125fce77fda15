"""Music: choose it by mood, then play it here, on Spotify, or open its link."""
