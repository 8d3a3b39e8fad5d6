//! Guarantees of the ports behind library and uploads.

use cloud::JobOutcome;
use cloud::finish::JobOrder;
use cloud::ports::{
    ClaimJob, FinishJob, ForgetAsset, ForgetUpload, KeepLibrary, KeepUploads, NoteCaptions,
    ReadDocuments, Shelf, StoredEntry,
};
use domain::ErrorCode;
use domain::caption::Captions;
use domain::ids::{AssetId, JobId, UploadId};
use domain::job::JobError;
use domain::library::{LibraryEntry, Visibility};
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::upload::{UploadRecord, UploadState};
use tokio::task::JoinSet;

use super::documents::claimed;
use super::sure;

/// Callers at once, where a guarantee is about many.
const CALLERS: u64 = 12;

/// Every guarantee of library and uploads. `unique` tells this run's owners from any other's.
pub async fn library<D>(store: &D, unique: &str)
where
    D: KeepLibrary
        + KeepUploads
        + ClaimJob
        + FinishJob
        + ReadDocuments
        + ForgetAsset
        + NoteCaptions
        + ForgetUpload
        + Clone
        + 'static,
{
    an_entry_is_made_once(store, unique).await;
    the_newest_job_is_noted(store, unique).await;
    one_of_many_changes_is_made(store, unique).await;
    a_shelf_has_every_entry_once(store, unique).await;
    only_public_assets_are_on_the_public_shelf(store, unique).await;
    open_uploads_are_listed_until_they_end(store, unique).await;
    what_is_forgotten_is_unknown(store, unique).await;
    captions_are_noted_for_each_job(store, unique).await;
}

async fn what_is_forgotten_is_unknown<D>(store: &D, unique: &str)
where
    D: ClaimJob + FinishJob + ReadDocuments + ForgetAsset,
{
    let record = claimed(store, unique, "forgotten", 1).await;
    let error = JobError {
        code: ErrorCode::SourceNotMedia,
        message: "no film".to_owned(),
    };
    let outcome = JobOutcome::Failed(error);
    sure("finish", store.finish(&record.job, 1, &outcome).await);
    for _ in 0..2 {
        sure("forget", store.forget(&record.asset, &record.job).await);
        assert_eq!(sure("read", store.asset(&record.asset).await), None);
        assert_eq!(sure("read", store.job(&record.job).await), None);
    }
}

fn entry(unique: &str, name: &str, created_ms: u64) -> LibraryEntry {
    let text = format!("{unique}-{name}-{created_ms}");
    LibraryEntry {
        asset: AssetId::new(text).unwrap_or_else(|error| panic!("{error}")),
        owner: format!("{unique}-{name}"),
        file: "film.mp4".to_owned(),
        title: "film.mp4".to_owned(),
        tags: vec!["a".to_owned(), "Ä".to_owned()],
        visibility: Visibility::Private,
        created_ms,
        changed_ms: created_ms,
        removing: false,
        captions: Captions::default(),
    }
}

async fn stored<D: KeepLibrary>(store: &D, entry: &LibraryEntry) -> StoredEntry {
    let stored = sure("read an entry", store.entry(&entry.asset).await);
    stored.unwrap_or_else(|| panic!("an entry that was made is there"))
}

async fn an_entry_is_made_once<D: KeepLibrary>(store: &D, unique: &str) {
    let first = entry(unique, "once", 1);
    let nothing = sure("read no entry", store.entry(&first.asset).await);
    assert_eq!(nothing, None, "an unknown asset has no entry");
    assert!(
        sure("enter", store.enter(&first).await),
        "the first is made"
    );
    let second = LibraryEntry {
        title: "another".to_owned(),
        ..first.clone()
    };
    assert!(
        !sure("enter again", store.enter(&second).await),
        "the second is not"
    );
    let found = stored(store, &first).await;
    assert_eq!(
        (&found.entry, &found.job, found.version),
        (&first, &None, 1)
    );
    sure("strike", store.strike(&first.asset).await);
    sure("strike again", store.strike(&first.asset).await);
    assert_eq!(
        sure("read", store.entry(&first.asset).await),
        None,
        "a struck entry is gone"
    );
}

async fn the_newest_job_is_noted<D: KeepLibrary>(store: &D, unique: &str) {
    let entry = entry(unique, "noted", 1);
    let job = |name: &str| JobId::new(name).unwrap_or_else(|error| panic!("{error}"));
    let note = async |name: &str, order: &str| {
        let (job, order) = (job(name), JobOrder::from_stored(order));
        let noted = store.note_job(&entry.asset, &job, &order).await;
        sure("note a job", noted);
    };
    note("j0", "0").await;
    let nothing = sure("read", store.entry(&entry.asset).await);
    assert_eq!(nothing, None, "a job makes no entry");
    sure("enter", store.enter(&entry).await);
    for (name, order, newest) in [
        ("j2", "2", "j2"),
        ("j1", "1", "j2"),
        ("j3", "3", "j3"),
        ("j3", "3", "j3"),
    ] {
        note(name, order).await;
        let found = stored(store, &entry).await;
        assert_eq!(found.job, Some(job(newest)), "the newest job stays noted");
        assert_eq!(found.version, 1, "a job is no change by the owner");
    }
}

async fn captions_are_noted_for_each_job<D: KeepLibrary + NoteCaptions>(store: &D, unique: &str) {
    let entry = entry(unique, "captioned", 1);
    let job = |name: &str| JobId::new(name).unwrap_or_else(|error| panic!("{error}"));
    let note = async |name: &str, revision: u64| {
        let job = job(name);
        let noted = store.note_captions(&entry.asset, &job, revision);
        sure("note captions", noted.await);
    };
    note("j1", 1).await;
    let nothing = sure("read", store.entry(&entry.asset).await);
    assert_eq!(nothing, None, "captions make no entry");
    sure("enter", store.enter(&entry).await);
    for (name, revision, first, second) in [
        ("j1", 2, Some(2), None),
        ("j1", 1, Some(2), None),
        ("j2", 1, Some(2), Some(1)),
        ("j1", 12, Some(12), Some(1)),
    ] {
        note(name, revision).await;
        let found = stored(store, &entry).await;
        let noted = |name: &str| found.captioned.get(&job(name)).copied();
        assert_eq!((noted("j1"), noted("j2")), (first, second), "the newest");
        assert_eq!(found.version, 1, "a note is no change by the owner");
    }
    let seen = stored(store, &entry).await;
    let next = LibraryEntry {
        title: "another".to_owned(),
        ..seen.entry.clone()
    };
    assert!(sure("change", store.change_entry(&seen, &next).await));
    assert_eq!(
        stored(store, &entry).await.captioned,
        seen.captioned,
        "it stays noted"
    );
    sure("strike", store.strike(&entry.asset).await);
}

async fn one_of_many_changes_is_made<D>(store: &D, unique: &str)
where
    D: KeepLibrary + Clone + 'static,
{
    let entry = entry(unique, "changed", 1);
    sure("enter", store.enter(&entry).await);
    let seen = stored(store, &entry).await;
    let mut changes = JoinSet::new();
    for caller in 0..CALLERS {
        let (store, seen) = (store.clone(), seen.clone());
        changes.spawn(async move {
            let next = LibraryEntry {
                title: format!("title {caller}"),
                ..seen.entry.clone()
            };
            (store.change_entry(&seen, &next).await, next)
        });
    }
    let mut made = Vec::new();
    for (changed, next) in changes.join_all().await {
        if sure("change at once", changed) {
            made.push(next);
        }
    }
    assert_eq!(made.len(), 1, "one of many changes is made");
    let found = stored(store, &entry).await;
    assert_eq!(made.first(), Some(&found.entry), "and it is what is stored");
    assert_eq!(found.version, 2);
    let gone = self::entry(unique, "never", 1);
    let unknown = StoredEntry {
        entry: gone.clone(),
        ..found
    };
    let written = store.change_entry(&unknown, &gone).await;
    assert!(
        !sure("change nothing", written),
        "what is not there is not changed"
    );
}

async fn a_shelf_has_every_entry_once<D: KeepLibrary>(store: &D, unique: &str) {
    for created_ms in [3, 1, 2, 5, 4] {
        sure(
            "enter",
            store.enter(&entry(unique, "shelf", created_ms)).await,
        );
    }
    let owner = format!("{unique}-shelf");
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = store
            .entries(Shelf::Owner(&owner), next.as_deref(), 2)
            .await;
        let page = sure("list", page);
        assert!(page.entries.len() <= 2, "a page has its limit");
        found.extend(
            page.entries
                .into_iter()
                .map(|stored| stored.entry.created_ms),
        );
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(found, [5, 4, 3, 2, 1], "every entry once, the newest first");
    let nobody = store.entries(Shelf::Owner("nobody at all"), None, 2).await;
    assert!(
        sure("list nothing", nobody).entries.is_empty(),
        "and no one else's"
    );
}

async fn only_public_assets_are_on_the_public_shelf<D: KeepLibrary>(store: &D, unique: &str) {
    // Later than all others that a store may hold.
    let entry = entry(unique, "public", u64::MAX / 2);
    sure("enter", store.enter(&entry).await);
    let is_listed = async || {
        let page = sure("list", store.entries(Shelf::Public, None, 100).await);
        page.entries
            .iter()
            .any(|stored| stored.entry.asset == entry.asset)
    };
    for (visibility, removing, listed) in [
        (Visibility::Private, false, false),
        (Visibility::Public, false, true),
        (Visibility::Unlisted, false, false),
        (Visibility::Public, false, true),
        (Visibility::Public, true, false),
    ] {
        let seen = stored(store, &entry).await;
        let next = LibraryEntry {
            visibility,
            removing,
            ..entry.clone()
        };
        assert!(sure("change", store.change_entry(&seen, &next).await));
        assert_eq!(
            is_listed().await,
            listed,
            "{visibility:?}, removing: {removing}"
        );
    }
    sure("strike", store.strike(&entry.asset).await);
}

async fn open_uploads_are_listed_until_they_end<D>(store: &D, unique: &str)
where
    D: KeepUploads + ForgetUpload,
{
    let owner = format!("{unique}-uploader");
    let id = |n: u64| UploadId::new(format!("{unique}-u{n}")).unwrap_or_else(|e| panic!("{e}"));
    let record = |n: u64| UploadRecord {
        id: id(n),
        owner: owner.clone(),
        object: ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new(format!("{owner}/{n}/film.mp4")),
        },
        multipart: "m".to_owned(),
        name: "film.mp4".to_owned(),
        size: 1 << 42,
        media_type: "video/mp4".to_owned(),
        title: "film".to_owned(),
        profile: "default".to_owned(),
        sha256: None,
        part_sha256: false,
        created_ms: n,
        // In the far future: a store may forget what is over.
        expires_ms: 4_000_000_000_000,
        state: UploadState::Open,
    };
    for n in 1..=3 {
        sure("keep an upload", store.keep_upload(&record(n)).await);
    }
    let found = sure("read an upload", store.upload(&id(2)).await);
    assert_eq!(found, Some(record(2)));
    assert_eq!(sure("read no upload", store.upload(&id(9)).await), None);
    let job = JobId::new("j1").unwrap_or_else(|error| panic!("{error}"));
    let ended = UploadRecord {
        state: UploadState::Completed { job },
        ..record(2)
    };
    sure("keep it again", store.keep_upload(&ended).await);
    assert_eq!(
        sure("read it", store.upload(&id(2)).await),
        Some(ended.clone())
    );
    let page = sure("list", store.open_uploads(&owner, None, 1).await);
    assert_eq!(page.uploads, [record(3)], "the newest first");
    let rest = store.open_uploads(&owner, page.next.as_deref(), 9).await;
    let rest = sure("list the rest", rest);
    assert_eq!(rest.uploads, [record(1)], "open ones only");
    assert_eq!(rest.next, None);
    // Of the upload that became the asset, and of no other.
    let another = record(1).asset();
    sure("forget", store.forget_upload(&id(2), &another).await);
    assert!(sure("read it", store.upload(&id(2)).await).is_some());
    for _ in 0..2 {
        sure("forget", store.forget_upload(&id(2), &ended.asset()).await);
        assert_eq!(sure("read it", store.upload(&id(2)).await), None);
    }
    assert!(sure("read", store.upload(&id(3)).await).is_some());
}
