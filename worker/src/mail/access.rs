//! How an app reaches its mail provider, and how an operator sets that.

use std::fmt;

use serde::{Deserialize, Serialize};
use upcue_engine::wire;

use crate::problem::{ApiError, ApiResult, Code};

/// How an app reaches its mail provider. Holds secrets: it is told to nobody and never logged.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MailAccess {
    /// Nothing leaves; the outbox shows what would have.
    #[default]
    Log,
    /// Resend's HTTP API.
    Resend {
        /// `re_…`
        api_key: String,
        /// The webhook endpoint's secrets: several while one is being rotated.
        webhook_secrets: Vec<String>,
    },
    /// A mail server that takes mail to pass on.
    Smtp {
        /// Its name or address.
        host: String,
        /// 465, 587 …
        port: u16,
        /// How the connection is protected.
        security: Security,
        /// Who signs in; empty: nobody does.
        username: String,
        /// With what.
        password: String,
    },
    /// Cloudflare's `send_email` binding.
    Cloudflare,
}

wire! { enum MailAccess {
    Log, Resend { api_key, webhook_secrets }, Smtp { host, port, security, username, password }, Cloudflare,
} }

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS once the server has said that it can, and before anything else is said.
    StartTls,
    /// Not at all: on this machine only.
    None,
}

wire! { enum Security { Tls, StartTls, None } }

impl MailAccess {
    /// Whether a mail that is handed over twice under one key is sent once.
    pub(crate) fn is_idempotent(&self) -> bool {
        match self {
            Self::Log | Self::Resend { .. } => true,
            Self::Smtp { .. } | Self::Cloudflare => false,
        }
    }

    /// The provider's name, as in the settings.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Resend { .. } => "resend",
            Self::Smtp { .. } => "smtp",
            Self::Cloudflare => "cloudflare",
        }
    }
}

/// Without what is secret.
impl fmt::Debug for MailAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an operator sets of it. What is absent stays as it is, as long as the provider is the same.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailSettings {
    provider: String,
    api_key: Option<String>,
    webhook_secrets: Option<Vec<String>>,
    host: Option<String>,
    port: Option<u16>,
    security: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

wire! { struct MailSettings { provider, api_key, webhook_secrets, host, port, security, username, password } }

/// Without what is secret.
impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.provider)
    }
}

impl MailSettings {
    /// `access` with these settings.
    pub(crate) fn apply(self, access: &MailAccess) -> ApiResult<MailAccess> {
        self.refuse_foreign()?;
        match self.provider.as_str() {
            "log" => Ok(MailAccess::Log),
            "resend" => self.resend(access),
            "smtp" => self.smtp(access),
            "cloudflare" => Ok(MailAccess::Cloudflare),
            other => Err(refused("provider", &format!("`{other}` is none; write resend, smtp, cloudflare or log"))),
        }
    }

    /// A setting of another provider would be ignored; it is refused instead.
    fn refuse_foreign(&self) -> ApiResult<()> {
        let set = [
            ("api_key", "resend", self.api_key.is_some()),
            ("webhook_secrets", "resend", self.webhook_secrets.is_some()),
            ("host", "smtp", self.host.is_some()),
            ("port", "smtp", self.port.is_some()),
            ("security", "smtp", self.security.is_some()),
            ("username", "smtp", self.username.is_some()),
            ("password", "smtp", self.password.is_some()),
        ];
        match set.iter().find(|(_, of, is_set)| *is_set && *of != self.provider) {
            Some((field, of, _)) => Err(refused(field, &format!("is a setting of {of}, not of `{}`; leave it out", self.provider))),
            None => Ok(()),
        }
    }

    fn resend(self, access: &MailAccess) -> ApiResult<MailAccess> {
        let (key, secrets) = match access {
            MailAccess::Resend { api_key, webhook_secrets } => (api_key.clone(), webhook_secrets.clone()),
            _ => Default::default(),
        };
        let api_key = self.api_key.unwrap_or(key);
        if !api_key.starts_with("re_") || api_key.bytes().any(|b| !b.is_ascii_graphic()) {
            return Err(refused("api_key", "is a key of Resend's: it begins with re_ and holds no spaces"));
        }
        let webhook_secrets = self.webhook_secrets.unwrap_or(secrets);
        if !webhook_secrets.iter().all(|secret| super::webhook::is_secret(secret)) {
            return Err(refused("webhook_secrets", "are the signing secrets of webhook endpoints: whsec_ and then base64"));
        }
        Ok(MailAccess::Resend { api_key, webhook_secrets })
    }

    fn smtp(self, access: &MailAccess) -> ApiResult<MailAccess> {
        let security = match self.security.as_deref() {
            Some("tls") => Some(Security::Tls),
            Some("starttls") => Some(Security::StartTls),
            Some("none") => Some(Security::None),
            Some(other) => return Err(refused("security", &format!("`{other}` is none; write tls, starttls or none"))),
            None => None,
        };
        let mut server = match access {
            MailAccess::Smtp { host, port, security, username, password } => Server {
                host: host.clone(),
                port: Some(*port),
                security: *security,
                username: username.clone(),
                password: password.clone(),
            },
            _ => Server::default(),
        };
        if let Some(security) = security {
            server.security = security;
        }
        if let Some(host) = self.host {
            server.host = host;
        }
        server.port = self.port.or(server.port);
        // A name and the password that goes with it are set together: half of a pair with half of another signs nobody in.
        if self.username.is_some() || self.password.is_some() {
            server.username = self.username.unwrap_or_default();
            server.password = self.password.unwrap_or_default();
        }
        server.check()
    }
}

/// A mail server as it was set up, before it is checked.
struct Server {
    host: String,
    port: Option<u16>,
    security: Security,
    username: String,
    password: String,
}

impl Default for Server {
    fn default() -> Self {
        Self { host: String::new(), port: None, security: Security::Tls, username: String::new(), password: String::new() }
    }
}

impl Server {
    fn check(self) -> ApiResult<MailAccess> {
        let Self { host, port, security, username, password } = self;
        if !is_host(&host) {
            return Err(refused("host", "is the name or address of a mail server, as in smtp.example.com"));
        }
        let port = match (port, security) {
            (Some(25), _) => {
                return Err(refused(
                    "port",
                    "25 is for servers among themselves, and Cloudflare blocks it; write 465 (tls) or 587 (starttls)",
                ));
            }
            (Some(0), _) => return Err(refused("port", "is a number from 1 to 65535")),
            (Some(port), _) => port,
            (None, Security::Tls) => 465,
            (None, Security::StartTls) => 587,
            (None, Security::None) => return Err(refused("port", "is missing")),
        };
        if security == Security::None && !is_loopback(&host) {
            let detail = "none would show mails and password to everybody on the way; it is for 127.0.0.1, ::1 and localhost alone";
            return Err(refused("security", detail));
        }
        if username.is_empty() != password.is_empty() {
            return Err(refused("username", "and email.password are set together, or neither of them"));
        }
        Ok(MailAccess::Smtp { host, port, security, username, password })
    }
}

fn is_host(host: &str) -> bool {
    let is_v6 = host.contains("::") && host.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
    is_v6 || !host.is_empty() && host.len() <= 253 && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

fn refused(field: &str, why: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("email.{field} {why}")).with(&serde_json::json!({"pointer": format!("/email/{field}")}))
}
