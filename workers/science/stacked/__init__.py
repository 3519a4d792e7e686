"""Networks of one shape trained together as one stack: what a step costs a GPU beside its arithmetic is paid once."""
