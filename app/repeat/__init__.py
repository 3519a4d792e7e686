"""Whether a run came out the same when it was done again, and if not, where and why."""
