"""PyTake with its five rooms in one process, calling each other directly: what the split costs is the difference.

It is no way to run PyTake. The house starts a process for each room as usual; four of them hand their
environment to the fifth and sleep.
"""
