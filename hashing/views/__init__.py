"""The views of content that a platform looks up, made with OpenCV.

This module and `profile` need no OpenCV: a device without it can say what it cannot do.
"""
