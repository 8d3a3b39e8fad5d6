//! A webhook's receiver on loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One request that came.
#[derive(Clone, Debug)]
pub struct Letter {
    /// By their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// What it says.
    pub body: String,
}

/// Takes letters, but fails on the first ones.
#[derive(Debug)]
pub struct Receiver {
    /// Where it is.
    pub url: String,
    letters: Arc<Mutex<Vec<Letter>>>,
    server: JoinHandle<()>,
}

impl Receiver {
    /// A receiver that answers the first `failures` letters with 500, and then with 204.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn failing(failures: usize) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let letters = Arc::<Mutex<Vec<Letter>>>::default();
        let kept = Arc::clone(&letters);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let failed = kept.lock().unwrap_or_else(PoisonError::into_inner).len() < failures;
                // A request that breaks off is none.
                if let Ok(letter) = answered(stream, failed).await {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push(letter);
                }
            }
        });
        Ok(Self {
            url,
            letters,
            server,
        })
    }

    /// What came, in that order.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answered(stream: TcpStream, failed: bool) -> Result<Letter> {
    let mut stream = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
    }
    let length = headers.get("content-length").context("no length")?;
    let mut body = vec![0; length.parse()?];
    stream.read_exact(&mut body).await?;
    let status = if failed { "500 Failed" } else { "204 Taken" };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await?;
    Ok(Letter {
        headers,
        body: String::from_utf8(body)?,
    })
}
