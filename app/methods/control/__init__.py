"""Controls that are derived from a ticket, and how they are drawn."""
