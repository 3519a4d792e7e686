"""The query language of lists of runs: what can be written, and what it means. It needs no database."""
