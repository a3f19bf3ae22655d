"""The simulated Meta: Graph API, webhooks and phones of the embedded run, all in memory.

Does    answer sends as Meta does (checks, limits, statuses), sign and deliver webhooks until they are taken,
        and be a phone that people and tests can hold: a page at /phone and a JSON API beneath it.
Owns    what was accepted (the ledger), which webhooks still wait, what every phone has seen.
Never   touches the services but through signed webhooks, and never stands in for a service.

It is started apart from the services so that it outlives any of them, as Meta does.
"""
