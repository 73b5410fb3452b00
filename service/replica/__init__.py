"""What follows the store: indexes that each process keeps current, and the search in them."""
