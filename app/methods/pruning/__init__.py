"""Pruning methods: how many weights their rounds leave."""
