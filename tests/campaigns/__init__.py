"""Does a campaign reach each recipient exactly once, whatever is killed and whenever it is paused?

`python -m tests.campaigns` runs one against the simulated Meta in a house of its own, and prints figures.
"""
