//! The second factor of an account: an authenticator app's secret, sealed, and the recovery codes that stand in
//! for it. A code is taken once: of many who try one at once, one gets through.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, delete, insert_into,
    sql_types::{BigInt, Binary},
    update,
};
use domain::{Deed, SessionId, TotpSecret, UserId};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Error, Member, NewMail, Store, audit,
    connection::{now, on_conn},
    database::Transaction,
    mail,
    plan::count,
    schema::{recovery_codes, second_factors},
    session,
    sql::{Id, Uuid, time},
    statement::statement,
};

/// Somebody's second factor.
#[derive(Clone, Debug)]
pub struct SecondFactor {
    /// What their app knows.
    pub secret: TotpSecret,
    /// Since when it is asked for at sign-in; none while it is being set up.
    pub enabled_at: Option<Timestamp>,
    /// How many recovery codes are left.
    pub codes_left: u32,
}

/// What becomes of the session that changes something, and who is told.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// The SHA-256 of its new token.
    pub token_hash: [u8; 32],
    /// The mail that tells of it.
    pub told: NewMail,
}

impl Store {
    /// The second factor of a user; none if they never set one up.
    ///
    /// # Errors
    /// If the database fails or the secret does not open.
    pub async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>, Error> {
        let id = Id::from(user);
        let found = self
            .database
            .read(move |conn| {
                let factor: Option<(Vec<u8>, Option<i64>)> = second_factors::table
                    .filter(second_factors::user_id.eq(id))
                    .select((second_factors::secret, second_factors::enabled_at))
                    .first(conn)
                    .optional()?;
                let Some((sealed, enabled_at)) = factor else { return Ok(None) };
                let codes = recovery_codes::table.filter(recovery_codes::user_id.eq(id)).count();
                let codes: i64 = on_conn!(conn, |conn| codes.get_result(conn)?);
                Ok(Some((sealed, enabled_at, codes)))
            })
            .await?;
        let Some((sealed, enabled_at, codes)) = found else { return Ok(None) };
        let secret = self.keys.open(&context(user), &sealed)?;
        let secret = secret.as_slice().try_into().map_err(|_| Error::Unsealable)?;
        Ok(Some(SecondFactor {
            secret: TotpSecret::new(secret),
            enabled_at: enabled_at.map(time),
            codes_left: count(i32::try_from(codes).unwrap_or(i32::MAX)),
        }))
    }

    /// Keeps a secret that is not asked for yet, in place of another one that was not; false if one is asked
    /// for already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin_second_factor(&self, member: &Member, secret: &TotpSecret) -> Result<bool, Error> {
        let sealed = self.keys.seal(&context(member.user_id), secret.expose()).0;
        let user = Id::from(member.user_id);
        self.database
            .write(move |tx| {
                let begin = statement::<()>(
                    "INSERT INTO second_factors (user_id, secret) VALUES (?, ?)
                     ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret
                     WHERE second_factors.enabled_at IS NULL",
                )
                .bind::<Uuid, _>(user)
                .bind::<Binary, _>(&sealed);
                Ok(on_conn!(&mut *tx.conn, |conn| begin.execute(conn)?) > 0)
            })
            .await
    }

    /// Asks for the second factor from now on; false if none waits for that. `step` is that of the code that
    /// showed that the app knows the secret. The member's other sessions end.
    ///
    /// # Errors
    /// If the database fails; then nothing is changed.
    pub async fn enable_second_factor(
        &self,
        member: &Member,
        step: i64,
        code_hashes: Vec<[u8; 32]>,
        renewed: Renewed,
    ) -> Result<bool, Error> {
        let (user, session) = (member.user_id, member.session_id);
        self.database
            .write(move |tx| {
                let now = now(tx.conn)?;
                let id = Id::from(user);
                let enabled = update(second_factors::table)
                    .filter(second_factors::user_id.eq(id))
                    .filter(second_factors::enabled_at.is_null())
                    .set((second_factors::enabled_at.eq(now), second_factors::last_step.eq(step)))
                    .execute(tx.conn)?;
                if enabled == 0 {
                    return Ok(false);
                }
                for hash in &code_hashes {
                    insert_into(recovery_codes::table)
                        .values((recovery_codes::user_id.eq(id), recovery_codes::code_hash.eq(hash.as_slice())))
                        .execute(tx.conn)?;
                }
                audit::note_of_person(tx, user, Deed::MemberSecondFactorEnabled, &json!({}))?;
                renew(tx, user, session, &renewed)?;
                Ok(true)
            })
            .await
    }

    /// Asks for no second factor any more. The member's other sessions end.
    ///
    /// # Errors
    /// If the database fails; then nothing is changed.
    pub async fn disable_second_factor(&self, member: &Member, renewed: Renewed) -> Result<(), Error> {
        let (user, session) = (member.user_id, member.session_id);
        self.database
            .write(move |tx| {
                let id = Id::from(user);
                delete(recovery_codes::table.filter(recovery_codes::user_id.eq(id))).execute(tx.conn)?;
                let theirs = second_factors::table.filter(second_factors::user_id.eq(id));
                if delete(theirs.filter(second_factors::enabled_at.is_not_null())).execute(tx.conn)? > 0 {
                    audit::note_of_person(tx, user, Deed::MemberSecondFactorDisabled, &json!({}))?;
                }
                // One that was never asked for goes without a word.
                delete(theirs).execute(tx.conn)?;
                renew(tx, user, session, &renewed)
            })
            .await
    }

    /// Takes the code of a step; false if it, or a later one, was taken before.
    ///
    /// # Errors
    /// If the database fails; then it is not taken.
    pub async fn take_step(&self, user: UserId, step: i64) -> Result<bool, Error> {
        self.database
            .write(move |tx| {
                let take = statement::<()>(
                    "UPDATE second_factors SET last_step = ? WHERE user_id = ? AND last_step < ? \
                     AND enabled_at IS NOT NULL",
                )
                .bind::<BigInt, _>(step)
                .bind::<Uuid, _>(Id::from(user))
                .bind::<BigInt, _>(step);
                Ok(on_conn!(&mut *tx.conn, |conn| take.execute(conn)?) > 0)
            })
            .await
    }

    /// Takes a recovery code; false if there is none with this hash (any more).
    ///
    /// # Errors
    /// If the database fails; then it is not taken.
    pub async fn take_recovery_code(&self, user: UserId, code_hash: [u8; 32]) -> Result<bool, Error> {
        self.database
            .write(move |tx| {
                let theirs = recovery_codes::table
                    .filter(recovery_codes::user_id.eq(Id::from(user)))
                    .filter(recovery_codes::code_hash.eq(code_hash.as_slice()));
                Ok(delete(theirs).execute(tx.conn)? > 0)
            })
            .await
    }
}

fn renew(tx: &mut Transaction<'_>, user: UserId, session: SessionId, renewed: &Renewed) -> Result<(), Error> {
    session::renew(tx, user, session, renewed.token_hash)?;
    mail::queue(tx, &renewed.told)?;
    Ok(())
}

/// For which place a secret is sealed.
pub(crate) fn context(user: UserId) -> Vec<u8> {
    [b"second_factors".as_slice(), user.0.as_bytes()].concat()
}
