//! Takes away captions that their owner dropped or replaced.

use std::collections::BTreeSet;

use cloud::StoreError;
use cloud::ports::{DeleteObject, DeletePrefix, ListObjects, ObjectEntry};
use domain::ids::CaptionId;
use domain::layout::{CAPTIONS, caption_folder, caption_key, captions_prefix};
use domain::object::{ObjectKey, ObjectRef};

use crate::{DeliverError, Goal, Ports};

/// Deletes the texts and the segments of captions that are not wanted any more. Manifests of earlier
/// revisions stay, for who began to watch with them.
pub(crate) async fn tidy<S, D>(goal: &Goal, ports: &Ports<S, D>) -> Result<(), DeliverError>
where
    S: ListObjects + DeleteObject + DeletePrefix,
{
    if goal.captions.revision == 0 {
        return Ok(());
    }
    for id in dropped(&captions_prefix(&goal.asset), goal, ports).await? {
        let object = ObjectRef {
            bucket: ports.media.clone(),
            key: caption_key(&goal.asset, &id),
        };
        ports.objects.delete_object(&object).await?;
    }
    for id in dropped(&goal.folder().key(CAPTIONS), goal, ports).await? {
        let folder = goal.folder().key(&format!("{}/", caption_folder(&id)));
        ports.objects.delete_prefix(&ports.media, &folder).await?;
    }
    Ok(())
}

/// The captions that have something under a prefix and are not wanted any more.
async fn dropped<S: ListObjects, D>(
    prefix: &ObjectKey,
    goal: &Goal,
    ports: &Ports<S, D>,
) -> Result<BTreeSet<CaptionId>, StoreError> {
    let entries = ports.objects.list(&ports.media, prefix).await?;
    let found = entries.iter().filter_map(|entry| id_behind(prefix, entry));
    Ok(found.filter(|id| goal.captions.has_dropped(id)).collect())
}

/// The caption that an object below a prefix belongs to: `{id}.vtt` or `{id}/…`.
fn id_behind(prefix: &ObjectKey, entry: &ObjectEntry) -> Option<CaptionId> {
    let rest = entry.key.as_str().strip_prefix(prefix.as_str())?;
    CaptionId::new(rest.split(['/', '.']).next()?).ok()
}
