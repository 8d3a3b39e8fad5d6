//! Signed access to a stream.

use std::time::Duration;

use api::playback::{Cookie, Playback};
use api::{ProblemCode, Timestamp};
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use cloud::lease::now_ms;
use domain::job::Published;
use domain::layout::{STORYBOARD_INDEX, captioned_dash, captioned_hls};
use service::Refusal;

use crate::Ports;
use crate::look::Seen;

/// How long somebody may watch before asking again: a long film with pauses.
const LIFETIME: Duration = Duration::from_hours(12);

/// The right to play the asset's stream, in the body and as cookies.
pub(crate) fn hand_out<S, D, E>(seen: &Seen, ports: &Ports<S, D, E>) -> Result<Response, Refusal> {
    let published = seen.published().ok_or_else(|| {
        let detail = format!("{} has no stream yet", seen.stored.entry.title);
        Refusal::new(ProblemCode::AssetNotReady, detail)
    })?;
    let until = now_ms() / 1000 + LIFETIME.as_secs();
    let grant = ports.access.grant(&published.folder, until)?;
    let path = format!("/{}", published.folder);
    let cookies = grant.cookies().map(|(name, value)| Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        path: path.clone(),
    });
    let headers = set_cookies(&cookies, ports.is_secure)?;
    let playback = playback(seen, published, until, grant.query(), cookies.to_vec());
    Ok((headers, Json(playback)).into_response())
}

fn playback(
    seen: &Seen,
    published: &Published,
    until: u64,
    query: String,
    cookies: Vec<Cookie>,
) -> Playback {
    let at = |path: &str| format!("/{}{path}", published.folder);
    let (hls, dash) = match seen.captioned() {
        Some(revision) => (captioned_hls(revision), captioned_dash(revision)),
        None => (published.hls.clone(), published.dash.clone()),
    };
    Playback {
        asset: seen.stored.entry.asset.to_string(),
        job: published.job.to_string(),
        hls: at(&hls),
        dash: at(&dash),
        poster: published.poster.as_ref().map(|poster| at(&poster.path)),
        storyboard: published.storyboard.as_ref().map(|_| at(STORYBOARD_INDEX)),
        expires_at: Timestamp(until * 1000),
        query,
        cookies,
    }
}

/// Cookies for the stream's folder alone, out of reach of scripts.
fn set_cookies(cookies: &[Cookie], is_secure: bool) -> Result<HeaderMap, Refusal> {
    let secure = if is_secure { "; Secure" } else { "" };
    let age = LIFETIME.as_secs();
    let mut headers = HeaderMap::new();
    // Whoever has the answer may watch.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for Cookie { name, value, path } in cookies {
        let text =
            format!("{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        let value = HeaderValue::from_str(&text)
            .map_err(|_| Refusal::new(ProblemCode::Internal, "a cookie has no form"))?;
        headers.append(header::SET_COOKIE, value);
    }
    Ok(headers)
}
