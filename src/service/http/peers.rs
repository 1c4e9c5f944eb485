//! The other replicas: who has a customer that this one does not have, and what they answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::config::settings::Settings;
use crate::service::http::proof::proof;
use crate::service::kafka::peers::owners;
use crate::wire::partitioner::partition;

/// How long what the group said is believed.
const BELIEVED: Duration = Duration::from_secs(2);
/// How long another replica may take to answer: a first look at a million customers takes some seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the owner of each partition can be asked.
type Owners = Arc<BTreeMap<u32, Option<String>>>;

/// The other replicas.
pub struct Peers {
    settings: Arc<Settings>,
    /// Where this one is reached.
    own: Option<String>,
    partitions: u32,
    agent: ureq::Agent,
    known: Mutex<Option<(Instant, Option<Owners>)>>,
}

/// The owner of a customer.
pub struct Owner {
    /// The customer's partition.
    pub partition: u32,
    /// Host and port.
    address: String,
    /// Scheme, host and port.
    pub url: String,
}

impl Peers {
    /// Those of the same group.
    pub fn new(settings: Arc<Settings>, partitions: u32) -> Self {
        let roots = settings.authority.as_ref().and_then(|pem| Certificate::from_pem(pem).ok());
        let roots = roots.map_or(RootCerts::WebPki, |authority| RootCerts::Specific(Arc::new(vec![authority])));
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(roots).build());
        let agent = config.build().new_agent();
        Self { own: settings.advertised(), settings, partitions, agent, known: Mutex::default() }
    }

    /// The partition that a customer would be in.
    pub fn partition(&self, customer: &str) -> u32 {
        partition(customer.as_bytes(), self.partitions)
    }

    /// The replica that has a customer who is not here; `None` where it is this one, it does not say where it is reached,
    /// nobody has the customer now, or the group can't be asked.
    pub async fn owner(&self, customer: &str) -> Option<Owner> {
        let partition = self.partition(customer);
        let owners = self.owners().await?;
        let address = owners.get(&partition)?.as_ref().filter(|address| Some(*address) != self.own.as_ref())?;
        Some(Owner { partition, address: address.clone(), url: self.url(address) })
    }

    /// Status and document that the owner answers with; `None` where it does not.
    pub async fn ask(&self, owner: &Owner, path: String) -> Option<(u16, Value)> {
        let (address, url) = (owner.address.clone(), format!("{}{path}", owner.url));
        self.asking(address, path, url).await
    }

    /// What each other replica answers that has any partition but those that are `here`; who does not answer is left out.
    pub async fn ask_others(&self, here: &BTreeSet<u32>, path: &str) -> Vec<Value> {
        let Some(owners) = self.owners().await else { return Vec::new() };
        let elsewhere = owners.iter().filter(|(partition, _)| !here.contains(partition));
        let addresses: BTreeSet<&String> = elsewhere.filter_map(|(_, address)| address.as_ref()).collect();
        let mut asked = JoinSet::new();
        for address in addresses.into_iter().filter(|address| Some(*address) != self.own.as_ref()) {
            asked.spawn(self.asking(address.clone(), path.to_owned(), format!("{}{path}", self.url(address))));
        }
        let answers = asked.join_all().await;
        answers.into_iter().flatten().filter(|(status, _)| *status == 200).map(|(_, document)| document).collect()
    }

    fn url(&self, address: &str) -> String {
        let scheme = if self.settings.file.http.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    fn asking(
        &self,
        address: String,
        path: String,
        url: String,
    ) -> impl Future<Output = Option<(u16, Value)>> + Send + use<> {
        let (agent, settings) = (self.agent.clone(), Arc::clone(&self.settings));
        let ask = move || {
            let seconds = SystemTime::UNIX_EPOCH.elapsed().ok()?.as_secs();
            let mut request = agent.get(&url);
            if let Some(token) = &settings.token {
                request = request.header("Authorization", proof(token, &address, &path, seconds)?);
            }
            let mut response =
                request.call().inspect_err(|fault| tracing::debug!(%fault, "a replica does not answer")).ok()?;
            Some((response.status().as_u16(), response.body_mut().read_json().ok()?))
        };
        async move { tokio::task::spawn_blocking(ask).await.ok().flatten() }
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
