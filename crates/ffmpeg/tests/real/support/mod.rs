//! What the tests share: the real programs, clips made on the spot, plans, and a server.

pub(crate) mod server;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use domain::message::SegmentInput;
use domain::object::{BucketName, ObjectKey, ObjectRef, SourceObject};
use domain::plan::Plan;
use domain::profile::Profile;
use ffmpeg::{MediaInput, ProbeError, Probed, Process, Tools, probe};
use tempfile::TempDir;
use tokio::time::Instant;

/// The pinned programs.
pub(crate) fn tools() -> Tools {
    let path = |name: &str| {
        std::env::var_os(name).unwrap_or_else(|| {
            panic!("{name} must be the path of the pinned program; `cargo xtask test` sets it")
        })
    };
    Tools::new(path("MILLRACE_FFMPEG"), path("MILLRACE_FFPROBE"))
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_mins(2)
}

/// 320×180, with a picture that moves and a frame counter in it.
pub(crate) const PICTURE: &str = "testsrc2=s=320x180:r=25";
pub(crate) const SOUND: &str = "sine=f=440:r=48000:b=4";
pub(crate) const X264: &str =
    "-c:v libx264 -preset ultrafast -tune fastdecode -pix_fmt yuv420p -bf 3";
pub(crate) const AAC: &str = "-c:a aac -b:a 64k -ac 2";

/// A folder of clips.
pub(crate) struct Clips {
    pub(crate) tools: Tools,
    folder: TempDir,
}

impl Clips {
    pub(crate) fn new() -> Self {
        Self {
            tools: tools(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs ffmpeg in the folder with arguments separated by spaces.
    pub(crate) fn make(&self, args: &str) -> &Self {
        let output = Command::new(&self.tools.ffmpeg)
            .current_dir(self.folder.path())
            .args(["-nostdin", "-y", "-v", "error"])
            .args(args.split_whitespace())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ffmpeg {args}\n{said}");
        self
    }

    /// Picture and sound of `seconds`, with `options` before the output `name`.
    pub(crate) fn clip(&self, name: &str, seconds: u32, options: &str) -> PathBuf {
        self.make(&format!(
            "-f lavfi -i {PICTURE}:d={seconds} -f lavfi -i {SOUND}:d={seconds} \
             {X264} -g 50 {AAC} {options} {name}"
        ));
        self.path(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    pub(crate) async fn probe(&self, name: &str) -> Result<Probed, ProbeError> {
        let path = self.path(name);
        let size = std::fs::metadata(&path).unwrap().len();
        probe(&self.tools, &MediaInput::file(path), size, soon()).await
    }

    pub(crate) async fn plan(&self, name: &str, profile: Profile) -> (Plan, Probed) {
        let probed = self.probe(name).await.unwrap();
        let plan = Plan::new(&request(profile), probed.probe.clone(), "test").unwrap();
        (plan, probed)
    }

    /// Runs an argument list that was built.
    pub(crate) async fn run(&self, args: Vec<OsString>) {
        Process::ffmpeg(&self.tools, args)
            .run(soon())
            .await
            .unwrap();
    }
}

fn request(profile: Profile) -> SegmentInput {
    let source = SourceObject {
        object: ObjectRef {
            bucket: BucketName::new("uploads"),
            key: ObjectKey::new("ann/u1/film"),
        },
        version: None,
        etag: "e".into(),
        size: 1,
    };
    SegmentInput::new(source, profile)
}

/// The arguments up to and with the filter graph.
pub(crate) fn up_to_graph(mut args: Vec<OsString>) -> Vec<OsString> {
    let at = args
        .iter()
        .position(|arg| arg == "-filter_complex")
        .unwrap();
    args.truncate(at + 2);
    args
}

pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
