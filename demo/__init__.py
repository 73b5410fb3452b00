"""`make demo`: the main job from one end to the other, on real pictures, with a real server."""
