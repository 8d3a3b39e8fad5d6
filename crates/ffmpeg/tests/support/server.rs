//! A tiny HTTP server that serves ranges and counts what it sends.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Serves one body under any path; a path of digits, such as `/503`, is answered with that status.
pub struct Server {
    address: String,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    bytes: AtomicU64,
    requests: AtomicU64,
}

impl Server {
    pub fn new(body: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let counts = Arc::new(Counts::default());
        let (body, shared) = (Arc::new(body), counts.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (body, counts) = (body.clone(), shared.clone());
                thread::spawn(move || serve(&stream, &body, &counts));
            }
        });
        Self { address, counts }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}?X-Amz-Signature=secret", self.address)
    }

    /// Bytes sent: at most what the client read and what fits into the sockets' buffers.
    pub fn bytes(&self) -> u64 {
        self.counts.bytes.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::SeqCst)
    }
}

/// One request, then the connection ends.
fn serve(stream: &TcpStream, body: &[u8], counts: &Counts) -> Option<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let request = lines.next()?;
    let path = request.split(['/', '?', ' ']).nth(2)?.to_owned();
    let mut from = 0;
    let mut to = body.len();
    let mut partial = false;
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some(range) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            let (a, b) = range.split_once('-')?;
            from = a.parse().ok()?;
            to = b
                .parse()
                .map_or(body.len(), |last: usize| (last + 1).min(body.len()));
            partial = true;
        }
    }
    counts.requests.fetch_add(1, Ordering::SeqCst);
    let mut stream = stream;
    if path.len() == 3 && path.bytes().all(|b| b.is_ascii_digit()) {
        write!(
            stream,
            "HTTP/1.1 {path} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        return Some(());
    }
    if from >= body.len() {
        write!(
            stream,
            "HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        return Some(());
    }
    let part = body.get(from..to)?;
    let status = if partial {
        "206 Partial Content"
    } else {
        "200 OK"
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nAccept-Ranges: bytes\r\nContent-Length: {}\r\n\
         Content-Range: bytes {from}-{}/{}\r\nConnection: close\r\n\r\n",
        part.len(),
        to - 1,
        body.len()
    )
    .ok()?;
    for piece in part.chunks(16 << 10) {
        stream.write_all(piece).ok()?;
        counts.bytes.fetch_add(piece.len() as u64, Ordering::SeqCst);
    }
    Some(())
}
