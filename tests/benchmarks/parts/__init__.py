"""Single parts of the road, each measured alone in one process: CPU microseconds per item."""
