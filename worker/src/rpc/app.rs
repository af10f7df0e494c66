//! Calls to an app's object, and their answers.

mod backtest;
mod fact;
mod hook;
mod listing;
mod mail;
mod proof;
mod retention;

pub(crate) use backtest::*;
pub(crate) use fact::*;
pub(crate) use hook::*;
pub(crate) use listing::*;
pub(crate) use mail::*;
pub(crate) use proof::*;
pub(crate) use retention::*;

use serde::{Deserialize, Serialize};
use upcue_engine::time::{DurationMs, Millis};
use upcue_engine::wire;

use crate::auth::link::LinkKey;
use crate::mail::{MailAccess, MailReport, MailSettings};
use crate::rpc::{ErasureListing, ExportWish, Leaving};

/// What every request needs to know of an app.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AppHead {
    /// Its id.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Pages that may call.
    pub(crate) allowed_origins: Vec<String>,
    /// Keys that user tokens may be signed with.
    pub(crate) signing_keys: Vec<SigningKey>,
    /// SHA-256 of the secret keys.
    pub(crate) secret_keys: Vec<[u8; 32]>,
    /// How to reach Stripe for it.
    pub(crate) stripe: StripeAccess,
    /// How to reach its mail provider.
    pub(crate) email: MailAccess,
    /// The revision of its rulebook.
    pub(crate) revision: u32,
    /// What links in its mails are signed with, and addresses hashed with; made once.
    pub(crate) link_key: LinkKey,
    /// Where the Worker was when the operator last set the app up: links in mails lead there.
    pub(crate) origin: String,
}

wire! { struct AppHead { id, name, allowed_origins, signing_keys, secret_keys, stripe, email, revision, link_key, origin } }

/// A key that user tokens are signed with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    /// Selects it in a token's header.
    pub(crate) kid: String,
    /// HS256's secret, as text.
    pub(crate) secret: String,
}

wire! { struct SigningKey { kid, secret } }

/// How an app reaches its Stripe account, and how Stripe proves itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StripeAccess {
    /// The API key; empty when Stripe is not set up.
    pub(crate) api_key: String,
    /// The webhook endpoint's secrets: several while one is being rotated.
    pub(crate) webhook_secrets: Vec<String>,
}

wire! { struct StripeAccess { api_key, webhook_secrets } }

/// What the app's object does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum AppCall {
    /// Creates the app → [`NewApp`].
    Create(AppSettings),
    /// Changes what is given → [`Retention`], as it is now.
    Update(AppSettings),
    /// → [`AppHead`].
    Head,
    /// Makes another key → [`NewKey`].
    AddKey(KeyKind),
    /// Stops a key from working, by `kid` or by the key itself → `()`.
    RevokeKey(String),
    /// The compiled rules → `Rulebook`.
    Rulebook,
    /// A version of the configuration; `None`: the newest → [`StoredConfig`].
    Config(Option<u32>),
    /// Versions before a number, newest first → `Vec<ConfigVersion>`.
    ConfigVersions {
        /// Lists what was published before it.
        before: u32,
        /// At most so many.
        limit: u32,
    },
    /// Publishes a document → [`Published`].
    Publish {
        /// The document, as sent.
        document: String,
        /// The hash of the version it replaces; `*` for any.
        if_match: String,
    },
    /// Publishes the document of an earlier version as the next one → [`Published`].
    Rollback {
        /// Which version.
        version: u32,
        /// The hash of the version it replaces; `*` for any.
        if_match: String,
    },
    /// Reads the catalogue from Stripe → [`CatalogueReport`].
    SyncCatalogue,
    /// The catalogue as last read → [`CatalogueReport`].
    Catalogue,
    /// An event of Stripe's, its signature checked → [`EventState`].
    StripeEvent(String),
    /// Events that wait or found no tenant → `Vec<StoredEvent>`.
    StripeEvents(Option<EventState>),
    /// Says whose a customer is → `()`.
    LinkCustomer {
        /// `cus_…`
        customer: String,
        /// The tenant.
        tenant: String,
    },
    /// Facts of a tenant, numbered without gaps → `(u64, Retention)`: the highest number known, and how long the tenant may remember.
    Facts {
        /// Whose.
        tenant: String,
        /// Of which of its lives: each ends when the tenant is erased.
        life: String,
        /// The facts, lowest number first.
        facts: Vec<(u64, Fact)>,
    },
    /// The customer of a tenant, if one is known → `Option<String>`.
    CustomerOf(String),
    /// Compares every subscription with its mirror now → [`Sweep`].
    Sweep,
    /// The rules of a revision, while they are kept → `Option<Rulebook>`.
    RulebookOf(u32),
    /// The rules that this document would make → `Rulebook`.
    Candidate(String),
    /// Begins a back-test → [`Backtest`].
    StartBacktest(BacktestWish),
    /// A back-test, running or done → [`Backtest`].
    Backtest(String),
    /// Upgrades since a moment → `Vec<UpgradeFact>`, newest first.
    Upgrades(Millis),
    /// Asks for a report → what it answers.
    Proof(ProofCall),
    /// Tenants, a page of them → `Vec<TenantRow>`.
    Tenants(Listing),
    /// All segments of the configuration → `Vec<SegmentRow>`.
    Segments,
    /// Tenants in the segment that the listing names → [`SegmentPage`].
    Segment(Listing),
    /// Whether a mail may go out now → [`MailLeave`].
    MayMail(MailWish),
    /// Has no mail go to an address any more → `()`.
    Suppress(Suppression),
    /// Lets mail go to the address with this hash again → `bool`: whether it was kept from it.
    Unsuppress(String),
    /// Addresses that no mail goes to, a page of them → `Vec<Suppression>`.
    Suppressions(SuppressionListing),
    /// Letters of all tenants, a page of them → `Vec<(String, LetterFact)>`, with their tenants.
    Letters(LetterListing),
    /// What a mail provider reports, its signature checked → `()`.
    MailReports(Vec<MailReport>),
    /// Keeps a letter for a while, to be looked at in a browser → `String`, its name.
    KeepLook(Box<Look>),
    /// A letter that was kept under this name → `Option<Look>`.
    Look(String),
    /// Something about its outbound webhooks → what [`HookCall`] says.
    Hook(HookCall),
    /// Erases a tenant, or one user of it, everywhere → [`Erasure`](crate::rpc::Erasure).
    Erase(Leaving),
    /// Erasures, a page of them → `Vec<Erasure>`.
    Erasures(ErasureListing),
    /// A part of everything that is kept of a tenant here → [`ExportPage`](crate::rpc::ExportPage).
    Export {
        /// Whose.
        tenant: String,
        /// Which part.
        wish: ExportWish,
    },
    /// All rows of the object, as texts → `Vec<String>`.
    #[cfg(feature = "dev-tools")]
    Rows,
}

wire! { enum AppCall {
    Create(value), Update(value), Head, AddKey(value), RevokeKey(value), Rulebook, Config(value), ConfigVersions { before, limit },
    Publish { document, if_match }, Rollback { version, if_match }, SyncCatalogue, Catalogue, StripeEvent(value), StripeEvents(value),
    LinkCustomer { customer, tenant }, Facts { tenant, life, facts }, CustomerOf(tenant), Sweep, RulebookOf(revision), Candidate(document),
    StartBacktest(wish), Backtest(id), Upgrades(since), Proof(call), Tenants(listing), Segments, Segment(listing), MayMail(wish),
    Suppress(suppression), Unsuppress(address), Suppressions(listing), Letters(listing), MailReports(reports), KeepLook(look), Look(name), Hook(call),
    Erase(leaving), Erasures(listing), Export { tenant, wish }, #[cfg(feature = "dev-tools")] Rows,
} }

/// What an operator sets; `None` leaves as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AppSettings {
    /// The app's id; on creation.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: Option<String>,
    /// Pages that may call.
    pub(crate) allowed_origins: Option<Vec<String>>,
    /// Stripe's API key.
    pub(crate) stripe_key: Option<String>,
    /// Stripe's webhook secrets.
    pub(crate) webhook_secrets: Option<Vec<String>>,
    /// Scheme and host that the operator called.
    pub(crate) origin: String,
    /// The mail provider.
    pub(crate) email: Option<MailSettings>,
    /// How long what names people is kept, by its name: `history`, `facts`, `letters` or `deliveries`; `None`: as long as usual.
    pub(crate) retention: Vec<(String, Option<DurationMs>)>,
}

wire! { struct AppSettings { id, name, allowed_origins, stripe_key, webhook_secrets, origin, email, retention } }

/// An app that was created, with the keys that are shown once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NewApp {
    /// For the back end.
    pub(crate) secret_key: String,
    /// For signing user tokens.
    pub(crate) signing_key: SigningKey,
}

wire! { struct NewApp { secret_key, signing_key } }

/// The kinds of keys.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyKind {
    /// For the back end.
    Secret,
    /// For signing user tokens.
    Signing,
}

wire! { enum KeyKind { Secret, Signing } }

/// A key that was made; shown once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum NewKey {
    /// For the back end.
    Secret(String),
    /// For signing user tokens.
    Signing(SigningKey),
}

wire! { enum NewKey { Secret(value), Signing(value) } }

/// A version of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ConfigVersion {
    /// Counts from 1.
    pub(crate) version: u32,
    /// SHA-256 of the document, in hexadecimal.
    pub(crate) hash: String,
    /// When it was published.
    pub(crate) published_at: Millis,
    /// The earlier version that it brought back.
    pub(crate) rolled_back_to: Option<u32>,
}

wire! { struct ConfigVersion { version, hash, published_at, rolled_back_to } }

/// What publishing has come to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Published {
    /// The version in force.
    pub(crate) version: ConfigVersion,
    /// What looks like a mistake and is none, as a JSON list.
    pub(crate) warnings: String,
}

wire! { struct Published { version, warnings } }

/// A version with its document.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredConfig {
    /// Which version.
    pub(crate) version: ConfigVersion,
    /// As published.
    pub(crate) document: String,
}

wire! { struct StoredConfig { version, document } }

/// The plans in force, and what is wrong with what Stripe has.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CatalogueReport {
    /// Lowest rank first.
    pub(crate) plans: Vec<upcue_engine::plan::Plan>,
    /// The names of the meters, in the order of a plan's allowances.
    pub(crate) meters: Vec<String>,
    /// The names of the features, in the order of a plan's features.
    pub(crate) features: Vec<String>,
    /// When Stripe was last read.
    pub(crate) synced_at: Option<Millis>,
    /// What is wrong; while anything is, the last good plans stay in force.
    pub(crate) problems: Vec<upcue_engine::catalogue::CatalogueProblem>,
    /// What the reading that was asked for has changed.
    pub(crate) changes: Vec<upcue_engine::catalogue::Change>,
    /// Rises with every change of the plans.
    pub(crate) catalogue: u32,
}

wire! { struct CatalogueReport { plans, meters, features, synced_at, problems, changes, catalogue } }

/// How far an event of Stripe's has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventState {
    /// Stored; still to be acted upon.
    Pending,
    /// Acted upon.
    Done,
    /// About a customer who is nobody's; acted upon as soon as somebody is.
    Unmatched,
    /// Of a type that changes nothing here.
    Ignored,
}

wire! { enum EventState { Pending, Done, Unmatched, Ignored } }

/// A stored event of Stripe's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    /// `evt_…`
    pub(crate) id: String,
    /// `customer.subscription.updated` …
    pub(crate) kind: String,
    /// How far it has come.
    pub(crate) state: EventState,
    /// The customer it is about, when it says.
    pub(crate) customer: Option<String>,
    /// When it came in.
    pub(crate) received_at: Millis,
    /// How often acting upon it failed.
    pub(crate) attempts: u32,
    /// Why it last failed.
    pub(crate) detail: Option<String>,
}

wire! { struct StoredEvent { id, kind, state, customer, received_at, attempts, detail } }

/// What the comparison of all subscriptions with their mirrors found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sweep {
    /// Subscriptions compared.
    pub(crate) checked: u32,
    /// Subscriptions of customers who are nobody's.
    pub(crate) unmatched: u32,
    /// Tenants whose mirror was another: name and subscription. It was mended.
    pub(crate) drifted: Vec<(String, String)>,
    /// Subscriptions that could not be compared, and why.
    pub(crate) failed: Vec<(String, String)>,
}

wire! { struct Sweep { checked, unmatched, drifted, failed } }
