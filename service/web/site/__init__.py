"""The public pages: information, the eligibility questions, where to get help."""
