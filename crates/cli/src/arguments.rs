//! The command line, as clap reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

const AFTER: &str = "\
Exit codes:
  0  done
  1  wrong usage, or trouble with network, files or stack
  2  the asset failed, or the file or profile is not usable
  3  nobody is signed in
  4  there is nothing of that name

Environment:
  MILLRACE_STACK    stack, as --stack
  MILLRACE_URL      address of the stack, as --url
  MILLRACE_TOKEN    access token, instead of `millrace login`
  MILLRACE_FFPROBE  ffprobe for `estimate`, with ffmpeg beside it";

/// Upload, watch and fetch films with Millrace
#[derive(Debug, Parser)]
#[command(name = "millrace", version, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Of every command")]
pub(crate) struct Common {
    /// Name of a local stack, or of a stack in CloudFormation; else the local one that is up
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "url")]
    pub(crate) stack: Option<String>,
    /// Address of the stack, such as <https://d1234.cloudfront.net>
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Answer in JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but what was asked for, and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Upload files, folders, or standard input
    Upload(UploadArgs),
    /// List assets, the newest first
    Ls(ListArgs),
    /// Show an asset
    Show {
        /// The asset
        id: String,
    },
    /// Follow assets until they are ready or have failed
    Watch {
        /// The assets
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Print the signed address of a stream, or play it
    Play(PlayArgs),
    /// Copy a whole stream: playlists, segments, pictures
    Get(GetArgs),
    /// Change title, tags or visibility of an asset
    Set(SetArgs),
    /// List, add or drop captions
    #[command(subcommand)]
    Captions(CaptionsCommand),
    /// Try failed assets again
    Retry {
        /// The assets
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Remove assets
    Rm {
        /// The assets
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Say what a file will become, how long that takes, and what it costs
    Estimate(EstimateArgs),
    /// Work with profiles
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Say where events of assets are sent
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Sign in with a browser
    Login,
    /// Forget who is signed in
    Logout,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that is given or not"
)]
pub(crate) struct UploadArgs {
    /// Files, folders (with all media files in them), or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Take all files of a folder, whatever their names
    #[arg(long)]
    pub(crate) all: bool,
    /// The file name for standard input
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Title, for a single file
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// A tag; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Name of the profile
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// Everybody may watch it, and finds it
    #[arg(long, conflicts_with = "unlisted")]
    pub(crate) public: bool,
    /// Whoever has the link may watch it
    #[arg(long)]
    pub(crate) unlisted: bool,
    /// Compute a checksum first: an upload goes on even after this machine forgot it
    #[arg(long)]
    pub(crate) sha256: bool,
    /// Wait until it is ready
    #[arg(long)]
    pub(crate) wait: bool,
    /// Parts that are sent at the same time
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) jobs: u8,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Words that are in title, file name or tags
    pub(crate) words: Vec<String>,
    /// Only those that stand so
    #[arg(long)]
    pub(crate) state: Option<State>,
    /// Only those with this tag
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// All of them, not only the first 25
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlayArgs {
    /// The asset
    pub(crate) id: String,
    /// Start a player: mpv or ffplay
    #[arg(long)]
    pub(crate) open: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// The asset
    pub(crate) id: String,
    /// Where to; else a folder of the asset's name
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Files that are fetched at the same time
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) jobs: u8,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true, id = "change")]
pub(crate) struct Change {
    /// What people call it
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// A tag in place of those that it has; may be given several times
    #[arg(long = "tag", value_name = "TAG", conflicts_with = "no_tags")]
    pub(crate) tags: Vec<String>,
    /// Take all tags away
    #[arg(long)]
    pub(crate) no_tags: bool,
    /// Who may watch it
    #[arg(long)]
    pub(crate) visibility: Option<Visibility>,
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The asset
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) change: Change,
}

#[derive(Debug, Args)]
pub(crate) struct EstimateArgs {
    /// The file
    pub(crate) file: PathBuf,
    /// A profile as a file of JSON; else the default one
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// ffprobe, with ffmpeg beside it
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) ffprobe: Option<PathBuf>,
    /// For a stack without AWS Batch
    #[arg(long)]
    pub(crate) no_batch: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Say whether a profile is valid, and what it comes to
    Check {
        /// The file, or `-` for standard input
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// List webhooks, the oldest first
    Ls,
    /// Make a webhook, and print its secret
    Add {
        /// Where events go: https
        #[arg(value_name = "URL")]
        address: String,
        /// An event to hear of; may be given several times, else all
        #[arg(long = "event", value_name = "EVENT")]
        events: Vec<Event>,
    },
    /// Show a webhook and its last delivery
    Show {
        /// The webhook
        id: String,
    },
    /// Change where events go, which they are, or whether any are sent
    Set(SetWebhookArgs),
    /// Print a new secret; the one before holds for 24 hours more
    Renew {
        /// The webhook
        id: String,
    },
    /// Drop webhooks
    Rm {
        /// The webhooks
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CaptionsCommand {
    /// List the captions of an asset
    Ls {
        /// The asset
        id: String,
    },
    /// Add a caption, or replace that of its language and kind
    Add {
        /// The asset
        id: String,
        /// A file of WebVTT or SubRip, or `-` for standard input
        file: PathBuf,
        #[command(flatten)]
        which: WhichCaption,
        /// What people call it, where the language does not say enough
        #[arg(long)]
        name: Option<String>,
    },
    /// Drop a caption
    Rm {
        /// The asset
        id: String,
        #[command(flatten)]
        which: WhichCaption,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SetWebhookArgs {
    /// The webhook
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) change: WebhookWish,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true, id = "wish")]
pub(crate) struct WebhookWish {
    /// Where events go
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// An event to hear of, in place of those that it heard of; may be given several times
    #[arg(long = "event", value_name = "EVENT")]
    pub(crate) events: Vec<Event>,
    /// Send nothing; what happens meanwhile is not told later
    #[arg(long, conflicts_with = "resume")]
    pub(crate) pause: bool,
    /// Send again, also where the receiver ended it
    #[arg(long)]
    pub(crate) resume: bool,
}

/// What happens to an asset.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Event {
    #[value(name = "asset.created")]
    Created,
    #[value(name = "asset.processing")]
    Processing,
    #[value(name = "asset.ready")]
    Ready,
    #[value(name = "asset.failed")]
    Failed,
    #[value(name = "asset.changed")]
    Changed,
    #[value(name = "asset.removing")]
    Removing,
    #[value(name = "asset.removed")]
    Removed,
}

#[derive(Debug, Args)]
pub(crate) struct WhichCaption {
    /// Language tag, such as en, pt-BR or zh-Hant
    #[arg(long, value_name = "TAG")]
    pub(crate) language: String,
    /// What it is for
    #[arg(long, default_value = "subtitles")]
    pub(crate) kind: CaptionKind,
}

/// What a caption is for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CaptionKind {
    /// What is spoken, for who does not know the language
    Subtitles,
    /// Everything that is heard, for who does not hear it
    Captions,
    /// Only what everybody needs, such as signs; shown without being chosen
    Forced,
}

impl From<CaptionKind> for api::caption::CaptionKind {
    fn from(kind: CaptionKind) -> Self {
        match kind {
            CaptionKind::Subtitles => Self::Subtitles,
            CaptionKind::Captions => Self::Captions,
            CaptionKind::Forced => Self::Forced,
        }
    }
}

/// Where an asset stands.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum State {
    Uploading,
    Processing,
    Ready,
    Failed,
    Deleting,
}

/// Who may watch an asset.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Visibility {
    Private,
    Unlisted,
    Public,
}

impl From<Visibility> for api::asset::Visibility {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Private => Self::Private,
            Visibility::Unlisted => Self::Unlisted,
            Visibility::Public => Self::Public,
        }
    }
}

impl From<Event> for api::event::EventType {
    fn from(event: Event) -> Self {
        match event {
            Event::Created => Self::Created,
            Event::Processing => Self::Processing,
            Event::Ready => Self::Ready,
            Event::Failed => Self::Failed,
            Event::Changed => Self::Changed,
            Event::Removing => Self::Removing,
            Event::Removed => Self::Removed,
        }
    }
}

impl From<State> for api::asset::AssetState {
    fn from(state: State) -> Self {
        match state {
            State::Uploading => Self::Uploading,
            State::Processing => Self::Processing,
            State::Ready => Self::Ready,
            State::Failed => Self::Failed,
            State::Deleting => Self::Deleting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_event_has_the_name_that_the_api_gives_it() {
        let names = Event::value_variants().iter().map(|event| {
            let told = api::event::EventType::from(*event);
            let name = event.to_possible_value().unwrap().get_name().to_owned();
            assert_eq!(serde_json::to_value(told).unwrap(), name);
            name
        });
        let all = domain::event::EventType::ALL
            .iter()
            .map(|event| event.name());
        assert!(names.eq(all), "an event is left out");
    }

    #[test]
    fn the_help_of_every_command() {
        let mut command = Arguments::command();
        command.build();
        let mut help = command.render_help().to_string();
        for subcommand in command.get_subcommands_mut() {
            let text = subcommand.render_help();
            help = format!("{help}\n\n==== {}\n{text}", subcommand.get_name());
        }
        insta::assert_snapshot!(help);
    }

    #[test]
    fn the_help_of_every_command_about_webhooks() {
        let mut command = Arguments::command();
        command.build();
        let webhook = command.find_subcommand_mut("webhook").unwrap();
        let help = webhook.get_subcommands_mut().map(|subcommand| {
            let text = subcommand.render_help();
            format!("==== {}\n{text}", subcommand.get_name())
        });
        let help: Vec<_> = help.collect();
        insta::assert_snapshot!(help.join("\n\n"));
    }
}
