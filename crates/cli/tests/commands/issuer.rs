//! The issuer of tokens: OpenID Connect, and Cognito's own way, as far as a client sees them.

use serde_json::json;

use crate::server::{Answer, Request};
use crate::stack::{Inner, TOKEN};

/// Answers the paths of the issuer. The first token ends at once, a refreshed one later.
pub(crate) fn answer(stack: &mut Inner, request: &Request) -> Answer {
    let origin = &stack.origin;
    if request.path == "/discovery" {
        let discovery = json!({
            "authorization_endpoint": format!("{origin}/authorize"),
            "token_endpoint": format!("{origin}/token"),
            "revocation_endpoint": format!("{origin}/revoke"),
        });
        return Answer::json(200, &discovery);
    }
    let form = String::from_utf8(request.body.clone()).unwrap();
    let answer = match (request.path.as_str(), value(&form, "grant_type").as_str()) {
        ("/revoke", _) => Answer::new(200, ""),
        (_, "authorization_code") if value(&form, "code") == "c1" => {
            let tokens = json!({"access_token": TOKEN, "refresh_token": "r1", "expires_in": 0});
            Answer::json(200, &tokens)
        }
        (_, "refresh_token") if value(&form, "refresh_token") == "r1" => {
            Answer::json(200, &json!({"access_token": TOKEN, "expires_in": 3600}))
        }
        _ => Answer::json(400, &json!({"error": "invalid_grant"})),
    };
    stack.forms.push(form);
    answer
}

/// What the emulator of Cognito does.
pub(crate) fn password(request: &Request) -> Answer {
    let asked: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let right = request.target == "AWSCognitoIdentityProviderService.InitiateAuth"
        && asked["AuthFlow"] == "USER_PASSWORD_AUTH"
        && asked["ClientId"] == "client"
        && asked["AuthParameters"]["USERNAME"] == "ann"
        && asked["AuthParameters"]["PASSWORD"] == "secret";
    if right {
        let result = json!({"AccessToken": TOKEN, "ExpiresIn": 3600});
        Answer::json(200, &json!({"AuthenticationResult": result}))
    } else {
        Answer::new(
            400,
            r#"{"__type":"NotAuthorizedException","message":"Incorrect username or password."}"#,
        )
    }
}

/// A value of a form or query; empty where there is none.
pub(crate) fn value(form: &str, name: &str) -> String {
    let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let pair = pairs.find(|(known, _)| *known == name);
    let value = pair.map_or("", |(_, value)| value);
    percent_encoding::percent_decode_str(value)
        .decode_utf8()
        .unwrap()
        .into_owned()
}
