"""Ticketscope's worker side: everything that runs on the machine with the GPU."""
