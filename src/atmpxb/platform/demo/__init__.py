"""The demo network: the partners that the project is for, with illustrative data and accounts named by role."""
