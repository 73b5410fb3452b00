"""Programs of others, each with nothing but our proxy for a network, and memory for files."""
