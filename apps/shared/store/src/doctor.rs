//! The doctor: looks whether what is stored keeps to the rules that everything else relies on.
//!
//! Each check is one query, so that it sees one moment. Checks of the history look at the newest
//! [`NEWEST`] runs, so that none takes long, however long the history is.

mod checks;
mod recent;
mod schedules;

use diesel::{OptionalExtension, RunQueryDsl};

use crate::{
    Error, Store,
    connection::{AnyConnection, on_conn},
    sql::{Id, Uuid},
    statement::statement,
};
use checks::{Check, Over};

/// How many runs the checks of the history look at.
pub const NEWEST: u32 = 50_000;

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it, in one or two words.
    pub check: &'static str,
    /// How often.
    pub found: u64,
    /// What is wrong, an example, what to do about it.
    pub sentence: String,
}

impl Finding {
    /// Nothing, if nothing was found.
    fn of(check: &'static str, what: &str, found: &[Id], remedy: &str) -> Option<Self> {
        let example = found.first()?.0;
        let sentence = format!("{what}: {}, for example {example}; {remedy}.", found.len());
        Some(Self { check, found: found.len() as u64, sentence })
    }
}

impl Store {
    /// Looks at everything. Nothing is found in a database that is as it should be, whatever is going on
    /// in it meanwhile.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn doctor(&self) -> Result<Vec<Finding>, Error> {
        let from = self.database.read(|conn| Ok(oldest_of_newest(conn)?)).await?;
        let mut findings = Vec::new();
        for check in checks::ALL {
            findings.extend(self.database.read(move |conn| Ok(look(conn, check, from)?)).await?);
        }
        findings.extend(self.database.read(move |conn| recent::look(conn, from)).await?);
        findings.extend(self.database.read(schedules::look).await?);
        Ok(findings)
    }
}

/// The run with which the newest ones begin.
fn oldest_of_newest(conn: &mut AnyConnection) -> diesel::QueryResult<Id> {
    const { assert!(NEWEST == 50_000, "the number stands in the statement") };
    let oldest: Option<Id> = on_conn!(conn, |conn| {
        statement::<Uuid>("SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET 49999").get_result(conn).optional()?
    });
    Ok(oldest.unwrap_or(Id(uuid::Uuid::nil())))
}

fn look(conn: &mut AnyConnection, check: &Check, from: Id) -> diesel::QueryResult<Option<Finding>> {
    let found: Vec<Id> = match check.over {
        Over::Everything => on_conn!(conn, |conn| statement::<Uuid>(check.sql).load(conn)?),
        Over::Newest => {
            on_conn!(conn, |conn| statement::<Uuid>(check.sql).bind::<Uuid, _>(from).load(conn)?)
        }
    };
    Ok(Finding::of(check.name, check.what, &found, check.remedy))
}
