"""Training: one loop for a network or a stack of them, the layouts of networks, the tasks, and hooks on each step."""
