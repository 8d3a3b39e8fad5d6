//! Makes a database ready for the application, as the user who owns the schema.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::connect::Database;
use crate::error::DatabaseError;

/// Any number; it is that of the lock under which users are made.
const LOCK: i64 = 0x006d_696c_6c72_6163;

/// What the application does with the tables, and nothing more. `%I` is its user.
///
/// A change comes with a migration: a deployment that brings none does not run this.
const GRANTS: [&str; 4] = [
    "GRANT USAGE ON SCHEMA public TO %I",
    "GRANT SELECT, INSERT ON owners, assets, jobs, publications, renditions TO %I",
    "GRANT UPDATE ON assets, jobs TO %I",
    "GRANT EXECUTE ON FUNCTION remove_asset(text) TO %I",
];

/// Prepares the schema.
pub trait PrepareSchema: Send + Sync {
    /// Brings the schema up to date and lets `user` read and write its rows. A user who is not
    /// there is made, without a password; on RDS he may then log in by token.
    ///
    /// Safe to run again, and at the same time.
    ///
    /// # Errors
    /// As [`Database::migrate`]; [`DatabaseError::Refused`] when this role may not make users.
    fn prepare_schema(&self, user: &str) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}

impl PrepareSchema for Database {
    async fn prepare_schema(&self, user: &str) -> Result<(), DatabaseError> {
        let owner = self.migrated().await?;
        let refused = |error| DatabaseError::of(format!("let {user} work in the schema"), error);
        let mut transaction = owner.begin().await.map_err(refused)?;
        admit(&mut transaction, user).await.map_err(refused)?;
        transaction.commit().await.map_err(refused)?;
        owner.close().await;
        Ok(())
    }
}

async fn admit(connection: &mut PgConnection, user: &str) -> Result<(), sqlx::Error> {
    // Two at once would make the user twice, or fail with a tuple that was updated meanwhile.
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *connection)
        .await?;
    let (is_owner, is_there, is_rds): (bool, bool, bool) = sqlx::query_as(
        "SELECT $1 = current_user,
                EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
                EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam')",
    )
    .bind(user)
    .fetch_one(&mut *connection)
    .await?;
    if is_owner {
        // He may do everything, and `rds_iam` would take his password away.
        return Ok(());
    }
    if !is_there {
        for_user(connection, "CREATE ROLE %I LOGIN", user).await?;
    }
    if is_rds {
        for_user(connection, "GRANT rds_iam TO %I", user).await?;
    }
    for grant in GRANTS {
        for_user(connection, grant, user).await?;
    }
    Ok(())
}

/// Runs a statement that has no parameters, with the user's name in place of `%I`: the server
/// itself quotes it.
async fn for_user(
    connection: &mut PgConnection,
    statement: &str,
    user: &str,
) -> Result<(), sqlx::Error> {
    let statement: String = sqlx::query_scalar("SELECT format($1, $2)")
        .bind(statement)
        .bind(user)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await?;
    Ok(())
}
