"""Pure facts and rules of flows: documents, linter, compiler, engine. No await, no clock, no input or output."""
