"""One module an act: read, decide, write, in one transaction. Workflows never call each other."""
