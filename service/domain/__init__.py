"""Plain values and pure decisions. Nothing here reads a clock, a database or a socket."""
