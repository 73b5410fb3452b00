"""Looks at reported public addresses, hashes what is shown there, and submits what it saw.

It sees hostile pages and their media, and never a case, an entry or the bank: it talks to the
service over HTTP like anyone else.
"""
