//! SQL as text that each connection prepares once: for the queries of the job path, which diesel's own
//! `sql_query` would prepare every time, and which its typed queries cannot say.

use std::marker::PhantomData;

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::HasSqlType,
};

/// A statement of fixed text with a `?` where a value goes, in this order. No `?` may stand anywhere
/// else in the text. `R` is the SQL type of its rows.
pub(crate) struct Statement<R, B = ()> {
    text: &'static str,
    values: B,
    rows: PhantomData<R>,
}

/// A statement that gives rows of the SQL type `R`; `()` if it gives none.
pub(crate) fn statement<R>(text: &'static str) -> Statement<R> {
    Statement { text, values: (), rows: PhantomData }
}

impl<R, B> Statement<R, B> {
    /// The value of the next `?`, with its SQL type.
    pub(crate) fn bind<T, V>(self, value: V) -> Statement<R, (B, Value<T, V>)> {
        Statement { text: self.text, values: (self.values, Value(value, PhantomData)), rows: PhantomData }
    }
}

/// A value and its SQL type.
pub(crate) struct Value<T, V>(V, PhantomData<T>);

/// The values of a statement, pushed between the pieces of its text.
pub(crate) trait Values<DB: Backend> {
    fn push<'b>(
        &'b self,
        pieces: &mut std::str::Split<'static, char>,
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()>;
}

impl<DB: Backend> Values<DB> for () {
    fn push<'b>(
        &'b self,
        pieces: &mut std::str::Split<'static, char>,
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        out.push_sql(pieces.next().unwrap_or_default());
        Ok(())
    }
}

impl<DB, B, T, V> Values<DB> for (B, Value<T, V>)
where
    DB: Backend + HasSqlType<T>,
    B: Values<DB>,
    V: ToSql<T, DB>,
{
    fn push<'b>(
        &'b self,
        pieces: &mut std::str::Split<'static, char>,
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        self.0.push(pieces, out)?;
        out.push_bind_param::<T, V>(&self.1.0)?;
        out.push_sql(pieces.next().unwrap_or_default());
        Ok(())
    }
}

impl<DB, R, B> QueryFragment<DB> for Statement<R, B>
where
    DB: Backend,
    B: Values<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut pieces = self.text.split('?');
        self.values.push(&mut pieces, &mut out)?;
        debug_assert!(pieces.next().is_none(), "more `?` than values: {}", self.text);
        Ok(())
    }
}

// Its text is the key under which a connection keeps it.
impl<R, B> QueryId for Statement<R, B> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<R, B> Query for Statement<R, B> {
    type SqlType = R;
}

impl<R, B, Conn> RunQueryDsl<Conn> for Statement<R, B> {}
