//! Connections that the network has forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use database::{Database, ReadAssets as _};
use domain::ids::AssetId;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::fixtures::new_database;

/// A network that may forget what goes through it: neither side hears from the other one again,
/// and none is told.
#[derive(Clone, Default)]
struct Network {
    forgets: Arc<AtomicBool>,
}

impl Network {
    /// The port of a way to `server` (`host:port`). Connections made before the network forgets
    /// fall silent then; later ones work.
    async fn way_to(&self, server: String) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = self.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(network.clone().carry(client, server));
            }
        });
        port
    }

    async fn carry(self, mut client: TcpStream, mut server: TcpStream) {
        let forgotten = async {
            let before = !self.forgets.load(Ordering::SeqCst);
            while !(before && self.forgets.load(Ordering::SeqCst)) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => {}
            () = forgotten => {
                // Both stay open, and nobody reads them.
                std::future::pending::<()>().await;
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: MILLRACE_TEST_DATABASE_URL"]
async fn a_forgotten_connection_costs_seconds_and_no_call() {
    let (direct, url) = new_database("silence").await;
    direct.migrate().await.unwrap();
    let (login, place) = url.rsplit_once('@').unwrap();
    let (server, name) = place.split_once('/').unwrap();
    let network = Network::default();
    let port = network.way_to(server.to_owned()).await;
    let database = Database::from_url(&format!("{login}@127.0.0.1:{port}/{name}")).unwrap();
    let unknown = AssetId::new("unknown").unwrap();
    database.asset(&unknown).await.unwrap();

    network.forgets.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    database.asset(&unknown).await.unwrap();
    let waited = started.elapsed();
    // A forgotten connection was tried first. The call has two statements, and so tries two.
    assert!(waited > Duration::from_secs(1), "{waited:?}");
    assert!(waited < Duration::from_secs(8), "{waited:?}");
}
