"""Other systems' dialects of our API: StopNCII, NCMEC, Shield, Hasher-Matcher-Actioner.

Schemas and their mapping to workflows, one module for each dialect, and nothing else. None is here
yet.
"""
