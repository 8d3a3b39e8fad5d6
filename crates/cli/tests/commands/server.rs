//! The least HTTP/1.1 that a client can be tested with.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request with all its body.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: String,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Bytes that are announced and never sent; the connection is closed then.
    pub(crate) withheld: usize,
    /// Whether nothing is ever answered.
    pub(crate) hangs: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            withheld: 0,
            hangs: false,
        }
    }

    pub(crate) fn json(status: u16, value: &impl serde::Serialize) -> Self {
        Self::new(status, serde_json::to_vec(value).unwrap())
    }
}

/// Serves on a free port of this machine; gives the origin.
pub(crate) async fn serve<H>(handle: H) -> String
where
    H: Fn(Request) -> Answer + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let handle = Arc::new(handle);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let handle = Arc::clone(&handle);
            // A client that goes away ends its connection, which is no fault.
            tokio::spawn(async move { connection(stream, &*handle).await });
        }
    });
    origin
}

async fn connection(stream: TcpStream, handle: &impl Fn(Request) -> Answer) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let answer = handle(request(&mut stream).await?);
        if answer.hangs {
            std::future::pending::<()>().await;
        }
        let head = format!(
            "HTTP/1.1 {} Answer\r\nContent-Length: {}\r\n\r\n",
            answer.status,
            answer.body.len() + answer.withheld
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(&answer.body).await.ok()?;
        stream.flush().await.ok()?;
        if answer.withheld > 0 {
            return None;
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let first = line(stream).await?;
    let mut words = first.split(' ');
    let (method, address) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        authorization: String::new(),
        target: String::new(),
        body: Vec::new(),
    };
    let mut length = 0;
    loop {
        let header = line(stream).await?;
        let Some((name, value)) = header.split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => value.clone_into(&mut request.authorization),
            "x-amz-target" => value.clone_into(&mut request.target),
            _ => {}
        }
    }
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).await.ok()?;
    Some(request)
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}
