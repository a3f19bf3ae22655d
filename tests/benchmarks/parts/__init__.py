"""Single parts of the road, each measured alone: CPU microseconds per item."""
