//! The custom resource on a real PostgreSQL: `MILLRACE_TEST_DATABASE_URL` names a server on which
//! databases and roles may be made.

#![cfg(test)]

mod listener;

use std::str::FromStr as _;

use database::{Database, PrepareSchema as _, ReadAssets as _};
use domain::ids::AssetId;
use migrate::{AsOwner, MigrateError, Ports, handle};
use runtime::StageContext;
use runtime::custom_resource::{HttpsReplies, Status};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use listener::{Listener, request};

const NEEDS: &str = "MILLRACE_TEST_DATABASE_URL names a PostgreSQL server";
/// A name that must be quoted.
const USER: &str = "millrace test \"app\"";
const QUOTED: &str = "\"millrace test \"\"app\"\"\"";
const DATABASE: &str = "millrace_test_deploy";

/// The server's own superuser.
struct OwnerByUrl(String);

impl AsOwner for OwnerByUrl {
    type Database = Database;

    async fn as_owner(&self) -> Result<Database, MigrateError> {
        Ok(Database::from_url(&self.0)?)
    }
}

async fn run(connection: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
    let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
    statement.execute(connection).await.map(|_| ())
}

/// Those who log in by token, and by nothing else.
async fn members_of_rds_iam(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT users.rolname::text FROM pg_auth_members
         JOIN pg_roles users ON users.oid = member
         JOIN pg_roles groups ON groups.oid = roleid AND groups.rolname = 'rds_iam'",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_deployed_stack_has_a_schema_and_a_user_who_may_use_it() {
    let url = std::env::var("MILLRACE_TEST_DATABASE_URL").expect(NEEDS);
    let mut server = PgConnection::connect(&url).await.expect(NEEDS);
    for statement in [
        format!("DROP DATABASE IF EXISTS {DATABASE}"),
        format!("DROP ROLE IF EXISTS {QUOTED}"),
        "DROP ROLE IF EXISTS rds_iam".to_owned(),
        format!("CREATE DATABASE {DATABASE}"),
    ] {
        run(&mut server, &statement).await.unwrap();
    }
    let owner = format!("{}/{DATABASE}", url.rsplit_once('/').expect(NEEDS).0);
    let database = Database::from_url(&owner).unwrap();
    let ports = Ports {
        owner: OwnerByUrl(owner.clone()),
        replies: HttpsReplies::new().unwrap(),
    };
    let deploy = async |kind: &str| {
        let listener = Listener::answering(200).await;
        let request = request(&listener, kind, USER, None);
        let context = StageContext::for_tests();
        let (reply, (_, body)) = tokio::join!(handle(request, &ports, &context), listener.put());
        let reply = reply.unwrap();
        assert_eq!(reply.status, Status::Success, "{reply:?}");
        assert_eq!(serde_json::to_vec(&reply).unwrap(), body);
    };
    deploy("Create").await;
    // The server of the tests becomes one of RDS.
    run(&mut server, "CREATE ROLE rds_iam").await.unwrap();
    deploy("Update").await;
    // The owner asked for as the application keeps the password that deploys log in with.
    let options = PgConnectOptions::from_str(&owner).unwrap();
    let prepared = database.prepare_schema(options.get_username()).await;
    prepared.unwrap();
    assert_eq!(members_of_rds_iam(&mut server).await, [USER]);
    let again: Vec<_> = (0..4).map(|_| database.prepare_schema(USER)).collect();
    for prepared in futures_util::future::join_all(again).await {
        prepared.unwrap();
    }

    let password = format!("ALTER ROLE {QUOTED} PASSWORD 'secret'");
    run(&mut server, &password).await.unwrap();
    let options = options.username(USER).password("secret");
    let mut application = PgConnection::connect_with(&options).await.unwrap();
    for allowed in [
        "INSERT INTO owners VALUES ('ann') ON CONFLICT DO NOTHING",
        "SELECT * FROM owners, assets, jobs, publications, renditions",
        "UPDATE assets SET title = title",
        "UPDATE jobs SET profile = profile",
    ] {
        run(&mut application, allowed).await.unwrap();
    }
    for forbidden in [
        "DELETE FROM owners",
        "UPDATE publications SET duration_ms = 1",
        "CREATE TABLE public.mine (x int)",
        "DROP TABLE renditions",
        "DELETE FROM _sqlx_migrations",
    ] {
        let error = run(&mut application, forbidden).await.expect_err(forbidden);
        let error = error.as_database_error().expect(forbidden);
        assert_eq!(error.code().as_deref(), Some("42501"), "{forbidden}");
    }
    deploy("Delete").await;
    let unknown = AssetId::new("unknown").unwrap();
    assert_eq!(database.asset(&unknown).await.unwrap(), None);
}
