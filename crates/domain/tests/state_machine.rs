//! The state machine and the closed list of error codes are one contract.

#![cfg(test)]

use std::collections::BTreeSet;

use domain::{ErrorClass, ErrorCode};
use serde_json::Value;

/// Error names that Step Functions and Lambda make themselves.
const PLATFORM: [&str; 10] = [
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.Unknown",
    "Sandbox.Timedout",
    "States.ALL",
];

fn machine() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../statemachine/transcode.asl.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every value under `key`, at any depth.
fn all<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                if name == key {
                    found.push(inner);
                }
                all(inner, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| all(inner, key, found)),
        _ => {}
    }
}

/// The error names of every `Retry` or `Catch`, one set for each state that has one.
fn named(field: &str) -> Vec<BTreeSet<String>> {
    let machine = machine();
    let mut states = Vec::new();
    all(&machine, field, &mut states);
    states
        .into_iter()
        .map(|rules| {
            let mut lists = Vec::new();
            all(rules, "ErrorEquals", &mut lists);
            lists
                .iter()
                .flat_map(|list| list.as_array().unwrap())
                .map(|name| name.as_str().unwrap().to_owned())
                .collect()
        })
        .collect()
}

fn codes(wanted: impl Fn(ErrorClass) -> bool) -> BTreeSet<String> {
    ErrorCode::ALL
        .iter()
        .filter(|code| wanted(code.class()))
        .map(ToString::to_string)
        .collect()
}

#[test]
fn every_task_retries_exactly_the_codes_that_may_pass() {
    let retries = named("Retry");
    assert_eq!(retries.len(), 7, "one for each task state");
    for names in retries {
        let ours: BTreeSet<_> = names
            .iter()
            .filter(|name| !name.contains('.'))
            .cloned()
            .collect();
        assert_eq!(ours, codes(|class| class == ErrorClass::Retry));
    }
}

#[test]
fn every_stage_catches_every_code_that_does_not_pass() {
    let lasting = codes(|class| class != ErrorClass::Retry);
    let catches = named("Catch");
    let whole = catches.iter().filter(|names| names.is_superset(&lasting));
    assert_eq!(whole.count(), 4, "segment, encode, assemble, record");
    assert!(catches.iter().all(|names| names.contains("States.ALL")));
}

#[test]
fn the_machine_names_no_error_that_is_in_no_list() {
    let known = codes(|_| true);
    for names in named("Retry").into_iter().chain(named("Catch")) {
        for name in names {
            let platform = PLATFORM.contains(&name.as_str()) || name == "States.Timeout";
            assert!(known.contains(&name) || platform, "{name}");
        }
    }
}

#[test]
fn every_stage_function_is_wired_in_and_times_out() {
    let machine = machine();
    let mut functions = Vec::new();
    all(&machine, "FunctionName", &mut functions);
    let functions: BTreeSet<_> = functions
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let expected = [
        "AssembleManifest",
        "EncodeAudio",
        "EncodeVideo",
        "Segment",
        "Thumbnail",
        "UpdateMetadata",
    ]
    .map(|name| format!("${{{name}FunctionArn}}"));
    assert_eq!(functions, expected.iter().map(String::as_str).collect());
    let mut timeouts = Vec::new();
    all(&machine, "TimeoutSeconds", &mut timeouts);
    assert_eq!(timeouts.len(), 7);
}
