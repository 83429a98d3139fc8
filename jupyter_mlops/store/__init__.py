"""Truth: append-only events and content-addressed artifacts. The index beside them is disposable."""
