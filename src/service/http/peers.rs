//! Who answers for a customer that this replica does not have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::config::settings::Settings;
use crate::service::kafka::peers::owners;
use crate::wire::partitioner::partition;

/// How long what the group said is believed.
const BELIEVED: Duration = Duration::from_secs(2);

/// Where the owner of each partition can be asked.
type Owners = Arc<BTreeMap<u32, Option<String>>>;

/// The other replicas.
pub struct Peers {
    settings: Arc<Settings>,
    /// Where this one is reached.
    own: Option<String>,
    partitions: u32,
    known: Mutex<Option<(Instant, Option<Owners>)>>,
}

/// The owner of a customer.
pub struct Owner {
    /// The customer's partition.
    pub partition: u32,
    /// Scheme, host and port.
    pub address: String,
}

impl Peers {
    /// Those of the same group.
    pub fn new(settings: Arc<Settings>, partitions: u32) -> Self {
        Self { own: settings.advertised(), settings, partitions, known: Mutex::default() }
    }

    /// The partition that a customer would be in.
    pub fn partition(&self, customer: &str) -> u32 {
        partition(customer.as_bytes(), self.partitions)
    }

    /// The replica that has a customer who is not here; `None` where it is this one, it does not say where it is reached, nobody has the
    /// customer now, or the group can't be asked.
    pub async fn owner(&self, customer: &str) -> Option<Owner> {
        let partition = self.partition(customer);
        let owners = self.owners().await?;
        let address = owners.get(&partition)?.as_ref().filter(|address| Some(*address) != self.own.as_ref())?;
        let scheme = if self.settings.file.http.tls.is_some() { "https" } else { "http" };
        Some(Owner { partition, address: format!("{scheme}://{address}") })
    }

    /// One question at a time: who comes meanwhile hears the same answer.
    async fn owners(&self) -> Option<Owners> {
        let mut known = self.known.lock().await;
        if let Some((_, owners)) = known.as_ref().filter(|(at, _)| at.elapsed() < BELIEVED) {
            return owners.clone();
        }
        let settings = Arc::clone(&self.settings);
        let found = tokio::task::spawn_blocking(move || owners(&settings)).await;
        // That nothing was said is believed as long: nobody waits for a broker that is away after another has.
        let owners = found.ok().and_then(Result::ok).map(Arc::new);
        *known = Some((Instant::now(), owners.clone()));
        owners
    }
}
