"""Optimizers: where they learn, what a step costs and how they are drawn."""
