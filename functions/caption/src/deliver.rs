//! Writes what players get, in the order in which it names each other.

use std::collections::BTreeSet;

use bytes::Bytes;
use cloud::StoreError;
use cloud::ports::{ListObjects, ReadObject, WriteObject};
use domain::caption::Caption;
use domain::layout::{CAPTIONS, PLAYLIST, PRESENTATION, caption_folder, caption_key};
use domain::object::{ObjectKey, ObjectRef};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use media::captions::{CaptionText, caption_files, manifest_files, read};
use media::manifest::ManifestFile;
use media::presentation::Presentation;
use stage::publish;

use crate::{DeliverError, Goal, Ports};

/// Calls to storage at once. A film has more than a thousand segments of each caption.
const AT_ONCE: usize = 16;

/// Makes sure that the stream has every caption, and manifests that name them all.
pub(crate) async fn deliver<S, D>(goal: &Goal, ports: &Ports<S, D>) -> Result<(), DeliverError>
where
    S: ReadObject + WriteObject + ListObjects,
    D: Sync,
{
    let presentation = presentation(goal, ports).await?;
    let known = playlists(goal, ports).await?;
    let mut texts = Vec::new();
    for caption in &goal.captions.list {
        let text = text(caption, goal, ports).await?;
        let folder = caption_folder(&caption.id);
        let playlist = goal.folder().key(&format!("{folder}/{PLAYLIST}"));
        if !known.contains(&playlist) {
            let mut files = caption_files(&presentation, &text);
            // Last: where a playlist is, there is all that it names.
            let playlist = files.pop();
            write(files, goal, ports).await?;
            write(playlist, goal, ports).await?;
        }
        texts.push(text);
    }
    let manifests = manifest_files(&presentation, goal.captions.revision, &texts)?;
    Ok(write(manifests, goal, ports).await?)
}

async fn presentation<S: ReadObject, D>(
    goal: &Goal,
    ports: &Ports<S, D>,
) -> Result<Presentation, DeliverError> {
    let json = fetch(goal.folder().key(PRESENTATION), ports).await?;
    serde_json::from_slice(&json).map_err(|source| DeliverError::Presentation {
        job: goal.job.clone(),
        source,
    })
}

/// The playlists of captions that are there already.
async fn playlists<S: ListObjects, D>(
    goal: &Goal,
    ports: &Ports<S, D>,
) -> Result<BTreeSet<ObjectKey>, StoreError> {
    let folder = goal.folder().key(CAPTIONS);
    let entries = ports.objects.list(&ports.media, &folder).await?;
    let keys = entries.into_iter().map(|entry| entry.key);
    Ok(keys.filter(|key| key.file_name() == PLAYLIST).collect())
}

async fn text<S: ReadObject, D>(
    caption: &Caption,
    goal: &Goal,
    ports: &Ports<S, D>,
) -> Result<CaptionText, DeliverError> {
    let file = fetch(caption_key(&goal.asset, &caption.id), ports).await?;
    let cues = read(&file).map_err(|source| DeliverError::Text {
        caption: caption.id.clone(),
        source,
    })?;
    Ok(CaptionText {
        caption: caption.clone(),
        cues,
    })
}

async fn fetch<S: ReadObject, D>(key: ObjectKey, ports: &Ports<S, D>) -> Result<Bytes, StoreError> {
    let bucket = ports.media.clone();
    ports.objects.read(&ObjectRef { bucket, key }).await
}

async fn write<S: WriteObject, D: Sync>(
    files: impl IntoIterator<Item = ManifestFile>,
    goal: &Goal,
    ports: &Ports<S, D>,
) -> Result<(), StoreError> {
    let folder = goal.folder();
    let written = files
        .into_iter()
        .map(|file| publish::text(&ports.objects, &ports.media, &folder, file));
    stream::iter(written)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}
