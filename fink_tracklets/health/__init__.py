"""Whether this machine and the services it uses can do the work: each check is one finding."""
