"""What a house is given at every start: the demo organization, the number of META_*, and the simulator's numbers.

Nothing here is special: it goes in by the same code as `pytake apply`. What was applied by an earlier start is not
applied again, so that a second start takes no time; the simulated Meta forgets everything and is told every time.
"""

from services.cli.demo.provision import provision

__all__ = ["provision"]
