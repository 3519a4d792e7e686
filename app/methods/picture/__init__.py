"""Pictures for the weights of the erasure study."""
