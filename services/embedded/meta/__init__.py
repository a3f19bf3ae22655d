"""The simulated Meta: Graph API, webhooks and phones of the embedded run, all in memory.

Does    answer sends as Meta does (checks, limits, statuses), sign and deliver webhooks until they are taken,
        and be a phone that people and tests can hold: a page at /phone and a JSON API beneath it.
Owns    what was accepted (the ledger), which webhooks still wait, what every phone has seen.
Never   touches the services but through signed webhooks, and never stands in for a service.

Doors   /{version}/…   the Graph API, as the sender's META_GRAPH_API_BASE
        /phone         the page and, beneath it, its JSON API (chat.py and terminal.py use it too)
        /_sim/…        control for tests and benchmarks: numbers, ledger, faults, delivery, stats; loopback only

It is started apart from the services so that it outlives any of them, as Meta does.
"""
