//! What must hold between the crates of this workspace, and of those it uses: the direction of
//! dependency, who may use what, licences, sources, versions.
//!
//! Asked of cargo itself (`cargo metadata` for what is declared, `cargo tree` for what is really
//! compiled), without a network.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// The crates of this workspace that a crate may use, other than in its tests. A crate that is not
/// in here has no place in the architecture yet.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    ("api", &["domain"]),
    ("media", &["domain"]),
    ("ffmpeg", &["domain"]),
    ("cloud", &["domain"]),
    ("database", &["domain"]),
    ("runtime", &["cloud", "domain"]),
    ("service", &["api", "cloud", "domain", "runtime"]),
    ("stage", &["cloud", "domain", "ffmpeg", "media", "runtime"]),
    ("client", &["cloud", "domain", "stage"]),
    ("cli", &["api", "cloud", "domain", "ffmpeg"]),
    (
        "testkit",
        &[
            "api", "cloud", "domain", "ffmpeg", "media", "service", "stage",
        ],
    ),
    // The container runs the code of two functions, for work that is too much for them.
    (
        "heavy-encode",
        &[
            "cloud",
            "domain",
            "encode-video",
            "ffmpeg",
            "runtime",
            "segment",
            "stage",
        ],
    ),
    // Every function: all libraries, never another function.
    (
        "functions/*",
        &[
            "api", "cloud", "database", "domain", "ffmpeg", "media", "runtime", "service", "stage",
        ],
    ),
];
/// These drive the whole and may use all of it.
const DRIVERS: [&str; 2] = ["e2e", "xtask"];
/// Crates that only tests may use.
const FOR_TESTS: [&str; 1] = ["testkit"];

/// Third-party crates that belong into a layer: a name, or a prefix with `*`, and who may use it.
const CONFINED: [(&str, &[&str]); 12] = [
    ("aws-*", &["cloud", "database", "runtime"]),
    ("sqlx*", &["database"]),
    ("axum", &["service", "functions/*", "testkit"]),
    ("lambda_http", &["service"]),
    ("utoipa", &["api", "functions/*", "e2e"]),
    ("lambda_runtime", &["runtime", "functions/*"]),
    ("aws_lambda_events", &["functions/*"]),
    ("ffmpeg-sidecar", &["ffmpeg"]),
    ("quick-xml", &["media"]),
    ("mp4-atom", &["media"]),
    ("m3u8-rs", &["media"]),
    ("anyhow", &["xtask", "e2e"]),
];

/// All that the pure crates may use: nothing in it reads a clock, a file or an environment.
const PURE: [(&str, &[&str]); 3] = [
    ("api", &["domain", "serde", "time", "utoipa"]),
    ("domain", &["serde", "serde_json", "sha2", "thiserror"]),
    (
        "media",
        &["bytes", "quick-xml", "serde", "serde_json", "thiserror"],
    ),
];
/// What the standard library offers for that.
const IMPURE: [&str; 8] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "std::io::std",
];

/// Licences that an Apache-2.0 project can ship.
const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // Root certificates as data.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// One TLS stack: rustls with aws-lc-rs.
const BANNED: [&str; 4] = ["native-tls", "openssl", "openssl-sys", "ring"];
/// Two versions of these would be two stacks, or types that look alike and are not.
const ONCE: [&str; 10] = [
    "aws-smithy-types",
    "aws-types",
    "bytes",
    "http",
    "hyper",
    "quick-xml",
    "rustls",
    "serde",
    "tokio",
    "tracing",
];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

// ---- What cargo says

fn root() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(folder
        .parent()
        .context("xtask lies in no folder")?
        .to_owned())
}

fn cargo(arguments: &[&str]) -> Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(root()?)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "cargo {}: {said}",
        arguments.join(" ")
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// A crate of this workspace.
struct Member {
    name: String,
    folder: PathBuf,
    is_function: bool,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    is_ours: bool,
    is_for_tests: bool,
}

impl Member {
    /// Whether a list of names means this crate.
    fn is_in(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str()) || self.is_function && names.contains(&"functions/*")
    }

    /// What it uses outside of its tests.
    fn shipped(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies
            .iter()
            .filter(|dependency| !dependency.is_for_tests)
    }
}

fn members() -> Result<Vec<Member>> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--no-deps"])?)?;
    let functions = root()?.join("functions");
    let packages = metadata["packages"].as_array().context("no packages")?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("not a text");
    let mut members = Vec::new();
    for package in packages {
        let manifest = PathBuf::from(text(&package["manifest_path"])?);
        let folder = manifest
            .parent()
            .context("a manifest lies in no folder")?
            .to_owned();
        let mut dependencies = Vec::new();
        for dependency in package["dependencies"]
            .as_array()
            .context("no dependencies")?
        {
            dependencies.push(Dependency {
                name: text(&dependency["name"])?,
                is_ours: dependency["path"].is_string(),
                is_for_tests: dependency["kind"] == "dev",
            });
        }
        members.push(Member {
            name: text(&package["name"])?,
            is_function: folder.starts_with(&functions),
            folder,
            dependencies,
        });
    }
    ensure!(members.len() > 10, "only {} crates", members.len());
    Ok(members)
}

/// A crate that is really compiled, with its version and licence.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Compiled {
    name: String,
    version: String,
    licence: String,
}

/// Everything that is compiled here, tests and build scripts included.
fn compiled() -> Result<BTreeSet<Compiled>> {
    let edges = "--edges=normal,build,dev";
    let list = cargo(&[
        "tree",
        "--workspace",
        edges,
        "--prefix=none",
        "--format={p}|{l}",
    ])?;
    let mut all = BTreeSet::new();
    for line in list.lines().filter(|line| !line.is_empty()) {
        let (package, licence) = line
            .split_once('|')
            .context("cargo tree ignores its format")?;
        // A crate that was listed before.
        let licence = licence.trim_end_matches("(*)").trim();
        let mut words = package.split(' ');
        let name = words.next().context("no name")?.to_owned();
        let version = words.next().context("no version")?.to_owned();
        all.insert(Compiled {
            name,
            version,
            licence: licence.to_owned(),
        });
    }
    ensure!(all.len() > 50, "only {} crates", all.len());
    Ok(all)
}

fn none(faults: &[String]) -> Result<()> {
    if faults.is_empty() {
        Ok(())
    } else {
        bail!("\n  {}", faults.join("\n  "))
    }
}

// ---- Direction

#[test]
fn dependencies_point_inwards_and_never_sideways_between_functions() -> Result<()> {
    let mut faults = Vec::new();
    for member in members()?.iter().filter(|member| !member.is_in(&DRIVERS)) {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| member.is_in(&[*name])) else {
            faults.push(format!("{} has no place in ALLOWED", member.name));
            continue;
        };
        for used in member.shipped().filter(|dependency| dependency.is_ours) {
            if !allowed.contains(&used.name.as_str()) {
                faults.push(format!("{} uses {}", member.name, used.name));
            }
        }
    }
    none(&faults)
}

#[test]
fn what_is_made_for_tests_is_used_by_tests_only() -> Result<()> {
    let mut faults = Vec::new();
    for member in members()?.iter().filter(|member| !member.is_in(&DRIVERS)) {
        for used in member
            .shipped()
            .filter(|used| FOR_TESTS.contains(&used.name.as_str()))
        {
            faults.push(format!("{} ships {}", member.name, used.name));
        }
    }
    none(&faults)
}

#[test]
fn third_party_crates_stay_in_their_layer() -> Result<()> {
    let mut faults = Vec::new();
    for member in &members()? {
        for used in member.shipped() {
            let confined = CONFINED
                .iter()
                .find(|(pattern, _)| match pattern.strip_suffix('*') {
                    Some(prefix) => used.name.starts_with(prefix),
                    None => used.name == *pattern,
                });
            if let Some((_, users)) = confined
                && !member.is_in(users)
            {
                faults.push(format!(
                    "{} uses {}, which only {users:?} may",
                    member.name, used.name
                ));
            }
        }
    }
    none(&faults)
}

#[test]
fn domain_and_media_do_no_input_or_output() -> Result<()> {
    let members = members()?;
    let mut faults = Vec::new();
    for (name, allowed) in PURE {
        let member = members
            .iter()
            .find(|member| member.name == name)
            .context(name)?;
        for used in member.shipped().filter(|used| !used.is_ours) {
            if !allowed.contains(&used.name.as_str()) {
                faults.push(format!("{name} uses {}", used.name));
            }
        }
        for file in rust_files(&member.folder.join("src"))? {
            let text = std::fs::read_to_string(&file)?;
            let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in IMPURE.iter().filter(|word| shipped.contains(**word)) {
                faults.push(format!("{} uses {word}", file.display()));
            }
        }
    }
    none(&faults)
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

// ---- Third-party crates

#[test]
fn every_version_is_declared_in_the_root_manifest() -> Result<()> {
    let mut faults = Vec::new();
    for member in members()? {
        let manifest = std::fs::read_to_string(member.folder.join("Cargo.toml"))?;
        let mut in_dependencies = false;
        for line in manifest.lines().map(str::trim) {
            if let Some(section) = line.strip_prefix('[') {
                in_dependencies = section.trim_end_matches(']').ends_with("dependencies");
                if section.contains("dependencies.") {
                    faults.push(format!("{}: {line}", member.name));
                }
            } else if in_dependencies && line.contains('=') && !line.contains("workspace = true") {
                faults.push(format!("{}: {line}", member.name));
            }
        }
    }
    none(&faults)
}

#[test]
fn every_source_is_crates_io() -> Result<()> {
    let lock = std::fs::read_to_string(root()?.join("Cargo.lock"))?;
    let sources = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "));
    let elsewhere: BTreeSet<String> = sources
        .map(|source| source.trim_matches('"').to_owned())
        .filter(|source| source != CRATES_IO)
        .collect();
    none(&elsewhere.into_iter().collect::<Vec<_>>())
}

#[test]
fn every_licence_fits_an_apache_2_project() -> Result<()> {
    let compiled = compiled()?;
    let unfit = compiled.iter().filter(|package| !fits(&package.licence));
    let faults: Vec<String> = unfit
        .map(|package| format!("{}: '{}'", package.name, package.licence))
        .collect();
    none(&faults)
}

#[test]
fn there_is_one_tls_stack() -> Result<()> {
    let compiled = compiled()?;
    let banned = compiled
        .iter()
        .filter(|package| BANNED.contains(&package.name.as_str()));
    none(
        &banned
            .map(|package| package.name.clone())
            .collect::<Vec<_>>(),
    )
}

#[test]
fn what_types_are_shared_through_is_there_once() -> Result<()> {
    let compiled = compiled()?;
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in &compiled {
        versions
            .entry(&package.name)
            .or_default()
            .insert(&package.version);
    }
    let twice = ONCE
        .iter()
        .filter(|name| versions.get(**name).is_some_and(|all| all.len() > 1));
    none(
        &twice
            .map(|name| format!("{name}: {:?}", versions[name]))
            .collect::<Vec<_>>(),
    )
}

// ---- Licence expressions

/// Whether an SPDX expression can be met with [`LICENCES`]. `/` is the `OR` of old manifests.
fn fits(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    !rest.is_empty() && any_of(&mut rest) && rest.is_empty()
}

/// `a OR b`, where `AND` binds closer.
fn any_of(rest: &mut &[&str]) -> bool {
    let mut fits = all_of(rest);
    while take(rest, "OR") {
        fits |= all_of(rest);
    }
    fits
}

fn all_of(rest: &mut &[&str]) -> bool {
    let mut fits = one(rest);
    while take(rest, "AND") {
        fits &= one(rest);
    }
    fits
}

fn one(rest: &mut &[&str]) -> bool {
    if take(rest, "(") {
        let fits = any_of(rest);
        return take(rest, ")") && fits;
    }
    let Some((licence, after)) = rest.split_first() else {
        return false;
    };
    *rest = after;
    if take(rest, "WITH") {
        let Some((exception, after)) = rest.split_first() else {
            return false;
        };
        *rest = after;
        return LICENCES.contains(&format!("{licence} WITH {exception}").as_str());
    }
    LICENCES.contains(licence)
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    let found = rest.first() == Some(&word);
    if found {
        *rest = rest.get(1..).unwrap_or_default();
    }
    found
}

#[test]
fn a_licence_expression_fits_when_some_choice_of_it_is_allowed() {
    for fitting in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/Apache-2.0",
        "(MIT OR GPL-2.0) AND ISC",
        "MIT AND ISC OR GPL-2.0",
    ] {
        assert!(fits(fitting), "{fitting}");
    }
    for unfit in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT",
        "MIT MIT",
        "MIT WITH GPL-exception",
        "LGPL-2.1",
    ] {
        assert!(!fits(unfit), "{unfit}");
    }
}
