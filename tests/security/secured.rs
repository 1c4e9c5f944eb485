//! One broker with a listener for every way in, and the standard authorizer: the plain listener is its administrators'.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::acls::{Permission, allow, permissions};
use crate::bench::Bench;
use crate::certificates::Authority;
use crate::support::did_not_run;
use crate::tokens::Tokens;
use crate::way::Way;
use crate::wrong;

/// The service's user, by name, by certificate and by token.
pub(crate) const USER: &str = "service";
/// A user who goes while it is logged in.
pub(crate) const LEAVER: &str = "leaver";
/// Their secrets.
pub(crate) const PASSWORD: &str = "canary-password-7f3a";
pub(crate) const CLIENT_SECRET: &str = "canary-client-secret-91be";
/// The ways that let it in.
const WAYS: [&str; 8] = ["tls", "mutual", "plain", "scram", "oauth", "canary-plain", "canary-scram", "canary-oauth"];
/// The listeners besides the plain one, each at a port above its.
const LISTENERS: [&str; 6] = ["TLS", "MUTUAL", "LOGIN", "OAUTH", "EXPIRED", "ELSEWHERE"];

/// The broker and what its users need.
pub(crate) struct Secured {
    folder: tempfile::TempDir,
    port: u32,
    pub(crate) tokens: Tokens,
    /// Vouches for the brokers and for us.
    pub(crate) authority: Authority,
    /// Vouches for nobody whom the brokers know.
    pub(crate) stranger: Authority,
}

/// The broker of this test binary; `None`, said plainly, where none can be had. In CI that is a failure.
pub(crate) fn secured() -> Option<&'static Secured> {
    static SECURED: OnceLock<Option<Secured>> = OnceLock::new();
    SECURED.get_or_init(start).as_ref()
}

fn start() -> Option<Secured> {
    let there = |program: &str| {
        Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    if !there("java") || !(there("mvn") || std::env::var_os("KAFKA_HOME").is_some()) {
        assert!(std::env::var_os("CI").is_none(), "CI needs Java 17 and Maven for the security suite");
        did_not_run("the security suite needs Java 17 and Maven or KAFKA_HOME");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let (authority, stranger) = (Authority::new(folder.path(), "authority"), Authority::new(folder.path(), "stranger"));
    let secured = Secured {
        port: 26_000 + std::process::id() % 3_900,
        tokens: Tokens::start(USER, CLIENT_SECRET),
        authority,
        stranger,
        folder,
    };
    let pid = std::process::id().to_string();
    let mut start = kafka();
    start.args(["start", "--port", &secured.port.to_string(), "--parent", &pid, "--dir"]);
    start.arg(std::env::temp_dir().join(format!("churnwatch-secured-{pid}")));
    start.args(["--scram", &format!("{USER}={PASSWORD}"), "--scram", &format!("{LEAVER}={PASSWORD}")]);
    for property in secured.properties() {
        start.args(["--set", &property]);
    }
    let output = start.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the broker did not start");
    let mut wanted: Vec<Permission> = Vec::new();
    for way in WAYS {
        for command in ["serve", "publish", "topics create"] {
            wanted.extend(permissions(command, &tag(way)));
        }
    }
    for case in &wrong::FORBIDDEN {
        let all = permissions("serve", &tag(case.tag));
        let left: Vec<Permission> = all.iter().filter(|one| !case.lacks(one)).cloned().collect();
        assert!(left.len() < all.len(), "{} lacks nothing of the table", case.tag);
        wanted.extend(left);
    }
    allow(&secured.plaintext(), USER, &wanted);
    Some(secured)
}

/// What the topics and the group of a bench begin with.
fn tag(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

/// Kafka for tests.
pub(crate) fn kafka() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka/kafka.sh"))
}

impl Secured {
    /// Where administrators come in.
    pub(crate) fn plaintext(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The address of a listener.
    pub(crate) fn listener(&self, name: &str) -> String {
        let at = LISTENERS.iter().position(|known| *known == name).unwrap() as u32;
        format!("127.0.0.1:{}", self.port + 1 + at)
    }

    /// A configuration of its own, which by itself goes in as an administrator.
    pub(crate) fn bench(&self, tag: &str) -> Bench {
        Bench::new(&self.plaintext(), tag, "2026-01-01")
    }

    /// A file of the tests.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn properties(&self) -> Vec<String> {
        let (folder, port) = (self.folder.path(), self.port);
        let mut listeners = vec![format!("PLAINTEXT://127.0.0.1:{port}")];
        let mut protocols = vec![String::from("PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT")];
        for name in LISTENERS {
            let protocol = if ["LOGIN", "OAUTH"].contains(&name) { "SASL_SSL" } else { "SSL" };
            listeners.push(format!("{name}://{}", self.listener(name)));
            protocols.push(format!("{name}:{protocol}"));
        }
        let listeners = listeners.join(",");
        let mut properties = vec![
            format!("listeners={listeners},CONTROLLER://127.0.0.1:{}", port + 101),
            format!("advertised.listeners={listeners}"),
            format!("listener.security.protocol.map={}", protocols.join(",")),
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".into(),
            format!("super.users=User:ANONYMOUS;User:{LEAVER}"),
            // Whoever is logged in has to do so again.
            "listener.name.login.connections.max.reauth.ms=8000".into(),
            "ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/".into(),
            "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512".into(),
            "listener.name.mutual.ssl.client.auth=required".into(),
            "listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER".into(),
        ];
        for name in LISTENERS {
            let host = if name == "ELSEWHERE" { "elsewhere.example" } else { "127.0.0.1" };
            let keystore = self.authority.keystore(folder, name, &[host], name == "EXPIRED");
            let own = format!("listener.name.{}.ssl", name.to_lowercase());
            properties.extend([
                format!("{own}.keystore.type=PEM"),
                format!("{own}.keystore.location={}", keystore.display()),
                format!("{own}.truststore.type=PEM"),
                format!("{own}.truststore.location={}", self.authority.file.display()),
            ]);
        }
        let module = "org.apache.kafka.common.security";
        properties.extend([
            format!("listener.name.login.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";"),
            format!("listener.name.login.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;"),
            format!("listener.name.oauth.oauthbearer.sasl.jaas.config={module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\" unsecuredValidatorRequiredScope=\"kafka\";"),
        ]);
        properties
    }

    pub(crate) fn tls(&self) -> Way {
        Way::new("tls", &self.listener("TLS")).with("TLS__CA_FILE", self.authority.file.display())
    }

    pub(crate) fn mutual_tls(&self) -> Way {
        let (certificate, key) = self.authority.client(self.folder(), USER, "ours", false);
        let way = Way::new("mutual", &self.listener("MUTUAL")).with("TLS__CA_FILE", self.authority.file.display());
        way.with("TLS__CERTIFICATE_FILE", certificate.display()).with("TLS__KEY_FILE", key.display())
    }

    pub(crate) fn plain(&self) -> Way {
        let password = self.file("password", PASSWORD);
        let way = Way::new("plain", &self.listener("LOGIN")).with("TLS__CA_FILE", self.authority.file.display());
        let way = way.with("SASL__MECHANISM", "PLAIN").with("SASL__USERNAME", USER);
        way.with("SASL__PASSWORD_FILE", password.display())
    }

    pub(crate) fn scram(&self) -> Way {
        self.plain().called("scram").with("SASL__MECHANISM", "SCRAM-SHA-512")
    }

    pub(crate) fn oauth(&self) -> Way {
        let secret = self.file("client-secret", CLIENT_SECRET);
        let way = Way::new("oauth", &self.listener("OAUTH")).with("TLS__CA_FILE", self.authority.file.display());
        let way = way.with("SASL__MECHANISM", "OAUTHBEARER").with("SASL__CLIENT_ID", USER);
        let way = way.with("SASL__CLIENT_SECRET_FILE", secret.display()).with("SASL__SCOPE", "kafka");
        way.with("SASL__TOKEN_ENDPOINT", &self.tokens.url)
    }
}
