//! `millrace`: uploads, watches and fetches films from the command line.
//!
//! It talks to the HTTP API of a deployed stack, as the page does, and to nothing else of it. What
//! it prints on standard output is for programs, what it says on standard error for people.

mod api_client;
mod arguments;
mod bars;
mod command;
mod environment;
mod error;
mod follow;
mod http;
mod local_stack;
mod origin;
mod playlist;
mod proxy;
mod session;
mod sign_in;
mod state;
mod target;
mod ui;
mod upload;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::error::exit;
use crate::ui::Ui;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_asked_for = !error.use_stderr();
            // Nobody is left to be told when it can't be written.
            let _ = error.print();
            return ExitCode::from(if is_asked_for {
                exit::DONE
            } else {
                exit::TROUBLE
            });
        }
    };
    let ui = Ui::new(arguments.common.json, arguments.common.quiet);
    // Boxed: with all commands in it the future is large.
    match Box::pin(command::run(arguments, ui)).await {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            ui.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
