//! `cargo xtask demo`: one file through the whole pipeline, on the local stack.

mod bars;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use client::{Stack as Client, StackNames};
use cloud::clients::{Account, AwsClients};
use domain::ErrorCode;
use domain::job::{AssetDocument, JobError, JobState};
use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey};

use crate::demo::bars::Bars;
use crate::demo::report::Report;
use crate::local::{DEFAULT_NAME, Stack, Wanted};
use crate::ui;
use crate::workspace::Workspace;

/// The clip that ships with the project.
const CLIP: &str = "tests/media/bbb_720p_5s.mp4";

/// How often the job is looked at.
const POLL: Duration = Duration::from_millis(150);

/// How long an upload's event may take to become a job.
const CLAIM_PATIENCE: Duration = Duration::from_mins(1);

/// Ends the demo when a job shows no progress for this long: longer than any encode chunk.
const STALL_PATIENCE: Duration = Duration::from_mins(30);

/// Transcode a file on the local stack.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A video or audio file; without one, the clip that ships with the project
    file: Option<PathBuf>,
    /// Copy the published stream into this folder
    #[arg(long)]
    out: Option<PathBuf>,
    /// End standard output with one line of JSON
    #[arg(long)]
    json: bool,
    /// The local stack to use
    #[arg(long, default_value = DEFAULT_NAME)]
    stack: String,
}

/// Exit status 2: the source is at fault, not the pipeline.
const EXIT_FAILED: u8 = 2;

/// Runs the demo. Succeeds only when the asset is ready.
///
/// # Errors
/// When the stack or the way to it fails; a source that cannot be transcoded is no error of this
/// function, but exit status 2.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let file = match &args.file {
        Some(file) => file.clone(),
        None => workspace.root().join(CLIP),
    };
    if !file.is_file() {
        bail!("there is no file {}", file.display());
    }
    let stack = Stack::up(&workspace, &Wanted::plain(&args.stack))?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(transcode(args, &file, &stack))
}

async fn transcode(args: &Args, file: &Path, stack: &Stack) -> Result<ExitCode> {
    let client = connect(stack).await?;
    let began = Instant::now();
    let request = upload(&client, file, &stack.owner).await?;
    let state = follow(&client, &request).await?;
    let asset = client.asset(&request).await?;
    let asset = asset.context("the job ended, but its asset has no document")?;
    let ready = state == JobState::Ready;
    if let (true, Some(folder)) = (ready, &args.out) {
        fetch(&client, &asset, folder).await?;
    }
    ui::note(format!("{:.1} s in all", began.elapsed().as_secs_f64()));
    let report = Report::new(&request, &asset);
    if ready {
        report.describe(stack, args.out.as_deref());
    } else {
        complain(file, &asset);
    }
    if args.json {
        ui::line(report.json()?);
    }
    Ok(if ready {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAILED)
    })
}

/// The one line for a source that can't be transcoded.
fn complain(file: &Path, asset: &AssetDocument) {
    let unknown = || JobError {
        code: ErrorCode::Internal,
        message: format!("{} failed for no known reason", file.display()),
    };
    let error = asset.error.clone().unwrap_or_else(unknown);
    ui::note(format!("{}: {}", error.code, error.message));
}

/// A client with administrator rights on the local stack.
pub(crate) async fn connect(stack: &Stack) -> Result<Client> {
    let account = Account {
        endpoint: stack.endpoint.clone(),
        region: stack.region.clone(),
        access_key_id: stack.access_key_id.clone(),
        secret_access_key: stack.secret_access_key.clone(),
    };
    let bucket = |name| stack.output(name).map(BucketName::new);
    let names = StackNames {
        uploads: bucket("UploadsBucket")?,
        work: bucket("WorkBucket")?,
        media: bucket("MediaBucket")?,
        table: stack.output("Table")?.to_owned(),
    };
    Ok(Client::new(&AwsClients::at(&account).await, names))
}

/// Uploads under a key of its own, so that a second demo of one file is a second asset, and as the
/// person who may sign in on the page.
async fn upload(client: &Client, file: &Path, owner: &str) -> Result<SegmentInput> {
    let name = file.file_name().context("the file has no name")?;
    let upload = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let key = format!("{owner}/{upload}/{}", name.to_string_lossy());
    let step = ui::Step::start(format!("uploading {}", file.display()));
    let request = client.upload(ObjectKey::new(key), file).await?;
    step.done(format!("uploaded {}", file.display()));
    Ok(request)
}

/// Shows the job's progress until it ends.
async fn follow(client: &Client, request: &SegmentInput) -> Result<JobState> {
    let mut bars = Bars::new();
    let began = Instant::now();
    let mut last = (client::Progress::default(), Instant::now());
    loop {
        match client.job(request).await? {
            None if began.elapsed() > CLAIM_PATIENCE => {
                bail!("the upload did not become a job in {CLAIM_PATIENCE:?}; see the stack's log")
            }
            Some(record) if record.state != JobState::Running => {
                bars.end(record.state == JobState::Ready);
                return Ok(record.state);
            }
            _ => {}
        }
        let progress = client.progress(request).await?;
        if progress != last.0 {
            last = (progress, Instant::now());
            bars.show(&progress);
        }
        if last.1.elapsed() > STALL_PATIENCE {
            bail!("job {} shows no progress; see the stack's log", request.job);
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn fetch(client: &Client, asset: &AssetDocument, folder: &Path) -> Result<()> {
    let published = asset.published.as_ref();
    let published = published.context("the asset is ready, but nothing is published")?;
    let step = ui::Step::start(format!("copying the stream to {}", folder.display()));
    let bytes = client.fetch(&published.folder, folder).await?;
    step.done(format!(
        "stream copied to {} ({} KiB)",
        folder.display(),
        bytes / 1024
    ));
    Ok(())
}
