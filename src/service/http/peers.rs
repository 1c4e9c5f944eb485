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
    partitions: u32,
    known: Mutex<Option<(Instant, Owners)>>,
}

/// The owner of a customer.
pub struct Owner {
    /// The customer's partition.
    pub partition: u32,
    /// Scheme, host and port; `None` where the owner does not say.
    pub address: Option<String>,
}

impl Peers {
    /// Those of the same group.
    pub fn new(settings: Arc<Settings>, partitions: u32) -> Self {
        Self { settings, partitions, known: Mutex::default() }
    }

    /// The replica that has a customer; `None` where it is this one, nobody has it now, or the group can't be asked.
    pub async fn owner(&self, customer: &str) -> Option<Owner> {
        let partition = partition(customer.as_bytes(), self.partitions);
        let address = self.owners().await?.get(&partition)?.clone();
        if address.is_some() && address == self.settings.advertised() {
            return None;
        }
        let scheme = if self.settings.file.http.tls.is_some() { "https" } else { "http" };
        Some(Owner { partition, address: address.map(|address| format!("{scheme}://{address}")) })
    }

    /// One question at a time: who comes meanwhile hears the same answer.
    async fn owners(&self) -> Option<Owners> {
        let mut known = self.known.lock().await;
        if let Some((_, owners)) = known.as_ref().filter(|(at, _)| at.elapsed() < BELIEVED) {
            return Some(Arc::clone(owners));
        }
        let settings = Arc::clone(&self.settings);
        let found = tokio::task::spawn_blocking(move || owners(&settings)).await.ok()?;
        let owners = found.ok().map(Arc::new)?;
        *known = Some((Instant::now(), Arc::clone(&owners)));
        Some(owners)
    }
}
