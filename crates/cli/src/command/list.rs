//! `ls`, `show` and `watch`.

use std::fmt::Write as _;

use api::MAX_LIMIT;
use api::asset::{Asset, AssetQuery, Assets, Rendition};

use crate::api_client::Api;
use crate::arguments::ListArgs;
use crate::bars::Bars;
use crate::error::{CliError, all_done};
use crate::follow::follow;
use crate::ui::Ui;
use crate::words::{clock, dollars, printable, standing, visibility};

/// Lists assets: the first page, or all of them.
///
/// # Errors
/// Those of the API.
pub(crate) async fn list(args: &ListArgs, api: &Api, ui: Ui) -> Result<(), CliError> {
    let words = args.words.join(" ");
    let mut query = AssetQuery {
        q: (!words.is_empty()).then_some(words),
        state: args.state.map(Into::into),
        tag: args.tag.clone(),
        limit: args.all.then_some(MAX_LIMIT),
        cursor: None,
    };
    let mut listed = api.assets(&query).await?;
    while args.all && listed.next.is_some() {
        query.cursor = listed.next.take();
        let page = api.assets(&query).await?;
        listed.assets.extend(page.assets);
        listed.next = page.next;
    }
    ui.result(&listed, || table(&listed));
    if listed.next.is_some() {
        ui.note("there are more: --all lists them");
    }
    Ok(())
}

/// Shows one asset.
///
/// # Errors
/// Those of the API.
pub(crate) async fn show(id: &str, api: &Api, ui: Ui) -> Result<(), CliError> {
    let asset = api.asset(id).await?;
    ui.result(&asset, || describe(&asset));
    Ok(())
}

/// Follows assets at the same time until all have ended.
///
/// # Errors
/// The error of the only one, or [`CliError::Some`].
pub(crate) async fn watch(ids: &[String], api: &Api, ui: Ui) -> Result<(), CliError> {
    let bars = Bars::new(ui);
    if let [only] = ids {
        let asset = follow(api, only, &bars, ui).await?;
        finish(&asset, ui);
        return Ok(());
    }
    let each = ids
        .iter()
        .map(async |id| match follow(api, id, &bars, ui).await {
            Ok(asset) => {
                bars.suspend(|| finish(&asset, ui));
                None
            }
            Err(error) => {
                bars.suspend(|| ui.refused(id, &error));
                Some(error.exit_code())
            }
        });
    let codes = futures_util::future::join_all(each).await;
    let codes: Vec<u8> = codes.into_iter().flatten().collect();
    all_done(&codes, ids.len())
}

/// The last word on an asset that was followed. Programs have had it.
fn finish(asset: &Asset, ui: Ui) {
    if !ui.tells_json() {
        ui.item(asset, || row(asset));
    }
}

fn table(listed: &Assets) -> String {
    let rows: Vec<String> = listed.assets.iter().map(row).collect();
    rows.join("\n")
}

/// An asset on one line.
fn row(asset: &Asset) -> String {
    let length = asset.duration_ms.map(clock).unwrap_or_default();
    let standing = standing(asset);
    let title = printable(&asset.title);
    format!("{:<27} {standing:<14} {length:>8}  {title}", asset.id)
}

/// An asset on many lines.
fn describe(asset: &Asset) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            // A text takes all that is written to it.
            let _ = writeln!(text, "{name:<11} {}", printable(value));
        }
    };
    line("id", &asset.id);
    line("title", &asset.title);
    line("file", &asset.file);
    line("state", &standing(asset));
    line("visibility", visibility(asset.visibility));
    line("tags", &asset.tags.join(", "));
    line("length", &asset.duration_ms.map(clock).unwrap_or_default());
    if let (Some(width), Some(height)) = (asset.width, asset.height) {
        line("size", &format!("{width}x{height}"));
    }
    if let Some(error) = &asset.error {
        line("error", &error.message);
        line("advice", &error.advice);
    }
    for rendition in &asset.renditions {
        line("rendition", &rendition_line(rendition));
    }
    if let Some(cost) = &asset.cost {
        let cpu = clock(cost.ffmpeg_cpu_ms);
        line(
            "cost",
            &format!("{}, {cpu} of CPU time", dollars(cost.micro_dollars)),
        );
    }
    text.trim_end().to_owned()
}

fn rendition_line(rendition: &Rendition) -> String {
    let rate = rendition.bits_per_second / 1000;
    format!("{:<10} {:<14} {rate} kbit/s", rendition.id, rendition.codec)
}
