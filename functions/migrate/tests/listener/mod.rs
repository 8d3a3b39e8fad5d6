//! As much of an HTTP server as takes one reply.

use database::schema_version;
use runtime::custom_resource::Request;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Listens on loopback for one request.
pub(crate) struct Listener {
    socket: TcpListener,
    status: u16,
}

impl Listener {
    pub(crate) async fn answering(status: u16) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { socket, status }
    }

    /// Reads one request and answers it; returns its head and its body.
    pub(crate) async fn put(self) -> (String, Vec<u8>) {
        let (mut client, _) = self.socket.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let (_, rest) = head.split_once("content-length: ").unwrap();
        let length = rest.split_once("\r\n").unwrap().0.parse().unwrap();
        let mut body = vec![0; length];
        client.read_exact(&mut body).await.unwrap();
        let answer = format!("HTTP/1.1 {} X\r\ncontent-length: 0\r\n\r\n", self.status);
        client.write_all(answer.as_bytes()).await.unwrap();
        (head, body)
    }
}

/// A request that wants its reply there.
pub(crate) fn request(
    listener: &Listener,
    kind: &str,
    user: &str,
    physical: Option<&str>,
) -> Request {
    let place = listener.socket.local_addr().unwrap();
    serde_json::from_value(json!({
        "RequestType": kind,
        "ResponseURL": format!("http://{place}/reply?X-Amz-Signature=s"),
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Schema",
        "PhysicalResourceId": physical,
        "ResourceProperties": {"User": user, "Version": schema_version().to_string()},
    }))
    .unwrap()
}
