"""Sweeps: which values fields of a spec take, and which member comes next. Knows neither store nor web."""
