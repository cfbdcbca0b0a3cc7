"""Who is asked: the studio or a hosted server, with its key and its prices."""
