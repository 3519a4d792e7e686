"""What a model consists of, read off a traced run: its kernels, their roles and the units that are tied together."""
