//! Finding assets in a list.

use api::asset::{AssetQuery, Assets};
use api::{DEFAULT_LIMIT, MAX_LIMIT, MAX_WORDS, ProblemCode};
use cloud::ports::{Shelf, StoredEntry};
use domain::library::MAX_TAG;
use futures_util::future::try_join_all;
use service::{Refusal, paging};

use crate::look::Seen;
use crate::present::{Detail, for_viewers, present};
use crate::{Documents, Executions, Objects, Ports};

/// Entries that one call of the table gives.
const PAGE: u32 = 100;
/// Most of these calls for one answer. What is rarer than that is found page by page.
const PAGES: u32 = 20;

/// One page of a shelf, the newest first.
pub(crate) async fn search<S: Objects, D: Documents, E: Executions>(
    shelf: Shelf<'_>,
    query: AssetQuery,
    ports: &Ports<S, D, E>,
) -> Result<Assets, Refusal> {
    refuse_long("q", query.q.as_deref(), MAX_WORDS)?;
    refuse_long("tag", query.tag.as_deref(), MAX_TAG)?;
    let limit = paging::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)? as usize;
    let mut next = paging::place(query.cursor.clone())?;
    let mut assets = Vec::new();
    for _ in 0..PAGES {
        let page = ports
            .documents
            .entries(shelf, next.as_deref(), PAGE)
            .await?;
        let wanted: Vec<StoredEntry> = page.entries.into_iter().collect();
        next = page.next;
        // A page's worth at a time: nothing is looked up that is not shown.
        let mut wanted = wanted
            .into_iter()
            .filter(|stored| fits(stored, shelf, &query));
        loop {
            let some: Vec<_> = wanted.by_ref().take(limit - assets.len()).collect();
            if some.is_empty() {
                break;
            }
            let looked = some
                .into_iter()
                .map(|stored| Seen::of(stored, &ports.documents));
            for seen in try_join_all(looked).await? {
                if is_shown(&seen, shelf, &query) {
                    assets.push(seen);
                }
            }
            if assets.len() == limit {
                let more = wanted.next().is_some() || next.is_some();
                let last = assets.last().filter(|_| more);
                next = last.map(|seen| seen.stored.entry.place());
                return shown(assets, next, shelf, ports).await;
            }
        }
        if next.is_none() {
            break;
        }
    }
    shown(assets, next, shelf, ports).await
}

/// Refuses what is longer than anything that could be found with it.
fn refuse_long(name: &str, text: Option<&str>, most: usize) -> Result<(), Refusal> {
    if text.is_some_and(|text| text.chars().count() > most) {
        let detail = format!("{name}: it should have at most {most} characters");
        return Err(Refusal::new(ProblemCode::RequestInvalid, detail));
    }
    Ok(())
}

async fn shown<S: Objects, D: Documents, E: Executions>(
    seen: Vec<Seen>,
    next: Option<String>,
    shelf: Shelf<'_>,
    ports: &Ports<S, D, E>,
) -> Result<Assets, Refusal> {
    let assets = seen.iter().map(|seen| present(seen, Detail::Line, ports));
    let assets = try_join_all(assets).await?.into_iter();
    let assets = match shelf {
        Shelf::Owner(_) => assets.collect(),
        Shelf::Public => assets.map(for_viewers).collect(),
    };
    Ok(Assets { assets, next })
}

/// Whether the entry alone fits.
fn fits(stored: &StoredEntry, shelf: Shelf<'_>, query: &AssetQuery) -> bool {
    let mut entry = stored.entry.clone();
    if shelf == Shelf::Public {
        // Its name is its owner's business, and must not be guessed by searching.
        entry.file.clear();
    }
    let has_tag = |tag: &String| entry.tags.iter().any(|own| own == tag);
    entry.has_words(query.q.as_deref().unwrap_or_default())
        && query.tag.as_ref().is_none_or(has_tag)
}

/// Whether the asset fits, too.
fn is_shown(seen: &Seen, shelf: Shelf<'_>, query: &AssetQuery) -> bool {
    let visible = match shelf {
        Shelf::Owner(_) => true,
        Shelf::Public => seen.is_open_to_all(),
    };
    visible && query.state.is_none_or(|state| state == seen.state())
}
