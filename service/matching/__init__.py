"""The index engine: exact search within a Hamming radius over 256-bit codes."""
