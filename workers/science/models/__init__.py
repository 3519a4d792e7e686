"""Networks: one file per model, each a `build(shape, n_classes)`; weights are set by `init.initialise`."""
