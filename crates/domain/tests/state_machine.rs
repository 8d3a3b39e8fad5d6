//! The state machine and the closed list of error codes are one contract.

#![cfg(test)]

use std::collections::BTreeSet;

use domain::{ErrorClass, ErrorCode};
use serde_json::Value;

/// Error names that Step Functions, Lambda and Batch make themselves.
const PLATFORM: [&str; 15] = [
    "Batch.BatchException",
    "Batch.SdkClientException",
    "Batch.ServerException",
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
    "States.HeartbeatTimeout",
    "States.Timeout",
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
    assert_eq!(retries.len(), 12, "one for each task state");
    let passing = codes(|class| class == ErrorClass::Retry);
    let mut elsewhere = 0;
    for names in retries {
        let ours: BTreeSet<_> = names
            .iter()
            .filter(|name| !name.contains('.'))
            .cloned()
            .collect();
        let left: Vec<_> = passing.difference(&ours).collect();
        assert!(ours.is_subset(&passing), "{ours:?}");
        match left[..] {
            [] => {}
            // A source that takes too long for a function is segmented elsewhere.
            [code] if *code == ErrorCode::DeadlineNear.name() => elsewhere += 1,
            _ => panic!("not retried: {left:?}"),
        }
    }
    assert_eq!(elsewhere, 1, "segment");
}

#[test]
fn what_takes_segment_too_long_is_caught_before_everything_else() {
    let machine = machine();
    let first = &machine["States"]["Segment"]["Catch"][0];
    let names = first["ErrorEquals"].as_array().unwrap();
    assert!(names.contains(&ErrorCode::DeadlineNear.name().into()));
    assert_eq!(first["Next"], "HeavyWork");
}

#[test]
fn every_stage_catches_every_code_that_does_not_pass() {
    let lasting = codes(|class| class != ErrorClass::Retry);
    let catches = named("Catch");
    let whole = catches.iter().filter(|names| names.is_superset(&lasting));
    assert_eq!(whole.count(), 5, "segment twice, encode, assemble, record");
    assert!(catches.iter().all(|names| names.contains("States.ALL")));
}

#[test]
fn the_machine_names_no_error_that_is_in_no_list() {
    let known = codes(|_| true);
    for names in named("Retry").into_iter().chain(named("Catch")) {
        for name in names {
            let platform = PLATFORM.contains(&name.as_str());
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
        "Caption",
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
    assert_eq!(timeouts.len(), 12);
}

/// The state of a name, at any depth.
fn state(name: &str) -> Value {
    let machine = machine();
    let mut found = Vec::new();
    all(&machine, name, &mut found);
    found[0].clone()
}

#[test]
fn heavy_work_is_told_what_to_do_and_whom_to_answer() {
    for name in ["SegmentHeavy", "EncodeHeavyChunk"] {
        let state = state(name);
        let container = &state["Parameters"]["ContainerOverrides"]["Environment"];
        let told: Vec<_> = container.as_array().unwrap().iter().collect();
        let names: Vec<_> = told.iter().map(|each| each["Name"].as_str()).collect();
        assert_eq!(names, [Some("MILLRACE_TASK_TOKEN"), Some("MILLRACE_INPUT")]);
        assert_eq!(told[0]["Value.$"], "$$.Task.Token");
        assert!(state["HeartbeatSecondsPath"].is_string(), "{name}");
    }
}

#[test]
fn the_planners_word_leads_to_its_worker() {
    let choice = &state("WhichWorker");
    let word = serde_json::to_value(domain::cost::Worker::Batch).unwrap();
    assert_eq!(choice["Choices"][0]["StringEquals"], word);
    assert_eq!(choice["Choices"][0]["Next"], "HeavyChunk");
    assert_eq!(choice["Default"], "EncodeVideoChunk");
}
