"""Floods: what ill-meant traffic does to well-meant traffic, and to memory and tables."""
