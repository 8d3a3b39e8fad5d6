//! Opens a signed URL as ffmpeg does: with nothing but the URL.

use std::io::{Read, Write};
use std::net::TcpStream;

use cloud::SignedUrl;
use cloud::ports::SignedPut;

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

/// Sends bytes to where a signed `PUT` leads: with nothing but its address and headers.
pub(super) fn send(signed: &SignedPut, body: &[u8]) {
    let Some(rest) = signed.url.reveal().strip_prefix("http://") else {
        assert!(std::fs::write(signed.url.reveal(), body).is_ok());
        return;
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let lines = signed.headers.iter();
    let lines: Vec<_> = lines
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let headers = lines.concat();
    let length = body.len();
    let answer = TcpStream::connect(host).and_then(|mut stream| {
        write!(
            stream,
            "PUT /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{headers}\r\n"
        )?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    });
    let answer = answer.unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
