"""Facts and rules of the ingress room: no await, no clock, no I/O."""
