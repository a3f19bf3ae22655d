"""Single parts of the road, measured in memory: CPU time per item, without network or disk."""
