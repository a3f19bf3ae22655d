"""Does the real sender do about each of Meta's errors and answers what a list of them says?

`python -m tests.graph_answers --errors FILE --responses FILE [--json FILE]` runs it on lists of the form of
tests/data/graph/errors.json and tests/data/graph/responses.json, and prints them line by line.
"""
