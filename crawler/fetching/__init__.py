"""Requests and their answers: one page or medium at a time, within budgets, politely."""
