//! People who use the API of the local stack: they have a token and HTTP, and no rights in AWS.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::environment::{root, variable};
use crate::stack::Stack;

/// Meets the user pool's rules.
const PASSWORD: &str = "Another-person-of-1-test";

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Person {
    origin: String,
    token: String,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// What somebody is told.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is something else.
    pub fn json(&self) -> Result<Value> {
        let text = || format!("{}: {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).with_context(text)
    }

    /// The body as JSON, of an answer with this status.
    ///
    /// # Errors
    /// When it has another status.
    pub fn with_status(&self, status: u16) -> Result<Value> {
        let text = String::from_utf8_lossy(&self.body);
        ensure!(self.status == status, "{} {text}", self.status);
        self.json()
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Stack {
    /// The stack's user, signed in anew.
    ///
    /// # Errors
    /// When the sign-in fails.
    pub fn user(&self) -> Result<Person> {
        let description = &self.description;
        Person::sign_in(&description.page, &description.user, &description.password)
    }

    /// Somebody else, who is made for this run.
    ///
    /// # Errors
    /// When the user cannot be made, or the sign-in fails.
    pub fn another_user(&self, name: &str) -> Result<Person> {
        let pool = self.output("UserPoolId")?;
        let email = format!("{name}-{}@millrace.example", std::process::id());
        let facts = [("email", email.as_str()), ("email_verified", "true")];
        let facts = facts.map(|(name, value)| json!({"Name": name, "Value": value}));
        let user = json!({"UserPoolId": pool, "Username": email, "UserAttributes": facts,
            "MessageAction": "SUPPRESS"});
        self.call("cognito-idp", "admin_create_user", user)?;
        let password = json!({"UserPoolId": pool, "Username": email, "Password": PASSWORD,
            "Permanent": true});
        self.call("cognito-idp", "admin_set_user_password", password)?;
        Person::sign_in(&self.description.page, &email, PASSWORD)
    }
}

impl Person {
    fn sign_in(page: &str, user: &str, password: &str) -> Result<Self> {
        let output = Command::new(variable("MILLRACE_PYTHON")?)
            .arg(root().join("tests/cloud/sign_in.py"))
            .args(["token", page, user, password])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "sign_in.py: {said}");
        Ok(Self {
            origin: page.trim_end_matches('/').to_owned(),
            token: String::from_utf8(output.stdout)?.trim().to_owned(),
            http: Client::builder(TokioExecutor::new()).build_http(),
        })
    }

    /// The access token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The address of a path.
    #[must_use]
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Makes a call of the API that has no body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn ask(&self, method: &str, path: &str) -> Result<Answer> {
        self.ask_with(method, path, &[], Bytes::new()).await
    }

    /// Makes a call of the API with a body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn tell(&self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let body = body.to_string();
        self.ask_with(method, path, &[], body.into()).await
    }

    /// Makes a call of the API with headers of its own.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn ask_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer> {
        let token = format!("Bearer {}", self.token);
        let mut all = vec![(AUTHORIZATION.as_str(), token.as_str())];
        if !body.is_empty() {
            all.push((CONTENT_TYPE.as_str(), "application/json"));
        }
        all.extend(headers);
        self.send(method, &self.address(path), &all, body).await
    }

    /// Makes a request without a token: of a signed address, or of what everybody may have.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(
        &self,
        method: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(address);
        for (name, value) in headers {
            let name: HeaderName = name.parse()?;
            request = request.header(name, HeaderValue::from_str(value)?);
        }
        let response = self.http.request(request.body(Full::new(body))?).await?;
        let (parts, body) = response.into_parts();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}
