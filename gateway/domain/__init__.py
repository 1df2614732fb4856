"""What the gateway talks about: tasks, packages, executions, devices, and what may go wrong.

Standard library only. Everything above speaks these words; no vendor's own word appears here.
"""
