//! The commands, each in a module of its own.

mod captions;
mod change;
mod copy;
mod estimate;
mod list;
mod play;
mod profile;
mod sign;
mod webhook;

use clap::CommandFactory as _;

use crate::api_client::Api;
use crate::arguments::{Arguments, Command, ProfileCommand};
use crate::environment::Environment;
use crate::error::CliError;
use crate::http::Http;
use crate::session::Session;
use crate::state::State;
use crate::target::Target;
use crate::ui::Ui;
use crate::upload;

/// Does what was asked for.
///
/// # Errors
/// [`CliError`].
pub(crate) async fn run(arguments: Arguments, ui: Ui) -> Result<(), CliError> {
    let Arguments { common, command } = arguments;
    let environment = Environment::read();
    let state = State::of(&environment);
    let target = async || Target::find(&common, &environment).await;
    let api = async || connect(target().await?, &state, &environment);
    match command {
        Command::Upload(args) => upload::run(&args, &api().await?, &state, ui).await,
        Command::Ls(args) => list::list(&args, &api().await?, ui).await,
        Command::Show { id } => list::show(&id, &api().await?, ui).await,
        Command::Watch { ids } => list::watch(&ids, &api().await?, ui).await,
        Command::Play(args) => play::run(&args, &api().await?, &environment, ui).await,
        Command::Get(args) => copy::run(&args, &api().await?, ui).await,
        Command::Set(args) => change::set(args, &api().await?, ui).await,
        Command::Captions(command) => captions::run(command, &api().await?, ui).await,
        Command::Retry { ids } => change::retry(&ids, &api().await?, ui).await,
        Command::Rm { ids, yes } => change::remove(&ids, yes, &api().await?, ui).await,
        Command::Estimate(args) => estimate::run(&args, &environment, ui).await,
        Command::Profile(ProfileCommand::Check { file }) => profile::check(&file, ui),
        Command::Webhook(command) => webhook::run(command, &api().await?, ui).await,
        Command::Login => sign::sign_in(&target().await?, &state, ui).await,
        Command::Logout => sign::sign_out(&target().await?, &state, ui).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "millrace", &mut script);
            Ui::raw(&String::from_utf8_lossy(&script));
            Ok(())
        }
    }
}

fn connect(target: Target, state: &State, environment: &Environment) -> Result<Api, CliError> {
    let http = Http::new()?;
    let session = Session::new(
        http.clone(),
        state.clone(),
        target,
        environment.token.clone(),
    );
    Ok(Api::new(http, session))
}
