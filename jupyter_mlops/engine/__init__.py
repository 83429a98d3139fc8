"""A run in motion: plan, cache keys, a pure state machine, and one thin driver."""
