"""The verbs of the competence centre: the only code that writes its tables. One file a noun."""
