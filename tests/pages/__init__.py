"""Tests of the pages in a real browser: a package, so that one Chromium serves all its files."""
