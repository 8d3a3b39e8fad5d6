//! A tiny HTTP server that serves ranges, counts what it sends, and fails when it is told to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Serves one body under any path; a path of digits, such as `/503`, is answered with that status.
///
/// Each request has a connection of its own, as with `Connection: close`.
pub(crate) struct Server {
    address: String,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    bytes: AtomicU64,
    requests: AtomicU64,
}

/// What goes wrong.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Once the server has sent this many bytes in all, every connection breaks, also new ones.
    pub(crate) breaks_after: Option<u64>,
}

impl Server {
    pub(crate) fn new(body: Vec<u8>) -> Self {
        Self::failing(body, Faults::default())
    }

    pub(crate) fn failing(body: Vec<u8>, faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let counts = Arc::new(Counts::default());
        let (body, shared) = (Arc::new(body), counts.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (body, counts) = (body.clone(), shared.clone());
                thread::spawn(move || serve(&stream, &body, &counts, faults));
            }
        });
        Self { address, counts }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}?X-Amz-Signature=secret", self.address)
    }

    /// Bytes sent: at most what the client read and what fits into the sockets' buffers.
    pub(crate) fn bytes(&self) -> u64 {
        self.counts.bytes.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::SeqCst)
    }
}

/// One request, then the connection ends.
fn serve(stream: &TcpStream, body: &[u8], counts: &Counts, faults: Faults) -> Option<()> {
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
    let broken = || {
        let sent = counts.bytes.load(Ordering::SeqCst);
        faults.breaks_after.is_some_and(|limit| sent >= limit)
    };
    if broken() {
        return None;
    }
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
    for piece in part.chunks(64 << 10) {
        stream.write_all(piece).ok()?;
        counts.bytes.fetch_add(piece.len() as u64, Ordering::SeqCst);
        if broken() {
            return None;
        }
        // No faster than a real storage, or the sockets' buffers are all that is measured.
        thread::sleep(Duration::from_millis(2));
    }
    Some(())
}
