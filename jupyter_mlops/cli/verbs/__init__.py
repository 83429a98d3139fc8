"""How each verb is written and how its result is shown. One module a family; each has a `VERBS` tuple."""
