"""What the crawler knows and has done, in one file: the only thing that it writes."""
