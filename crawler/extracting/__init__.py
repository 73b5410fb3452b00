"""Where the video of a player is, by yt-dlp in a cell."""
