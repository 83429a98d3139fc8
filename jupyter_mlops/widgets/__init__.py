"""What a person sees of a run in a notebook: a live graph, its static twins in SVG and text, and tables."""
