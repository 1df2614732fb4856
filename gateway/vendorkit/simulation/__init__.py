"""The frame that vendors' simulators share: options, faults, signatures, and a server that can drop a connection.

Nothing here knows an adapter: a simulator is written from its vendor's documents alone.
"""
