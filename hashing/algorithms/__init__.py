"""A luma to a value of 256 bits and its quality; and bytes to their exact digests."""
