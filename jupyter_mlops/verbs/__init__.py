"""What every surface can ask for: one module a verb, plain data in, plain data out, nothing printed."""
