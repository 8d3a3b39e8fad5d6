//! Opens a signed URL as ffmpeg does: with nothing but the URL.

use std::io::{Read, Write};
use std::net::TcpStream;

use cloud::SignedUrl;

/// What is under a URL of plain HTTP, or in a local file: what ffmpeg would read.
pub(super) fn fetch(url: &SignedUrl) -> Vec<u8> {
    let Some(rest) = url.reveal().strip_prefix("http://") else {
        return std::fs::read(url.reveal()).unwrap_or_default();
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let answer = TcpStream::connect(host).and_then(|mut stream| {
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    });
    let answer = answer.unwrap_or_default();
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n");
    answer
        .get(body.map_or(0, |at| at + 4)..)
        .unwrap_or_default()
        .to_vec()
}
