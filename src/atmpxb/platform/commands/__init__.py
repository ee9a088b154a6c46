"""One module a command of ``atmpxb``; each defines a click command named ``command``."""
