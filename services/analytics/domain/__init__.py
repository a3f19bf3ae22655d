"""Records, the rules they are held against, and how they are counted."""
