"""Untrusted bytes to lumas: a picture to one, a video to those of its sampled frames."""
