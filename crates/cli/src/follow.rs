//! Follows an asset until its job has ended.

use std::time::Duration;

use api::asset::{Asset, AssetState};

use crate::api_client::Api;
use crate::bars::Bars;
use crate::error::{CliError, unknown_failure};
use crate::ui::Ui;
use crate::words::{printable, standing};

/// Time between two looks.
const PACE: Duration = Duration::from_secs(2);

/// Shows how an asset gets on until it is ready.
///
/// # Errors
/// [`CliError::AssetFailed`] when its newest job failed, [`CliError::Removed`], and those of the
/// API.
pub(crate) async fn follow(api: &Api, id: &str, bars: &Bars, ui: Ui) -> Result<Asset, CliError> {
    let bar = bars.hundredths(id);
    let mut last = None;
    let outcome = loop {
        let asset = match api.asset(id).await {
            Ok(asset) => asset,
            Err(error) => break Err(error),
        };
        bar.set_prefix(printable(&asset.title));
        bar.set_position(asset.progress.map_or(0, |progress| progress.percent.into()));
        bar.set_message(standing(&asset));
        if last.as_ref() != Some(&asset) {
            bars.suspend(|| tell(&asset, ui));
        }
        if let Some(outcome) = end(&asset) {
            break outcome.map(|()| asset);
        }
        last = Some(asset);
        tokio::time::sleep(PACE).await;
    };
    bar.finish_and_clear();
    outcome
}

/// A line for each change; where a bar shows it already, for programs only.
fn tell(asset: &Asset, ui: Ui) {
    if ui.tells_json() {
        ui.result(asset, String::new);
    } else if !ui.draws() {
        ui.note(format_args!(
            "{}: {}",
            printable(&asset.title),
            standing(asset)
        ));
    }
}

/// How an asset ended, if it has.
fn end(asset: &Asset) -> Option<Result<(), CliError>> {
    let failed = || CliError::AssetFailed {
        title: asset.title.clone(),
        failure: Box::new(asset.error.clone().unwrap_or_else(unknown_failure)),
    };
    match asset.state {
        AssetState::Uploading | AssetState::Processing => None,
        AssetState::Ready if asset.error.is_none() => Some(Ok(())),
        // Ready with an error: an older stream plays, and the newest job failed.
        AssetState::Ready | AssetState::Failed => Some(Err(failed())),
        AssetState::Deleting => Some(Err(CliError::Removed {
            id: asset.id.clone(),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::exit;
    use api::Timestamp;
    use api::asset::{Failure, Visibility};
    use domain::ErrorCode;

    fn asset(state: AssetState, error: Option<Failure>) -> Asset {
        Asset {
            id: "a1".into(),
            title: "Film".into(),
            file: "film.mp4".into(),
            state,
            visibility: Visibility::Private,
            tags: Vec::new(),
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            playable: false,
            kind: None,
            duration_ms: None,
            width: None,
            height: None,
            poster: None,
            progress: None,
            error,
            job: None,
            renditions: Vec::new(),
            captions: Vec::new(),
            cost: None,
        }
    }

    #[test]
    fn an_asset_is_followed_until_its_newest_job_has_ended() {
        let failure = Failure {
            code: ErrorCode::SourceNotMedia,
            message: "film.mp4: no film".into(),
            advice: "export it again".into(),
        };
        let code = |state, error: Option<&Failure>| {
            let outcome = end(&asset(state, error.cloned()))?;
            Some(outcome.map_or_else(|error| error.exit_code(), |()| exit::DONE))
        };
        assert_eq!(code(AssetState::Processing, Some(&failure)), None);
        assert_eq!(code(AssetState::Uploading, None), None);
        assert_eq!(code(AssetState::Ready, None), Some(exit::DONE));
        assert_eq!(code(AssetState::Ready, Some(&failure)), Some(exit::FAILED));
        assert_eq!(code(AssetState::Failed, None), Some(exit::FAILED));
        assert_eq!(code(AssetState::Deleting, None), Some(exit::NOT_FOUND));
    }
}
