"""Importing this module connects every receiver."""
