//! The texts of the versions that were claimed last. A version never changes, so a text kept is a text
//! that need not be read again.

use std::{collections::HashMap, sync::Arc};

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{Integer, Text},
};

use crate::{
    Error,
    connection::{AnyConnection, on_conn},
    sql::{Id, Uuid},
    statement::statement,
};

/// How many bytes of texts are kept.
const ROOM: usize = 16 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Texts {
    kept: HashMap<(Id, i32), Arc<str>>,
    bytes: usize,
}

impl Texts {
    /// The text of a version.
    pub(super) fn get(&mut self, conn: &mut AnyConnection, plan: Id, version: i32) -> Result<Arc<str>, Error> {
        if let Some(text) = self.kept.get(&(plan, version)) {
            return Ok(Arc::clone(text));
        }
        let text: Option<String> = on_conn!(conn, |conn| {
            statement::<Text>("SELECT text FROM plan_versions WHERE plan_id = ? AND version = ?")
                .bind::<Uuid, _>(plan)
                .bind::<Integer, _>(version)
                .get_result(conn)
                .optional()?
        });
        // Without a text there is nothing to run: the executor says so, as of any invalid plan.
        let text: Arc<str> = text.unwrap_or_default().into();
        if self.bytes + text.len() > ROOM {
            *self = Self::default();
        }
        self.bytes += text.len();
        self.kept.insert((plan, version), Arc::clone(&text));
        Ok(text)
    }
}
