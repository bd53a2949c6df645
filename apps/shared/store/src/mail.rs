//! Mail to people: queued in the transaction of what it tells, delivered by whoever claims it.
//!
//! A mail is delivered at least once, and exactly once while all goes well: a deliverer that dies between
//! sending and noting it leaves a mail that is sent again.

mod delivery;
mod forget;

use diesel::{
    ExpressionMethods, QueryDsl, RunQueryDsl,
    sql_types::{Nullable, Text},
};
use domain::{Email, MailId, MailSubject, OrganizationId, Role};
use jiff::Timestamp;

use crate::{
    Change, Error, Store,
    connection::on_conn,
    database::Transaction,
    limited::limited,
    plan::count,
    schema::{mails, members, users},
    sql::{Id, Uuid, Word, time},
    statement::statement,
};

pub use delivery::{ClaimedMail, MailTaker};

/// A mail that somebody is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// What it is about, such as `payment_failed:in_1`: a second mail with the same key is never queued.
    /// None if it may be said again.
    pub key: Option<String>,
    /// The organization it is about; what is not sent when the organization is deleted goes with it.
    pub organization: Option<OrganizationId>,
    /// Who gets it.
    pub recipient: Email,
    /// Its subject.
    pub subject: MailSubject,
    /// Its text, plain, with `\n` at the ends of lines.
    pub text: String,
}

/// A mail and what became of it. Of one that is forgotten, recipient, subject and text are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// Itself.
    pub id: MailId,
    /// What it is about.
    pub key: Option<String>,
    /// The organization it is about.
    pub organization: Option<OrganizationId>,
    /// Who gets it.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its text; empty once a mail server has taken it, or it was given up.
    pub text: String,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it is tried (again), or its deliverer's lease ends; none once it was sent or given up.
    pub due_at: Option<Timestamp>,
    /// How many times it was claimed.
    pub attempts: u32,
    /// When a mail server (or the folder) had taken it.
    pub sent_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

impl Store {
    /// Queues a mail by itself; false if there is one with its key already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn queue_mail(&self, mail: NewMail) -> Result<bool, Error> {
        self.database.write(move |tx| queue(tx, &mail)).await
    }

    /// Queues a mail for every owner of the organization, each with the key and their own id; tells how many
    /// are new.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn queue_mail_to_owners(
        &self,
        organization: OrganizationId,
        key: String,
        subject: MailSubject,
        text: String,
    ) -> Result<usize, Error> {
        self.database.write(move |tx| queue_to_owners(tx, organization, &key, &subject, &text)).await
    }

    /// The last mails, newest first: to look at what goes out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn mails(&self, limit: u32) -> Result<Vec<MailRow>, Error> {
        type Row = (
            (Id, Option<String>, Option<Id>),
            (String, String, String),
            (i64, Option<i64>, i32, Option<i64>, Option<String>),
        );
        self.database
            .read(move |conn| {
                let query = mails::table.order(mails::id.desc()).select((
                    (mails::id, mails::key, mails::organization_id),
                    (mails::recipient, mails::subject, mails::text),
                    (mails::created_at, mails::due_at, mails::attempts, mails::sent_at, mails::problem),
                ));
                let rows: Vec<Row> = on_conn!(conn, |conn| limited(query, limit.into()).load(conn)?);
                let row = |((id, key, organization), (recipient, subject, text), rest): Row| {
                    let (created_at, due_at, attempts, sent_at, problem) = rest;
                    MailRow {
                        id: id.into(),
                        key,
                        organization: organization.map(OrganizationId::from),
                        recipient,
                        subject,
                        text,
                        created_at: time(created_at),
                        due_at: due_at.map(time),
                        attempts: count(attempts),
                        sent_at: sent_at.map(time),
                        problem,
                    }
                };
                Ok(rows.into_iter().map(row).collect())
            })
            .await
    }
}

/// Queues a mail, to be delivered once the transaction is committed; false if there is one with its key
/// already.
pub(crate) fn queue(tx: &mut Transaction<'_>, mail: &NewMail) -> Result<bool, Error> {
    // In PostgreSQL a text holds no NUL.
    let stored = |text: &str| text.replace('\0', "\u{fffd}");
    let insert = statement::<()>(
        "INSERT INTO mails (id, key, organization_id, recipient, subject, text, created_at, due_at)
         VALUES (?, ?, ?, ?, ?, ?, now_us(), now_us()) ON CONFLICT (key) DO NOTHING",
    )
    .bind::<Uuid, _>(Id::from(MailId::new()))
    .bind::<Nullable<Text>, _>(mail.key.as_deref().map(stored))
    .bind::<Nullable<Uuid>, _>(mail.organization.map(Id::from))
    .bind::<Text, _>(mail.recipient.as_str())
    .bind::<Text, _>(mail.subject.as_str())
    .bind::<Text, _>(stored(&mail.text));
    let is_new = on_conn!(&mut *tx.conn, |conn| insert.execute(conn)?) > 0;
    if is_new {
        tx.changed(Change::Mail);
    }
    Ok(is_new)
}

/// Queues a mail for every owner of the organization; its key for each is `key`, a colon and their id. Tells
/// how many are new.
pub(crate) fn queue_to_owners(
    tx: &mut Transaction<'_>,
    organization: OrganizationId,
    key: &str,
    subject: &MailSubject,
    text: &str,
) -> Result<usize, Error> {
    let owners: Vec<(Id, Word<Email>)> = members::table
        .inner_join(users::table)
        .filter(members::organization_id.eq(Id::from(organization)))
        .filter(members::role.eq(Role::Owner.as_str()))
        .order(users::id)
        .select((users::id, users::email))
        .load(tx.conn)?;
    let mut new = 0;
    for (user, recipient) in owners {
        let mail = NewMail {
            key: Some(format!("{key}:{}", user.0)),
            organization: Some(organization),
            recipient: recipient.0,
            subject: subject.clone(),
            text: text.to_owned(),
        };
        new += usize::from(queue(tx, &mail)?);
    }
    Ok(new)
}
