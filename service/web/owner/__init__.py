"""The pages of a case, for its owner: submit, overview, add, withdraw, undo."""
