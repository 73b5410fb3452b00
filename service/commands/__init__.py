"""What an operator runs: each module has some commands, and loads only what they need."""
