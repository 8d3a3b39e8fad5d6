//! By signed token and over TLS, as on RDS.

use std::time::Duration;

use database::{Database, DatabaseConfig, DatabaseError, ReadAssets as _, RecordOutcome as _};
use domain::ids::AssetId;
use domain::job::JobState::Ready;
use domain::{ErrorCode, Fault as _};
use sqlx::postgres::PgSslMode;
use sqlx::{Connection as _, PgConnection};

use crate::fixtures::{finished, row};
use crate::gate::{Clock, Gate, HOST, signer, strangers, token};

/// Of another age than a token may have.
const LONG: Duration = Duration::from_mins(20);

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_token_opens_the_database() {
    let mut gate = Gate::open("opens").await;
    let database = gate.database(signer(&Clock::default()));
    database.migrate().await.unwrap();
    let ready = finished((1, Ready), (1, Ready), Some(1));
    database.record(&ready.outcome()).await.unwrap();
    assert_eq!(row(&database).await.state, Ready);
    // The sessions are the role's own, with the name that the client gave them.
    let sessions: Vec<String> =
        sqlx::query_scalar("SELECT application_name FROM pg_stat_activity WHERE usename = $1")
            .bind(&gate.name)
            .fetch_all(&mut gate.server)
            .await
            .unwrap();
    assert!(!sessions.is_empty());
    assert!(
        sessions.iter().all(|name| name == "millrace"),
        "{sessions:?}"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_token_of_another_signer_is_refused() {
    let gate = Gate::open("strangers").await;
    for (reason, stranger) in strangers() {
        is_refused(gate.config(stranger), reason).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_token_for_another_host_port_or_user_is_refused() {
    let gate = Gate::open("foreign").await;
    // The same server by another name: the token is for the name.
    let elsewhere = DatabaseConfig {
        host: "localhost".to_owned(),
        ..gate.config(signer(&Clock::default()))
    };
    is_refused(elsewhere, "another host").await;
    let (port, name) = (gate.port, gate.name.as_str());
    assert!(
        connects(&gate, &token(HOST, port, name).await)
            .await
            .is_ok()
    );
    for (reason, password) in [
        ("host", token("db.example.com", port, name).await),
        ("port", token(HOST, port ^ 1, name).await),
        ("user", token(HOST, port, "millrace").await),
        ("no token", "behind the gate".to_owned()),
    ] {
        let error = connects(&gate, &password).await.expect_err(reason);
        let error = error.as_database_error().expect(reason);
        assert_eq!(error.code().as_deref(), Some("28000"), "{reason}");
        assert!(error.message().starts_with("PAM authentication failed"));
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_token_that_ran_out_is_refused_and_one_from_the_future_too() {
    let gate = Gate::open("clock").await;
    let clock = Clock::default();
    clock.behind(LONG);
    let late = gate.database(signer(&clock));
    refuses(&late, "expired").await;
    // The same pool, when its clock is right again.
    clock.behind(Duration::ZERO);
    late.migrate().await.unwrap();
    clock.ahead(LONG);
    is_refused(gate.config(signer(&clock)), "from the future").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_pool_signs_another_token_when_its_own_ran_out() {
    let mut gate = Gate::open("renew").await;
    let clock = Clock::default();
    let database = gate.database(signer(&clock));
    // Its clock stands still, so that it keeps its token.
    let stale = gate.database(signer(&Clock::default()));
    database.migrate().await.unwrap();
    for database in [&database, &stale] {
        database.asset(&unknown()).await.unwrap();
    }
    gate.ahead(LONG);
    clock.ahead(LONG);
    // What is connected stays so: a token is for the login.
    for database in [&database, &stale] {
        database.asset(&unknown()).await.unwrap();
    }
    gate.end_sessions().await;
    refuses(&stale, "the old token").await;
    database.asset(&unknown()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn plain_text_and_an_unknown_authority_are_refused() {
    let gate = Gate::open("tls").await;
    let password = token(HOST, gate.port, &gate.name).await;
    let plain = gate.options(&password).ssl_mode(PgSslMode::Disable);
    let error = PgConnection::connect_with(&plain).await.unwrap_err();
    let error = error.as_database_error().unwrap();
    assert_eq!(error.code().as_deref(), Some("28000"));
    assert!(error.message().ends_with("no encryption"));
    let webs_own = DatabaseConfig {
        ca: None,
        ..gate.config(signer(&Clock::default()))
    };
    let error = refusal(&Database::lazy(webs_own), "an unknown authority").await;
    assert!(matches!(error, sqlx::Error::Io(_)), "{error:?}");
}

async fn connects(gate: &Gate, password: &str) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect_with(&gate.options(password)).await
}

async fn is_refused(config: DatabaseConfig, reason: &str) {
    refuses(&Database::lazy(config), reason).await;
}

/// The gate lets nobody in: a database without tables would refuse as well, with another state.
async fn refuses(database: &Database, reason: &str) {
    let error = refusal(database, reason).await;
    let error = error.as_database_error().expect(reason);
    assert_eq!(error.code().as_deref(), Some("28000"), "{reason}");
}

/// What lies below a call's refusal.
async fn refusal(database: &Database, reason: &str) -> sqlx::Error {
    let error = database.asset(&unknown()).await.expect_err(reason);
    assert_eq!(error.code(), ErrorCode::DatabaseRefused);
    match error {
        DatabaseError::Refused { source, .. } => source,
        error => panic!("{reason}: {error:?}"),
    }
}

fn unknown() -> AssetId {
    AssetId::new("unknown").unwrap()
}
