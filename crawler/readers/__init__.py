"""Kinds of pages, each a module: what is shown there, and where it goes on."""
