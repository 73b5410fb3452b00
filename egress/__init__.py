"""The one way out to addresses that strangers name, for the crawler and for the service.

It knows nothing of either: an address that may be asked for, and a connection to nothing else.
"""
