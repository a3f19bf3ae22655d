"""Rules of routing: pure, no await, no clock, no library."""
