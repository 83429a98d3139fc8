"""What takes a file away, by name: in Python and in a shell it is one act, and means the same for the steps around it.

Whoever reads the file must have done so before; the step has no file to hand on; it still depends on what was in it.
"""

from __future__ import annotations

# Functions of `os` and `shutil`; the file is their first argument.
FUNCTIONS = frozenset({"remove", "unlink", "rmdir", "removedirs", "rmtree", "rename", "renames", "replace", "move"})
# Methods of a path: the path itself is the file.
METHODS = frozenset({"unlink", "rmdir", "rename", "replace", "move"})
# Commands of a shell; `%rm` is one as well.
COMMANDS = frozenset({"rm", "rmdir", "unlink", "mv"})
# Those of all the above that write the file elsewhere: under the name that they are given last.
MOVERS = frozenset({"rename", "renames", "replace", "move", "mv"})
