"""Records, the rules they are held against, and what is told of them."""
