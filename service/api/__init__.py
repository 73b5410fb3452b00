"""The native HTTP API, a module for each kind of caller.

A route calls one workflow and shapes its answer.
"""
