"""A notebook as data: document, source, scopes, dataflow, diagnostics, conversion."""
