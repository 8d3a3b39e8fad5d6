//! An asset as the API shows it.

use std::time::Duration;

use api::Timestamp;
use api::asset::{Asset, Cost, Failure, Kind, Progress, Rendition, Stage, Visibility};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use cloud::StoreError;
use cloud::lease::now_ms;
use domain::job::{JobError, Published};
use domain::result::RenditionKind;
use domain::time::Rational;
use service::etag::tag_of;
use stage::progress;

use crate::captions;
use crate::look::Seen;
use crate::{Documents, Executions, Objects, Ports};

/// How long the address of a poster in a list is good for.
const POSTER: Duration = Duration::from_hours(1);

/// How much is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Detail {
    /// What a list shows.
    Line,
    /// Everything.
    Whole,
}

/// Shows an asset to its owner.
pub(crate) async fn present<S: Objects, D: Documents, E: Executions>(
    seen: &Seen,
    detail: Detail,
    ports: &Ports<S, D, E>,
) -> Result<Asset, StoreError> {
    let entry = &seen.stored.entry;
    let published = seen.published();
    let mut asset = Asset {
        id: entry.asset.to_string(),
        title: entry.title.clone(),
        file: entry.file.clone(),
        state: seen.state(),
        visibility: visibility(entry.visibility),
        tags: entry.tags.clone(),
        version: seen.stored.version,
        created_at: Timestamp(entry.created_ms),
        updated_at: Timestamp(entry.changed_ms),
        playable: published.is_some(),
        kind: None,
        duration_ms: None,
        width: None,
        height: None,
        poster: None,
        progress: None,
        error: seen
            .job
            .as_ref()
            .and_then(|job| job.error.as_ref())
            .map(failure),
        job: seen.stored.job.as_ref().map(ToString::to_string),
        renditions: Vec::new(),
        captions: Vec::new(),
        cost: None,
    };
    if let Some(published) = published {
        describe(&mut asset, published, detail);
        asset.poster = poster(published, ports)?;
    }
    if detail == Detail::Whole {
        asset.captions = captions::list(seen);
    }
    if asset.state == api::asset::AssetState::Processing {
        asset.progress = progress_of(seen, ports).await;
    }
    Ok(asset)
}

/// The tag of an answer with these assets. An address is signed anew each time, which is no news.
pub(crate) fn tag(assets: &[Asset]) -> Option<HeaderValue> {
    let unsigned = assets.iter().map(|asset| {
        let poster = asset.poster.as_deref();
        let path = poster.and_then(|poster| poster.split('?').next());
        Asset {
            poster: path.map(str::to_owned),
            ..asset.clone()
        }
    });
    tag_of(&unsigned.collect::<Vec<_>>())
}

/// An answer with its tag.
pub(crate) fn tagged(tag: Option<HeaderValue>, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Shows an asset to whoever may watch it: nothing of what is its owner's business.
pub(crate) fn for_viewers(asset: Asset) -> Asset {
    Asset {
        file: String::new(),
        progress: None,
        error: None,
        job: None,
        cost: None,
        ..asset
    }
}

/// Adds what the published stream is.
fn describe(asset: &mut Asset, published: &Published, detail: Detail) {
    let video = |kind| kind == RenditionKind::Video;
    let pictures = published.renditions.iter().filter(|one| video(one.kind));
    let largest = pictures.max_by_key(|one| one.height);
    asset.kind = Some(largest.map_or(Kind::Audio, |_| Kind::Video));
    asset.width = largest.and_then(|one| one.width);
    asset.height = largest.and_then(|one| one.height);
    asset.duration_ms = milliseconds(published.duration);
    if detail == Detail::Whole {
        asset.renditions = published.renditions.iter().map(rendition).collect();
        asset.cost = Some(Cost {
            micro_dollars: published.cost.map_or(0, |cost| cost.total),
            ffmpeg_cpu_ms: published.ffmpeg_cpu_ms,
            stages_ms: published.stage_ms.values().sum(),
        });
    }
}

fn rendition(of: &domain::result::Rendition) -> Rendition {
    Rendition {
        id: of.id.to_string(),
        kind: match of.kind {
            RenditionKind::Video => Kind::Video,
            RenditionKind::Audio => Kind::Audio,
        },
        codec: of.codec.clone(),
        width: of.width,
        height: of.height,
        bits_per_second: of.average_bandwidth,
    }
}

/// The poster's signed address, under the page's origin.
fn poster<S, D, E>(
    published: &Published,
    ports: &Ports<S, D, E>,
) -> Result<Option<String>, StoreError> {
    let Some(poster) = &published.poster else {
        return Ok(None);
    };
    // Whole hours: the address stays the same for a while, and so does what a browser keeps.
    let hour = POSTER.as_secs();
    let until = (now_ms() / 1000 / hour + 2) * hour;
    let grant = ports.access.grant(&published.folder, until)?;
    let path = format!("/{}{}", published.folder, poster.path);
    Ok(Some(format!("{path}?{}", grant.query())))
}

/// How far the newest job is; none when that cannot be found out now, which is no reason to show
/// nothing at all.
async fn progress_of<S: Objects, D, E>(seen: &Seen, ports: &Ports<S, D, E>) -> Option<Progress> {
    let job = &seen.job.as_ref()?.job;
    match progress::of(&ports.objects, &ports.work, job).await {
        Ok(known) => Some(progress_in_words(&known, now_ms())),
        Err(error) => {
            tracing::warn!(%job, %error, "progress is unknown");
            None
        }
    }
}

fn progress_in_words(known: &progress::Progress, now_ms: u64) -> Progress {
    let planned = known.video_chunks + known.audio_chunks;
    let done = known.video_done + known.audio_done;
    // Sound costs next to nothing: where there is a picture, that is the way.
    let (way_done, way) = match known.video_chunks {
        0 => (known.audio_done, known.audio_chunks),
        video => (known.video_done, video),
    };
    let stage = match () {
        () if known.manifests => Stage::Publish,
        () if known.is_planned() && done >= planned => Stage::Assemble,
        () if known.is_planned() => Stage::Encode,
        () => Stage::Segment,
    };
    Progress {
        stage,
        video_done: known.video_done,
        video_planned: known.video_chunks,
        audio_done: known.audio_done,
        audio_planned: known.audio_chunks,
        percent: percent(stage, way_done, way),
        remaining_ms: known
            .planned_ms
            .and_then(|began| remaining(now_ms.saturating_sub(began), way_done, way)),
    }
}

/// Encoding is nearly all of the way; the rest has a fixed part of it.
fn percent(stage: Stage, done: u32, planned: u32) -> u8 {
    const ENCODING: u32 = 90;
    const BEFORE: u32 = 4;
    match stage {
        Stage::Queued => 0,
        Stage::Segment => 1,
        Stage::Encode => {
            let encoded = u64::from(done) * u64::from(ENCODING) / u64::from(planned.max(1));
            u8::try_from(u64::from(BEFORE) + encoded).unwrap_or(94)
        }
        Stage::Assemble => 95,
        Stage::Publish => 98,
    }
}

/// The time for the rest, if it goes as what is done went.
fn remaining(elapsed_ms: u64, done: u32, planned: u32) -> Option<u64> {
    let left = u64::from(planned.saturating_sub(done));
    elapsed_ms.checked_mul(left)?.checked_div(u64::from(done))
}

fn failure(error: &JobError) -> Failure {
    Failure {
        code: error.code,
        message: error.message.clone(),
        advice: error.code.advice().to_owned(),
    }
}

fn visibility(of: domain::library::Visibility) -> Visibility {
    match of {
        domain::library::Visibility::Private => Visibility::Private,
        domain::library::Visibility::Unlisted => Visibility::Unlisted,
        domain::library::Visibility::Public => Visibility::Public,
    }
}

/// Whole milliseconds, rounded down.
fn milliseconds(duration: Rational) -> Option<u64> {
    u64::try_from(duration.num() * 1000 / duration.den()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(done: u32) -> progress::Progress {
        progress::Progress {
            planned_ms: Some(1_000),
            video_chunks: 3,
            video_done: done,
            audio_chunks: 1,
            ..progress::Progress::default()
        }
    }

    #[test]
    fn progress_only_goes_forward() {
        let mut last = 0;
        let nothing = progress::Progress::default();
        let manifests = progress::Progress {
            manifests: true,
            ..known(3)
        };
        for known in [nothing, known(0), known(1), known(3), manifests] {
            let shown = progress_in_words(&known, 5_000);
            assert!((last..=100).contains(&shown.percent), "{shown:?}");
            last = shown.percent;
        }
    }

    #[test]
    fn the_rest_is_guessed_from_what_is_done() {
        assert_eq!(progress_in_words(&known(0), 5_000).remaining_ms, None);
        let sound = progress::Progress {
            audio_done: 1,
            ..known(0)
        };
        assert_eq!(progress_in_words(&sound, 5_000).remaining_ms, None);
        let one = progress_in_words(&known(1), 5_000);
        assert_eq!((one.stage, one.remaining_ms), (Stage::Encode, Some(8_000)));
    }
}
