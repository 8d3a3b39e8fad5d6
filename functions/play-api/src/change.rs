//! What an owner changes.

use api::ProblemCode;
use api::asset::{AssetChange, Visibility};
use cloud::StoreError;
use cloud::lease::{cancel, now_ms, retry};
use cloud::ports::StoredEntry;
use cloud::start::{start_attempt, start_removal};
use domain::library::{LibraryEntry, MAX_TAG, MAX_TAGS};
use domain::upload::MAX_TITLE;
use service::Refusal;

use crate::look::Seen;
use crate::{Documents, Executions, Ports};

/// The entry after the change.
pub(crate) fn changed(entry: &LibraryEntry, change: AssetChange) -> Result<LibraryEntry, Refusal> {
    let mut next = entry.clone();
    if let Some(title) = change.title {
        next.title = words("title", &title, MAX_TITLE)?;
    }
    if let Some(tags) = change.tags {
        next.tags = own_tags(&tags)?;
    }
    if let Some(visibility) = change.visibility {
        next.visibility = match visibility {
            Visibility::Private => domain::library::Visibility::Private,
            Visibility::Unlisted => domain::library::Visibility::Unlisted,
            Visibility::Public => domain::library::Visibility::Public,
        };
    }
    next.changed_ms = now_ms();
    Ok(next)
}

fn own_tags(tags: &[String]) -> Result<Vec<String>, Refusal> {
    let mut own = Vec::new();
    for tag in tags {
        let tag = words("tags", tag, MAX_TAG)?;
        if !own.contains(&tag) {
            own.push(tag);
        }
    }
    if own.len() > MAX_TAGS {
        return Err(invalid(format!("tags: there should be at most {MAX_TAGS}")));
    }
    Ok(own)
}

pub(crate) fn words(field: &str, text: &str, most: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let detail = format!("{field}: it should have 1 to {most} characters, on one line");
    Err(invalid(detail))
}

fn invalid(detail: String) -> Refusal {
    Refusal::new(ProblemCode::RequestInvalid, detail)
}

/// Writes a change of the entry that the client has seen.
pub(crate) async fn write<D: Documents>(
    seen: &StoredEntry,
    next: &LibraryEntry,
    documents: &D,
) -> Result<(), Refusal> {
    if documents.change_entry(seen, next).await? {
        return Ok(());
    }
    let detail = format!("{} was changed at the same time", next.title);
    Err(Refusal::new(ProblemCode::AssetBusy, detail))
}

/// Gives the asset up: nobody sees it any more, its job stops, and an execution removes what is
/// there of it. The same call again does what the first could not.
pub(crate) async fn give_up<S, D: Documents, E: Executions>(
    stored: &StoredEntry,
    ports: &Ports<S, D, E>,
) -> Result<StoredEntry, Refusal> {
    let mut gone = stored.clone();
    if !stored.entry.removing {
        gone.entry = LibraryEntry {
            removing: true,
            changed_ms: now_ms(),
            ..stored.entry.clone()
        };
        gone.version += 1;
        write(stored, &gone.entry, &ports.documents).await?;
    }
    if let Some(job) = &stored.job {
        cancel(&ports.documents, job).await.map_err(busy)?;
    }
    let asset = stored.entry.asset.clone();
    start_removal(&asset, gone.version, &ports.executions).await?;
    Ok(gone)
}

/// Gives the asset's newest job, which failed, three attempts more.
pub(crate) async fn try_again<S, D: Documents, E: Executions>(
    seen: &Seen,
    ports: &Ports<S, D, E>,
) -> Result<(), Refusal> {
    let refused = || {
        let detail = format!(
            "the newest job of {} has not failed",
            seen.stored.entry.title
        );
        Refusal::new(ProblemCode::RetryRefused, detail)
    };
    let job = seen.stored.job.as_ref().ok_or_else(refused)?;
    let stored = retry(&ports.documents, job).await.map_err(busy)?;
    let stored = stored.ok_or_else(refused)?;
    start_attempt(&stored, None, &ports.executions).await?;
    Ok(())
}

fn busy(error: StoreError) -> Refusal {
    match error {
        StoreError::Contended { .. } => {
            Refusal::new(ProblemCode::AssetBusy, "its job is changing right now")
        }
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::AssetId;

    fn entry() -> LibraryEntry {
        LibraryEntry {
            asset: AssetId::new("a1").unwrap(),
            owner: "ann".to_owned(),
            file: "f.mp4".to_owned(),
            title: "f.mp4".to_owned(),
            tags: vec!["old".to_owned()],
            visibility: domain::library::Visibility::Private,
            created_ms: 1,
            changed_ms: 1,
            removing: false,
            captions: domain::caption::Captions::default(),
        }
    }

    fn tags(tags: &[&str]) -> AssetChange {
        AssetChange {
            tags: Some(tags.iter().map(|&tag| tag.to_owned()).collect()),
            ..AssetChange::default()
        }
    }

    #[test]
    fn what_is_left_out_stays() {
        let title = AssetChange {
            title: Some(" Summer ".to_owned()),
            ..AssetChange::default()
        };
        let next = changed(&entry(), title).unwrap();
        assert_eq!((&*next.title, &next.tags), ("Summer", &entry().tags));
        let next = changed(&entry(), tags(&["a", " b", "a"])).unwrap();
        assert_eq!(
            (&*next.title, next.tags.as_slice()),
            ("f.mp4", &["a".to_owned(), "b".to_owned()][..])
        );
    }

    #[test]
    fn words_have_limits() {
        let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for wrong in [
            tags(&[""]),
            tags(&["a\nb"]),
            tags(&["x".repeat(51).as_str()]),
            tags(&many),
        ] {
            assert!(changed(&entry(), wrong).is_err());
        }
    }
}
