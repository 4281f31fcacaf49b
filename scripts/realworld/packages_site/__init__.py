"""A site with one package at a time: its models and content, and what must be the same, in a module each."""
