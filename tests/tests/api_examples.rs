//! The examples of the API's documentation, as a reader runs them.
#![cfg(test)]

use std::fs;
use std::process::Command;

use e2e::clips::{self, SMALL, padded};
use e2e::environment::{root, variable};
use e2e::examples::{examples, run};
use e2e::stack::Stack;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_api_does_what_the_page_shows() {
    let stack = Stack::connect().await.unwrap();
    let folder = TempDir::new().unwrap();
    let clip = clips::make(SMALL, folder.path()).unwrap();
    let film = padded(&clip, 9 * 1024 * 1024).unwrap();
    let page = fs::read_to_string(root().join("docs/api.md")).unwrap();
    let python = variable("MILLRACE_PYTHON").unwrap();
    // The page's python3 is the one that everything here runs on.
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", python.parent().unwrap().display());
    let browser = format!(
        "browser() {{ python3 {} code \"$1\" {} {}; }}",
        root().join("tests/cloud/sign_in.py").display(),
        stack.description.user,
        stack.description.password
    );
    let helper = folder.path().join("browser.sh");
    fs::write(&helper, browser).unwrap();
    let mut shell = Command::new("bash");
    shell
        .env("ORIGIN", stack.description.page.trim_end_matches('/'))
        .env("FILE", &film)
        .env("PATH", path)
        .env("BASH_ENV", &helper);
    run(&examples(&page), &mut shell, folder.path()).unwrap();
}
