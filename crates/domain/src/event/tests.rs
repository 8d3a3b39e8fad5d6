use super::*;
use crate::error_code::ErrorCode;
use crate::library::Visibility;
use crate::object::{BucketName, ObjectKey, ObjectRef, SourceObject};

fn source() -> SourceObject {
    SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new("ann/u1/film.mp4"),
        },
        version: None,
        etag: "e".to_owned(),
        size: 1,
    }
}

fn image(job: Option<&str>) -> EntryImage {
    EntryImage {
        entry: LibraryEntry::of(&source(), 7),
        job: job.map(|job| JobId::new(job).unwrap()),
    }
}

fn record(state: JobState) -> JobRecord {
    JobRecord {
        job: JobId::new("j1").unwrap(),
        asset: image(None).entry.asset,
        owner: "ann".to_owned(),
        source: source(),
        profile: "default".to_owned(),
        state,
        error: (state == JobState::Failed).then(|| JobError {
            code: ErrorCode::SourceNotMedia,
            message: "no film".to_owned(),
        }),
    }
}

fn of_entries(before: Option<EntryImage>, after: Option<EntryImage>) -> Option<EventType> {
    Change::Entry(before, after).news().map(|news| news.event)
}

fn of_jobs(before: JobState, after: JobState) -> Option<EventType> {
    let change = Change::Job(Some(record(before)), Some(record(after)));
    change.news().map(|news| news.event)
}

fn with(change: impl Fn(&mut LibraryEntry)) -> EntryImage {
    let mut image = image(Some("j1"));
    change(&mut image.entry);
    image
}

#[test]
fn an_entry_tells_of_an_assets_life() {
    let (new, known) = (image(None), image(Some("j1")));
    let again = image(Some("j2"));
    let given_up = with(|entry| entry.removing = true);
    for (before, after, event) in [
        (None, Some(&new), Some(EventType::Created)),
        (Some(&new), Some(&known), Some(EventType::Processing)),
        (Some(&known), Some(&again), Some(EventType::Processing)),
        (Some(&known), Some(&given_up), Some(EventType::Removing)),
        (Some(&given_up), Some(&given_up), None),
        (Some(&given_up), None, Some(EventType::Removed)),
        (Some(&known), Some(&known), None),
        (None, None, None),
    ] {
        assert_eq!(of_entries(before.cloned(), after.cloned()), event);
    }
}

#[test]
fn what_an_owner_says_is_a_change_and_the_time_of_it_is_none() {
    let changed = Some(EventType::Changed);
    for (after, event) in [
        (with(|entry| "Summer".clone_into(&mut entry.title)), changed),
        (with(|entry| entry.tags.push("a".to_owned())), changed),
        (with(|entry| entry.visibility = Visibility::Public), changed),
        (with(|entry| entry.captions.revision = 1), changed),
        (with(|entry| entry.changed_ms = 9), None),
    ] {
        assert_eq!(of_entries(Some(image(Some("j1"))), Some(after)), event);
    }
}

#[test]
fn a_job_tells_when_its_state_is_another() {
    use JobState::{Failed, Ready, Running};
    for (before, after, event) in [
        (Running, Running, None),
        (Running, Ready, Some(EventType::Ready)),
        (Running, Failed, Some(EventType::Failed)),
        (Failed, Running, Some(EventType::Processing)),
        (Failed, Failed, None),
    ] {
        assert_eq!(of_jobs(before, after), event);
    }
    // A claim is no news by itself: the entry gets the job then.
    let claimed = Change::Job(None, Some(record(Running)));
    assert_eq!(claimed.news(), None);
    assert_eq!(Change::Job(Some(record(Failed)), None).news(), None);
}

#[test]
fn a_failure_says_why() {
    let change = Change::Job(
        Some(record(JobState::Running)),
        Some(record(JobState::Failed)),
    );
    let news = change.news().unwrap();
    assert_eq!(news.error, record(JobState::Failed).error);
    assert_eq!((&*news.owner, news.about()), ("ann", news.job.as_ref()));
}

#[test]
fn news_of_a_job_holds_while_it_is_the_newest_and_goes_not_backwards() {
    use JobState::{Failed, Ready, Running};
    let news = |before, after| {
        let change = Change::Job(Some(record(before)), Some(record(after)));
        change.news().unwrap()
    };
    let (known, newer) = (image(Some("j1")), image(Some("j2")));
    let given_up = with(|entry| entry.removing = true);
    for (told, entry, now, holds) in [
        (news(Running, Ready), &known, Ready, true),
        (news(Running, Failed), &known, Failed, true),
        // It was tried again meanwhile: that comes next.
        (news(Running, Failed), &known, Running, true),
        (news(Running, Failed), &newer, Failed, false),
        (news(Running, Failed), &given_up, Failed, false),
        (news(Failed, Running), &known, Running, true),
        (news(Failed, Running), &known, Ready, false),
    ] {
        assert_eq!(told.holds(entry, &record(now)), holds, "{told:?} {now:?}");
    }
    let removed = Change::Entry(Some(given_up), None).news().unwrap();
    assert_eq!(removed.about(), None);
}

#[test]
fn a_name_is_what_json_has() {
    for event in EventType::ALL {
        assert_eq!(serde_json::to_value(event).unwrap(), event.name());
    }
}
