"""Ticketscope's web side: everything that needs no torch."""
