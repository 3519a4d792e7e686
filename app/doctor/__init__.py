"""What is wrong with an installation and what to do: one look at each part, none of which changes anything."""
