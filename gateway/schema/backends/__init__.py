"""Backends: the configured vendor accounts, what they can do, and how they fare."""
