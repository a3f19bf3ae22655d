"""Generated from protos/ by tools/protos.py; never edited."""
