"""One module a subject; each handler is thin: checked request, verb of the library in a thread, answer."""
