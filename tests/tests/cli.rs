//! The command line, and a stack of which it knows nothing but the name in CloudFormation.
#![cfg(test)]

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use e2e::clips::{self, SMALL};
use e2e::people::Person;
use e2e::stack::Stack;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The name by which CloudFormation knows the stack.
fn name(stack: &Stack) -> Result<String> {
    let origin = stack.output("Origin")?;
    let all = stack.call("cloudformation", "describe_stacks", json!({}))?;
    let has_origin = |one: &&Value| {
        let outputs = one["Outputs"].as_array();
        outputs.is_some_and(|all| all.iter().any(|output| output["OutputValue"] == *origin))
    };
    let stacks = all["Stacks"].as_array().context("no stacks")?;
    let stack = stacks.iter().find(has_origin).context("no such stack")?;
    Ok(stack["StackName"].as_str().context("no name")?.to_owned())
}

/// Runs `millrace` for somebody in a folder where no checkout is, and reads its last line.
fn millrace(stack: &Stack, who: &Person, folder: &Path, arguments: &[&str]) -> Result<Value> {
    let test = std::env::current_exe()?;
    let program = test.ancestors().nth(2).context("no folder")?;
    let output = Command::new(program.join("millrace"))
        .args(["--json", "--stack", &name(stack)?])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(stack.description.credentials())
        .env("HOME", folder)
        .env("MILLRACE_TOKEN", who.token())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {said}");
    let lines = String::from_utf8(output.stdout)?;
    let last = lines.trim_end().rsplit('\n').next().unwrap_or_default();
    serde_json::from_str(last)
        .or_else(|_| serde_json::from_str(&lines))
        .with_context(|| lines.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_goes_to_a_stack_that_cloudformation_knows_and_comes_back() {
    let stack = Stack::connect().await.unwrap();
    let ann = stack.another_user("command-line").unwrap();
    let folder = TempDir::new().unwrap();
    clips::make(SMALL, folder.path()).unwrap();
    let run = |arguments: &[&str]| millrace(&stack, &ann, folder.path(), arguments).unwrap();

    let asset = run(&["upload", SMALL.name, "--wait"]);
    let id = asset["id"].as_str().unwrap();
    assert_eq!(asset["state"], "ready");
    assert_eq!(run(&["ls"])["assets"][0]["id"], id);
    assert_eq!(run(&["show", id])["title"], "small");
    run(&["get", id, "--out", "film"]);
    assert!(folder.path().join("film/index.m3u8").is_file());
    run(&["rm", id, "--yes"]);
}
