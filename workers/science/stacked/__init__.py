"""Networks of one shape trained together as one stack: what a step costs a GPU besides its arithmetic is paid once."""
