//! What an owner changes by the API, as PostgreSQL has it soon after.
#![cfg(test)]

use anyhow::Result;
use domain::job::JobState;
use domain::object::ObjectKey;
use e2e::clips::{self, sound};
use e2e::people::Person;
use e2e::stack::{Stack, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

/// An asset of the stack's user.
struct Asset<'a> {
    stack: &'a Stack,
    owner: Person,
    id: String,
}

impl Asset<'_> {
    async fn rename(&self, title: &str) {
        let path = format!("/api/assets/{}", self.id);
        let change = json!({"title": title});
        let changed = self.owner.tell("PATCH", &path, &change).await.unwrap();
        assert_eq!(changed.with_status(200).unwrap()["title"], title);
    }

    /// Waits until PostgreSQL has the title.
    async fn is_called(&self, title: &str) {
        let pool = sqlx::PgPool::connect(&self.stack.description.database_url);
        let pool = pool.await.unwrap();
        eventually("the title in PostgreSQL", async || {
            let row = sqlx::query_scalar("select title from assets where asset = $1");
            let row: Option<String> = row.bind(&self.id).fetch_optional(&pool).await?;
            Ok((row.as_deref() == Some(title)).then_some(()))
        })
        .await
        .unwrap();
    }

    /// The same event as the stack itself tells.
    fn tell_of_a_change(&self) -> Result<()> {
        let detail = json!({"type": "asset.changed", "asset": self.id}).to_string();
        let bus = self.stack.output("EventBusName")?;
        let event = json!({"EventBusName": bus, "Source": "millrace",
            "DetailType": "asset.changed", "Detail": detail});
        let answer = self
            .stack
            .call("events", "put_events", json!({"Entries": [event]}))?;
        assert_eq!(answer["FailedEntryCount"], 0);
        Ok(())
    }

    /// How each execution ended, or that it runs, that followed from a change.
    fn followed(&self) -> Result<Vec<String>> {
        let machine = json!({"stateMachineArn": self.stack.output("StateMachineArn")?});
        let mut listed = self
            .stack
            .call("stepfunctions", "list_executions", machine)?;
        let input = json!({"changed": {"asset": self.id}});
        let mut states = Vec::new();
        for execution in listed["executions"].as_array_mut().into_iter().flatten() {
            let arn = json!({"executionArn": execution["executionArn"].take()});
            let told = self
                .stack
                .call("stepfunctions", "describe_execution", arn)?;
            let of = serde_json::from_str::<Value>(told["input"].as_str().unwrap_or_default());
            if of.is_ok_and(|of| of == input) {
                states.push(told["status"].as_str().unwrap_or_default().to_owned());
            }
        }
        Ok(states)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_reaches_postgresql_whenever_it_is_given_and_the_last_one_stays() {
    let stack = Stack::connect().await.unwrap();
    let clips = TempDir::new().unwrap();
    let file = clips::make(sound("song.mp3"), clips.path()).unwrap();
    let key = format!("{}/renamed/song.mp3", stack.description.owner);
    let upload = stack
        .client
        .upload(ObjectKey::new(key), &file)
        .await
        .unwrap();
    let asset = Asset {
        stack: &stack,
        owner: stack.user().unwrap(),
        id: upload.asset.to_string(),
    };
    let path = format!("/api/assets/{}", asset.id);
    eventually("its entry", async || {
        Ok((asset.owner.ask("GET", &path).await?.status == 200).then_some(()))
    })
    .await
    .unwrap();
    // There may be no row yet.
    asset.rename("Early").await;
    let ended = stack.ended(&upload).await.unwrap();
    assert_eq!(ended.state, JobState::Ready, "{:?}", ended.error);
    asset.is_called("Early").await;

    asset.rename("Spring").await;
    asset.rename("Summer").await;
    asset.is_called("Summer").await;
    let before = asset.followed().unwrap().len();
    for _ in 0..2 {
        asset.tell_of_a_change().unwrap();
    }
    eventually("what follows from events that came again", async || {
        let states = asset.followed()?;
        let is_done = states.iter().all(|state| state == "SUCCEEDED");
        Ok((is_done && states.len() >= before + 2).then_some(()))
    })
    .await
    .unwrap();
    asset.is_called("Summer").await;
}
