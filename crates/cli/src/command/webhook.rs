//! `webhook`.

use std::fmt::Write as _;

use api::event::EventType;
use api::webhook::{Delivery, NewWebhook, Webhook, WebhookChange};

use super::change::one_by_one;
use crate::api_client::Api;
use crate::arguments::{Event, SetWebhookArgs, WebhookCommand};
use crate::error::CliError;
use crate::ui::Ui;
use crate::words::{event, moment, printable};

/// Does what was asked for with webhooks.
///
/// # Errors
/// Those of the API; for several of which some fail, [`CliError::Some`].
pub(super) async fn run(command: WebhookCommand, api: &Api, ui: Ui) -> Result<(), CliError> {
    match command {
        WebhookCommand::Ls => list(api, ui).await,
        WebhookCommand::Add { address, events } => add(address, events, api, ui).await,
        WebhookCommand::Show { id } => {
            let webhook = api.webhook(&id).await?;
            ui.result(&webhook, || describe(&webhook));
            Ok(())
        }
        WebhookCommand::Set(args) => set(args, api, ui).await,
        WebhookCommand::Renew { id } => {
            tell_secret(&api.renew_webhook(&id).await?, ui);
            ui.note("deliveries are signed with the secret before, too, for 24 hours");
            Ok(())
        }
        WebhookCommand::Rm { ids, yes } => remove(&ids, yes, api, ui).await,
    }
}

async fn list(api: &Api, ui: Ui) -> Result<(), CliError> {
    let listed = api.webhooks().await?;
    ui.result(&listed, || {
        let rows: Vec<_> = listed.webhooks.iter().map(row).collect();
        rows.join("\n")
    });
    Ok(())
}

async fn add(address: String, events: Vec<Event>, api: &Api, ui: Ui) -> Result<(), CliError> {
    let new = NewWebhook {
        url: address,
        events: named(events),
    };
    tell_secret(&api.make_webhook(&new).await?, ui);
    Ok(())
}

async fn set(args: SetWebhookArgs, api: &Api, ui: Ui) -> Result<(), CliError> {
    let wish = args.change;
    let change = WebhookChange {
        url: wish.to,
        events: named(wish.events),
        enabled: (wish.pause || wish.resume).then_some(wish.resume),
    };
    let webhook = api.change_webhook(&args.id, &change).await?;
    ui.item(&webhook, || row(&webhook));
    Ok(())
}

async fn remove(ids: &[String], yes: bool, api: &Api, ui: Ui) -> Result<(), CliError> {
    ui.expect_answers(yes)?;
    one_by_one(ids, ui, async |id| {
        let webhook = api.webhook(id).await?;
        let url = printable(&webhook.url);
        if yes || Ui::confirms(&format!("drop the webhook to {url} ({id})?")) {
            api.drop_webhook(id).await?;
            ui.item(&webhook, || format!("{id}  dropped  {url}"));
        }
        Ok(())
    })
    .await
}

/// The events that were named; none where nobody named any.
fn named(events: Vec<Event>) -> Option<Vec<EventType>> {
    let events: Vec<_> = events.into_iter().map(Into::into).collect();
    (!events.is_empty()).then_some(events)
}

fn tell_secret(webhook: &Webhook, ui: Ui) {
    ui.result(webhook, || describe(webhook));
    ui.note(
        "the secret is shown this once: give it to the receiver, which verifies deliveries with it",
    );
}

/// A webhook on one line.
fn row(webhook: &Webhook) -> String {
    let last = webhook.last_delivery.as_ref().map_or("-", outcome);
    let (standing, url) = (standing(webhook), printable(&webhook.url));
    format!("{:<27} {standing:<7} {last:<10} {url}", webhook.id)
}

/// A webhook on many lines.
fn describe(webhook: &Webhook) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // A text takes all that is written to it.
        let _ = writeln!(text, "{name:<11} {}", printable(value));
    };
    line("id", &webhook.id);
    line("url", &webhook.url);
    line("state", standing(webhook));
    let events: Vec<_> = webhook.events.iter().copied().map(event).collect();
    line("events", &events.join(", "));
    if let Some(secret) = &webhook.secret {
        line("secret", secret);
    }
    if let Some(until) = webhook.old_secret_until {
        line("old secret", &format!("until {}", moment(until)));
    }
    if let Some(last) = &webhook.last_delivery {
        let (time, event) = (moment(last.time), event(last.kind));
        let tried = format!("{event} at {time}, try {}: {}", last.attempt, outcome(last));
        line("delivery", &tried);
        if let Some(error) = &last.error {
            line("reason", error);
        }
    }
    text.trim_end().to_owned()
}

fn standing(webhook: &Webhook) -> &'static str {
    if webhook.enabled { "enabled" } else { "paused" }
}

fn outcome(delivery: &Delivery) -> &'static str {
    if delivery.delivered {
        "delivered"
    } else {
        "failed"
    }
}
