"""Runs as files: written for another installation, and read from strangers only after everything was checked."""
