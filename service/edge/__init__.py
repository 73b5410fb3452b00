"""What the routes of every caller share: documents that come in, statuses, what each is given."""
