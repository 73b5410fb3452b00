"""One module per act of a caller: it reads, decides, and writes. Workflows never call each other.

What must change together is written in one transaction. Only acts that append to `changes` open
`Database.write_changes`; the others write beside each other.
"""
