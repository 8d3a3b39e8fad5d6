//! An asset's life on the local stack, as a rule of the event bus and a webhook hear of it.
#![cfg(test)]

use anyhow::Result;
use cloud::lease::now_ms;
use cloud::ports::{FindWebhooks as _, KeepLibrary as _, KeepWebhooks as _};
use cloud::webhook_secret::WebhookSecret;
use domain::event::EventType;
use domain::ids::{AssetId, WebhookId};
use domain::library::LibraryEntry;
use domain::object::{ObjectKey, ObjectRef};
use domain::webhook::{Outcome, Webhook};
use e2e::clips::{self, SMALL};
use e2e::judges;
use e2e::receiver::Receiver;
use e2e::stack::{Stack, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A queue behind a rule of the stack's bus, as somebody else would set it up.
struct Listener<'a> {
    stack: &'a Stack,
    queue: String,
}

impl<'a> Listener<'a> {
    /// Hears of one asset.
    fn of(stack: &'a Stack, asset: &AssetId) -> Result<Self> {
        let name = "events-of-an-asset";
        let bus = stack.output("EventBusName")?;
        let queue = stack.call("sqs", "create_queue", json!({"QueueName": name}))?;
        let queue = queue["QueueUrl"].as_str().unwrap_or_default().to_owned();
        let attributes = json!({"QueueUrl": queue, "AttributeNames": ["QueueArn"]});
        let arn = stack.call("sqs", "get_queue_attributes", attributes)?;
        let arn = arn["Attributes"]["QueueArn"].clone();
        let pattern = json!({"source": ["millrace"], "detail": {"asset": [asset]}});
        let rule = json!({"Name": name, "EventBusName": bus, "EventPattern": pattern.to_string()});
        let rule = stack.call("events", "put_rule", rule)?;
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule["RuleArn"]}},
        }]});
        let policy = json!({"QueueUrl": queue, "Attributes": {"Policy": policy.to_string()}});
        stack.call("sqs", "set_queue_attributes", policy)?;
        let targets = json!([{"Id": "queue", "Arn": arn}]);
        let targets = json!({"Rule": name, "EventBusName": bus, "Targets": targets});
        stack.call("events", "put_targets", targets)?;
        Ok(Self { stack, queue })
    }

    /// Waits until the event has come; gives all that came until then.
    async fn until(&self, last: EventType) -> Result<Vec<Value>> {
        let mut heard: Vec<Value> = Vec::new();
        eventually(last.name(), async || {
            let receive = json!({"QueueUrl": self.queue, "MaxNumberOfMessages": 10});
            let received = self.stack.call("sqs", "receive_message", receive)?;
            for message in received["Messages"].as_array().into_iter().flatten() {
                heard.push(serde_json::from_str(
                    message["Body"].as_str().unwrap_or_default(),
                )?);
                let receipt = &message["ReceiptHandle"];
                let done = json!({"QueueUrl": self.queue, "ReceiptHandle": receipt});
                self.stack.call("sqs", "delete_message", done)?;
            }
            let came = heard
                .iter()
                .any(|event| event["detail-type"] == last.name());
            Ok(came.then_some(()))
        })
        .await?;
        Ok(heard)
    }
}

/// A webhook whose secret was just renewed.
fn webhook(owner: &str, url: &str) -> Webhook {
    let [old, new] = [(); 2].map(|()| WebhookSecret::generate().unwrap().reveal());
    let mut webhook = Webhook {
        id: WebhookId::of(cloud::random::bits().unwrap()),
        owner: owner.to_owned(),
        url: url.to_owned(),
        events: vec![EventType::Ready],
        secret: old,
        old_secret: None,
        created_ms: now_ms(),
    };
    webhook.renew(new, now_ms());
    webhook
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assets_life_is_told_on_the_bus_and_to_a_webhook_that_fails_twice() {
    let stack = Stack::connect().await.unwrap();
    let key = ObjectKey::new("listening/u1/small.mp4");
    let asset = AssetId::of(&ObjectRef {
        bucket: stack.client.names().uploads.clone(),
        key: key.clone(),
    });
    let listener = Listener::of(&stack, &asset).unwrap();
    let receiver = Receiver::failing(2).await.unwrap();
    let documents = stack.aws.documents(stack.client.names().table.clone());
    let webhook = webhook("listening", &receiver.url);
    assert!(documents.add_webhook(&webhook).await.unwrap());

    let folder = TempDir::new().unwrap();
    let film = clips::make(SMALL, folder.path()).unwrap();
    let (request, _) = stack.transcode(key.as_str(), &film).await.unwrap();
    let heard = listener.until(EventType::Ready).await.unwrap();
    let life = ["asset.created", "asset.processing", "asset.ready"];
    let names: Vec<_> = heard.iter().map(|event| &event["detail-type"]).collect();
    assert_eq!(names, life);
    let ready = &heard[2]["detail"];
    assert_eq!(ready["asset"], asset.as_str());
    assert_eq!(ready["job"], request.job.as_str());
    assert_eq!(ready["title"], "small");

    let letters = eventually("the third try", async || {
        let letters = receiver.letters();
        Ok((letters.len() == 3).then_some(letters))
    });
    for letter in letters.await.unwrap() {
        assert_eq!(letter.headers["webhook-id"], ready["id"]);
        assert_eq!(&serde_json::from_str::<Value>(&letter.body).unwrap(), ready);
        for secret in webhook.secrets_at(now_ms()) {
            let told = json!({
                "secret": secret, "headers": letter.headers, "body": letter.body,
            });
            judges::webhook(&told).unwrap();
        }
    }
    let noted = eventually("the outcome", async || {
        let stored = documents.webhook("listening", &webhook.id).await?;
        let last = stored.and_then(|stored| stored.last);
        Ok(last.filter(|last| last.outcome == Outcome::Delivered))
    });
    assert_eq!(noted.await.unwrap().attempt, 3);

    let stored = documents.entry(&asset).await.unwrap().unwrap();
    let renamed = LibraryEntry {
        title: "Summer".to_owned(),
        ..stored.entry.clone()
    };
    assert!(documents.change_entry(&stored, &renamed).await.unwrap());
    let heard = listener.until(EventType::Changed).await.unwrap();
    assert_eq!(heard[0]["detail"]["title"], "Summer");
    // The webhook did not want to hear of that.
    assert_eq!(receiver.letters().len(), 3);
}
