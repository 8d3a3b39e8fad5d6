//! Uploads: which files, where each left off, its parts, and what becomes of it.

mod files;
mod memory;
mod parts;
mod send;
mod spool;

use api::asset::{AssetChange, Visibility};
use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::sync::Semaphore;

use self::files::SourceFile;
use self::memory::Memory;
use self::send::Sender;
use crate::api_client::Api;
use crate::arguments::UploadArgs;
use crate::bars::Bars;
use crate::error::{CliError, all_done};
use crate::follow::follow;
use crate::state::State;
use crate::ui::Ui;
use crate::words::printable;

/// Files that are worked on at once: while the parts of one are sent, the next may begin.
const FILES_AT_ONCE: usize = 4;

/// A file that has arrived, as JSON has it.
#[derive(Serialize)]
struct Arrived<'a> {
    path: &'a str,
    upload: &'a str,
    asset: &'a str,
    job: &'a str,
}

/// Uploads everything that is named; a file that fails does not keep the others.
///
/// # Errors
/// [`CliError::Usage`] for arguments that do not fit together, the error of the only file, or
/// [`CliError::Some`].
pub(crate) async fn run(
    args: &UploadArgs,
    api: &Api,
    state: &State,
    ui: Ui,
) -> Result<(), CliError> {
    let (files, _spooled) = gather(args, ui).await?;
    if args.title.is_some() && files.len() > 1 {
        return Err(CliError::Usage {
            what: format!("one title, and {} files", files.len()),
            advice: "upload one file with --title, or leave it out",
        });
    }
    let command = Command {
        args,
        api,
        memory: Memory::new(state, api.origin()),
        slots: Semaphore::new(args.jobs.into()),
        bars: Bars::new(ui),
        ui,
    };
    if let [only] = files.as_slice() {
        return command.upload(only).await;
    }
    let codes = futures_util::stream::iter(&files).map(|file| command.one_of_many(file));
    let codes = codes.buffer_unordered(FILES_AT_ONCE);
    let codes: Vec<u8> = codes.filter_map(std::future::ready).collect().await;
    all_done(&codes, files.len())
}

/// The files that are named, and what must be kept until they are sent.
async fn gather(
    args: &UploadArgs,
    ui: Ui,
) -> Result<(Vec<SourceFile>, Option<tempfile::TempPath>), CliError> {
    let is_standard_input = |path: &std::path::PathBuf| path.as_os_str() == "-";
    if !args.paths.iter().any(is_standard_input) {
        return Ok((files::find(&args.paths, args.all)?, None));
    }
    let Some(name) = args.name.as_deref().filter(|_| args.paths.len() == 1) else {
        return Err(CliError::Usage {
            what: "standard input has no name".to_owned(),
            advice: "upload it alone, and name it: `millrace upload - --name film.mp4`",
        });
    };
    ui.note("reading standard input into a temporary file, because its length must be known first");
    let spooled = spool::standard_input().await?;
    let file = SourceFile::named(&spooled, name)?;
    Ok((vec![file], Some(spooled)))
}

/// What all files of one call share.
struct Command<'a> {
    args: &'a UploadArgs,
    api: &'a Api,
    memory: Memory<'a>,
    slots: Semaphore,
    bars: Bars,
    ui: Ui,
}

impl Command<'_> {
    /// Uploads a file, and tells of it when it fails; gives the exit code then.
    async fn one_of_many(&self, file: &SourceFile) -> Option<u8> {
        let error = self.upload(file).await.err()?;
        self.bars.suspend(|| self.ui.refused(&file.shown(), &error));
        Some(error.exit_code())
    }

    /// Uploads a file and tells of it; waits for the stream, if that is wanted.
    async fn upload(&self, file: &SourceFile) -> Result<(), CliError> {
        let sender = Sender {
            api: self.api,
            memory: &self.memory,
            slots: &self.slots,
            bars: &self.bars,
            ui: self.ui,
        };
        let completed = sender.send(file, self.args).await?;
        if let Some(change) = change(self.args) {
            self.api.change_asset(&completed.asset, &change).await?;
        }
        // Not before: who runs the command again wants this upload's asset changed, no other one.
        self.memory.forget(file);
        let arrived = Arrived {
            path: &file.shown(),
            upload: &completed.upload,
            asset: &completed.asset,
            job: &completed.job,
        };
        let words = || format!("{}  {}", completed.asset, printable(&file.name));
        self.bars.suspend(|| self.ui.item(&arrived, words));
        if self.args.wait {
            follow(self.api, &completed.asset, &self.bars, self.ui).await?;
        }
        Ok(())
    }
}

/// What is changed about an asset when it has arrived. An upload that goes on has the title that it
/// began with, so the title is set again.
fn change(args: &UploadArgs) -> Option<AssetChange> {
    let change = AssetChange {
        title: args.title.clone(),
        tags: (!args.tags.is_empty()).then(|| args.tags.clone()),
        visibility: match (args.public, args.unlisted) {
            (true, _) => Some(Visibility::Public),
            (false, true) => Some(Visibility::Unlisted),
            (false, false) => None,
        },
    };
    (change != AssetChange::default()).then_some(change)
}
