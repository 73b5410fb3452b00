"""Media to signals, in a process that may die."""
