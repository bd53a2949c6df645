//! The number of rows of a list, written into its query. As a bound value, as diesel gives it, SQLite
//! looks at it while it plans, and so prepares the statement anew whenever it is bound.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

/// A query that has no `LIMIT` of its own, with one.
pub(crate) struct Limited<Q> {
    query: Q,
    rows: i64,
}

/// At most so many rows of `query`.
pub(crate) fn limited<Q>(query: Q, rows: i64) -> Limited<Q> {
    Limited { query, rows }
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Limited<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT ");
        out.push_sql(&self.rows.to_string());
        Ok(())
    }
}

// Its text is the key under which a connection keeps it.
impl<Q> QueryId for Limited<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Limited<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, Conn> RunQueryDsl<Conn> for Limited<Q> {}
