//! Probing through HTTP reads a fraction of the film, and tells storage's faults from the film's.

use crate::support::server::{Faults, Server};
use crate::support::{Clips, soon};
use domain::time::Rational;
use domain::{ErrorCode, Fault};
use ffmpeg::{MediaInput, Probed, Process, RunError, probe};

async fn through(clips: &Clips, name: &str) -> (Probed, u64, u64, u64) {
    let body = crate::support::read(&clips.path(name));
    let size = body.len() as u64;
    let server = Server::new(body);
    let input = MediaInput::url(server.url(name));
    let probed = probe(&clips.tools, &input, size, soon()).await.unwrap();
    (probed, server.bytes(), server.requests(), size)
}

#[tokio::test]
async fn an_index_spares_the_film() {
    let clips = Clips::new();
    // Noise does not compress: 12 s of 8 Mb/s, looped to 3 minutes.
    clips.make(
        "-f lavfi -i color=gray:s=640x360:r=25:d=12,noise=alls=60:allf=t \
         -c:v libx264 -preset ultrafast -b:v 8M -bf 2 -g 50 s.mp4",
    );
    clips.make("-stream_loop 14 -i s.mp4 -f lavfi -i sine=r=48000:d=180 -c:v copy -c:a aac a.mp4");
    clips.make("-i a.mp4 -c copy -movflags +faststart fast.mp4 -i a.mp4 -c copy a.mkv");
    for name in ["a.mp4", "fast.mp4", "a.mkv"] {
        let (probed, bytes, requests, size) = through(&clips, name).await;
        println!(
            "{name}: {bytes} of {size} bytes, {requests} requests, cpu {:?}",
            probed.cpu
        );
        let local = clips.probe(name).await.unwrap();
        assert_eq!(probed.probe, local.probe, "{name}");
        let track = probed.probe.video.unwrap();
        assert_eq!((track.duration() * track.rate).round(), 4500, "{name}");
        assert!(track.constant_rate);
        assert!(bytes < size / 3, "{name}: {bytes} of {size}");
        let end = probed.probe.audio[0].end;
        assert!((end - Rational::whole(180)).abs() < Rational::ONE, "{end}");
    }
}

#[tokio::test]
async fn a_source_without_index_is_read_through_once() {
    let clips = Clips::new();
    clips.clip("s.mp4", 20, "-b:v 4M");
    clips.make("-stream_loop 9 -i s.mp4 -c copy a.ts");
    clips.make("-stream_loop 9 -i s.mp4 -c copy -movflags +frag_keyframe+empty_moov f.mp4");
    for name in ["a.ts", "f.mp4"] {
        let (probed, bytes, requests, size) = through(&clips, name).await;
        println!(
            "{name}: {bytes} of {size} bytes, {requests} requests, cpu {:?}",
            probed.cpu
        );
        let track = probed.probe.video.unwrap();
        assert_eq!((track.duration() * track.rate).round(), 5000, "{name}");
        assert_eq!(probed.keyframes.len(), 100, "{name}");
    }
}

#[tokio::test]
async fn faults_of_storage_are_not_faults_of_the_film() {
    let clips = Clips::new();
    let server = Server::new(Vec::new());
    for (path, code) in [
        ("404", ErrorCode::SourceMissing),
        ("403", ErrorCode::SourceMissing),
        ("500", ErrorCode::StorageUnavailable),
        ("503", ErrorCode::StorageUnavailable),
    ] {
        let input = MediaInput::url(server.url(path));
        let error = probe(&clips.tools, &input, 1000, soon()).await.unwrap_err();
        assert_eq!(error.code(), code, "{path}: {error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    let nobody = MediaInput::url("http://127.0.0.1:1/film.mp4?X-Amz-Signature=secret");
    let error = probe(&clips.tools, &nobody, 1000, soon())
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::StorageUnavailable, "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_for_good_is_no_end_of_the_film() {
    let clips = Clips::new();
    clips.clip("s.mp4", 10, "-b:v 4M");
    clips.make("-stream_loop 9 -i s.mp4 -c copy a.ts");
    let body = crate::support::read(&clips.path("a.ts"));
    let size = body.len() as u64;
    let broken = Faults {
        breaks_after: Some(size / 3),
    };
    let server = Server::failing(body, broken);
    let input = MediaInput::url(server.url("a.ts"));
    let error = probe(&clips.tools, &input, size, soon()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StorageUnavailable, "{error}");
    assert!(!format!("{error:?}").contains("secret"));
}

/// ffmpeg itself takes it for the end, with exit status 0; only the runner notices.
#[tokio::test]
async fn an_encoder_that_loses_its_input_fails() {
    let clips = Clips::new();
    clips.clip("a.ts", 10, "-b:v 4M -f mpegts");
    let body = crate::support::read(&clips.path("a.ts"));
    let broken = Faults {
        breaks_after: Some(body.len() as u64 / 2),
    };
    let server = Server::failing(body, broken);
    let args = format!(
        "-v level+warning -multiple_requests 1 -reconnect 1 -reconnect_max_retries 2 \
         -reconnect_delay_max 1 -i {} -map 0:v -c copy -f null -",
        server.url("a.ts")
    );
    let args = args.split_whitespace().map(Into::into).collect();
    let error = Process::ffmpeg(&clips.tools, args)
        .run(soon())
        .await
        .unwrap_err();
    assert!(matches!(error, RunError::InputLost { .. }), "{error:?}");
}
