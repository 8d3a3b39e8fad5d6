//! Local stacks: start, find, stop.
//!
//! A stack is owned by a supervisor process (`local/millrace_local`), which outlives `cargo
//! xtask`. This module starts it, and reads what it wrote to `target/local/NAME/stack.json`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Subcommand;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::functions;
use crate::page;
use crate::process::ProcessId;
use crate::setup::{Tools, hex};
use crate::ui::{self, Step};
use crate::workspace::Workspace;

/// The stack that is meant where no name is given.
pub(crate) const DEFAULT_NAME: &str = "dev";
/// A supervisor that was asked to stop kills what is left after a few seconds by itself.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Start, stop and list local stacks.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a stack, or bring it up to date, and print how to reach it
    Up {
        /// Its name; stacks with different names run side by side
        #[arg(long, default_value = DEFAULT_NAME)]
        name: String,
        /// Run the function binaries that are there, without building
        #[arg(long)]
        no_build: bool,
        /// A parameter of the template, `HeavyEncoder=cpu` say; may be given several times
        #[arg(long = "parameter", value_name = "NAME=VALUE")]
        parameters: Vec<String>,
    },
    /// Stop a stack and remove everything it held
    Down {
        /// Its name
        #[arg(long, default_value = DEFAULT_NAME)]
        name: String,
        /// All stacks of this checkout
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
    /// List the running stacks
    Status,
    /// Print what a function needs in its environment, for `eval "$(cargo xtask local env)"`
    Env {
        /// The stack's name
        #[arg(long, default_value = DEFAULT_NAME)]
        name: String,
    },
}

/// The stack that a caller wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// `NAME=VALUE` for parameters of the template that should not be as they are locally.
    pub(crate) parameters: &'a [String],
}

impl<'a> Wanted<'a> {
    /// A stack as it is locally.
    pub(crate) const fn plain(name: &'a str) -> Self {
        Self {
            name,
            parameters: &[],
        }
    }
}

/// A running stack, as its supervisor describes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stack {
    /// What it is called.
    pub(crate) name: String,
    #[serde(flatten)]
    supervisor: ProcessId,
    fingerprint: String,
    /// The base URL of every AWS service.
    pub(crate) endpoint: String,
    pub(crate) region: String,
    /// Credentials that may do everything, as an engineer with administrator rights.
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    /// PostgreSQL, with user and password.
    pub(crate) database_url: String,
    database: Database,
    /// The template's outputs by name.
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) ffmpeg: PathBuf,
    pub(crate) ffprobe: PathBuf,
    /// Base URL of the media bucket with a page that plays, ending in a slash.
    pub(crate) player: String,
    /// The page's address, ending in a slash.
    pub(crate) page: String,
    /// Who may sign in there.
    pub(crate) user: String,
    /// The password.
    pub(crate) password: String,
    /// Whose uploads are that person's: the first part of their keys.
    pub(crate) owner: String,
    /// What all functions log, also after the stack has gone.
    pub(crate) log: PathBuf,
}

/// How a function reaches PostgreSQL: through the gate, by a token of its own credentials.
#[derive(Debug, Clone, Deserialize)]
struct Database {
    host: String,
    port: u16,
    name: String,
    user: String,
    ca: PathBuf,
    owner_secret: String,
}

impl Stack {
    /// Brings the stack up and returns it when it works. A stack that runs what is built now is
    /// returned as it is; one that runs something older is replaced, and its content is lost.
    ///
    /// Builds the functions and installs the tools first, where that is needed. When this
    /// process ends before the stack is up, the stack goes too.
    ///
    /// # Errors
    /// When the tools can't be installed, the functions do not compile, a server does not start,
    /// or the template can't be deployed.
    pub(crate) fn up(workspace: &Workspace, wanted: &Wanted<'_>) -> Result<Self> {
        check_name(wanted.name)?;
        let tools = Tools::ensure(workspace)?;
        Self::up_with(workspace, &tools, wanted, || {
            page::build_if_possible(workspace, &tools);
            functions::build(workspace)
        })
    }

    /// The same with what is built already.
    ///
    /// # Errors
    /// As [`Stack::up`].
    pub(crate) fn up_built(
        workspace: &Workspace,
        tools: &Tools,
        wanted: &Wanted<'_>,
    ) -> Result<Self> {
        Self::up_with(workspace, tools, wanted, || Ok(()))
    }

    /// Builds the functions while the servers start, where none run yet.
    fn up_with(
        workspace: &Workspace,
        tools: &Tools,
        wanted: &Wanted<'_>,
        build: impl FnOnce() -> Result<()>,
    ) -> Result<Self> {
        let name = wanted.name;
        check_name(name)?;
        let stacks = workspace.stacks();
        fs::create_dir_all(&stacks)?;
        // Two callers that want the same stack: one starts it, the other one finds it.
        let lock = File::create(stacks.join(format!("{name}.up.lock")))?;
        lock.lock()
            .with_context(|| format!("cannot lock {}", stacks.display()))?;

        let Some(running) = Self::find(workspace, name)? else {
            // One that is starting by itself, or half dead.
            down(workspace, name)?;
            return Self::start(workspace, tools, wanted, build);
        };
        build()?;
        if running.fingerprint == fingerprint(workspace, tools, wanted)? {
            return Ok(running);
        }
        ui::note(format!(
            "the stack {name} runs an older build or has other parameters: it is replaced"
        ));
        down(workspace, name)?;
        Self::start(workspace, tools, wanted, || Ok(()))
    }

    fn start(
        workspace: &Workspace,
        tools: &Tools,
        wanted: &Wanted<'_>,
        build: impl FnOnce() -> Result<()>,
    ) -> Result<Self> {
        let name = wanted.name;
        // Standard input stays open until the end: it tells the supervisor that we are there.
        let mut child = spawn(workspace, tools, wanted)?;
        build()?;
        let mut step = Step::start(format!("starting the stack {name}"));
        let mut input = child.stdin.take().context("the supervisor has no input")?;
        let fingerprint = fingerprint(workspace, tools, wanted)?;
        // One that ended already has said why.
        let _ = writeln!(input, "{fingerprint}");
        let said = follow(&mut child, &mut step);
        drop(input);
        said?;
        step.done(format!("stack {name} is up"));
        Self::find(workspace, name)?.context("the stack came up and went down again")
    }

    /// The running stack of this name.
    ///
    /// # Errors
    /// When its description can't be read.
    pub(crate) fn find(workspace: &Workspace, name: &str) -> Result<Option<Self>> {
        let path = workspace.stacks().join(name).join("stack.json");
        let Some(text) = read_if_there(&path)? else {
            return Ok(None);
        };
        let stack: Self = serde_json::from_str(&text)
            .with_context(|| format!("cannot understand {}", path.display()))?;
        Ok(stack.supervisor.is_running().then_some(stack))
    }

    /// Stops it. Nothing of it is left afterwards but its logs.
    ///
    /// # Errors
    /// When it can't be stopped.
    pub(crate) fn down(self, workspace: &Workspace) -> Result<()> {
        down(workspace, &self.name).map(|_| ())
    }

    /// The environment in which a function works on this stack, with administrator rights.
    ///
    /// # Errors
    /// When an output is missing.
    fn environment(&self) -> Result<Vec<(&'static str, String)>> {
        let output = |name| self.output(name).map(str::to_owned);
        let path = |path: &Path| path.display().to_string();
        Ok(vec![
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_ACCESS_KEY_ID", self.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret_access_key.clone()),
            ("MILLRACE_UPLOADS_BUCKET", output("UploadsBucket")?),
            ("MILLRACE_WORK_BUCKET", output("WorkBucket")?),
            ("MILLRACE_MEDIA_BUCKET", output("MediaBucket")?),
            ("MILLRACE_TABLE", output("Table")?),
            ("MILLRACE_STATE_MACHINE_ARN", output("StateMachineArn")?),
            ("MILLRACE_EVENT_BUS", output("EventBusName")?),
            ("MILLRACE_WEBHOOKS_QUEUE_URL", output("WebhooksQueueUrl")?),
            ("MILLRACE_PRIVATE_WEBHOOKS", "no".to_owned()),
            ("MILLRACE_FFMPEG", path(&self.ffmpeg)),
            ("MILLRACE_FFPROBE", path(&self.ffprobe)),
            ("MILLRACE_DATABASE_AUTH", "iam".to_owned()),
            ("MILLRACE_DATABASE_HOST", self.database.host.clone()),
            ("MILLRACE_DATABASE_PORT", self.database.port.to_string()),
            ("MILLRACE_DATABASE_NAME", self.database.name.clone()),
            ("MILLRACE_DATABASE_USER", self.database.user.clone()),
            ("MILLRACE_DATABASE_CA", path(&self.database.ca)),
            (
                "MILLRACE_DATABASE_OWNER_SECRET",
                self.database.owner_secret.clone(),
            ),
        ])
    }

    /// One of the template's outputs.
    ///
    /// # Errors
    /// When the template has no such output.
    pub(crate) fn output(&self, name: &str) -> Result<&str> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("infra/sam/template.yaml has no output {name}"))
    }
}

/// Runs one of the commands.
///
/// # Errors
/// As [`Stack::up`].
pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        Command::Up {
            name,
            no_build,
            parameters,
        } => {
            let wanted = Wanted { name, parameters };
            let stack = if *no_build {
                Stack::up_built(&workspace, &Tools::ensure(&workspace)?, &wanted)?
            } else {
                Stack::up(&workspace, &wanted)?
            };
            describe(&stack);
        }
        Command::Down { name, all } => {
            let names = if *all {
                all_names(&workspace)?
            } else {
                vec![name.clone()]
            };
            for name in names {
                if down(&workspace, &name)? {
                    ui::note(format!("stack {name} is down"));
                } else if !all {
                    ui::note(format!("there is no stack {name}"));
                }
            }
        }
        Command::Status => status(&workspace)?,
        Command::Env { name } => {
            let stack = Stack::find(&workspace, name)?;
            let stack = stack.with_context(|| format!("there is no stack {name}"))?;
            for (variable, value) in stack.environment()? {
                ui::line(format!("export {variable}='{value}'"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Stops whatever runs under this name; says whether something did.
fn down(workspace: &Workspace, name: &str) -> Result<bool> {
    check_name(name)?;
    let folder = workspace.stacks().join(name);
    let Some(text) = read_if_there(&folder.join("supervisor.json"))? else {
        return Ok(false);
    };
    let supervisor: ProcessId = serde_json::from_str(&text)
        .with_context(|| format!("cannot understand {}/supervisor.json", folder.display()))?;
    let was_running = supervisor.is_running();
    supervisor.stop(STOP_PATIENCE)?;
    // It does this itself, unless it was killed. Its children end by themselves then.
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(was_running)
}

fn spawn(workspace: &Workspace, tools: &Tools, wanted: &Wanted<'_>) -> Result<Child> {
    let name = wanted.name;
    let root = workspace.root();
    let stacks = workspace.stacks();
    let logs = stacks.join("logs").join(name);
    fs::create_dir_all(&logs)?;
    let errors = File::create(logs.join("python.err"))?;
    Process::new(&tools.python)
        .args(["-m", "millrace_local", "--name", name])
        .arg("--folder")
        .arg(stacks.join(name))
        .arg("--logs")
        .arg(&logs)
        .arg("--cache")
        .arg(stacks.join("packages"))
        .arg("--template")
        .arg(root.join("infra/sam/template.yaml"))
        // Read with each request, so a page that is built later is there.
        .arg("--web")
        .arg(root.join("web/dist"))
        .arg("--binaries")
        .arg(workspace.binaries())
        .arg("--ffmpeg")
        .arg(&tools.ffmpeg)
        .arg("--ffprobe")
        .arg(&tools.ffprobe)
        .args(
            wanted
                .parameters
                .iter()
                .flat_map(|each| ["--parameter", each]),
        )
        .env("PYTHONPATH", root.join("local"))
        // The checkout stays clean.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .with_context(|| format!("cannot start {}", tools.python.display()))
}

/// What a supervisor says on its standard output, one object per line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    Step(String),
    Ready {},
    Error(String),
}

/// Shows what the supervisor does until it is ready.
fn follow(child: &mut Child, step: &mut Step) -> Result<()> {
    let output = child
        .stdout
        .take()
        .context("the supervisor has no standard output")?;
    for line in BufReader::new(output).lines() {
        let line = line.context("the supervisor went away")?;
        match serde_json::from_str(&line) {
            Ok(Message::Step(text)) => step.update(text),
            Ok(Message::Ready {}) => return Ok(()),
            Ok(Message::Error(text)) => {
                child.wait()?;
                bail!("{text}");
            }
            Err(_) => bail!("the supervisor said what nobody understands: {line}"),
        }
    }
    let status = child.wait()?;
    bail!("the supervisor ended while it started the stack ({status}); see target/local/logs")
}

/// Changes whenever a stack that is up would have to be started again to run the current state.
fn fingerprint(workspace: &Workspace, tools: &Tools, wanted: &Wanted<'_>) -> Result<String> {
    let root = workspace.root();
    let mut hash = Sha256::new();
    hash.update(wanted.parameters.join("\n"));
    hash.update(functions::fingerprint(workspace)?);
    hash.update(tools.python.as_os_str().as_encoded_bytes());
    hash.update(fs::read(root.join("infra/sam/template.yaml"))?);
    let mut files = Vec::new();
    for folder in [
        "statemachine",
        "local/millrace_local",
        "local/millrace_local/edge",
        "local/millrace_local/patches",
    ] {
        for entry in
            fs::read_dir(root.join(folder)).with_context(|| format!("cannot list {folder}"))?
        {
            let path = entry?.path();
            if matches!(
                path.extension().and_then(|e| e.to_str()),
                Some("json" | "py")
            ) {
                files.push(path);
            }
        }
    }
    files.sort();
    for path in files {
        hash.update(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(hex(&hash.finalize()))
}

fn status(workspace: &Workspace) -> Result<()> {
    let mut any = false;
    for name in all_names(workspace)? {
        if let Some(stack) = Stack::find(workspace, &name)? {
            any = true;
            describe(&stack);
        }
    }
    if !any {
        ui::note("no stack is running");
    }
    Ok(())
}

fn describe(stack: &Stack) {
    ui::line(format!("stack      {} ({})", stack.name, stack.supervisor));
    ui::line(format!("endpoint   {} ({})", stack.endpoint, stack.region));
    ui::line(format!(
        "           AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={}",
        stack.access_key_id, stack.secret_access_key
    ));
    ui::line(format!("page       {}", stack.page));
    ui::line(format!(
        "           sign in as {} with {}",
        stack.user, stack.password
    ));
    ui::line(format!("database   {}", stack.database_url));
    for (name, value) in &stack.outputs {
        ui::line(format!("output     {name} = {value}"));
    }
    ui::line(format!("log        {}", stack.log.display()));
}

/// The names of all stacks that left a trace, sorted.
fn all_names(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.stacks();
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.join("supervisor.json").is_file()
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The name becomes part of names in CloudFormation and of a folder.
fn check_name(name: &str) -> Result<()> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure!(
        !name.is_empty()
            && name.len() <= 32
            && name.chars().all(letters)
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && !["logs", "packages"].contains(&name),
        "`{name}` can't be the name of a stack: use up to 32 of a-z, 0-9 and -, a letter first"
    );
    Ok(())
}

fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
