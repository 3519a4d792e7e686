"""Costs: what runs have taken of slots and disk."""
