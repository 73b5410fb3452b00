"""Pages for advocates: signing in, their account, and what owners granted them (nothing yet).

It may import neither `site` nor `owner`.
"""
