"""Pages for advocates: what the owners who granted access to them may be helped with.

Nothing is here yet. It may import neither `site` nor `owner`.
"""
