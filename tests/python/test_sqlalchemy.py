"""ctraceprof.sqlalchemy.attach on a real SQLAlchemy, with SQLite, in threads and on an event loop."""

import asyncio
import gc
import threading
import weakref

import pytest

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

import sqlalchemy as sa
from sqlalchemy import orm

import ctraceprof
import ctraceprof.sqlalchemy as subject
from ctraceprof._spans import close_spans, open_spans

SECRET = "s3cret-value"


class Base(orm.DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    books: orm.Mapped[list["Book"]] = orm.relationship(back_populates="author", order_by="Book.id")


class Book(Base):
    __tablename__ = "book"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("author.id"))
    author: orm.Mapped[Author] = orm.relationship(back_populates="books")


AUTHORS, BOOKS = 20, 3


def fill(connection):
    Base.metadata.create_all(connection)
    connection.execute(sa.insert(Author), [{"id": n, "name": f"a{n}"} for n in range(AUTHORS)])
    rows = [{"title": f"b{n}", "author_id": n % AUTHORS} for n in range(AUTHORS * BOOKS)]
    connection.execute(sa.insert(Book), rows)


def make_engine(path):
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        fill(connection)
    return engine


@pytest.fixture
def engine(tmp_path):
    engine = make_engine(tmp_path / "a.db")
    yield engine
    engine.dispose()


@pytest.fixture
def attached(engine):
    with subject.attach(engine):
        yield engine


class capture:
    """What a middleware does, as far as spans go."""

    def __enter__(self):
        self.log = open_spans()
        return self.log

    def __exit__(self, *exc_info):
        close_spans(self.log)


def calls(log):
    return {s.statement: s.calls for s in log.statements()}


ALL_AUTHORS = "SELECT author.id, author.name FROM author"


def read_all(session, *options):
    return sum(len(author.books) for author in session.scalars(sa.select(Author).options(*options)))


def test_n_plus_one_stands_out(attached):
    with capture() as log, orm.Session(attached) as session:
        assert read_all(session) == AUTHORS * BOOKS
    by_author, all_authors = sorted(log.statements(), key=lambda s: s.calls, reverse=True)
    assert by_author.statement.endswith("FROM book WHERE ? = book.author_id ORDER BY book.id")
    assert (by_author.calls, by_author.rows) == (AUTHORS, AUTHORS * BOOKS)
    assert all_authors[:2] == (ALL_AUTHORS, 1) and all_authors.rows == AUTHORS
    assert {s.statement for s in log.spans()} == {by_author.statement, ALL_AUTHORS}
    assert len(log.spans()) == AUTHORS + 1
    assert all(s.duration > 0 and not s.failed for s in log.spans())


def test_the_same_without_it_is_two_statements(attached):
    with capture() as log, orm.Session(attached) as session:
        assert read_all(session, orm.selectinload(Author.books)) == AUTHORS * BOOKS
    assert sorted(calls(log).values()) == [1, 1]
    assert any("IN (...)" in statement for statement in calls(log))


def test_lists_of_any_length_are_one_shape(attached):
    with capture() as log, attached.connect() as connection:
        for n in 1, 3, 7:
            query = sa.select(Author.name).where(Author.id.in_(range(n)))
            assert len(connection.execute(query).all()) == n
    assert calls(log) == {"SELECT author.name FROM author WHERE author.id IN (...)": 3}


def test_parameters_and_literals_are_not_kept(attached):
    with capture() as log, attached.begin() as connection:
        connection.execute(sa.select(Author).where(Author.name == SECRET))
        connection.execute(sa.text(f"SELECT * FROM author WHERE name = '{SECRET}' -- {SECRET}"))
        connection.exec_driver_sql("SELECT * FROM author WHERE name = ?", (SECRET,))
        connection.execute(sa.insert(Author), [{"name": SECRET}, {"name": SECRET}])
        assert SECRET not in repr(log.spans()) + repr(log.statements()) + repr(log.totals())
        assert sum(calls(log).values()) == 4
    close_spans(log)
    attached.dispose()
    gc.collect()
    mine = [o for o in gc.get_objects() if type(o).__module__ == "ctraceprof.sqlalchemy"]
    kept = [getattr(o, "text", "") for o in mine] + [repr(vars(log))]
    assert not any(SECRET in text for text in kept)


def test_many_rows_at_once(attached):
    with capture() as log, attached.begin() as connection:
        connection.execute(sa.insert(Author), [{"name": str(n)} for n in range(50)])  # executemany()
        returning = sa.insert(Author).returning(Author.id)
        assert len(connection.execute(returning, [{"name": str(n)} for n in range(2500)]).all()) == 2500
    assert calls(log) == {
        "INSERT INTO author (name) VALUES (?)": 1,
        "INSERT INTO author (name) VALUES (?), ... RETURNING id": 3,  # SQLAlchemy's batches of 1000
    }


SLOW = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
          SELECT 7 UNION ALL SELECT count(*) FROM n"""


@pytest.mark.parametrize("fetch", [
    lambda result: result.all(),
    lambda result: [row for row in result],
    lambda result: [result.fetchone() for _ in range(3)][:2],
    lambda result: result.fetchmany(5),
    lambda result: list(result.yield_per(1)),
    lambda result: [row for part in result.partitions(1) for row in part],
    lambda result: [result.first(), None],
    lambda result: result.scalars().all(),
    lambda result: result.mappings().all(),
])  # fmt: skip
@pytest.mark.parametrize("streamed", [False, True])
def test_fetching_is_part_of_the_time(attached, fetch, streamed):
    """SQLite computes rows as they are fetched, but for the first: almost all of this statement's time."""
    with capture() as log, attached.connect() as connection:
        if streamed:
            connection = connection.execution_options(stream_results=True)
        result = connection.execute(sa.text(SLOW).columns(n=sa.Integer))
        assert len(fetch(result)) == 2
        (statement,) = log.statements()
        (span,) = log.spans()
        assert statement.calls == 1 and 1 <= statement.rows <= 2
        # with stream_results SQLAlchemy fetches the first rows as the result is made, which is not seen
        if not streamed:
            assert statement.fetching > 0.005
        assert statement.seconds == pytest.approx(statement.longest + statement.fetching)
        assert statement.longest == pytest.approx(span.duration)
        (total,) = log.totals()
        assert total.seconds == pytest.approx(statement.seconds) and total.calls == 1


@pytest.mark.parametrize("options", [{}, {"stream_results": True}, {"yield_per": 7}])
def test_results_are_those_without_it(engine, options):
    def everything(connection):
        connection = connection.execution_options(**options)
        query = sa.select(Book).order_by(Book.id)
        result = connection.execute(query)
        yield result.keys(), result.fetchone(), result.fetchmany(4), result.all(), result.closed
        yield [tuple(row) for row in connection.execute(query).yield_per(3)]
        yield connection.execute(query.limit(1)).one(), connection.execute(query).first()
        yield connection.scalar(sa.select(sa.func.count()).select_from(Book))
        with connection.execute(query) as result:
            yield result.fetchone(), result.returns_rows
        yield result.closed
        frozen = connection.execute(query).freeze()
        yield frozen().all()
        with pytest.raises(sa.exc.ResourceClosedError) as caught:
            result.fetchone()
        yield str(caught.value)
        done = connection.execute(sa.update(Book).values(title="x").where(Book.id < 5))
        yield done.rowcount, done.returns_rows
        with pytest.raises(sa.exc.ResourceClosedError) as caught:
            done.fetchone()
        yield str(caught.value)
        yield connection.execute(sa.insert(Author).values(name="n")).inserted_primary_key
        connection.rollback()

    def run():
        with engine.connect() as connection:
            return [repr(step) for step in everything(connection)]

    before = run()
    with subject.attach(engine):
        idle = run()
        with capture() as log:
            captured = run()
    assert before == idle == captured
    assert sum(calls(log).values()) == 9


def test_errors(attached):
    with capture() as log, attached.connect() as connection:
        with pytest.raises(sa.exc.OperationalError):
            connection.execute(sa.text("SELECT nothing FROM nowhere"))
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.insert(Author).values(id=1, name="again"))
        connection.rollback()
        connection.execute(sa.select(Author)).all()
    failed = {s.statement: (s.calls, s.failed) for s in log.statements()}
    assert failed == {
        "SELECT nothing FROM nowhere": (1, 1),
        "INSERT INTO author (id, name) VALUES (?, ?)": (1, 1),
        ALL_AUTHORS: (1, 0),
    }
    assert [(t.name, t.calls, t.failed) for t in log.totals()] == [("sql", 3, 2)]
    assert [s.failed for s in log.spans()] == [True, True, False]


def test_an_error_as_rows_are_fetched(attached):
    """SQLite finds out at the second row."""
    with capture() as log, attached.connect() as connection:
        query = sa.text("SELECT abs(x) FROM (SELECT 1 AS x UNION ALL SELECT -9223372036854775807 - 1)")
        with pytest.raises(sa.exc.OperationalError, match="integer overflow"):
            connection.execute(query).all()
    (statement,) = log.statements()
    assert (statement.calls, statement.rows, statement.failed) == (1, 0, 1)
    assert [(t.calls, t.failed) for t in log.totals()] == [(1, 1)]


def test_listeners_of_the_application_and_their_exceptions(attached):
    @sa.event.listens_for(attached, "before_cursor_execute", retval=True)
    def comment(connection, cursor, text, parameters, context, many):
        if "author" in text:
            raise LookupError("refused")
        return text + f" -- {SECRET}", parameters

    with capture() as log, attached.connect() as connection:
        assert connection.execute(sa.text("SELECT 5")).scalar() == 5
        with pytest.raises(LookupError, match="refused"):
            connection.execute(sa.select(Author))
        assert connection.execute(sa.text("SELECT 6")).scalar() == 6
    shown = {s.statement: (s.calls, s.failed) for s in log.statements()}
    # SQLAlchemy 2.0 does not tell handle_error of that; the statement was not executed
    assert shown.pop(ALL_AUTHORS, None) in (None, (1, 1))
    assert shown == {"SELECT ?": (2, 0)}


def test_attached_twice_and_to_all_engines_is_recorded_once(tmp_path, engine):
    other = make_engine(tmp_path / "b.db")
    with subject.attach(engine, name="db"), subject.attach(engine), subject.attach(sa.Engine, name="any"):
        with capture() as log:
            for one in engine, other:
                with one.connect() as connection:
                    connection.execute(sa.select(Author)).all()
            with pytest.raises(sa.exc.OperationalError), engine.connect() as connection:
                connection.execute(sa.text("SELECT x"))
    assert [s.name for s in log.spans()][1] == "any"
    assert {s.statement: (s.calls, s.rows, s.failed) for s in log.statements()} == {
        ALL_AUTHORS: (2, 2 * AUTHORS, 0), "SELECT x": (1, 0, 1)}  # fmt: skip
    assert sum(t.failed for t in log.totals()) == 1
    other.dispose()


def test_detached(engine):
    first, second = subject.attach(engine, name="a"), subject.attach(engine, name="b")
    with capture() as log, engine.connect() as connection:
        for handle in first, second, first:
            connection.execute(sa.select(Author)).all()
            handle.detach()
        connection.execute(sa.select(Author)).all()
        third = subject.attach(engine, name="c")
        connection.execute(sa.select(Author)).all()
        third.detach()
    assert [s.name for s in log.spans()] == ["a", "b", "c"]
    # listeners do not pile up
    before = len(list(engine.dispatch.before_cursor_execute)), len(list(engine.dialect.dispatch.handle_error))
    for _ in range(10):
        subject.attach(engine).detach()
    after = len(list(engine.dispatch.before_cursor_execute)), len(list(engine.dialect.dispatch.handle_error))
    assert before == after


def test_detached_and_attached_while_others_run(tmp_path):
    engine = make_engine(tmp_path / "a.db")
    attachment = subject.attach(engine)
    stop, errors, done = threading.Event(), [], []

    def work():
        try:
            with capture() as log:
                while not stop.is_set():
                    with engine.connect() as connection:
                        connection.execute(sa.text("SELECT 1")).all()
                    done.append(1)
            done.extend(log.totals())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(done) < 300 and not errors:
        attachment.detach()
        attachment = subject.attach(engine)
    stop.set()
    for thread in threads:
        thread.join(60)
    attachment.detach()
    assert errors == []
    engine.dispose()


def test_an_engine_that_goes_is_let_go(tmp_path):
    engine = make_engine(tmp_path / "a.db")
    handle = subject.attach(engine)
    with capture() as log, engine.connect() as connection:
        connection.execute(sa.select(Author)).all()
    assert sum(calls(log).values()) == 1
    engine.dispose()
    gone = weakref.ref(engine)
    del engine, connection, log
    gc.collect()
    assert gone() is None
    handle.detach()


def test_what_is_no_engine():
    for wrong in None, "sqlite://", object(), orm.Session:
        with pytest.raises(TypeError, match="attach: engine must be an Engine or AsyncEngine"):
            subject.attach(wrong)
    engine = sa.create_engine("sqlite://")
    with pytest.raises(TypeError, match="attach: name must be a str, not int"):
        subject.attach(engine, name=3)


def test_requests_on_threads_have_their_own(attached):
    logs = [None] * 16

    def work(number):
        with capture() as log, orm.Session(attached) as session:
            logs[number] = log
            for _ in range(number + 1):
                session.execute(sa.select(Author).limit(3)).all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for number, log in enumerate(logs):
        assert [(s.calls, s.rows) for s in log.statements()] == [(number + 1, 3 * (number + 1))]


def test_nothing_is_recorded_without_a_capture(attached):
    with attached.connect() as connection:
        result = connection.execute(sa.select(Author))
        assert not hasattr(result.context, subject.MARK)
        assert type(result.cursor_strategy).__module__.startswith("sqlalchemy.")
        with capture() as log:
            result.all()  # executed before
    assert log.totals() == []


def test_rows_that_are_fetched_after_the_capture(attached):
    with attached.connect() as connection:
        with capture() as log:
            result = connection.execute(sa.select(Author))
        assert len(result.all()) == AUTHORS
    assert [(s.calls, s.rows) for s in log.statements()] == [(1, 0)]


# On an event loop.


@pytest.fixture
def make_async_engine(tmp_path):
    pytest.importorskip("aiosqlite", reason="aiosqlite is not installed")
    pytest.importorskip("greenlet", reason="greenlet is not installed")
    from sqlalchemy.ext.asyncio import create_async_engine

    make_engine(tmp_path / "a.db").dispose()
    return lambda: create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")


def test_async_engine(make_async_engine):
    from sqlalchemy.ext.asyncio import AsyncSession

    async def main():
        engine = make_async_engine()
        subject.attach(engine, name="db")
        with capture() as log:
            async with AsyncSession(engine) as session:
                for author in (await session.scalars(sa.select(Author))).all():
                    books = await session.scalars(sa.select(Book).where(Book.author_id == author.id))
                    assert len(books.all()) == BOOKS
            async with engine.connect() as connection:
                rows = [row async for row in await connection.stream(sa.select(Book.title))]
                assert len(rows) == AUTHORS * BOOKS
                with pytest.raises(sa.exc.OperationalError):
                    await connection.execute(sa.text("SELECT x"))
        await engine.dispose()
        return log

    log = asyncio.run(main())
    shown = {s.statement: (s.calls, s.rows, s.failed) for s in log.statements()}
    assert shown == {
        ALL_AUTHORS: (1, AUTHORS, 0),
        "SELECT book.id, book.title, book.author_id FROM book WHERE book.author_id = ?":
            (AUTHORS, AUTHORS * BOOKS, 0),
        "SELECT book.title FROM book": (1, AUTHORS * BOOKS, 0),
        "SELECT x": (1, 0, 1),
    }  # fmt: skip
    assert [(t.name, t.calls, t.failed) for t in log.totals()] == [("db", AUTHORS + 3, 1)]


def test_async_requests_at_once_have_their_own(make_async_engine):
    async def main():
        engine = make_async_engine()
        subject.attach(engine)

        async def request(number):
            with capture() as log, ctraceprof.Profile(scope="context") as profile:
                async with engine.connect() as connection:
                    for _ in range(number + 1):
                        await connection.execute(sa.select(Author).limit(3))
            return log, profile

        got = await asyncio.gather(*(request(number) for number in range(20)))
        await engine.dispose()
        return got

    for number, (log, profile) in enumerate(asyncio.run(main())):
        assert [s.calls for s in log.statements()] == [number + 1]
        counts = {record.name: record.calls for record in profile.stats()}
        assert counts["_exec_single_context"] == number + 1  # SQLAlchemy's greenlets belong to the request


def test_a_statement_that_is_cancelled(make_async_engine):
    async def main():
        engine = make_async_engine()
        subject.attach(engine)
        with capture() as log:
            async with engine.connect() as connection:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await connection.execute(sa.text(SLOW.replace("200000", "3000000")))
        await engine.dispose()
        return log

    (statement,) = asyncio.run(main()).statements()
    assert (statement.calls, statement.failed) == (1, 1)
    assert statement.longest >= 0.04
