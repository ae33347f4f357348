"""People who sign in: accounts, passwords, second factors, sessions, the roster."""
