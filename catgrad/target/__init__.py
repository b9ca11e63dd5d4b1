"""Targets: programs as text in other languages."""
