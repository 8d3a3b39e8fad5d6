//! `play`: the signed address of a stream, and a player for it.

use api::playback::Playback;
use tokio::process::Command;

use crate::api_client::Api;
use crate::arguments::PlayArgs;
use crate::environment::Environment;
use crate::error::CliError;
use crate::ui::Ui;

/// Players that send given cookies with every request, by preference. A player that cannot do that
/// gets no further than the first playlist: the address alone does not open the segments.
const PLAYERS: [&str; 2] = ["mpv", "ffplay"];

/// Prints the signed address, or starts a player and waits for it.
///
/// # Errors
/// Those of the API, [`CliError::NoProgram`] without a player.
pub(crate) async fn run(
    args: &PlayArgs,
    api: &Api,
    environment: &Environment,
    ui: Ui,
) -> Result<(), CliError> {
    let playback = api.play_asset(&args.id).await?;
    let address = |path: &str| api.origin().address(&format!("{path}?{}", playback.query));
    let hls = address(&playback.hls);
    let signed = Playback {
        hls: hls.clone(),
        dash: address(&playback.dash),
        poster: playback.poster.as_deref().map(address),
        storyboard: playback.storyboard.as_deref().map(address),
        ..playback.clone()
    };
    if !args.open {
        ui.result(&signed, || hls);
        return Ok(());
    }
    let found = PLAYERS
        .iter()
        .find_map(|name| Some((*name, environment.program(name)?)));
    let (name, program) = found.ok_or(CliError::NoProgram {
        program: "a player",
        advice: "install mpv or ffplay, or give the printed address to a player that adds its query \
                 to every request",
    })?;
    let mut player = Command::new(program);
    player
        .args(arguments(name, &playback))
        .arg(api.origin().address(&playback.hls));
    let status = player.status().await.map_err(CliError::file(name))?;
    if !status.success() {
        ui.note(format_args!("{name} ended with {status}"));
    }
    Ok(())
}

/// How a player is told to send the cookies.
fn arguments(player: &str, playback: &Playback) -> Vec<String> {
    let cookies: Vec<String> = playback
        .cookies
        .iter()
        .map(|cookie| format!("{}={}", cookie.name, cookie.value))
        .collect();
    let header = format!("Cookie: {}", cookies.join("; "));
    match player {
        "mpv" => vec![format!("--http-header-fields={header}")],
        _ => vec!["-headers".to_owned(), format!("{header}\r\n")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Timestamp;
    use api::playback::Cookie;

    #[test]
    fn a_player_sends_all_cookies_in_one_header() {
        let cookie = |name: &str, value: &str| Cookie {
            name: name.into(),
            value: value.into(),
            path: "/assets/a1/j1/".into(),
        };
        let playback = Playback {
            asset: "a1".into(),
            job: "j1".into(),
            hls: "/assets/a1/j1/index.m3u8".into(),
            dash: "/assets/a1/j1/manifest.mpd".into(),
            poster: None,
            storyboard: None,
            expires_at: Timestamp(0),
            query: "Policy=p".into(),
            cookies: vec![cookie("A", "1"), cookie("B", "2")],
        };
        assert_eq!(
            arguments("mpv", &playback),
            ["--http-header-fields=Cookie: A=1; B=2"]
        );
        assert_eq!(
            arguments("ffplay", &playback),
            ["-headers", "Cookie: A=1; B=2\r\n"]
        );
    }
}
