"""Results as lines of text. Every function takes plain data and a style, and prints nothing."""
