"""Evidence of a case on the device: records, sealing, the chain, time stamps, packs, verification.

docs/evidence-format.md defines all of it to the bit; browser/evidence/ gives the same.
"""
