"""One foreground process that runs the whole service on one machine: PostgreSQL, Valkey, web server and worker.

    __main__      the order of a start and of a stop
    environment   what the start was told, and the files that live in DATA_DIR
    postgres      a real PostgreSQL from a wheel, on a Unix socket
    valkey        a real Redis-protocol server from a wheel, on a Unix socket
    accounts      PostgreSQL refuses to run as root: as whom then, and where
    child         one program in a process group of its own
    processes     the children together: start, watch, restart, stop
    launch        what a child does between fork and exec (runs by itself)
    guardian      who stops the children when the supervisor was killed (runs by itself)
    bootstrap     migrations, keys and demo catalogue, in one Django process

Development and tests use the same servers. Production has its own: see `docker-compose.yml`.
"""
