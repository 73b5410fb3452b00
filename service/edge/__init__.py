"""What the API, the pages and the exchanges share about HTTP.

Strict JSON documents and their models, credentials, limits, metrics, and the answer to each error.
Nothing below this package knows HTTP.
"""
