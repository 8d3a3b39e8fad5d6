//! `set`, `retry` and `rm`.

use api::asset::{Asset, AssetChange};

use crate::api_client::Api;
use crate::arguments::SetArgs;
use crate::error::{CliError, all_done};
use crate::ui::Ui;
use crate::words::{printable, standing};

/// Changes title, tags or visibility.
///
/// # Errors
/// Those of the API.
pub(crate) async fn set(args: SetArgs, api: &Api, ui: Ui) -> Result<(), CliError> {
    let wish = args.change;
    let change = AssetChange {
        title: wish.title,
        tags: (wish.no_tags || !wish.tags.is_empty()).then_some(wish.tags),
        visibility: wish.visibility.map(Into::into),
    };
    let asset = api.change_asset(&args.id, &change).await?;
    tell(&asset, ui);
    Ok(())
}

/// Tries failed assets again.
///
/// # Errors
/// The error of the only one, or [`CliError::Some`].
pub(crate) async fn retry(ids: &[String], api: &Api, ui: Ui) -> Result<(), CliError> {
    one_by_one(ids, ui, async |id| {
        tell(&api.retry_asset(id).await?, ui);
        Ok(())
    })
    .await
}

/// Removes assets, after a question.
///
/// # Errors
/// [`CliError::Usage`] when nobody is there to answer it, the error of the only one, or
/// [`CliError::Some`].
pub(crate) async fn remove(ids: &[String], yes: bool, api: &Api, ui: Ui) -> Result<(), CliError> {
    ui.expect_answers(yes)?;
    one_by_one(ids, ui, async |id| {
        if !yes {
            let asset = api.asset(id).await?;
            let title = printable(&asset.title);
            if !Ui::confirms(&format!("remove {title} ({id}) with its file and stream?")) {
                tell(&asset, ui);
                return Ok(());
            }
        }
        tell(&api.remove_asset(id).await?, ui);
        Ok(())
    })
    .await
}

/// Does something to each; one that fails does not keep the others.
///
/// # Errors
/// The error of the only one, or [`CliError::Some`].
pub(super) async fn one_by_one(
    ids: &[String],
    ui: Ui,
    act: impl AsyncFn(&str) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut codes = Vec::new();
    for id in ids {
        match act(id).await {
            Ok(()) => {}
            Err(error) if ids.len() == 1 => return Err(error),
            Err(error) => {
                ui.refused(id, &error);
                codes.push(error.exit_code());
            }
        }
    }
    all_done(&codes, ids.len())
}

fn tell(asset: &Asset, ui: Ui) {
    ui.item(asset, || {
        format!(
            "{}  {}  {}",
            asset.id,
            standing(asset),
            printable(&asset.title)
        )
    });
}
