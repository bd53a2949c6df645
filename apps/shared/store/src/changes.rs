//! The change feed: what happened, as ids only. Whoever hears of a change reads it again under their
//! own tenant.
//!
//! In one process over SQLite a change is told right after its commit. Over PostgreSQL it goes out with
//! the transaction (NOTIFY), and every process hears it through a connection of its own (LISTEN).

mod libpq;
pub(crate) mod listen;

use diesel::{RunQueryDsl, sql_types::Text};
use domain::{OrganizationId, PlanId, RunId};
use tokio::sync::broadcast::{self, error::RecvError};
use uuid::Uuid;

use crate::connection::AnyConnection;

/// PostgreSQL's channel for all changes.
pub(crate) const CHANNEL: &str = "smokex_changes";

/// PostgreSQL takes payloads of less than 8000 bytes; a change takes at most 98.
const PER_PAYLOAD: usize = 80;

/// Subscribers that fall further behind are told to read everything again.
const BACKLOG: usize = 4096;

/// Something in the database is other than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A run, or one of its steps.
    Run {
        /// What happened to it.
        kind: RunChange,
        /// Whose it is.
        organization: OrganizationId,
        /// Its plan.
        plan: PlanId,
        /// Itself.
        run: RunId,
    },
    /// A plan was made, saved or deleted.
    Plan {
        /// Whose it is.
        organization: OrganizationId,
        /// Itself.
        plan: PlanId,
    },
    /// What an organization pays for, or how it stands with that.
    Organization {
        /// Itself.
        organization: OrganizationId,
    },
    /// A mail waits to be delivered, was sent, or failed. This concerns only whoever delivers, or waits for that.
    Mail,
    /// Changes may have been missed (the database was away, or the subscriber too slow): read
    /// whatever is shown or waited for again.
    Resync,
}

/// What happened to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunChange {
    /// It waits to be claimed (again).
    Queued,
    /// It was claimed.
    Started,
    /// One or more of its steps began or ended.
    Step,
    /// Somebody wants it stopped: its executor should.
    Cancelling,
    /// It is in a final state, or was deleted.
    Finished,
}

impl Change {
    /// Whose change it is; none for [`Change::Resync`], which concerns everybody, and [`Change::Mail`],
    /// which concerns nobody who looks at pages.
    #[must_use]
    pub fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::Run { organization, .. } | Self::Plan { organization, .. } | Self::Organization { organization } => {
                Some(*organization)
            }
            Self::Mail | Self::Resync => None,
        }
    }

    /// A letter and the ids without hyphens.
    fn encode(&self) -> String {
        match self {
            Self::Run { kind, organization, plan, run } => {
                let letter = match kind {
                    RunChange::Queued => 'q',
                    RunChange::Started => 's',
                    RunChange::Step => 't',
                    RunChange::Cancelling => 'c',
                    RunChange::Finished => 'f',
                };
                format!("{letter}{}{}{}", organization.0.simple(), plan.0.simple(), run.0.simple())
            }
            Self::Plan { organization, plan } => format!("p{}{}", organization.0.simple(), plan.0.simple()),
            Self::Organization { organization } => format!("o{}", organization.0.simple()),
            Self::Mail => "m".to_owned(),
            Self::Resync => "r".to_owned(),
        }
    }

    /// A word this version does not know (from a newer one, during an upgrade) is a reason to read again.
    fn decode(text: &str) -> Self {
        Self::read(text).unwrap_or(Self::Resync)
    }

    fn read(text: &str) -> Option<Self> {
        if text == "m" {
            return Some(Self::Mail);
        }
        let id = |n: usize| Uuid::try_parse(text.get(1 + 32 * n..33 + 32 * n)?).ok();
        let organization = OrganizationId(id(0)?);
        if text.starts_with('o') {
            return Some(Self::Organization { organization });
        }
        let plan = PlanId(id(1)?);
        let kind = match text.chars().next()? {
            'p' => return Some(Self::Plan { organization, plan }),
            'q' => RunChange::Queued,
            's' => RunChange::Started,
            't' => RunChange::Step,
            'c' => RunChange::Cancelling,
            'f' => RunChange::Finished,
            _ => return None,
        };
        Some(Self::Run { kind, organization, plan, run: RunId(id(2)?) })
    }
}

/// Changes from now on.
pub struct Changes(broadcast::Receiver<Change>);

impl Changes {
    /// The next change; waits for it. May be dropped and called again without losing one.
    pub async fn next(&mut self) -> Change {
        match self.0.recv().await {
            Ok(change) => change,
            Err(RecvError::Lagged(_)) => Change::Resync,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// The sending end within this process.
#[derive(Clone)]
pub(crate) struct Feed {
    sender: broadcast::Sender<Change>,
    /// Whether this process hears its own changes from the database, like everybody's.
    from_database: bool,
}

impl Feed {
    pub(crate) fn new(from_database: bool) -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG), from_database }
    }

    pub(crate) fn subscribe(&self) -> Changes {
        Changes(self.sender.subscribe())
    }

    /// Tells what was committed, unless the database does.
    pub(crate) fn committed(&self, changes: Vec<Change>) {
        if !self.from_database {
            changes.into_iter().for_each(|change| self.tell(change));
        }
    }

    /// Tells what a notification from the database says.
    pub(crate) fn heard(&self, payload: &str) {
        payload.split(',').map(Change::decode).for_each(|change| self.tell(change));
    }

    pub(crate) fn tell(&self, change: Change) {
        // An error only says that nobody listens.
        let _ = self.sender.send(change);
    }
}

/// Puts the changes into the transaction, to be told with its commit (PostgreSQL only).
pub(crate) fn notify(conn: &mut AnyConnection, changes: &[Change]) -> diesel::QueryResult<()> {
    if let AnyConnection::Postgres(conn) = conn {
        for part in changes.chunks(PER_PAYLOAD) {
            let payload = part.iter().map(Change::encode).collect::<Vec<_>>().join(",");
            diesel::select(pg_notify(CHANNEL, payload)).execute(conn)?;
        }
    }
    Ok(())
}

#[diesel::declare_sql_function]
extern "SQL" {
    fn pg_notify(channel: Text, payload: Text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_survives_its_payload() {
        let (organization, plan, run) = (OrganizationId::new(), PlanId::new(), RunId::new());
        let mut changes = vec![
            Change::Plan { organization, plan },
            Change::Organization { organization },
            Change::Mail,
            Change::Resync,
        ];
        for kind in [RunChange::Queued, RunChange::Started, RunChange::Step, RunChange::Cancelling, RunChange::Finished]
        {
            changes.push(Change::Run { kind, organization, plan, run });
        }
        for change in changes {
            assert_eq!(Change::decode(&change.encode()), change);
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_reason_to_read_again() {
        for text in ["", "x", "mx", "q123", "pä", "z00000000000000000000000000000000"] {
            assert_eq!(Change::decode(text), Change::Resync, "{text:?}");
        }
    }

    #[tokio::test]
    async fn a_subscriber_that_is_far_too_slow_is_told_to_read_again() {
        let feed = Feed::new(false);
        let (mut changes, change) =
            (feed.subscribe(), Change::Plan { organization: OrganizationId::new(), plan: PlanId::new() });
        feed.committed(vec![change; BACKLOG + 1]);
        assert_eq!(changes.next().await, Change::Resync);
        assert_eq!(changes.next().await, change);
    }
}
