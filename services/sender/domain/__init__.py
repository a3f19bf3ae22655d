"""What sender knows without asking anybody: bodies, answers, the life of a message."""
