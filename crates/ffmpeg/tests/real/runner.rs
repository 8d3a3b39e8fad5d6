//! The runner against real processes.

use std::ffi::OsString;
use std::time::{Duration, Instant as Clock};

use crate::support::{soon, tools};
use domain::{ErrorCode, Fault};
use ffmpeg::{Encoder, Process, RunError, Tools};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep, timeout};

fn args(text: &str) -> Vec<OsString> {
    text.split_whitespace().map(OsString::from).collect()
}

/// Runs until it is stopped; `mark` finds it among all processes.
fn endless(mark: &str) -> Vec<OsString> {
    args(&format!(
        "-v error -re -f lavfi -i testsrc2 -metadata comment={mark} -f null -"
    ))
}

/// The children of this process that have `mark` among their arguments, and all zombies.
fn children(mark: &str) -> Vec<i32> {
    let tasks = format!("/proc/{}/task", std::process::id());
    std::fs::read_dir(tasks)
        .unwrap()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            // A zombie has no arguments any more.
            line.is_empty() || String::from_utf8_lossy(&line).contains(mark)
        })
        .map(|pid| pid.parse().unwrap())
        .collect()
}

fn alive(mark: &str) -> usize {
    children(mark).len()
}

async fn gone(mark: &str) -> bool {
    for _ in 0..200 {
        if alive(mark) == 0 {
            return true;
        }
        sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn the_version_is_that_of_the_build() {
    let version = tools().version(soon()).await.unwrap();
    assert!(
        version.starts_with(|c: char| c.is_ascii_digit()),
        "{version}"
    );
}

#[tokio::test]
async fn the_build_of_the_functions_encodes_in_software() {
    assert_eq!(Encoder::choose(&tools(), soon()).await, Encoder::Software);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_killed_and_reaped_at_its_deadline() {
    let started = Clock::now();
    let deadline = Instant::now() + Duration::from_millis(300);
    let process = Process::ffmpeg(&tools(), endless("deadline-mark"));
    let error = process.run(deadline).await.unwrap_err();
    assert!(matches!(error, RunError::Deadline { .. }), "{error}");
    assert_eq!(error.code(), ErrorCode::DeadlineNear);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(gone("deadline-mark").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_future_leaves_no_process_behind() {
    let tools = tools();
    let run = Process::ffmpeg(&tools, endless("drop-mark")).run(soon());
    assert!(timeout(Duration::from_millis(300), run).await.is_err());
    assert!(gone("drop-mark").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_task_leaves_no_process_behind() {
    let task = tokio::spawn(async {
        Process::ffmpeg(&tools(), endless("abort-mark"))
            .run(soon())
            .await
    });
    sleep(Duration::from_millis(200)).await;
    assert_eq!(alive("abort-mark"), 1);
    task.abort();
    assert!(gone("abort-mark").await);
}

#[tokio::test]
async fn cpu_time_is_that_of_the_process_and_all_its_threads() {
    let tools = tools();
    let work = "-v error -f lavfi -i testsrc2=s=1280x720:d=6 -c:v libx264 -preset veryfast -threads 2 -f null -";
    let idle = "-v error -re -f lavfi -i testsrc2=s=32x18:d=3 -f null -";
    let (busy, lazy) = tokio::join!(
        Process::ffmpeg(&tools, args(work)).run(soon()),
        Process::ffmpeg(&tools, args(idle)).run(soon()),
    );
    let (busy, lazy) = (busy.unwrap(), lazy.unwrap());
    println!("busy {busy:?} lazy {lazy:?}");
    // The kernel's own sum over a whole process, by the shell's `times`.
    let script = "\"$0\" -nostdin $* 2>/dev/null; times";
    let output = std::process::Command::new("sh")
        .args(["-c", script])
        .arg(&tools.ffmpeg)
        .args(args(work))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let children = text.lines().nth(1).unwrap();
    let kernel: f64 = children
        .split_whitespace()
        .map(|time| {
            let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
            60.0 * minutes.parse::<f64>().unwrap() + seconds.parse::<f64>().unwrap()
        })
        .sum();
    let ratio = busy.cpu.as_secs_f64() / kernel;
    assert!(
        (0.6..1.6).contains(&ratio),
        "{:?} against {kernel}",
        busy.cpu
    );
    assert!(lazy.cpu < busy.cpu / 3, "{:?} {:?}", lazy.cpu, busy.cpu);
    assert!(lazy.wall >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_failure_keeps_its_evidence_without_the_secret() {
    let tools = tools();
    let url = "http://127.0.0.1:1/k.mp4?X-Amz-Signature=secret";
    let line = format!("-v level+error -i {url} -f null -");
    let error = Process::ffmpeg(&tools, args(&line))
        .run(soon())
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::StorageUnavailable);
    let RunError::Failed {
        status, evidence, ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_ne!(*status, 0);
    assert!(evidence.argv.contains("k.mp4?…"), "{}", evidence.argv);
    assert!(
        evidence
            .stderr
            .iter()
            .any(|line| line.contains("Connection refused"))
    );
    assert!(!format!("{error:?} {error}").contains("secret"));
}

#[tokio::test]
async fn a_failure_that_is_not_storages_is_the_encoders() {
    let line = args("-v level+warning -i /nonexistent.mp4 -f null -");
    let error = Process::ffmpeg(&tools(), line)
        .run(soon())
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::EncoderFailed);
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_told_from_a_failed_one() {
    let task = tokio::spawn(async {
        Process::ffmpeg(&tools(), endless("kill-mark"))
            .run(soon())
            .await
    });
    sleep(Duration::from_millis(200)).await;
    for pid in children("kill-mark") {
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    }
    let error = task.await.unwrap().unwrap_err();
    assert!(
        matches!(error, RunError::Killed { signal: 9, .. }),
        "{error:?}"
    );
    assert_eq!(error.code(), ErrorCode::EncoderKilled);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_a_fault_of_the_configuration() {
    let absent = Tools::new("/nonexistent/ffmpeg", "/nonexistent/ffprobe");
    let error = absent.version(soon()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConfigInvalid);
}

#[tokio::test]
async fn stdout_is_bounded_streamed_and_fed_from_stdin() {
    let tools = tools();
    let frames =
        args("-v error -f lavfi -i testsrc2=s=64x36:r=25:d=2 -pix_fmt rgb24 -f rawvideo pipe:1");
    let error = Process::ffmpeg(&tools, frames.clone())
        .capture(1000)
        .run(soon())
        .await
        .unwrap_err();
    assert!(
        matches!(error, RunError::TooMuchOutput { limit: 1000, .. }),
        "{error:?}"
    );
    let finished = Process::ffmpeg(&tools, frames)
        .capture(10 << 20)
        .run(soon())
        .await
        .unwrap();
    assert_eq!(finished.stdout.len(), 50 * 64 * 36 * 3);
    let back = args("-v error -f rawvideo -s 64x36 -pix_fmt rgb24 -i pipe:0 -f framecrc pipe:1");
    let mut lines = 0;
    Process::ffmpeg(&tools, back)
        .stdin(finished.stdout)
        .lines(|line| lines += usize::from(!line.starts_with('#')))
        .run(soon())
        .await
        .unwrap();
    assert_eq!(lines, 50);
}
