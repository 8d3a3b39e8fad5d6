//! How long one process computed, exactly.
//!
//! `getrusage` adds up all children of this process, and whoever reaps a child first takes its
//! figures away. So the end is awaited without reaping (`WNOWAIT`), the figures of the dead
//! process are read from `/proc/<pid>/stat`, which counts all its threads, and only then does
//! tokio reap it. Works wherever `/proc` is mounted, Lambda included.

use std::io;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::time::Instant;

/// Length of the clock tick in `/proc/<pid>/stat`: `USER_HZ` is 100 on every Linux that Rust's
/// standard library runs on (`proc(5)`, `sysconf(_SC_CLK_TCK)`).
const TICK: Duration = Duration::from_millis(10);

/// The longest that an ffmpeg without a near deadline may compute, in seconds.
const LONGEST: u64 = 24 * 3600;

/// The process id of a child that was not reaped yet.
pub(super) fn pid_of(child: &Child) -> io::Result<Pid> {
    child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .map(Pid::from_raw)
        .ok_or_else(|| io::Error::other("the child was reaped already"))
}

/// Waits until the process has ended and gives its CPU time, user and system. Does not reap it,
/// so it can be called again.
pub(super) async fn ended(pid: Pid) -> io::Result<Duration> {
    tokio::task::spawn_blocking(move || {
        loop {
            match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
                Ok(_) => break,
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        cpu_time(&stat).ok_or_else(|| io::Error::other("/proc/<pid>/stat is not as proc(5) says"))
    })
    .await?
}

/// User and system time of a line of `/proc/<pid>/stat`, fields 14 and 15 of `proc(5)`.
fn cpu_time(stat: &str) -> Option<Duration> {
    // The second field is the program's name in parentheses and may hold anything.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user + TICK * system)
}

/// Seconds of CPU time after which an ffmpeg with this deadline must be an orphan: every core
/// busy until the deadline, and some more.
pub(super) fn time_limit(deadline: Instant) -> u64 {
    let wall = deadline
        .saturating_duration_since(Instant::now())
        .as_secs()
        .min(LONGEST);
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    (wall + 10) * cores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_parenthesis_does_not_shift_the_fields() {
        let stat = "7 (ff) (x) Z 1 7 7 0 -1 4227084 900 0 3 0 12 34 0 0 20 0 1 0 5 0 0";
        assert_eq!(cpu_time(stat), Some(Duration::from_millis(460)));
        assert_eq!(cpu_time("nonsense"), None);
    }

    #[test]
    fn an_orphan_lives_no_longer_than_a_day_per_core() {
        let far = Instant::now() + Duration::from_secs(1 << 30);
        assert!(time_limit(far) >= LONGEST);
        assert!(time_limit(far) <= (LONGEST + 10) * 4096);
        assert!(time_limit(Instant::now()) >= 10);
    }
}
