"""The page: what the services answer, for people."""
