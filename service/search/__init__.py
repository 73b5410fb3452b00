"""Content in, verdicts out: reads indexes and store, writes nothing, and knows no caller."""
