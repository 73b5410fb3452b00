"""Which stored codes lie within a radius of an asked one. Exact, always."""
