//! The gate of the local stack in front of the tests' server: it lets in whom RDS lets in.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_config::{Region, SdkConfig};
use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config as TokenConfig};
use aws_sdk_rds::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_async::time::TimeSource;
use database::{Auth, Database, DatabaseConfig};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::fixtures::NEEDS;

pub(crate) const HOST: &str = "127.0.0.1";
const REGION: &str = "eu-central-1";
const KEY: &str = "ASIAMILLRACE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";
const SESSION_TOKEN: &str = "session+token/with=signs";

/// A gate, and behind it a role and a database of the same name that nobody else uses.
pub(crate) struct Gate {
    pub(crate) port: u16,
    pub(crate) ca: PathBuf,
    /// The role and its database.
    pub(crate) name: String,
    /// A session of the server itself, which may do everything.
    pub(crate) server: PgConnection,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    folder: TempDir,
}

impl Gate {
    pub(crate) async fn open(name: &str) -> Self {
        let name = format!("millrace_test_iam_{name}");
        let url = std::env::var("MILLRACE_TEST_DATABASE_URL").expect(NEEDS);
        let port = PgConnectOptions::from_str(&url).expect(NEEDS).get_port();
        let mut server = PgConnection::connect(&url).await.expect(NEEDS);
        for statement in [
            format!("DROP DATABASE IF EXISTS {name}"),
            format!("DROP ROLE IF EXISTS {name}"),
            format!("CREATE ROLE {name} LOGIN PASSWORD 'behind the gate'"),
            format!("CREATE DATABASE {name} OWNER {name}"),
        ] {
            let statement = sqlx::query(AssertSqlSafe(statement));
            statement.execute(&mut server).await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let mut process = start();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut gate = Self {
            port: 0,
            ca: PathBuf::new(),
            name,
            server,
            process,
            input,
            output,
            folder,
        };
        let opened = gate.ask(&json!({
            "port": port,
            "passwords": {&gate.name: "behind the gate"},
            "region": REGION,
            "folder": gate.folder.path(),
            "secrets": {KEY: {"secret_access_key": SECRET, "session_token": SESSION_TOKEN}},
        }));
        gate.port = opened["port"].as_u64().unwrap().try_into().unwrap();
        gate.ca = opened["ca"].as_str().unwrap().into();
        gate
    }

    /// What Millrace connects with, by tokens of this signer.
    pub(crate) fn config(&self, signer: SdkConfig) -> DatabaseConfig {
        DatabaseConfig {
            host: HOST.to_owned(),
            port: self.port,
            name: self.name.clone(),
            user: self.name.clone(),
            auth: Auth::IamToken(signer),
            ca: Some(self.ca.clone()),
        }
    }

    pub(crate) fn database(&self, signer: SdkConfig) -> Database {
        Database::lazy(self.config(signer))
    }

    /// What the driver connects with, by this password.
    pub(crate) fn options(&self, password: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host(HOST)
            .port(self.port)
            .database(&self.name)
            .username(&self.name)
            .password(password)
            .ssl_root_cert(&self.ca)
            .ssl_mode(PgSslMode::VerifyFull)
    }

    /// Sets the gate's clock ahead.
    pub(crate) fn ahead(&mut self, time: Duration) {
        self.ask(&json!({"ahead_seconds": time.as_secs()}));
    }

    /// Ends every session of the role; it learns of it when it sends something.
    pub(crate) async fn end_sessions(&mut self) {
        let statement = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                         WHERE usename = $1";
        let ended = sqlx::query(statement).bind(&self.name);
        let ended = ended.fetch_all(&mut self.server).await.unwrap();
        assert!(!ended.is_empty(), "there was no session");
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.input, "{question}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).expect("the gate does not answer; its words are above")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start() -> Child {
    let python =
        std::env::var_os("MILLRACE_PYTHON").expect("MILLRACE_PYTHON is the stack's Python");
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../local");
    Command::new(python)
        .args(["-m", "millrace_local.rds_gate"])
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The time of day, and a number of seconds that a test may change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn ahead(&self, time: Duration) {
        self.0.store(seconds(time), Ordering::SeqCst);
    }

    pub(crate) fn behind(&self, time: Duration) {
        self.0.store(-seconds(time), Ordering::SeqCst);
    }
}

fn seconds(time: Duration) -> i64 {
    time.as_secs().try_into().unwrap()
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        let ahead = self.0.load(Ordering::SeqCst);
        let time = Duration::from_secs(ahead.unsigned_abs());
        if ahead < 0 {
            SystemTime::now() - time
        } else {
            SystemTime::now() + time
        }
    }
}

/// Signs with the credentials that the gate knows.
pub(crate) fn signer(clock: &Clock) -> SdkConfig {
    signer_with(clock, KEY, SECRET, Some(SESSION_TOKEN), REGION)
}

/// Signers that the gate does not know, each with the reason.
pub(crate) fn strangers() -> Vec<(&'static str, SdkConfig)> {
    let clock = Clock::default();
    let token = Some(SESSION_TOKEN);
    let signer = |key, secret, token, region| signer_with(&clock, key, secret, token, region);
    vec![
        ("another secret", signer(KEY, "other", token, REGION)),
        ("another key", signer("AKIAOTHER", SECRET, token, REGION)),
        ("no session token", signer(KEY, SECRET, None, REGION)),
        ("another region", signer(KEY, SECRET, token, "us-east-1")),
    ]
}

fn signer_with(
    clock: &Clock,
    key: &str,
    secret: &str,
    session_token: Option<&str>,
    region: &'static str,
) -> SdkConfig {
    let session_token = session_token.map(str::to_owned);
    let credentials = Credentials::new(key, secret, session_token, None, "test");
    SdkConfig::builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(Region::from_static(region))
        .time_source(clock.clone())
        .build()
}

/// A token of the known credentials for any host, port and user.
pub(crate) async fn token(host: &str, port: u16, user: &str) -> String {
    let config = TokenConfig::builder()
        .hostname(host)
        .port(port.into())
        .username(user)
        .build()
        .unwrap();
    let signer = signer(&Clock::default());
    let token = AuthTokenGenerator::new(config).auth_token(&signer).await;
    token.unwrap().as_str().to_owned()
}
