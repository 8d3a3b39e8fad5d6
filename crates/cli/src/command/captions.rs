//! `captions ls`, `captions add` and `captions rm`.

use std::io::Read as _;
use std::path::Path;

use api::caption::{Caption, CaptionAttributes, CaptionKind, CaptionQuery};
use bytes::Bytes;

use crate::api_client::Api;
use crate::arguments::{CaptionsCommand, WhichCaption};
use crate::error::CliError;
use crate::ui::Ui;
use crate::words::printable;

/// Lists, adds or drops captions.
///
/// # Errors
/// [`CliError::File`] for a file that does not read, and those of the API.
pub(crate) async fn run(command: CaptionsCommand, api: &Api, ui: Ui) -> Result<(), CliError> {
    match command {
        CaptionsCommand::Ls { id } => {
            let listed = api.captions(&id).await?;
            let rows = || listed.captions.iter().map(row).collect::<Vec<_>>();
            ui.result(&listed, || rows().join("\n"));
        }
        CaptionsCommand::Add {
            id,
            file,
            which,
            name,
        } => {
            let text = read(&file)?;
            let kind = which.kind.into();
            let attributes = CaptionAttributes { kind, name };
            let caption = api.add_caption(&id, &which.language, &attributes, text);
            let caption = caption.await?;
            ui.item(&caption, || row(&caption));
        }
        CaptionsCommand::Rm { id, which } => drop(&id, &which, api, ui).await?,
    }
    Ok(())
}

async fn drop(id: &str, which: &WhichCaption, api: &Api, ui: Ui) -> Result<(), CliError> {
    let kind = which.kind.into();
    let query = CaptionQuery { kind };
    api.drop_caption(id, &which.language, &query).await?;
    let kind = kind_in_words(kind);
    ui.note(format!("{kind} in {} dropped", printable(&which.language)));
    Ok(())
}

fn read(file: &Path) -> Result<Bytes, CliError> {
    let mut text = Vec::new();
    if file.as_os_str() == "-" {
        let read = std::io::stdin().lock().read_to_end(&mut text);
        read.map_err(CliError::file(file))?;
    } else {
        text = std::fs::read(file).map_err(CliError::file(file))?;
    }
    Ok(text.into())
}

/// A caption on one line.
fn row(caption: &Caption) -> String {
    let standing = if caption.playable {
        "in the stream"
    } else {
        "not yet in the stream"
    };
    let kind = kind_in_words(caption.kind);
    let name = printable(caption.name.as_deref().unwrap_or_default());
    let line = format!("{:<12} {kind:<10} {standing:<22} {name}", caption.language);
    line.trim_end().to_owned()
}

const fn kind_in_words(kind: CaptionKind) -> &'static str {
    match kind {
        CaptionKind::Subtitles => "subtitles",
        CaptionKind::Captions => "captions",
        CaptionKind::Forced => "forced",
    }
}
