"""Other tools that take the same events into a table by their key: what they cost beside the hub.

Each is a program here, which a Python with that tool runs by itself.
"""
