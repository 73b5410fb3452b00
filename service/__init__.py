"""The service: signals, cases, sightings. It never receives, decodes or stores content."""
