//! `get`: copies a published stream, file by file.
//!
//! A file is written under another name and renamed when it is whole, so what has its name is
//! whole, and a second call goes on where the first one was stopped.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::playback::Playback;
use futures_util::{StreamExt as _, TryStreamExt as _};
use hyper::body::{Body as _, Incoming};
use hyper::{Response, StatusCode};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use crate::api_client::Api;
use crate::arguments::GetArgs;
use crate::bars::Bars;
use crate::error::CliError;
use crate::http::{self, Http};
use crate::playlist;
use crate::ui::Ui;

/// Says which stream a folder has.
const MARK: &str = ".millrace.json";
/// Tries for one file.
const TRIES: u32 = 4;
/// Wait before the second try; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_millis(300);

/// The stream in a folder.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    asset: String,
    job: String,
}

/// A copy, as JSON has it.
#[derive(Serialize)]
struct Copied<'a> {
    asset: &'a str,
    job: &'a str,
    folder: String,
    files: usize,
    bytes: u64,
}

/// Copies a stream: everything that its playlists name, and the playlists.
///
/// # Errors
/// Those of the API, [`CliError::File`], [`CliError::Short`], [`CliError::Stray`], and
/// [`CliError::Usage`] for a folder with another stream.
pub(crate) async fn run(args: &GetArgs, api: &Api, ui: Ui) -> Result<(), CliError> {
    let playback = api.play_asset(&args.id).await?;
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(&playback.asset));
    mark(&folder, &playback).await?;
    let bar = Bars::new(ui).files(&playback.asset);
    let stream = Stream {
        http: api.http(),
        base: api.origin().address(parent(&playback.hls)),
        query: &playback.query,
        folder: &folder,
        bar: &bar,
    };
    let copied = stream.copy(roots(&playback), args.jobs.into()).await;
    bar.finish_and_clear();
    let (files, bytes) = copied?;
    let copied = Copied {
        asset: &playback.asset,
        job: &playback.job,
        folder: folder.display().to_string(),
        files,
        bytes,
    };
    ui.result(&copied, || {
        format!("{}/{}", copied.folder, file_name(&playback.hls))
    });
    ui.note(format_args!(
        "{files} files, {}",
        crate::words::bytes(bytes)
    ));
    Ok(())
}

/// Makes the folder this stream's.
async fn mark(folder: &Path, playback: &Playback) -> Result<(), CliError> {
    let path = folder.join(MARK);
    let mark = Mark {
        asset: playback.asset.clone(),
        job: playback.job.clone(),
    };
    if let Ok(text) = fs::read(&path).await {
        let known: Option<Mark> = serde_json::from_slice(&text).ok();
        if known.as_ref() == Some(&mark) {
            return Ok(());
        }
        return Err(CliError::Usage {
            what: format!("{} has another stream in it", folder.display()),
            advice: "name another folder with --out, or remove that one",
        });
    }
    let text = serde_json::to_vec(&mark).unwrap_or_default();
    fs::create_dir_all(folder)
        .await
        .map_err(CliError::file(folder))?;
    fs::write(&path, text).await.map_err(CliError::file(&path))
}

/// What a playback names, relative to its folder.
fn roots(playback: &Playback) -> Vec<String> {
    let folder = parent(&playback.hls);
    let optional = playback.poster.iter().chain(&playback.storyboard);
    let paths = [&playback.hls, &playback.dash].into_iter().chain(optional);
    let below = paths.filter_map(|path| path.strip_prefix(folder));
    below.map(str::to_owned).collect()
}

/// The folder of a path, with the slash at its end.
fn parent(path: &str) -> &str {
    path.rfind('/')
        .and_then(|slash| path.get(..=slash))
        .unwrap_or("/")
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A stream that is copied.
struct Stream<'a> {
    http: &'a Http,
    /// Address of the stream's folder, with the slash at its end.
    base: String,
    query: &'a str,
    folder: &'a Path,
    bar: &'a ProgressBar,
}

impl Stream<'_> {
    /// Copies files and what they name, and so on; gives how many files and bytes there are.
    async fn copy(&self, roots: Vec<String>, at_once: usize) -> Result<(usize, u64), CliError> {
        let mut known: BTreeSet<String> = roots.iter().cloned().collect();
        let mut next = roots;
        let mut bytes = 0;
        while !next.is_empty() {
            self.bar.set_length(known.len() as u64);
            let files = futures_util::stream::iter(&next).map(async |path| {
                let length = self.file(path).await?;
                self.bar.inc(1);
                Ok::<_, CliError>((length, self.named_by(path).await?))
            });
            let copied: Vec<(u64, Vec<String>)> =
                files.buffer_unordered(at_once).try_collect().await?;
            bytes += copied.iter().map(|(length, _)| length).sum::<u64>();
            let named = copied.into_iter().flat_map(|(_, named)| named);
            next = named.filter(|path| known.insert(path.clone())).collect();
        }
        Ok((known.len(), bytes))
    }

    /// What a file that is there names.
    async fn named_by(&self, path: &str) -> Result<Vec<String>, CliError> {
        if !playlist::names_others(path) {
            return Ok(Vec::new());
        }
        let target = self.folder.join(path);
        let text = fs::read_to_string(&target).await;
        playlist::named_by(path, &text.map_err(CliError::file(target))?)
    }

    /// Copies one file, unless it is there with the right length; gives its length.
    async fn file(&self, path: &str) -> Result<u64, CliError> {
        let target = self.folder.join(path);
        let folder = parent_folder(&target);
        fs::create_dir_all(folder)
            .await
            .map_err(CliError::file(folder))?;
        let there = fs::metadata(&target).await.ok().map(|facts| facts.len());
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        loop {
            match self.fetch(path, &target, there).await {
                Err(
                    CliError::Http(_)
                    | CliError::Short { .. }
                    | CliError::Answer { status: 500.., .. },
                ) if tries < TRIES => {}
                other => return other,
            }
            tries += 1;
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }

    async fn fetch(&self, path: &str, target: &Path, there: Option<u64>) -> Result<u64, CliError> {
        let address = format!("{}{path}?{}", self.base, self.query);
        let host = http::host(&http::uri(&address)?);
        let answer = self.http.get(&address).await?;
        if answer.status() != StatusCode::OK {
            return Err(CliError::Answer {
                what: format!("GET {path}"),
                status: answer.status().as_u16(),
            });
        }
        let announced = answer.body().size_hint().exact();
        if there.is_some() && there == announced {
            // The rest of the answer is not read: its connection is closed instead.
            return Ok(there.unwrap_or_default());
        }
        let partial = target.with_added_extension("part");
        let received = save(answer, &partial, &host).await?;
        if let Some(announced) = announced
            && announced != received
        {
            return Err(CliError::Short {
                path: path.to_owned(),
                received,
                announced,
            });
        }
        fs::rename(&partial, target)
            .await
            .map_err(CliError::file(target))?;
        Ok(received)
    }
}

/// Writes an answer to a file; gives its length.
async fn save(answer: Response<Incoming>, path: &Path, host: &str) -> Result<u64, CliError> {
    let mut file = fs::File::create(path).await.map_err(CliError::file(path))?;
    let mut body = answer.into_body();
    let mut received = 0;
    while let Some(bytes) = http::next(&mut body, host).await? {
        file.write_all(&bytes).await.map_err(CliError::file(path))?;
        received += bytes.len() as u64;
    }
    file.flush().await.map_err(CliError::file(path))?;
    Ok(received)
}

fn parent_folder(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
