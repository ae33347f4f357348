"""The ground of every room: database pool, transactions, migrations, jobs, the embedded server."""
