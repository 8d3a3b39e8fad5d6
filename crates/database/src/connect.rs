//! Connections: few, with time limits, by password or by token.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config as TokenConfig};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{Connection, PgConnection};
use tokio::sync::Mutex;

use crate::error::DatabaseError;

// The limits suit a process that works on one invocation at a time, may be frozen for an hour
// between two of them, and is one of hundreds: its stage has minutes and is tried again.

/// Connections of one process. One is in use at a time; the second one lets a call go on while the
/// first is still being closed. Hundreds of processes at once stay below a small server's limit.
const MAX_CONNECTIONS: u32 = 2;
/// Longest wait for a connection, its making included: a server that fails over is back after a
/// minute, so that waiting longer here would only take the stage's own retry its time.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that were idle for this long are closed, so that they do not count on the server. A
/// frozen process closes nothing; what it finds when it thaws is for [`ALIVE_TIMEOUT`].
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// Longest for a connection to show, before it is used, that it is alive. The network forgets a
/// connection that was silent for minutes without telling either end, and a call that is sent into
/// it waits for an answer that never comes.
const ALIVE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest for one statement, on the server. None takes more than milliseconds; one that waits for
/// a lock gives up while the function still has time to say so.
const STATEMENT_TIMEOUT: &str = "15s";
/// Longest that the server keeps a transaction without a statement. A function that is killed or
/// frozen in the middle of one would hold its locks for as long as its connection seems to be there.
const IDLE_TRANSACTION_TIMEOUT: &str = "15s";
/// A token is valid for 15 minutes (RDS); after this long a new connection gets a new one.
const TOKEN_AGE: Duration = Duration::from_mins(10);

static MIGRATIONS: Migrator = sqlx::migrate!();

/// The number of the newest migration in this build.
#[must_use]
pub fn schema_version() -> i64 {
    MIGRATIONS
        .iter()
        .map(|step| step.version)
        .max()
        .unwrap_or(0)
}

/// How a role proves itself.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
pub enum Auth {
    /// By a password.
    Password(String),
    /// By a token that is signed with these credentials, for this region.
    IamToken(SdkConfig),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password(<redacted>)",
            Self::IamToken(_) => "IamToken(..)",
        })
    }
}

/// Where the database is, and who connects.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// Host name or address. A token is signed for exactly this text.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name of the database.
    pub name: String,
    /// Role that connects.
    pub user: String,
    /// How it proves itself.
    pub auth: Auth,
    /// PEM file with the authorities that signed the server's certificate; none for the web's own.
    pub ca: Option<PathBuf>,
}

impl DatabaseConfig {
    /// A password travels in the clear only to loopback, where no authority is named; everything
    /// else is TLS, with the certificate and its name checked.
    fn encrypted(&self) -> bool {
        let loopback = self.host == "localhost"
            || self
                .host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        !loopback || self.ca.is_some() || matches!(self.auth, Auth::IamToken(_))
    }

    fn options(&self, password: &str) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .database(&self.name)
            .username(&self.user)
            .password(password)
            .application_name("millrace")
            .options([
                ("statement_timeout", STATEMENT_TIMEOUT),
                (
                    "idle_in_transaction_session_timeout",
                    IDLE_TRANSACTION_TIMEOUT,
                ),
            ]);
        let options = match &self.ca {
            Some(ca) => options.ssl_root_cert(ca),
            None => options,
        };
        options.ssl_mode(if self.encrypted() {
            PgSslMode::VerifyFull
        } else {
            PgSslMode::Disable
        })
    }
}

/// The relational core. Keep one for the life of a process.
#[derive(Debug)]
pub struct Database {
    pool: PgPool,
    ca: Option<PathBuf>,
    token: Option<Token>,
}

/// What signs passwords, and when it last did.
#[derive(Debug)]
struct Token {
    config: DatabaseConfig,
    sdk: SdkConfig,
    /// When, by the clock that signs: the server compares a token with the time of day, and the
    /// monotonic clock of a frozen process need not go on.
    signed: Mutex<Option<SystemTime>>,
}

impl Database {
    /// A pool of at most two connections. None is made before the first call needs it, so that a
    /// server which is not there yet is an error of that call and not of the start.
    #[must_use]
    pub fn lazy(config: DatabaseConfig) -> Self {
        let password = match &config.auth {
            Auth::Password(password) => password.clone(),
            Auth::IamToken(_) => String::new(),
        };
        let pool = pool(config.options(&password));
        let ca = config.ca.clone();
        let token = match &config.auth {
            Auth::Password(_) => None,
            Auth::IamToken(sdk) => Some(Token {
                sdk: sdk.clone(),
                signed: Mutex::new(None),
                config,
            }),
        };
        Self { pool, ca, token }
    }

    /// As [`Database::lazy`], but makes sure that the server answers and lets this role in.
    ///
    /// # Errors
    /// The faults that every call may have.
    pub async fn connect(config: DatabaseConfig) -> Result<Self, DatabaseError> {
        let database = Self::lazy(config);
        let connection = database.pool().await?.acquire().await;
        connection.map_err(|error| DatabaseError::of("connect", error))?;
        Ok(database)
    }

    /// As [`Database::lazy`], from `postgres://user:password@host:port/name`: for tests and tools.
    ///
    /// # Errors
    /// [`DatabaseError::Refused`] when the text is no such URL.
    pub fn from_url(url: &str) -> Result<Self, DatabaseError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| DatabaseError::of("read the database's URL", error))?;
        Ok(Self {
            pool: pool(options),
            ca: None,
            token: None,
        })
    }

    /// Brings the schema up to date. Safe to run again, and at the same time: the server's
    /// advisory lock lets one in, and the others find it done.
    ///
    /// # Errors
    /// [`DatabaseError::Migration`] when the database has another schema than these migrations
    /// make, and the faults that every call may have.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        self.migrated().await?.close().await;
        Ok(())
    }

    /// The connection that brought the schema up to date, for what else its owner does.
    pub(crate) async fn migrated(&self) -> Result<PgPool, DatabaseError> {
        self.renew().await?;
        let options = self.pool.connect_options();
        // A connection of its own: no limit on the time that a statement takes.
        let options = (*options).clone().options([("statement_timeout", "0")]);
        let alone = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options);
        let done = MIGRATIONS.run(&alone).await;
        done.map_err(DatabaseError::of_migration)?;
        Ok(alone)
    }

    /// The pool, ready for a call.
    pub(crate) async fn pool(&self) -> Result<&PgPool, DatabaseError> {
        self.renew().await?;
        Ok(&self.pool)
    }

    /// Makes sure that a new connection has authorities and a valid password.
    async fn renew(&self) -> Result<(), DatabaseError> {
        // The driver would only say that some file is not there, as if the server were away.
        if let Some(ca) = self.ca.as_ref().filter(|ca| !ca.is_file()) {
            return Err(DatabaseError::NoAuthorities(ca.clone()));
        }
        if let Some(token) = &self.token {
            let mut signed = token.signed.lock().await;
            let now = token.now();
            if signed.is_none_or(|signed| is_old(signed, now)) {
                self.pool.set_connect_options(token.sign().await?);
                *signed = Some(now);
            }
        }
        Ok(())
    }
}

impl Token {
    /// The time that the SDK signs with.
    fn now(&self) -> SystemTime {
        self.sdk
            .time_source()
            .map_or_else(SystemTime::now, |clock| clock.now())
    }

    async fn sign(&self) -> Result<PgConnectOptions, DatabaseError> {
        let config = TokenConfig::builder()
            .hostname(&self.config.host)
            .port(u64::from(self.config.port))
            .username(&self.config.user)
            .build()
            .map_err(DatabaseError::Token)?;
        let token = AuthTokenGenerator::new(config)
            .auth_token(&self.sdk)
            .await
            .map_err(DatabaseError::Token)?;
        Ok(self.config.options(token.as_str()))
    }
}

/// Whether a token that was signed then must not be used for a new connection now. A clock that was
/// set back makes it old, too: it would be one from the future.
fn is_old(signed: SystemTime, now: SystemTime) -> bool {
    now.duration_since(signed)
        .map_or(true, |age| age > TOKEN_AGE)
}

fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        // Instead of the pool's own check, which waits for as long as the caller does.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_alive(connection)))
        .connect_lazy_with(options)
}

/// An error takes the connection out of the pool without a word to the server.
async fn is_alive(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    tokio::time::timeout(ALIVE_TIMEOUT, connection.ping())
        .await
        .map_err(|late| sqlx::Error::Io(late.into()))??;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use domain::{ErrorCode, Fault as _};

    use super::*;

    fn config(host: &str, auth: Auth) -> DatabaseConfig {
        DatabaseConfig {
            host: host.to_owned(),
            port: 5432,
            name: "millrace".to_owned(),
            user: "millrace".to_owned(),
            auth,
            ca: None,
        }
    }

    #[test]
    fn only_a_password_to_loopback_goes_without_tls_and_only_unless_an_authority_is_named() {
        let password = Auth::Password("p".to_owned());
        let token = Auth::IamToken(SdkConfig::builder().build());
        for host in ["127.0.0.1", "::1", "localhost"] {
            assert!(!config(host, password.clone()).encrypted());
            let trusting = DatabaseConfig {
                ca: Some("/ca.pem".into()),
                ..config(host, password.clone())
            };
            assert!(trusting.encrypted());
            assert!(config(host, token.clone()).encrypted());
        }
        assert!(config("db.example.com", password).encrypted());
        assert!(config("db.example.com", token).encrypted());
    }

    #[test]
    fn a_token_is_old_after_ten_minutes_and_when_the_clock_was_set_back() {
        let signed = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        assert!(!is_old(signed, signed));
        assert!(!is_old(signed, signed + Duration::from_mins(10)));
        assert!(is_old(signed, signed + Duration::from_secs(601)));
        assert!(is_old(signed, signed - Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn authorities_that_are_not_there_are_named() {
        let absent = DatabaseConfig {
            ca: Some("/opt/absent.pem".into()),
            ..config("db.example.com", Auth::Password("p".to_owned()))
        };
        let error = Database::lazy(absent).migrate().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigInvalid);
        let said = "MILLRACE_DATABASE_CA names /opt/absent.pem, which is no file";
        assert_eq!(error.to_string(), said);
    }

    #[test]
    fn a_password_is_not_printed() {
        let config = config("h", Auth::Password("hunter2".to_owned()));
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
