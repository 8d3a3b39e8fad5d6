//! As much of an AWS service as answers one call.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use cloud::AwsClients;
use cloud::clients::Account;
use serde_json::Value;

/// Answers one call with `status` and `body`, and gives its target and body back.
pub(crate) fn server(
    status: &'static str,
    body: &'static str,
) -> (String, JoinHandle<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let answered = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let call = read_call(&stream);
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .unwrap();
        call
    });
    (endpoint, answered)
}

fn read_call(stream: &TcpStream) -> (String, Value) {
    let mut reader = BufReader::new(stream);
    let (mut target, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                value.clone_into(&mut target);
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            None if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (target, serde_json::from_slice(&body).unwrap())
}

/// Clients that call this server.
pub(crate) async fn clients(endpoint: String) -> AwsClients {
    let account = Account {
        endpoint,
        region: "eu-central-1".to_owned(),
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
    };
    AwsClients::at(&account).await
}
