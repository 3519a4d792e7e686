"""The vocabulary that web and workers share: pydantic models and plain records, nothing else."""
