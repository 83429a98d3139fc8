"""Where attempts run: one package an implementation, loaded by name."""
