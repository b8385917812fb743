"""A table on SQLite and N+1 queries of it, for applications that have a database."""

import sqlalchemy as sa
from sqlalchemy.pool import QueuePool

import ctraceprof.sqlalchemy

BOOKS = 3  # of each author

engine = sa.create_engine("sqlite:///file:books?mode=memory&cache=shared&uri=true", poolclass=QueuePool,
                          connect_args={"check_same_thread": False}, pool_size=40)  # fmt: skip
books = sa.Table("book", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("author", sa.Integer))
_keeper = engine.connect()  # the tables live as long as there is a connection
books.metadata.create_all(_keeper)
_keeper.execute(sa.insert(books), [{"author": n % 100} for n in range(100 * BOOKS)])
_keeper.commit()
ctraceprof.sqlalchemy.attach(engine)


def count_books(authors):
    """One statement an author."""
    total = 0
    with engine.connect() as connection:
        for author in range(authors):
            total += len(connection.execute(sa.select(books.c.id).where(books.c.author == author)).all())
    return total
