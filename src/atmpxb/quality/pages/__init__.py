"""Pages of the competence centre: thin views that read through queries and write through actions."""
