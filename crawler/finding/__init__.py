"""A page's bytes to the media and links that it shows: pure functions."""
