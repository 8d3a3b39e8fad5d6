//! Messages that a person can act on, and no secret in them.

use domain::cost::Capacity;

use super::*;

#[test]
fn a_missing_variable_is_named_with_its_shape() {
    let error = Config::from_pairs([]).work_bucket().unwrap_err();
    assert_eq!(
        error.to_string(),
        "MILLRACE_WORK_BUCKET is not set: it should be the name of a bucket, 3 to 63 characters \
         (plans, results and source segments)"
    );
    assert_eq!(error.code(), ErrorCode::ConfigInvalid);
    let empty = Config::from_pairs([("MILLRACE_WORK_BUCKET", "")]);
    assert_eq!(empty.work_bucket(), Err(error));
}

#[test]
fn a_malformed_variable_is_named_but_not_shown() {
    for (name, value) in [
        ("MILLRACE_WORK_BUCKET", "S3://Bucket/"),
        ("MILLRACE_STATE_MACHINE_ARN", "transcode"),
        ("MILLRACE_FFMPEG", "ffmpeg"),
        ("MILLRACE_DATABASE_PORT", "70000"),
        ("MILLRACE_DATABASE_AUTH", "trust"),
        ("MILLRACE_BATCH", "maybe"),
        ("MILLRACE_ENCODER_MEMORY_MB", "64"),
        ("MILLRACE_DEADLINE_SECONDS", "86401"),
        ("MILLRACE_STAGE", "thumbnail"),
        ("MILLRACE_HEARTBEAT_SECONDS", "soon"),
        ("MILLRACE_DATABASE_OWNER_SECRET", "master"),
        ("MILLRACE_EVENT_BUS", "two words"),
        ("MILLRACE_WEBHOOKS_QUEUE_URL", "hooks.fifo"),
        ("MILLRACE_PRIVATE_WEBHOOKS", "perhaps"),
    ] {
        let config = Config::from_pairs([(name, value), ("MILLRACE_DATABASE_HOST", "h")]);
        let message = match name {
            "MILLRACE_WORK_BUCKET" => config.work_bucket().unwrap_err(),
            "MILLRACE_STATE_MACHINE_ARN" => config.state_machine().unwrap_err(),
            "MILLRACE_FFMPEG" => config.ffmpeg().unwrap_err(),
            "MILLRACE_BATCH" | "MILLRACE_ENCODER_MEMORY_MB" => config.capacity().unwrap_err(),
            "MILLRACE_DEADLINE_SECONDS" => config.deadline().unwrap_err(),
            "MILLRACE_HEARTBEAT_SECONDS" => config.heartbeat().unwrap_err(),
            "MILLRACE_STAGE" => config.stage().unwrap_err(),
            "MILLRACE_DATABASE_OWNER_SECRET" => config.database_owner_secret().unwrap_err(),
            "MILLRACE_EVENT_BUS" => config.event_bus().unwrap_err(),
            "MILLRACE_WEBHOOKS_QUEUE_URL" => config.webhooks_queue().unwrap_err(),
            "MILLRACE_PRIVATE_WEBHOOKS" => config.private_webhooks().unwrap_err(),
            _ => config.database().unwrap_err(),
        }
        .to_string();
        assert!(
            message.starts_with(&format!("{name} is malformed")),
            "{message}"
        );
        assert!(!message.contains(value), "{message}");
    }
}

#[test]
fn defaults_are_those_that_are_documented() {
    let config = Config::from_pairs([("MILLRACE_DATABASE_HOST", "db")]);
    assert_eq!(config.ffmpeg().unwrap(), PathBuf::from("/opt/bin/ffmpeg"));
    assert_eq!(config.capacity().unwrap(), Capacity::FUNCTIONS);
    assert_eq!(config.deadline().unwrap(), Duration::from_hours(2));
    assert_eq!(config.heartbeat().unwrap(), Duration::from_secs(20));
    let database = config.database().unwrap();
    let server = database.server;
    assert_eq!((server.port, server.name.as_str()), (5432, "millrace"));
    assert_eq!((database.auth, server.ca), (DatabaseAuth::Iam, None));
}

#[test]
fn a_password_is_asked_for_where_it_is_used_and_never_printed() {
    let mut pairs = vec![
        ("MILLRACE_DATABASE_HOST", "db"),
        ("MILLRACE_DATABASE_AUTH", "password"),
    ];
    let missing = Config::from_pairs(pairs.clone()).database().unwrap_err();
    assert_eq!(missing, ConfigError::Missing(DATABASE_PASSWORD));
    pairs.push(("MILLRACE_DATABASE_PASSWORD", "hunter2"));
    let settings = Config::from_pairs(pairs).database().unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn every_variable_has_our_prefix_and_is_there_once() {
    let mut names: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
    assert!(names.iter().all(|name| name.starts_with("MILLRACE_")));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), VARIABLES.len());
}

#[test]
fn the_sweep_looks_back_over_whole_days() {
    let look_back = |days| Config::from_pairs([("MILLRACE_SWEEP_DAYS", days)]).sweep_look_back();
    assert_eq!(look_back("1"), Ok(Duration::from_hours(24)));
    assert_eq!(look_back(""), Ok(Duration::from_hours(14 * 24)));
    for days in ["0", "3651", "-1", "a week"] {
        assert!(look_back(days).is_err(), "{days}");
    }
}
