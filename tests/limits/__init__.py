"""Do several senders together keep Meta's limits, and use them? Real processes, and a Meta that counts arrivals.

`python -m tests.limits` floods one number at its limit and one user beyond hers, and prints figures.
"""
